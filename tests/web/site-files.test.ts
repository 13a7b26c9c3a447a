/* The service worker's parts that need no browser: what it keeps, in which order, what it leaves to an older version,
 * and byte ranges. The caches are Maps. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { addressOf, isHashed, SiteFiles, versionName } from '../../demo/site/sw-files.js';
import { parseRange, partOf } from '../../demo/site/sw-range.js';

const SCOPE = 'https://host.test/pocket/';

class FakeCache {
  readonly entries = new Map<string, Response>();
  /** Throws when there is no room for another file. */
  room = Number.POSITIVE_INFINITY;

  async put(url: string, response: Response): Promise<void> {
    if (this.entries.size >= this.room) throw new DOMException('full', 'QuotaExceededError');
    this.entries.set(url, response);
  }

  async keys(): Promise<{ url: string }[]> {
    return [...this.entries.keys()].map((url) => ({ url }));
  }
}

class FakeCaches {
  readonly all = new Map<string, FakeCache>();

  async open(name: string): Promise<FakeCache> {
    const cache = this.all.get(name) ?? new FakeCache();
    this.all.set(name, cache);
    return cache;
  }

  async match(url: string, { cacheName }: { cacheName: string }): Promise<Response | undefined> {
    return this.all.get(cacheName)?.entries.get(url)?.clone();
  }

  async keys(): Promise<string[]> {
    return [...this.all.keys()];
  }

  async delete(name: string): Promise<boolean> {
    return this.all.delete(name);
  }
}

interface Asked {
  readonly url: string;
  readonly cache: string | undefined;
}

/** A server that has these texts, and checks integrity as browsers do. */
function server(texts: Record<string, string>) {
  const asked: Asked[] = [];
  const headers = {
    'Content-Encoding': 'gzip',
    'Content-Length': '3',
    Vary: 'Origin',
    ETag: '"x"',
  };
  const fetch = async (url: string, options: RequestInit): Promise<Response> => {
    asked.push({ url, cache: options.cache });
    const text = texts[url.slice(SCOPE.length)];
    if (text === undefined) return new Response('', { status: 404 });
    if (options.integrity !== undefined && options.integrity !== integrityOf(text))
      throw new TypeError('Failed to fetch');
    return new Response(text, { headers });
  };
  return { asked, fetch };
}

function integrityOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

const V1 = {
  'index.html': 'page 1',
  'chat/index.html': 'chat 1',
  'assets/chat-AAAAAAAA.js': 'script 1',
  'engine-11111111/index.js': 'engine',
  'icons/icon.svg': 'icon',
};
const V2 = {
  'index.html': 'page 2',
  'chat/index.html': 'chat 2',
  'assets/chat-BBBBBBBB.js': 'script 2',
  'engine-11111111/index.js': 'engine',
  'icons/icon.svg': 'icon',
};

function served(texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([path, text]) => [addressOf(path), text]));
}

function version(name: string, texts: Record<string, string>, caches: FakeCaches, there = texts) {
  const { asked, fetch } = server(served(there));
  const files = Object.entries(texts).map(([path, text]) => ({
    path,
    integrity: integrityOf(text),
  }));
  return { asked, site: new SiteFiles({ scope: SCOPE, version: name, files, caches, fetch }) };
}

async function textOf(response: Response | undefined): Promise<string | undefined> {
  return await response?.text();
}

test('all files come into the cache, pages last, with headers that fit the unpacked body', async () => {
  const caches = new FakeCaches();
  const { site, asked } = version('v1', V1, caches);
  await Promise.all([site.fill(), site.fill()]);
  const addresses = asked.map(({ url }) => url.slice(SCOPE.length));
  assert.equal(addresses.length, 5, 'each once');
  assert.deepEqual(addresses.slice(3).sort(), ['', 'chat/']);
  const cacheModes = new Map(asked.map(({ url, cache }) => [url.slice(SCOPE.length), cache]));
  assert.equal(cacheModes.get('engine-11111111/index.js'), 'default');
  assert.equal(cacheModes.get('chat/'), 'reload');
  const kept = await site.match('assets/chat-AAAAAAAA.js');
  assert.deepEqual(
    ['content-encoding', 'vary', 'content-length', 'etag', 'accept-ranges'].map((name) =>
      kept?.headers.get(name),
    ),
    [null, null, '8', '"x"', 'bytes'],
  );
  await site.fill();
  assert.equal(asked.length, 5, 'nothing is fetched again');
});

test('a version takes what has not changed from the one before; both answer with their own', async () => {
  const caches = new FakeCaches();
  const old = version('v1', V1, caches);
  await old.site.fill();
  const { site, asked } = version('v2', V2, caches);
  await site.fill();
  const addresses = asked.map(({ url }) => url.slice(SCOPE.length)).sort();
  assert.deepEqual(addresses, ['', 'assets/chat-BBBBBBBB.js', 'chat/', 'icons/icon.svg']);
  assert.equal(await textOf(await site.match('chat/')), 'chat 2');
  assert.equal(await textOf(await old.site.match('chat/')), 'chat 1');
  /* A page of the old version, answered by the new worker. */
  assert.equal(await textOf(await site.match('assets/chat-AAAAAAAA.js')), 'script 1');

  await site.deleteOthers([versionName(SCOPE, 'v1')]);
  assert.equal(caches.all.size, 2);
  caches.all.set('somebody else’s', new FakeCache());
  caches.all.set(versionName('https://host.test/pocket/deeper/', 'v9'), new FakeCache());
  await site.deleteOthers([]);
  assert.deepEqual(
    [...caches.all.keys()],
    [versionName(SCOPE, 'v2'), 'somebody else’s', 'pocketphi:/pocket/deeper/:v9'],
  );
});

test('a server that has moved on: nothing of its files is taken for ours, what fits is kept', async () => {
  const caches = new FakeCaches();
  const { site } = version('v1', V1, caches, { ...V1, 'icons/icon.svg': 'another icon' });
  await assert.rejects(site.fill(), /Failed to fetch/);
  assert.equal(await site.match('icons/icon.svg'), undefined);
  assert.equal(await site.match(''), undefined, 'no page without its files');
  const gone = version('v1', V1, caches, { 'index.html': 'page 1' });
  await assert.rejects(gone.site.fill(), /HTTP status 404/);
  const again = version('v1', V1, caches);
  await again.site.fill();
  assert.equal(await textOf(await again.site.match('')), 'page 1');
});

test('no room: what came is given back, and another attempt begins anew', async () => {
  const caches = new FakeCaches();
  const { site } = version('v1', V1, caches);
  (await caches.open(versionName(SCOPE, 'v1'))).room = 2;
  await assert.rejects(site.fill(), { name: 'QuotaExceededError' });
  assert.equal(caches.all.size, 0);
  await site.fill();
  assert.equal(await textOf(await site.match('chat/')), 'chat 1');
});

test('which addresses are the site’s', () => {
  const { site } = version('v1', V1, new FakeCaches());
  const address = (path: string) => site.addressIn(new URL(path, SCOPE).href);
  assert.equal(address('chat/?model=x#y'), 'chat/');
  assert.equal(address('chat/index.html'), 'chat/');
  assert.equal(address('index.html?x'), '');
  assert.equal(address('/elsewhere/'), undefined);
  assert.equal(site.addressIn('https://other.test/pocket/'), undefined);
  assert.deepEqual(
    ['', 'chat/', 'icons/icon.svg', 'models/big.gguf', 'assets/old-12345678.css'].map((path) =>
      site.mayHold(path),
    ),
    [true, true, true, false, true],
  );
  assert.deepEqual(
    ['chat', 'chat/', 'icons', ''].map((path) => site.isPageWithoutSlash(path)),
    [true, false, false, false],
  );
  assert.ok(isHashed('models/tutor-0123abcd.gguf') && !isHashed('models/tutor.gguf'));
  assert.ok(!isHashed('x/assets/chat-AAAAAAAA.js'));
});

test('ranges: as HTTP has them', () => {
  const cases: [string | null, unknown][] = [
    ['bytes=0-3', [0, 3]],
    ['bytes=4-', [4, 9]],
    ['bytes=8-99', [8, 9]],
    ['bytes=-3', [7, 9]],
    ['bytes=-99', [0, 9]],
    ['bytes=10-', null],
    ['bytes=-0', null],
    ['bytes=5-4', undefined],
    ['bytes=0-1,4-5', undefined],
    ['bytes=-', undefined],
    ['bytes=0x1-2', undefined],
    ['items=0-3', undefined],
    [null, undefined],
  ];
  for (const [header, expected] of cases)
    assert.deepEqual(parseRange(header, 10), expected, String(header));
});

test('a part of a kept file: 206, 416, or all of it', async () => {
  const whole = () =>
    new Response('0123456789', { headers: { ETag: '"a"', 'Content-Length': '10' } });
  const ask = async (headers: Record<string, string>) => {
    const response = await partOf(new Request(SCOPE, { headers }), whole());
    const { status } = response;
    return [status, await response.text(), response.headers.get('content-range')];
  };
  assert.deepEqual(await ask({}), [200, '0123456789', null]);
  assert.deepEqual(await ask({ Range: 'bytes=2-4' }), [206, '234', 'bytes 2-4/10']);
  assert.deepEqual(await ask({ Range: 'bytes=99-' }), [416, '', 'bytes */10']);
  assert.deepEqual(await ask({ Range: 'bytes=5-4' }), [200, '0123456789', null]);
  assert.deepEqual(await ask({ Range: 'bytes=2-4', 'If-Range': '"a"' }), [
    206,
    '234',
    'bytes 2-4/10',
  ]);
  assert.deepEqual(await ask({ Range: 'bytes=2-4', 'If-Range': '"b"' }), [200, '0123456789', null]);
});

test('what a page asks for before the cache is full is fetched once, whole, and kept', async () => {
  const caches = new FakeCaches();
  const { site, asked } = version('v1', V1, caches);
  const engine = 'engine-11111111/index.js';
  const [first, second] = await Promise.all([site.get(engine), site.get(engine), site.fill()]);
  assert.deepEqual([await textOf(first), await textOf(second)], ['engine', 'engine']);
  assert.equal(asked.filter(({ url }) => url.endsWith(engine)).length, 1);
  assert.equal(await site.get('assets/older-AAAAAAAA.js'), undefined, 'not this version’s');
  const other = version('v2', V2, new FakeCaches(), { 'index.html': 'page 3' });
  assert.equal(await other.site.get('assets/chat-BBBBBBBB.js'), undefined, 'the network may know');
  assert.equal(
    await other.site.get(''),
    undefined,
    'pages come from the network until all is there',
  );
});
