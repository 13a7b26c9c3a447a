/* What every WeightStore must do, as cases that run in Node and in a browser's worker alike: no test runner, no
 * assert of Node's. A case gets a world of its own, in which nothing is stored yet. */
import { EngineError, type ErrorCode } from '../../../web/base/errors.ts';
import { sha256Hex } from '../../../web/base/sha256.ts';
import type {
  ChunkRecord,
  FilePlace,
  StoredFile,
  WeightStore,
} from '../../../web/store/weight-store.ts';

export interface StoreWorld {
  /** The store of this world; of a lasting kind a new connection to it each time. */
  open(): Promise<WeightStore>;
  /** Closes it and opens it again; what lasts only in memory stays open. */
  reopen(store: WeightStore): Promise<WeightStore>;
  /** Cuts the payload behind a chunk's record off, as a browser that lost bytes does; absent where nobody can. */
  shorten?(place: FilePlace, index: number, bytes: number): Promise<void>;
}

export interface StoreCase {
  readonly name: string;
  run(): Promise<void>;
}

type Bytes = Uint8Array<ArrayBuffer>;
type Run = (world: StoreWorld) => Promise<void>;

const C = 1000; /* bytes of a chunk in most cases: no power of two, so that borders are odd */
const PLACE: FilePlace = { model: 'phi', file: 0, chunkBytes: C };

export function assertEqual(got: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: expected ${b}, got ${a}`);
}

export function assertBytes(got: Uint8Array, expected: Uint8Array, what: string): void {
  assertEqual(got.length, expected.length, `${what}: length`);
  const at = got.findIndex((byte, i) => byte !== expected[i]);
  if (at >= 0) throw new Error(`${what}: byte ${at} is ${got[at]}, expected ${expected[at]}`);
}

export async function assertFails(
  work: () => Promise<unknown>,
  code: ErrorCode,
  text: RegExp,
): Promise<void> {
  const error = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const isRight = error instanceof EngineError && error.code === code && text.test(error.message);
  if (!isRight) throw new Error(`expected ${code} ${text}, got ${String(error)}`);
}

/** Bytes that tell where they belong. */
export function makeBytes(bytes: number, seed: number): Bytes {
  const out = new Uint8Array(bytes);
  let x = (seed * 2654435761 + 12345) >>> 0;
  for (let i = 0; i < bytes; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    out[i] = x >>> 24;
  }
  return out;
}

export async function recordOf(index: number, bytes: Bytes): Promise<ChunkRecord> {
  return { index, bytes: bytes.length, sha256: await sha256Hex(bytes) };
}

async function put(file: StoredFile, index: number, bytes: Bytes): Promise<ChunkRecord> {
  const record = await recordOf(index, bytes);
  await file.write(record, bytes);
  return record;
}

async function get(file: StoredFile, offset: number, bytes: number): Promise<Bytes> {
  const out = new Uint8Array(bytes);
  const n = await file.read(offset, bytes, (at, count) => out.subarray(at, at + count));
  return out.subarray(0, n);
}

/** Opens the store and one file of it for writing. */
async function begin(world: StoreWorld, place = PLACE) {
  const store = await world.open();
  return { store, file: await store.openFile(place, 'write') };
}

const CASES: Readonly<Record<string, Run>> = {
  async 'a model that is not there is empty'(world) {
    const store = await world.open();
    const file = await store.openFile(PLACE, 'read');
    assertEqual(await file.chunks(), [], 'chunks');
    assertEqual((await get(file, 0, 10)).length, 0, 'bytes');
    await file.close();
    assertEqual(await store.usedBytes('phi'), 0, 'used');
    await store.deleteModel('phi');
  },

  async 'what is written is read back, across chunk borders, from any place'(world) {
    const { file } = await begin(world);
    const all = makeBytes(3 * C + 321, 1);
    const records: ChunkRecord[] = [];
    for (const index of [2, 0, 3, 1])
      records.push(await put(file, index, all.slice(index * C, index * C + C)));
    records.sort((a, b) => a.index - b.index);
    assertEqual(await file.chunks(), records, 'chunks');
    for (const [offset, bytes] of [
      [0, all.length],
      [999, 2],
      [500, 2000],
      [3000, 321],
      [1, 3320],
    ])
      assertBytes(
        await get(file, offset ?? 0, bytes ?? 0),
        all.subarray(offset, (offset ?? 0) + (bytes ?? 0)),
        `${bytes} bytes at ${offset}`,
      );
    assertBytes(await get(file, 0, 1e6), all, 'more than there is');
    assertEqual((await get(file, 3321, 5)).length, 0, 'behind the end');
    assertEqual((await get(file, 77, 0)).length, 0, 'no bytes');
    await file.close();
  },

  async 'reading forward in small steps gives the file'(world) {
    const { file } = await begin(world);
    const all = makeBytes(5 * C, 2);
    for (let index = 0; index < 5; index++)
      await put(file, index, all.slice(index * C, index * C + C));
    const out = new Uint8Array(all.length);
    for (let at = 0; at < all.length; ) {
      const n = await file.read(at, 337, (part, count) =>
        out.subarray(at + part, at + part + count),
      );
      if (n === 0) throw new Error(`nothing at ${at}`);
      at += n;
    }
    assertBytes(out, all, 'file');
    await file.close();
  },

  async 'reading stops at a gap and at a chunk that is kept for resuming'(world) {
    const { file } = await begin(world);
    const all = makeBytes(4 * C, 3);
    await put(file, 0, all.slice(0, C));
    await put(file, 1, all.slice(C, C + 400));
    await put(file, 3, all.slice(3 * C));
    assertBytes(await get(file, 0, 4 * C), all.subarray(0, C + 400), 'up to the cut');
    assertEqual((await get(file, C + 400, 10)).length, 0, 'in the cut');
    assertEqual((await get(file, 2 * C, 10)).length, 0, 'in the gap');
    assertBytes(await get(file, 3 * C + 1, 2 * C), all.subarray(3 * C + 1), 'behind the gap');
    await file.close();
  },

  async 'a chunk is replaced, longer or shorter'(world) {
    const { store, file } = await begin(world);
    const [a, b, c] = [makeBytes(100, 4), makeBytes(C, 5), makeBytes(50, 6)];
    await put(file, 0, a);
    assertBytes(await get(file, 0, C), a, 'first');
    const record = await put(file, 0, b);
    assertEqual(await file.chunks(), [record], 'chunks');
    assertBytes(await get(file, 0, C), b, 'second');
    await put(file, 0, c);
    assertBytes(await get(file, 0, C), c, 'third');
    assertEqual(await store.usedBytes('phi'), 50, 'used');
    await file.close();
  },

  async 'a dropped chunk is gone, and can be written again'(world) {
    const { store, file } = await begin(world);
    const all = makeBytes(2 * C, 7);
    await put(file, 0, all.slice(0, C));
    const kept = await put(file, 1, all.slice(C));
    await file.drop(0);
    await file.drop(5);
    assertEqual(await file.chunks(), [kept], 'chunks');
    assertEqual((await get(file, 0, C)).length, 0, 'bytes');
    assertEqual(await store.usedBytes('phi'), C, 'used');
    await put(file, 0, all.slice(0, C));
    assertBytes(await get(file, 0, 2 * C), all, 'again');
    await file.close();
  },

  async 'what is stored is there after closing and opening again'(world) {
    const { store, file } = await begin(world);
    const all = makeBytes(C + 10, 8);
    const records = [await put(file, 0, all.slice(0, C)), await put(file, 1, all.slice(C))];
    await file.close();
    await file.close();
    const again = await world.reopen(store);
    const reader = await again.openFile(PLACE, 'read');
    assertEqual(await reader.chunks(), records, 'chunks');
    assertBytes(await get(reader, 0, 2 * C), all, 'bytes');
    await reader.close();
    const writer = await again.openFile(PLACE, 'write');
    await writer.drop(0);
    assertEqual(await writer.chunks(), records.slice(1), 'chunks for a writer');
    await writer.close();
  },

  async 'models and files are apart, whatever characters an id has'(world) {
    const store = await world.open();
    const ids = [
      '.',
      '..',
      'a/b',
      'a\\b',
      'A/B',
      'a%2Fb',
      'a b',
      ' ',
      'ü',
      'u\u0308',
      'CON',
      '\ud800',
    ];
    ids.push('\udc00', 'a\0b', '模型 🧠', 'x\'"<>|:*?', 'https://x.test/y?z#w', 'long'.repeat(512));
    for (const [i, model] of ids.entries()) {
      for (const fileIdx of [0, 7]) {
        const file = await store.openFile({ model, file: fileIdx, chunkBytes: C }, 'write');
        await put(file, 0, makeBytes(10 + i, i + fileIdx));
        await file.close();
      }
    }
    await store.deleteModel('a/b');
    for (const [i, model] of ids.entries()) {
      const isGone = model === 'a/b';
      const file = await store.openFile({ model, file: 7, chunkBytes: C }, 'read');
      const expected = isGone ? new Uint8Array(0) : makeBytes(10 + i, i + 7);
      assertBytes(await get(file, 0, C), expected, JSON.stringify(model));
      await file.close();
      assertEqual(await store.usedBytes(model), isGone ? 0 : 2 * (10 + i), `used by ${model}`);
    }
    for (const model of ids) await store.deleteModel(model);
  },

  async 'offsets beyond 4 GiB'(world) {
    const chunkBytes = 1 << 16;
    const place = { ...PLACE, chunkBytes };
    const { store, file } = await begin(world, place);
    const first = 65_536; /* at 4 GiB exactly */
    const all = makeBytes(2 * chunkBytes, 9);
    await put(file, first, all.slice(0, chunkBytes));
    await put(file, first + 1, all.slice(chunkBytes));
    assertEqual(
      (await file.chunks()).map(({ index }) => index),
      [first, first + 1],
      'chunks',
    );
    const at = first * chunkBytes + 65_000;
    assertBytes(await get(file, at, 2000), all.subarray(65_000, 67_000), 'bytes');
    assertEqual((await get(file, first * chunkBytes - 1, 2)).length, 0, 'before');
    assertEqual(await store.usedBytes('phi'), 2 * chunkBytes, 'used');
    await file.close();
    await store.deleteModel('phi');
  },

  async 'reads go into shared memory'(world) {
    const { file } = await begin(world);
    const all = makeBytes(2 * C, 10);
    await put(file, 0, all.slice(0, C));
    await put(file, 1, all.slice(C));
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const n = await file.read(
      100,
      1700,
      (at, bytes) => new Uint8Array(memory.buffer, 4096 + at, bytes),
    );
    assertEqual(n, 1700, 'count');
    const got = new Uint8Array(memory.buffer).slice(4096 - 1, 4096 + 1701);
    assertEqual([got[0], got.at(-1)], [0, 0], 'bytes around');
    assertBytes(got.subarray(1, -1), all.subarray(100, 1800), 'bytes');
    await file.close();
  },

  async 'a target of the wrong length is refused'(world) {
    const { file } = await begin(world);
    await put(file, 0, makeBytes(C, 11));
    await assertFails(() => file.read(0, 10, () => new Uint8Array(11)), 'PHI_EINVAL', /target/);
    assertBytes(await get(file, 0, C), makeBytes(C, 11), 'bytes afterwards');
    await file.close();
  },

  async 'two readers at once see the same file'(world) {
    const { store, file } = await begin(world);
    const all = makeBytes(6 * C, 12);
    for (let index = 0; index < 6; index++)
      await put(file, index, all.slice(index * C, index * C + C));
    await file.close();
    const other = await world.open();
    const readers = await Promise.all([
      store.openFile(PLACE, 'read'),
      store.openFile(PLACE, 'read'),
      other.openFile(PLACE, 'read'),
    ]);
    const got = await Promise.all(
      readers.map(async (reader, i) => {
        const parts: Bytes[] = [];
        for (let at = 0; at < all.length; at += 700 + i) parts.push(await get(reader, at, 700 + i));
        return parts;
      }),
    );
    for (const [i, parts] of got.entries()) {
      const joined = new Uint8Array(await new Blob(parts).arrayBuffer());
      assertBytes(joined, all, `reader ${i}`);
    }
    for (const reader of readers) await reader.close();
  },

  async 'deleting what is open elsewhere is refused, or ends its reads'(world) {
    const { store, file } = await begin(world);
    await put(file, 0, makeBytes(C, 13));
    await file.close();
    const reader = await store.openFile(PLACE, 'read');
    const other = await world.open();
    const refusal = await other.deleteModel('phi').then(
      () => undefined,
      (error: unknown) => error,
    );
    const left = await get(reader, 0, C);
    if (refusal === undefined) assertEqual(left.length, 0, 'bytes after deletion');
    else {
      const isClear = refusal instanceof EngineError && refusal.code === 'PHI_ESTORAGE';
      if (!isClear || !/in use, here or in another tab/.test(refusal.message)) throw refusal;
      assertBytes(left, makeBytes(C, 13), 'bytes after refusal');
      assertEqual((await reader.chunks()).length, 1, 'chunks after refusal');
    }
    await reader.close();
    await other.deleteModel('phi');
    assertEqual(await other.usedBytes('phi'), 0, 'used');
    const late = await other.openFile(PLACE, 'read');
    assertEqual(await late.chunks(), [], 'chunks');
    await late.close();
  },

  async 'the caller’s bytes are its own after writing'(world) {
    const { file } = await begin(world);
    const bytes = makeBytes(C, 14);
    await put(file, 0, bytes);
    bytes.fill(0);
    assertBytes(await get(file, 0, C), makeBytes(C, 14), 'bytes');
    await file.close();
  },

  async 'several writes under way, and part of a larger buffer'(world) {
    const { file } = await begin(world);
    const all = makeBytes(8 * C, 15);
    await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const piece = all.subarray(index * C, (index + 1) * C);
        await file.write(await recordOf(index, piece), piece);
      }),
    );
    assertBytes(await get(file, 0, 8 * C), all, 'bytes');
    await file.close();
  },

  async 'wrong calls are refused and change nothing'(world) {
    const { store, file } = await begin(world);
    const bytes = makeBytes(C, 16);
    const record = await put(file, 0, bytes);
    const writes: [Partial<ChunkRecord>, RegExp][] = [
      [{ index: -1 }, /index/],
      [{ index: 0.5 }, /index/],
      [{ index: 2 ** 53 }, /index/],
      [{ bytes: 0 }, /bytes/],
      [{ bytes: C + 1 }, /bytes/],
      [{ bytes: C - 1 }, /999 bytes, got 1000/],
      [{ sha256: 'abc' }, /sha256/],
      [{ sha256: record.sha256.toUpperCase() }, /sha256/],
    ];
    for (const [wrong, text] of writes)
      await assertFails(() => file.write({ ...record, ...wrong }, bytes), 'PHI_EINVAL', text);
    await assertFails(() => file.drop(-1), 'PHI_EINVAL', /index/);
    await assertFails(() => get(file, -1, 1).then(() => 0), 'PHI_EINVAL', /offset/);
    const into = () => new Uint8Array(1);
    await assertFails(() => file.read(0, Number.NaN, into), 'PHI_EINVAL', /bytes/);
    for (const wrong of [{ model: '' }, { file: -1 }, { chunkBytes: 0 }, { chunkBytes: 2 ** 31 }])
      await assertFails(
        () => store.openFile({ ...PLACE, ...wrong }, 'read'),
        'PHI_EINVAL',
        new RegExp(Object.keys(wrong).join()),
      );
    await assertFails(() => store.deleteModel(''), 'PHI_EINVAL', /model/);
    assertEqual(await file.chunks(), [record], 'chunks');
    await file.close();
    await assertFails(() => file.chunks(), 'PHI_ESTATE', /closed/);
    await assertFails(() => file.read(0, 1, into), 'PHI_ESTATE', /closed/);
    const reader = await store.openFile(PLACE, 'read');
    await assertFails(() => reader.write(record, bytes), 'PHI_ESTATE', /reading only/);
    await assertFails(() => reader.drop(0), 'PHI_ESTATE', /reading only/);
    await reader.close();
  },

  async 'a short payload counts as missing, for good'(world) {
    if (world.shorten === undefined) return;
    const { store, file } = await begin(world);
    const all = makeBytes(3 * C, 17);
    for (let index = 0; index < 3; index++)
      await put(file, index, all.slice(index * C, index * C + C));
    await file.close();
    await world.shorten(PLACE, 1, 600);
    const reader = await store.openFile(PLACE, 'read');
    const held = (await reader.chunks()).map(({ index }) => index);
    assertEqual(held.includes(1), false, 'chunk 1 is claimed');
    const got = await get(reader, 0, 3 * C);
    assertBytes(got, all.subarray(0, C), 'bytes before the damage');
    await reader.close();
    const writer = await store.openFile(PLACE, 'write');
    /* A later chunk makes a file long enough again for what was cut off. */
    const late = await put(writer, 5, makeBytes(C, 18));
    const claimed = await writer.chunks();
    assertEqual(
      claimed.some(({ index }) => index === 1),
      false,
      'chunk 1 is claimed again',
    );
    assertEqual(claimed.at(-1), late, 'the later chunk');
    await put(writer, 1, all.slice(C, 2 * C));
    await put(writer, 2, all.slice(2 * C));
    assertBytes(await get(writer, 0, 3 * C), all, 'after mending');
    await writer.close();
  },

  async 'a long random use agrees with a plain model'(world) {
    let { store, file } = await begin(world, { ...PLACE, chunkBytes: 64 });
    const plain = new Map<number, Bytes>();
    let x = 99;
    const random = (below: number): number => {
      x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
      return Math.floor((x / 2 ** 32) * below);
    };
    for (let step = 0; step < 150; step++) {
      const index = random(6);
      const choice = random(10);
      if (choice < 4) {
        const bytes = makeBytes(random(3) === 0 ? 1 + random(64) : 64, step);
        await put(file, index, bytes);
        plain.set(index, bytes);
      } else if (choice < 5) {
        await file.drop(index);
        plain.delete(index);
      } else if (choice < 6) {
        await file.close();
        if (random(3) === 0) store = await world.reopen(store);
        file = await store.openFile({ ...PLACE, chunkBytes: 64 }, 'write');
      }
      const offset = random(6 * 64);
      const bytes = random(200);
      assertBytes(await get(file, offset, bytes), plainRead(plain, offset, bytes), `step ${step}`);
      const held = (await file.chunks()).map((chunk) => [chunk.index, chunk.bytes]);
      const expected = [...plain].map(([i, piece]) => [i, piece.length]);
      assertEqual(
        held,
        expected.sort(([a = 0], [b = 0]) => a - b),
        `chunks at step ${step}`,
      );
    }
    await file.close();
  },
};

function plainRead(plain: ReadonlyMap<number, Bytes>, offset: number, bytes: number): Uint8Array {
  const out: number[] = [];
  while (out.length < bytes) {
    const at = offset + out.length;
    const byte = plain.get(Math.floor(at / 64))?.[at % 64];
    if (byte === undefined) break;
    out.push(byte);
  }
  return Uint8Array.from(out);
}

/** The suite, each case on a world that `make` gives. */
export function storeContract(make: () => Promise<StoreWorld>): StoreCase[] {
  return Object.entries(CASES).map(([name, run]) => ({
    name,
    run: async () => run(await make()),
  }));
}
