/* The module that decodes pictures, in Node: the same goldens as natively, and what is refused. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openPixels, Pixels, type Prepared } from '../../web/abi/pixels.ts';
import { EngineError, type ErrorCode } from '../../web/base/errors.ts';
import { asBmp, formulaPicture } from '../pixels/formula.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const GOLDEN = join(REPOSITORY, 'tests/golden/pixels');
const WASM = join(process.env.POCKETPHI_DIST ?? join(REPOSITORY, 'dist'), 'pocketphi-pixels.wasm');
const TILE = 336;

const golden = JSON.parse(readFileSync(join(GOLDEN, 'pictures.json'), 'utf8')) as {
  pictures: Record<string, string[]>;
  files: Record<string, string[]>;
};
const code = readFileSync(WASM);
const pixels = new Pixels(new WebAssembly.Module(code));

function readGolden(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(GOLDEN, 'files', name)));
}

/** As pictures.json has it. */
function rowOf(numCrops: string, { paddedWidth, paddedHeight, pixels: rgb }: Prepared): string {
  const digest = createHash('sha256').update(rgb).digest('hex');
  return `${numCrops} ${paddedWidth}x${paddedHeight} ${digest}`;
}

function cropsOf(row: string): string {
  return row.slice(0, row.indexOf(' '));
}

function failsWith(wanted: ErrorCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof EngineError);
    assert.equal(error.code, wanted, error.message);
    assert.match(error.message, message);
    return true;
  };
}

test('pictures handed over as RGBA become what Pillow makes of them', () => {
  for (const [size, rows] of Object.entries(golden.pictures)) {
    const [width = 0, height = 0] = size.split('x').map(Number);
    const rgb = formulaPicture(width, height);
    const rgba = new Uint8Array(width * height * 4).fill(255);
    for (let i = 0; i < width * height; i++) rgba.set(rgb.subarray(i * 3, i * 3 + 3), i * 4);
    for (const row of rows) {
      const made = pixels.transform(rgba, width, height, Number(cropsOf(row)), TILE);
      assert.equal(rowOf(cropsOf(row), made), row, size);
      assert.deepEqual([made.width, made.height], [width, height]);
    }
  }
});

test('files of every kind become what Pillow makes of them', () => {
  for (const [name, rows] of Object.entries(golden.files)) {
    for (const row of rows) {
      const made = pixels.decode(readGolden(name), Number(cropsOf(row)), TILE);
      assert.equal(rowOf(cropsOf(row), made), row, name);
    }
  }
});

test('a size is told without decoding, as the picture is seen', () => {
  assert.deepEqual(pixels.size(readGolden('turned1.jpg')), { width: 29, height: 14 });
  assert.deepEqual(pixels.size(readGolden('turned6.jpg')), { width: 14, height: 29 });
  assert.deepEqual(pixels.size(readGolden('top-down.bmp')), { width: 27, height: 18 });
});

test('every sixteenth part of every file is refused, and says that it is cut off or malformed', () => {
  /* But for what is whole long before its end. */
  const whole = Object.keys(golden.files).filter((name) => name !== 'two-frames.gif');
  for (const name of [...whole, '420.jpg', 'progressive.jpg', 'turned3.jpg']) {
    const file = readGolden(name);
    for (let part = 0; part < 16; part++) {
      const cut = file.subarray(0, Math.floor((file.length * part) / 16));
      assert.throws(
        () => pixels.decode(cut, 4, TILE),
        failsWith('PHI_ECORRUPT', /^picture: /),
        `${name}, ${part} of 16`,
      );
    }
  }
});

/** A PNG that says this size; its pixels are not there. */
function pngOfSize(width: number, height: number): Uint8Array {
  const file = readGolden('rgb8.png');
  const view = new DataView(file.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  return file;
}

test('sizes beyond the limits are refused with the numbers, before memory is taken', () => {
  const tooMany = failsWith('PHI_EINVAL', /60000 x 60000 are 3600000000 pixels, at most 64000000/);
  assert.throws(() => pixels.size(pngOfSize(60_000, 60_000)), tooMany);
  assert.throws(() => pixels.decode(pngOfSize(60_000, 60_000), 4, TILE), tooMany);
  assert.throws(
    () => pixels.decode(pngOfSize(65_536, 1), 4, TILE),
    failsWith('PHI_EINVAL', /65536 x 1 pixels, sides may be 1 to 65535/),
  );
  assert.throws(
    () => pixels.transform(new Uint8Array(4), 70_000, 1, 4, TILE),
    failsWith('PHI_EINVAL', /70000 x 1 pixels, sides may be 1 to 65535/),
  );
  assert.throws(
    () => pixels.transform(new Uint8Array(12), 2, 2, 4, TILE),
    failsWith('PHI_EINVAL', /12 bytes of pixels, 2 x 2 take 16/),
  );
});

test('options out of range are refused by name', () => {
  const bmp = asBmp(formulaPicture(2, 2), 2, 2);
  for (const crops of [0, -1, 65])
    assert.throws(() => pixels.decode(bmp, crops, TILE), failsWith('PHI_EINVAL', /num_crops/));
  for (const tile of [0, 1025])
    assert.throws(() => pixels.decode(bmp, 4, tile), failsWith('PHI_EINVAL', /tiles of/));
});

test('a format that is not decoded here is named', () => {
  const webp = new TextEncoder().encode('RIFF\0\0\0\0WEBPVP8 ');
  assert.throws(
    () => pixels.decode(webp, 4, TILE),
    failsWith('PHI_EUNSUPPORTED', /a WebP file; JPEG, PNG, GIF and BMP are decoded here/),
  );
  assert.throws(
    () => pixels.decode(new Uint8Array(64), 4, TILE),
    failsWith('PHI_EUNSUPPORTED', /begins with bytes 00 00 00 00/),
  );
  assert.throws(() => pixels.size(new Uint8Array(0)), failsWith('PHI_ECORRUPT', /of 0 bytes/));
});

test('a crash of the decoder is one error, and the next picture is decoded', (t) => {
  const trap = t.mock.method(WebAssembly, 'Instance', function crash() {
    throw new WebAssembly.RuntimeError('unreachable');
  });
  assert.throws(
    () => pixels.decode(readGolden('rgb8.png'), 1, TILE),
    failsWith('PHI_ECORRUPT', /the picture made its decoder crash: unreachable/),
  );
  trap.mock.restore();
  const full = t.mock.method(WebAssembly, 'Instance', function refuse() {
    throw new RangeError('could not allocate memory');
  });
  assert.throws(
    () => pixels.decode(readGolden('rgb8.png'), 1, TILE),
    failsWith('PHI_ENOMEM', /no memory for the picture's decoder/),
  );
  full.mock.restore();
  assert.equal(pixels.decode(readGolden('rgb8.png'), 1, TILE).paddedWidth, TILE);
});

test('the module is fetched once, and again after a failure', async (t) => {
  let nFetches = 0;
  t.mock.method(globalThis, 'fetch', async () => {
    nFetches++;
    return new Response(nFetches === 1 ? null : code, { status: nFetches === 1 ? 404 : 200 });
  });
  const url = 'https://example.org/pocketphi-pixels.wasm';
  await assert.rejects(
    openPixels(url),
    failsWith('PHI_ENETWORK', /what pictures need could not be loaded from .*: HTTP status 404/),
  );
  const opened = await openPixels(url);
  assert.equal(opened, await openPixels(url));
  assert.equal(nFetches, 2);
  assert.deepEqual(opened.size(readGolden('one.png')), { width: 1, height: 1 });
});

test('a module of another version is refused', () => {
  const empty = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  assert.throws(
    () => new Pixels(empty).size(readGolden('one.png')),
    failsWith('PHI_ENETWORK', /another version \(no memory\): serve all files of one release/),
  );
});
