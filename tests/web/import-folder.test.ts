/* Hugging Face folders: what a server says of their files, and which of a page's Files are one. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filesOfFolder } from '../../web/engine/folder-files.ts';
import { readDownloadOptions } from '../../web/engine/options.ts';
import { listFolder, readFiles } from '../../web/worker/import-folder.ts';
import { type Ask, type BadServer, type Deed, openBadServer } from './lib/bad-server.ts';
import { FakeSurroundings } from './lib/fake-surroundings.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const WASM = join(process.env.POCKETPHI_DIST ?? join(REPOSITORY, 'dist'), 'pocketphi-import.wasm');
const MODEL = join(REPOSITORY, 'tests/models/hf/phi3-gqa');
const INDEX = 'model.safetensors.index.json';
const HERE = ['config.json', 'tokenizer.json', INDEX];
const INDEX_TEXT = Buffer.from(JSON.stringify({ weight_map: { a: 'b.safetensors' } }));

let server: BadServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** The address of a folder of HERE, at a path of the server, which spoils an answer where `behave` says so. */
async function serve(
  behave: (ask: Ask) => Deed | undefined = () => undefined,
  path = '/phi/',
): Promise<string> {
  server = await openBadServer(INDEX_TEXT, (ask) => {
    const isHere = HERE.some((name) => ask.path.endsWith(`/${name}`));
    return behave(ask) ?? (isHere ? { file: INDEX_TEXT } : { status: 404, body: Buffer.alloc(0) });
  });
  return new URL(path, server.url).href;
}

const { signal } = new AbortController();
/** The first refusal is the last. */
const impatient = { signal, patience: 1 } as const;

test('a folder: the files that are there, by the names of its index', async () => {
  const { name, files } = await listFolder(await serve(), { signal });
  assert.equal(name, 'phi');
  assert.deepEqual(
    files.map((file) => file.name),
    [...HERE, 'b.safetensors'],
  );
});

test('a folder is called what its address says: a stray % as it is, the host when there is no more', async () => {
  const url = await serve(undefined, '/100%/');
  assert.equal((await listFolder(url, { signal })).name, '100%');
  const { origin, host } = new URL(url);
  assert.equal((await listFolder(`${origin}/`, { signal })).name, host);
});

test('a folder: what the server says of a file makes it absent, or the folder unreadable', async () => {
  const spoil = async (name: string, status: number): Promise<string[]> => {
    const url = await serve(({ path }) =>
      path.endsWith(`/${name}`) ? { status, body: Buffer.alloc(0) } : undefined,
    );
    try {
      return (await listFolder(url, impatient)).files.map((file) => file.name);
    } finally {
      await server?.close();
    }
  };
  for (const status of [403, 404, 410])
    assert.deepEqual(await spoil('tokenizer_config.json', status), [...HERE, 'b.safetensors']);
  const refused = [
    ['tokenizer_config.json', 401, 'the server wants a login'],
    ['tokenizer_config.json', 503, 'expected an answer whether it is there; gave up after one'],
    ['tokenizer.json', 403, 'the server refuses access'],
    ['config.json', 403, 'the server refuses access'],
  ] as const;
  for (const [name, status, why] of refused)
    await assert.rejects(spoil(name, status), {
      code: 'PHI_ENETWORK',
      message: new RegExp(`/${name}: HTTP status ${status}: ${why}`),
    });
});

test('a folder: a server that is busy is asked again, as downloads do', async () => {
  const surroundings = new FakeSurroundings();
  const waits: [number, string][] = [];
  const onWait = (ms: number, reason: string): number => waits.push([ms, reason]);
  const busy = { status: 429, headers: { 'Retry-After': '2' }, body: Buffer.alloc(0) };
  const url = await serve(({ path, again }) => {
    if (path.endsWith('/generation_config.json') && again === 0) return { isDead: true };
    const isIndex = path.endsWith(`/${INDEX}`);
    return isIndex && (again === 0 || again === 2) ? busy : undefined;
  });
  const { files } = await listFolder(url, { signal, surroundings, onWait });
  assert.equal(files.length, HERE.length + 1);
  const reasons = waits.map(([, reason]) => reason).sort();
  assert.equal(reasons.length, 3);
  for (const reason of reasons.slice(0, 2)) assert.match(reason, /HTTP status 429/);
  assert.match(reasons[2] ?? '', /the request failed .*CORS/);
  assert.ok(waits.some(([ms]) => ms >= 2000));
});

test('a folder: one that is refused ends the other questions’ waits; an abort ends all', async () => {
  const waiting = { status: 503, headers: { 'Retry-After': '300' }, body: Buffer.alloc(0) };
  let nRefused = 0;
  const url = await serve(({ path, again }) => {
    if (!path.endsWith('/config.json')) return waiting;
    nRefused++;
    return again === 0 ? { status: 401, body: Buffer.alloc(0) } : waiting;
  });
  await assert.rejects(listFolder(url, { signal }), { code: 'PHI_ENETWORK', message: /401/ });
  assert.equal(nRefused, 1);
  const stop = new AbortController();
  const listing = listFolder(url, { signal: stop.signal, onWait: () => stop.abort() });
  await assert.rejects(listing, { code: 'PHI_ECANCELED' });
});

/** The index's second request is for its text. */
const onText =
  (deed: Deed) =>
  ({ path, again }: Ask): Deed | undefined =>
    path.endsWith(INDEX) && again === 1 ? { file: INDEX_TEXT, ...deed } : undefined;

for (const [what, deed, code, text] of [
  ['refused', { status: 503, body: Buffer.alloc(0) }, 'PHI_ENETWORK', /HTTP status 503/],
  ['cut off', { dropAfter: 10 }, 'PHI_ENETWORK', /the connection broke/],
  ['no JSON', { file: Buffer.from('{') }, 'PHI_ECORRUPT', /index\.json: .*JSON/],
] as const)
  test(`a folder whose index is ${what}`, async () => {
    const url = await serve(onText(deed));
    await assert.rejects(listFolder(url, impatient), { code, message: text });
  });

test('a folder whose index has no end', async (t) => {
  const url = await serve();
  const real = globalThis.fetch;
  let isCanceled = false;
  const piece = new Uint8Array(1 << 24).fill(32);
  const endless = new ReadableStream({
    pull: (control) => control.enqueue(piece),
    cancel: () => {
      isCanceled = true;
    },
  });
  t.mock.method(globalThis, 'fetch', async (asked: string, init: RequestInit) =>
    init.method === 'HEAD' ? await real(asked, init) : new Response(endless),
  );
  await assert.rejects(listFolder(url, impatient), {
    code: 'PHI_ENETWORK',
    message: /longer than 268435456 bytes/,
  });
  assert.ok(isCanceled);
});

function fileAt(path: string, bytes: Uint8Array<ArrayBuffer>): File {
  const file = new File([bytes], path.split('/').at(-1) ?? '');
  return Object.defineProperty(file, 'webkitRelativePath', { value: path });
}

test('Files of several folders: those of the shallowest one with a config.json', async (t) => {
  t.mock.method(globalThis, 'fetch', async () => new Response(readFileSync(WASM)));
  const model = readdirSync(MODEL).map((name) =>
    fileAt(`chosen/phi/${name}`, new Uint8Array(readFileSync(join(MODEL, name)))),
  );
  const others = ['chosen/phi/onnx/config.json', 'chosen/phi/onnx/tokenizer.json', 'chosen/a.txt'];
  const wrong = others.map((path) => fileAt(path, Uint8Array.of(1)));
  const options = { wasm: 'pocketphi-import.wasm', weights: 'file' } as const;
  const sizeOf = async (files: File[]): Promise<number | undefined> => {
    const read = await readFiles(filesOfFolder(files), () => undefined, options);
    assert.equal(read.firstName, 'phi');
    return (await read.open(0, '')).bytes;
  };
  const expected = await sizeOf(model);
  assert.ok((expected ?? 0) > 0);
  assert.equal(await sizeOf([...wrong, ...model]), expected);
  assert.equal(await sizeOf([...model, ...wrong]), expected);
});

test('Files of two folders of which either may be meant: PHI_EINVAL names both', () => {
  const files = ['up/a/config.json', 'up/b/x', 'up/b/config.json', 'up/b/c/config.json'];
  const given = files.map((path) => fileAt(path, Uint8Array.of(1)));
  for (const model of [given, given.toReversed()])
    assert.throws(() => readDownloadOptions(model, {}), {
      code: 'PHI_EINVAL',
      where: 'model',
      message: /config\.json is in up\/[ab]\/ and in up\/[ba]\/; give the Files of one/,
    });
});

test('Files without paths, or without a config.json, are taken as they are', () => {
  const plain = ['config.json', 'a.safetensors'].map((name) => new File(['x'], name));
  assert.deepEqual(filesOfFolder(plain), { name: 'the given files', files: plain });
  const others = ['up/a.txt', 'up/b/c.txt'].map((path) => fileAt(path, Uint8Array.of(1)));
  assert.deepEqual(filesOfFolder(others), { name: 'up', files: others });
});
