/* Manifests: the parser's every refusal, its agreement with the schema, fetching one, and the tool that writes them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chunkingOf, fetchManifest, parseManifest } from '../../web/net/manifest.ts';
import { type Deed, openBadServer } from './lib/bad-server.ts';
import { FakeSurroundings } from './lib/fake-surroundings.ts';
import { isValid } from './lib/json-schema.ts';
import { chunksOf, makeFile, sha256 } from './lib/recording-sink.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCHEMA: unknown = JSON.parse(
  readFileSync(join(ROOT, 'web/net/manifest.schema.json'), 'utf8'),
);
const BASE = 'https://host.example/models/phi/manifest.json?v=1';
const HASH = 'a'.repeat(64);
const MIB = 1 << 20;

const FILE = { url: 'phi.gguf', bytes: 5 * MIB, sha256: HASH };
const CHUNKED = { ...FILE, chunkBytes: 2 * MIB, chunks: [HASH, HASH, HASH] };
const LEAST = { format: 'pocketphi-manifest/1', name: 'Phi', licence: 'MIT', files: [FILE] };
const FULL = {
  ...LEAST,
  licenceUrl: 'LICENSE.txt',
  files: [CHUNKED, { ...FILE, url: 'https://other.example/phi%202.gguf?a=b' }],
  architecture: 'phi3',
  quantisation: 'Q4_K_M',
  parameters: 3_821_079_552,
  contextLength: 4096,
  chatTemplate: '{{ messages }}',
  'x-note': { anything: true },
};

test('the least and the fullest manifest are read, and the schema takes them', () => {
  const least = parseManifest(LEAST, BASE);
  assert.equal(least.files[0]?.url, 'https://host.example/models/phi/phi.gguf');
  assert.equal(least.files[0].chunks, undefined);
  const full = parseManifest(FULL, BASE);
  assert.deepEqual(
    full.files.map((file) => file.url),
    ['https://host.example/models/phi/phi.gguf', 'https://other.example/phi%202.gguf?a=b'],
  );
  assert.equal(full.licenceUrl, 'https://host.example/models/phi/LICENSE.txt');
  assert.equal(full.parameters, 3_821_079_552);
  assert.equal(full.contextLength, 4096);
  assert.equal(full.chatTemplate, '{{ messages }}');
  for (const manifest of [LEAST, FULL]) assert.ok(isValid(SCHEMA, manifest));
});

const withFile = (changes: object): object => ({ ...LEAST, files: [{ ...CHUNKED, ...changes }] });

const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
  ['no object', [LEAST], /^.*: the manifest: expected an object, got an array of 1$/],
  [
    'another format',
    { ...LEAST, format: 'x/2' },
    /format: expected "pocketphi-manifest\/1", got "x\/2"/,
  ],
  [
    'an unknown field',
    { ...LEAST, license: 'MIT' },
    /unknown field "license"; known: format, name/,
  ],
  [
    'no name',
    { ...LEAST, name: undefined },
    /name: expected text of 1 to 200 characters, got nothing/,
  ],
  ['an empty name', { ...LEAST, name: '' }, /name: expected text of 1 to 200 characters, got ""/],
  ['a long name', { ...LEAST, name: 'x'.repeat(201) }, /name: expected text .* got "x+…/],
  ['no licence', { ...LEAST, licence: null }, /licence: expected text .* got null/],
  ['no files', { ...LEAST, files: [] }, /files: expected an array of 1 to 1024, got an array of 0/],
  ['too many files', { ...LEAST, files: Array(1025).fill(FILE) }, /files: .* got an array of 1025/],
  [
    'a file that is text',
    { ...LEAST, files: ['phi.gguf'] },
    /files\[0\]: expected an object, got "phi/,
  ],
  [
    'an unknown file field',
    withFile({ size: 1 }),
    /files\[0\]: unknown field "size"; known: url, bytes/,
  ],
  ['no URL', withFile({ url: undefined }), /files\[0\]\.url: expected text of 1 to 2000/],
  [
    'another scheme',
    withFile({ url: 'ftp://h/x' }),
    /files\[0\]\.url: expected a relative, http or https/,
  ],
  [
    'a script',
    withFile({ url: 'JavaScript:alert(1)' }),
    /files\[0\]\.url: expected a relative, http/,
  ],
  [
    'no host',
    withFile({ url: 'https:///' }),
    /files\[0\]\.url: expected a relative, http or https/,
  ],
  ['a way up', withFile({ url: 'a/../../x.gguf' }), /url: expected a URL below the manifest/],
  ['a hidden way up', withFile({ url: '%2E./x.gguf' }), /url: expected a URL below the manifest/],
  ['a root', withFile({ url: '/x.gguf' }), /url: expected a URL below the manifest/],
  ['another host', withFile({ url: '//h/x.gguf' }), /url: expected a URL below the manifest/],
  ['backslashes', withFile({ url: 'a\\..\\x' }), /url: expected a URL below the manifest/],
  [
    'no length',
    withFile({ bytes: 0 }),
    /files\[0\]\.bytes: expected an integer from 1 to \d+, got 0/,
  ],
  ['half a byte', withFile({ bytes: 1.5 }), /files\[0\]\.bytes: expected an integer .* got 1.5/],
  ['an absurd length', withFile({ bytes: 2 ** 40 }), /files\[0\]\.bytes: .* got 1099511627776/],
  ['a length in text', withFile({ bytes: '5' }), /files\[0\]\.bytes: .* got "5"/],
  [
    'no hash',
    withFile({ sha256: 'A'.repeat(64) }),
    /files\[0\]\.sha256: expected 64 lower-case hex/,
  ],
  [
    'small chunks',
    withFile({ chunkBytes: 65535 }),
    /chunkBytes: expected an integer from 65536 to 67108864/,
  ],
  [
    'large chunks',
    withFile({ chunkBytes: 65 * MIB }),
    /chunkBytes: expected an integer from 65536/,
  ],
  [
    'chunks of no size',
    withFile({ chunkBytes: undefined }),
    /chunkBytes: expected an integer, as there are/,
  ],
  ['no chunks', withFile({ chunks: [] }), /files\[0\]\.chunks: expected an array of 1 to 3/],
  [
    'a chunk that is no hash',
    withFile({ chunks: [HASH, 7, HASH] }),
    /chunks\[1\]: expected 64 lower/,
  ],
  ['no parameters', { ...LEAST, parameters: 0 }, /parameters: expected an integer from 1 to/],
  ['an endless context', { ...LEAST, contextLength: 1e300 }, /contextLength: expected an integer/],
  [
    'an empty template',
    { ...LEAST, chatTemplate: '' },
    /chatTemplate: expected text of 1 to 1048576/,
  ],
  [
    'a long template',
    { ...LEAST, chatTemplate: 'x'.repeat(MIB + 1) },
    /chatTemplate: expected text/,
  ],
  [
    'a wrong licence URL',
    { ...LEAST, licenceUrl: 'data:,x' },
    /licenceUrl: expected a relative, http/,
  ],
];

for (const [name, manifest, text] of WRONG) {
  test(`a manifest with ${name} is refused, by the schema too`, () => {
    /* As JSON has it: fields that are undefined are not there. */
    const value: unknown = JSON.parse(JSON.stringify(manifest));
    assert.throws(() => parseManifest(value, BASE), {
      code: 'PHI_ECORRUPT',
      where: BASE,
      message: text,
    });
    assert.equal(isValid(SCHEMA, value), false);
  });
}

test('what a schema cannot say: as many hashes as chunks', () => {
  const text =
    /files\[0\]\.chunks: expected 3 hashes, one for each 2097152 bytes, got an array of 2/;
  assert.throws(() => parseManifest(withFile({ chunks: [HASH, HASH] }), BASE), { message: text });
  assert.throws(() => parseManifest(withFile({ chunks: Array(4).fill(HASH) }), BASE), {
    message: /files\[0\]\.chunks: expected an array of 1 to 3, got an array of 4/,
  });
});

test('a manifest without a URL of its own needs absolute ones', () => {
  const text = /files\[0\]\.url: expected an absolute URL, as the manifest has none of its own/;
  assert.throws(() => parseManifest(LEAST), { message: text, where: 'manifest' });
  parseManifest(withFile({ url: 'https://h/x.gguf' }));
});

test('names of Object.prototype are unknown fields', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const value: unknown = JSON.parse(JSON.stringify(LEAST).replace('{', `{"${name}":1,`));
    assert.throws(() => parseManifest(value, BASE), { message: /unknown field/ });
  }
});

test('chunking: the manifest size of chunks outweighs, and one chunk is guarded by the file hash', () => {
  const [chunked, plain] = parseManifest(FULL, BASE).files;
  assert.ok(chunked !== undefined && plain !== undefined);
  assert.deepEqual(chunkingOf(chunked, 8 * MIB), {
    chunkBytes: 2 * MIB,
    hashes: [HASH, HASH, HASH],
    expectedBytes: 5 * MIB,
  });
  assert.deepEqual(chunkingOf(plain, 8 * MIB).hashes, [HASH]);
  assert.equal(chunkingOf(plain, MIB).hashes, undefined);
});

const SIGNAL = new AbortController().signal;

test('a manifest is fetched, after failures too, and its files are beside it', async (t) => {
  const text = Buffer.from(JSON.stringify(FULL));
  const server = await openBadServer(text, (ask) => (ask.nth === 0 ? { status: 503 } : undefined));
  t.after(() => server.close());
  const surroundings = new FakeSurroundings();
  const manifest = await fetchManifest(server.url, { signal: SIGNAL, surroundings });
  assert.equal(manifest.files[0]?.url, new URL('phi.gguf', server.url).href);
  assert.equal(server.asks[1]?.range, undefined);
  assert.equal(surroundings.alarms, 0);
});

for (const [name, deed, code, text] of [
  ['nothing there', { status: 404 }, 'PHI_ENETWORK', /HTTP status 404: there is no such file/],
  [
    'a server in trouble',
    { status: 500 },
    'PHI_ENETWORK',
    /HTTP status 500: .* gave up after 2 attempts/,
  ],
  [
    'a page',
    { headers: { 'Content-Type': 'text/html' } },
    'PHI_ENETWORK',
    /expected a manifest, got an HTML page/,
  ],
  ['too much', { body: Buffer.alloc(4 * MIB + 1) }, 'PHI_ENETWORK', /longer than 4194304 bytes/],
  ['no JSON', { body: Buffer.from('{"a":') }, 'PHI_ECORRUPT', /expected a manifest in JSON: /],
  [
    'no UTF-8',
    { body: Buffer.from([0x22, 0xff, 0x22]) },
    'PHI_ECORRUPT',
    /expected a manifest in JSON/,
  ],
  ['deep JSON', { body: Buffer.alloc(MIB, '[') }, 'PHI_ECORRUPT', /expected a manifest in JSON/],
  ['something else', { body: Buffer.from('{}') }, 'PHI_ECORRUPT', /format: expected "pocketphi/],
] as const satisfies readonly (readonly [string, Deed, string, RegExp])[]) {
  test(`fetching a manifest and finding ${name}`, async (t) => {
    const server = await openBadServer(Buffer.from(JSON.stringify(FULL)), () => deed);
    t.after(() => server.close());
    const surroundings = new FakeSurroundings();
    await assert.rejects(fetchManifest(server.url, { signal: SIGNAL, surroundings, patience: 2 }), {
      code,
      where: server.url,
      message: text,
    });
    await server.idle();
    assert.equal(surroundings.alarms, 0);
  });
}

test('fetching a manifest can be cancelled', async (t) => {
  const server = await openBadServer(Buffer.from('{'), () => ({ hangAfter: 1 }));
  t.after(() => server.close());
  const stop = new AbortController();
  const surroundings = new FakeSurroundings();
  const done = fetchManifest(server.url, { signal: stop.signal, surroundings });
  setImmediate(() => stop.abort());
  await assert.rejects(done, { code: 'PHI_ECANCELED' });
  await server.idle();
});

function makeManifest(args: readonly string[]): {
  status: number | null;
  stdout: string;
  stderr: string;
} {
  const script = join(ROOT, 'tools/models/make_manifest.py');
  return spawnSync('python3', [script, ...args], { encoding: 'utf8' });
}

test('make_manifest.py writes what the parser and the schema take, with the right hashes', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pocketphi-manifest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'parts'));
  const files = [makeFile(2 * MIB + 5), makeFile(MIB, 3)];
  const paths = ['phi 3.gguf', 'parts/b.gguf'].map((name) => join(folder, name));
  for (const [i, path] of paths.entries()) writeFileSync(path, files[i] ?? '');
  const out = join(folder, 'model.json');
  const options = [
    '--name',
    'Phi',
    '--licence',
    'MIT',
    '--chunk-mib',
    '1',
    '--context-length',
    '4096',
  ];
  const run = makeManifest([...paths, ...options, '--out', out]);
  assert.equal(run.status, 0, run.stderr);
  const value: unknown = JSON.parse(readFileSync(out, 'utf8'));
  assert.ok(isValid(SCHEMA, value));
  const manifest = parseManifest(value, 'https://h/m/model.json');
  assert.equal(manifest.contextLength, 4096);
  assert.deepEqual(
    manifest.files.map((file) => file.url),
    ['https://h/m/phi%203.gguf', 'https://h/m/parts/b.gguf'],
  );
  for (const [i, file] of files.entries()) {
    assert.equal(manifest.files[i]?.bytes, file.length);
    assert.equal(manifest.files[i].sha256, sha256(file));
    assert.deepEqual(manifest.files[i].chunks, chunksOf(file, MIB).map(sha256));
  }
});

test('make_manifest.py says what is wrong', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pocketphi-manifest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'empty.gguf');
  writeFileSync(path, '');
  const options = ['--name', 'Phi', '--licence', 'MIT', '--out', join(folder, 'm.json')];
  assert.match(makeManifest([path, ...options]).stderr, /expected a model file, got an empty one/);
  assert.match(makeManifest([`${path}x`, ...options]).stderr, /No such file/);
  assert.match(
    makeManifest([path, ...options, '--chunk-mib', '65']).stderr,
    /expected 1 to 64, got 65/,
  );
  assert.match(
    makeManifest([join(ROOT, 'package.json'), ...options]).stderr,
    /expected a file below/,
  );
});
