/* The native tool makes of every picture what Pillow makes of it, to the last byte (tests/golden/pixels). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { asBmp, formulaPicture } from './formula.mjs';

const GOLDEN = fileURLToPath(new URL('../golden/pixels/', import.meta.url));
const { pictures, files } = JSON.parse(readFileSync(join(GOLDEN, 'pictures.json'), 'utf8'));
const phi = process.env.POCKETPHI_PHI ?? 'build/native-release/phi';
const folder = mkdtempSync(join(tmpdir(), 'pocketphi-pixels-'));

after(() => rmSync(folder, { recursive: true }));

/** A row as the manifest has it. */
function prepare(file, crops) {
  const out = join(folder, 'out.ppm');
  execFileSync(phi, [
    'picture',
    '--picture',
    file,
    '--crops',
    crops,
    '--repeat',
    '1',
    '--out',
    out,
  ]);
  const ppm = readFileSync(out);
  const [head, width, height] = /^P6\n(\d+) (\d+)\n255\n/.exec(
    ppm.subarray(0, 32).toString('latin1'),
  );
  const digest = createHash('sha256').update(ppm.subarray(head.length)).digest('hex');
  return `${crops} ${width}x${height} ${digest}`;
}

for (const [size, rows] of Object.entries(pictures)) {
  test(`a picture of ${size}`, () => {
    const [width, height] = size.split('x').map(Number);
    const file = join(folder, 'in.bmp');
    writeFileSync(file, asBmp(formulaPicture(width, height), width, height));
    for (const row of rows) assert.equal(prepare(file, row.split(' ')[0]), row);
  });
}

for (const [name, rows] of Object.entries(files)) {
  test(name, () => {
    for (const row of rows)
      assert.equal(prepare(join(GOLDEN, 'files', name), row.split(' ')[0]), row);
  });
}
