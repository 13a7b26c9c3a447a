/* Models that see against Hugging Face's CLIP, the published assembly and Hugging Face's Phi-3, through the native tool:
 * the vectors of pictures, and logits behind texts with one picture and with several. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '..', '..');
const PHI = process.env.POCKETPHI_PHI ?? join(ROOT, 'build/native-release/phi');
const scratch = mkdtempSync(join(tmpdir(), 'pocketphi-vision-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const goldens = readdirSync(HERE)
  .map((name) => join(HERE, name, 'vision.json'))
  .filter(existsSync)
  .map((path) => ({ folder: dirname(path), ...JSON.parse(readFileSync(path, 'utf8')) }));

function floats(path) {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** The picture of the formula in vision.json's notes, as a PPM file. */
function writePicture({ seed, width, height }) {
  const path = join(scratch, `${seed}-${width}x${height}.ppm`);
  const head = Buffer.from(`P6\n${width} ${height}\n255\n`);
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++, at++)
        pixels[at] = (x * (2 + seed) + y * (5 + seed) + c * 40 + ((x >> 3) ^ (y >> 2)) * 11) & 255;
  writeFileSync(path, Buffer.concat([head, pixels]));
  return path;
}

function run(command, golden, args) {
  const out = join(scratch, 'out.bin');
  const images = golden.pictures.map(writePicture).join(',');
  const all = [command, '--model', join(ROOT, golden.model), '--image', images, '--out', out, ...args];
  execFileSync(PHI, all, { stdio: ['ignore', 'ignore', 'pipe'] });
  return floats(out);
}

const ourFeatures = (golden, extra = []) => run('image', golden, extra);

/** Logits behind each length of a case; extra: further options. */
function ourLogits(golden, { parts, lengths }, extra = []) {
  const size = (part) => (part < 0 ? golden.pictures[-part - 1].tokens : 1);
  const tokens = lengths.map((n) => parts.slice(0, n).reduce((sum, part) => sum + size(part), 0));
  const args = ['--tokens', parts.join(','), '--lengths', tokens.join(','), '--top', '0', ...extra];
  return run('logits', golden, args);
}

function assertClose(got, expected, tolerance) {
  assert.equal(got.length, expected.length);
  let worst = 0;
  for (let i = 0; i < got.length; i++) worst = Math.max(worst, Math.abs(got[i] - expected[i]));
  assert.ok(worst <= tolerance, `largest difference ${worst}, tolerance ${tolerance}`);
}

const WAYS = [
  { level: 1, logits: 'logits_kv_f16', tolerance: 'kv_f16' },
  { level: 4, logits: 'logits', tolerance: 'level_4' },
];

test('three models have golden pictures', () => assert.ok(goldens.length >= 3));

for (const golden of goldens) {
  for (const way of WAYS) {
    const extra = ['--accuracy-level', `${way.level}`];
    if (golden.tolerance.logits[way.tolerance] === undefined) continue;
    test(`${golden.id}, vectors of the pictures, level ${way.level}`, () => {
      const expected = floats(join(golden.folder, golden.features.file));
      assertClose(ourFeatures(golden, extra), expected, golden.tolerance.features[way.tolerance]);
    });
    for (const item of golden.cases) {
      test(`${golden.id} ${item.name}, level ${way.level}`, () => {
        const expected = floats(join(golden.folder, item[way.logits].file));
        const tolerance = golden.tolerance.logits[way.tolerance];
        assertClose(ourLogits(golden, item, extra), expected, tolerance);
        assertClose(ourLogits(golden, item, [...extra, '--fresh']), expected, tolerance);
      });
    }
  }
  test(`${golden.id}: threads, kernels, batches and the cache never change a bit`, () => {
    const features = ourFeatures(golden);
    for (const extra of [['--threads', '2'], ['--threads', '4'], ['--kernels', 'scalar'], ['--kernels', 'simd128']])
      assert.deepEqual(ourFeatures(golden, extra), features, extra.join(' '));
    const item = golden.cases.at(-1);
    const logits = ourLogits(golden, item);
    for (const extra of [['--fresh'], ['--threads', '2'], ['--batch', '1'], ['--batch', '7', '--threads', '4']])
      assert.deepEqual(ourLogits(golden, item, extra), logits, extra.join(' '));
  });
}
