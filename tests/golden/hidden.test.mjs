/* Embeddings of the tiny models against Hugging Face transformers' hidden states, through the native tool. */
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
const scratch = mkdtempSync(join(tmpdir(), 'pocketphi-hidden-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const WAYS = [
  { level: 1, rows: 'kv_f16', tolerance: 'kv_f16' },
  { level: 4, rows: 'exact', tolerance: 'level_4' },
];

function floats(path) {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** The vectors of the golden's lengths by our engine. */
function ours(golden, pooling, extra) {
  const out = join(scratch, 'vectors.bin');
  const args = ['embed', '--model', join(ROOT, golden.model), '--tokens', golden.tokens.join(',')];
  args.push('--lengths', golden.lengths.join(','), '--pooling', pooling, '--out', out, ...extra);
  execFileSync(PHI, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  return floats(out);
}

const folders = readdirSync(HERE).filter((name) => existsSync(join(HERE, name, 'hidden.json')));

test('two architectures have golden hidden states', () => assert.ok(folders.length >= 2));

for (const name of folders) {
  const golden = JSON.parse(readFileSync(join(HERE, name, 'hidden.json'), 'utf8'));
  for (const [pooling, rows] of Object.entries(golden.rows)) {
    for (const way of WAYS) {
      test(`${name}, ${pooling} hidden state, level ${way.level}`, () => {
        const expected = floats(join(HERE, name, rows[way.rows].file));
        const got = ours(golden, pooling, ['--accuracy-level', String(way.level)]);
        assert.equal(got.length, expected.length);
        const worst = got.reduce((max, x, i) => Math.max(max, Math.abs(x - expected[i])), 0);
        const tolerance = golden.tolerance[way.tolerance];
        assert.ok(worst <= tolerance, `largest difference ${worst}, tolerance ${tolerance}`);
      });
    }
  }
  test(`${name}: batches and threads never change a bit of an embedding`, () => {
    const reference = ours(golden, 'mean', []);
    for (const extra of [['--threads', '2'], ['--batch', '1'], ['--batch', '7', '--threads', '3']])
      assert.deepEqual(ours(golden, 'mean', extra), reference, extra.join(' '));
  });
}
