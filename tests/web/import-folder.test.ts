/* Hugging Face folders: what a server says of their files, and which of a page's Files are one. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listFolder, readFiles } from '../../web/worker/import-folder.ts';
import { type Ask, type BadServer, type Deed, openBadServer } from './lib/bad-server.ts';

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

test('a folder: the files that are there, by the names of its index', async () => {
  const { name, files } = await listFolder(await serve(), signal);
  assert.equal(name, 'phi');
  assert.deepEqual(
    files.map((file) => file.name),
    [...HERE, 'b.safetensors'],
  );
});

test('a folder is called what its address says: a stray % as it is, the host when there is no more', async () => {
  const url = await serve(undefined, '/100%/');
  assert.equal((await listFolder(url, signal)).name, '100%');
  const { origin, host } = new URL(url);
  assert.equal((await listFolder(`${origin}/`, signal)).name, host);
});

test('a folder: only 404 and 410 say that a file is not there', async () => {
  const spoil = async (status: number): Promise<string[]> => {
    const url = await serve(({ path }) =>
      path.endsWith('/tokenizer_config.json') ? { status, body: Buffer.alloc(0) } : undefined,
    );
    try {
      return (await listFolder(url, signal)).files.map((file) => file.name);
    } finally {
      await server?.close();
    }
  };
  for (const status of [404, 410])
    assert.deepEqual(await spoil(status), [...HERE, 'b.safetensors']);
  for (const status of [403, 503])
    await assert.rejects(spoil(status), {
      code: 'PHI_ENETWORK',
      message: new RegExp(`tokenizer_config\\.json: HTTP status ${status}`),
    });
});

/** The index's second request is for its text. */
const onText =
  (deed: Deed) =>
  ({ path, again }: Ask): Deed | undefined =>
    path.endsWith(INDEX) && again === 1 ? { file: INDEX_TEXT, ...deed } : undefined;

for (const [what, deed, code, text] of [
  ['refused', { status: 503, body: Buffer.alloc(0) }, 'PHI_ENETWORK', /HTTP status 503/],
  ['cut off', { dropAfter: 10 }, 'PHI_ENETWORK', /the answer broke off/],
  ['no JSON', { file: Buffer.from('{') }, 'PHI_ECORRUPT', /index\.json: .*JSON/],
] as const)
  test(`a folder whose index is ${what}`, async () => {
    const url = await serve(onText(deed));
    await assert.rejects(listFolder(url, signal), { code, message: text });
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
    init.method === 'GET' ? new Response(endless) : await real(asked, init),
  );
  await assert.rejects(listFolder(url, signal), {
    code: 'PHI_ENETWORK',
    message: /more than 268435456 bytes/,
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
    const read = await readFiles(files, () => undefined, options);
    assert.equal(read.firstName, 'phi');
    return (await read.open(0, '')).bytes;
  };
  const expected = await sizeOf(model);
  assert.ok((expected ?? 0) > 0);
  assert.equal(await sizeOf([...wrong, ...model]), expected);
  assert.equal(await sizeOf([...model, ...wrong]), expected);
});
