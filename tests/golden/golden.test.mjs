/* Logits of the tiny models against Hugging Face transformers, through the native tool.
 *
 * Each manifest holds the tokens, the cases (lengths of the text; computed from nothing or through the cache) and the
 * tolerances with their derivation. Level 1 is compared with the reference whose cache is rounded to f16, level 4 and
 * the q8 cache with the exact one. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '..', '..');
const PHI = process.env.POCKETPHI_PHI ?? join(ROOT, 'build/native-release/phi');
const scratch = mkdtempSync(join(tmpdir(), 'pocketphi-golden-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const WAYS = [
  { name: 'level 1', args: ['--accuracy-level', '1'], logits: 'logits_kv_f16', tolerance: 'kv_f16' },
  { name: 'level 4', args: ['--accuracy-level', '4'], logits: 'logits', tolerance: 'level_4' },
  { name: 'level 1, q8 cache', args: ['--accuracy-level', '1', '--kv', 'q8'], logits: 'logits', tolerance: 'q8_cache' },
];

function floats(path) {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** Logits of our engine behind each length of the case's text. */
function ours(manifest, golden, extra) {
  const out = join(scratch, 'logits.bin');
  const args = ['logits', '--model', join(ROOT, manifest.model), '--tokens', manifest.tokens.join(',')];
  args.push('--lengths', golden.lengths.join(','), '--top', '0', '--rope', golden.rope, '--out', out, ...extra);
  if (golden.n_prefill === 0) args.push('--fresh');
  execFileSync(PHI, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  return floats(out);
}

function maxDifference(a, b) {
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
  return worst;
}

for (const folder of readdirSync(HERE, { withFileTypes: true }).filter((d) => d.isDirectory())) {
  const path = join(HERE, folder.name);
  if (!readdirSync(path).includes('manifest.json')) continue;
  const manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8'));
  for (const golden of manifest.cases ?? []) {
    for (const way of WAYS) {
      const tolerance = manifest.tolerance[way.tolerance];
      if (tolerance === undefined || !golden[way.logits]) continue;
      test(`${manifest.id} ${golden.name}, ${way.name}`, () => {
        const expected = floats(join(path, golden[way.logits].file));
        const got = ours(manifest, golden, way.args);
        assert.equal(got.length, expected.length);
        const worst = maxDifference(got, expected);
        assert.ok(worst <= tolerance, `largest difference ${worst}, tolerance ${tolerance}`);
      });
    }
  }
}

/* Native llama.cpp on the same file. Its tolerance is its own deviation from the exact logits plus ours. */
for (const folder of readdirSync(HERE)) {
  const path = join(HERE, folder, 'llama_cpp.json');
  if (!existsSync(path)) continue;
  const golden = JSON.parse(readFileSync(path, 'utf8'));
  const manifest = JSON.parse(readFileSync(join(HERE, folder, 'manifest.json'), 'utf8'));
  for (const level of [1, 4]) {
    test(`${golden.id} against llama.cpp, level ${level}`, () => {
      const expected = floats(join(HERE, folder, golden.logits.file));
      const asked = { lengths: golden.lengths, rope: 'auto', n_prefill: 0 };
      const got = ours(manifest, asked, ['--accuracy-level', String(level)]);
      assert.equal(got.length, expected.length);
      const worst = maxDifference(got, expected);
      const tolerance = golden.tolerance[`level_${level}`];
      assert.ok(worst <= tolerance, `largest difference ${worst}, tolerance ${tolerance}`);
    });
  }
}

test('thread counts, batch sizes and the cache never change a bit', () => {
  const manifest = JSON.parse(readFileSync(join(HERE, 'quant-q4_k', 'manifest.json'), 'utf8'));
  const golden = { lengths: [40], rope: 'auto', n_prefill: 0 };
  const reference = ours(manifest, golden, []);
  for (const extra of [['--threads', '2'], ['--threads', '4'], ['--batch', '1'], ['--batch', '7', '--threads', '2']])
    assert.deepEqual(ours(manifest, golden, extra), reference, extra.join(' '));
  const grown = ours(manifest, { lengths: [3, 4, 40], rope: 'auto', n_prefill: 3 }, []);
  assert.deepEqual(grown.slice(-reference.length), reference, 'through the cache');
});
