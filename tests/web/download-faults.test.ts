/* Downloads from servers and over connections that fail: what is tried again, how, and what each failure says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FILE_BYTES_MAX } from '../../web/base/limits.ts';
import { parseRetryAfter } from '../../web/net/http-answer.ts';
import { type Ask, type Deed, dateOf, openBadServer, tagOf } from './lib/bad-server.ts';
import { CHUNK, FILE, gate, Setting } from './lib/download-setting.ts';
import { chunksOf, makeFile, sha256 } from './lib/recording-sink.ts';

const HASHES = chunksOf(FILE, CHUNK).map(sha256);
const onlyFirst = (deed: Deed) => (ask: Ask) => (ask.nth === 0 ? deed : undefined);

test('a dropped connection goes on at its next byte, with If-Range on the tag', async (t) => {
  const setting = await Setting.open(t, onlyFirst({ dropAfter: 4000 }));
  await setting.succeeds({ parallel: 1 });
  const [, second] = setting.server.asks;
  assert.ok(second?.range !== undefined && second.range.first > 0 && second.range.first <= 4000);
  assert.equal(second.headers['if-range'], tagOf(0));
  assert.equal(setting.sink.progressed, FILE.length);
});

test('If-Range falls back to the date; a weak tag is no ground for it', async (t) => {
  const setting = await Setting.open(t, (ask) => ({
    headers: { ETag: 'W/"weak"' },
    ...(ask.nth === 0 && { dropAfter: 4000 }),
  }));
  await setting.succeeds({ parallel: 1 });
  assert.equal(setting.server.asks[1]?.headers['if-range'], dateOf(0));
});

test('If-Range is kept from other origins, which would have to permit it first', async (t) => {
  Object.assign(globalThis, { location: { origin: 'https://page.example' } });
  t.after(() => Reflect.deleteProperty(globalThis, 'location'));
  const setting = await Setting.open(t, onlyFirst({ dropAfter: 4000 }));
  await setting.succeeds({ parallel: 1 });
  assert.ok(setting.server.asks.every((ask) => ask.headers['if-range'] === undefined));
});

test('an answer that ends early, cleanly, is taken as far as it goes', async (t) => {
  const setting = await Setting.open(t, (ask) =>
    ask.again === 0 && ask.nth < 3
      ? { isChunked: true, dropAfter: 1234, isClean: true }
      : undefined,
  );
  await setting.succeeds({ parallel: 1 });
  assert.ok(setting.ranges.includes(`1234-${CHUNK - 1}`));
});

test('a server may give less than it was asked for', async (t) => {
  const setting = await Setting.open(t, ({ range }) => {
    if (range === undefined) return undefined;
    const end = Math.min(range.first + 3000, (range.last ?? 0) + 1, FILE.length);
    const header = `bytes ${range.first}-${end - 1}/${FILE.length}`;
    return { headers: { 'Content-Range': header }, body: FILE.subarray(range.first, end) };
  });
  await setting.succeeds();
  assert.deepEqual(setting.surroundings.waits, []);
});

test('waits double from half a second to half a minute, with full jitter, and begin anew after progress', async (t) => {
  const setting = await Setting.open(t, (ask) => {
    if (ask.nth < 9) return { status: 503 };
    if (ask.nth === 9) return { dropAfter: 5000 };
    return ask.nth < 12 ? { status: 500 } : undefined;
  });
  setting.surroundings.chance = 0.5;
  await setting.succeeds({ parallel: 1, patience: 10 });
  const half = [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000];
  assert.deepEqual(setting.surroundings.waits, [...half, 250, 250, 500]);
  assert.match(setting.told[0] ?? '', /^250 HTTP status 503/);
});

for (const status of [408, 429, 500, 502, 503, 504]) {
  test(`HTTP status ${status} is tried again`, async (t) => {
    const setting = await Setting.open(t, (ask) => (ask.nth % 3 === 0 ? { status } : undefined));
    await setting.succeeds();
  });
}

test('Retry-After in seconds holds for all connections', async (t) => {
  const setting = await Setting.open(t, (ask) =>
    ask.nth === 1 ? { status: 429, headers: { 'Retry-After': '7' } } : undefined,
  );
  setting.surroundings.chance = 0.5;
  await setting.succeeds();
  assert.ok(setting.surroundings.waits.includes(7250));
});

test('Retry-After is capped at five minutes', async (t) => {
  const deed = { status: 503, headers: { 'Retry-After': '86400' } };
  const setting = await Setting.open(t, onlyFirst(deed));
  setting.surroundings.chance = 0;
  await setting.succeeds({ parallel: 1 });
  assert.deepEqual(setting.surroundings.waits, [300_000]);
});

test('Retry-After may be a date; nonsense counts as none', () => {
  const now = Date.parse('Mon, 01 Jul 2024 10:00:00 GMT');
  assert.equal(parseRetryAfter('Mon, 01 Jul 2024 10:00:09 GMT', now), 9000);
  assert.equal(parseRetryAfter('Mon, 01 Jul 2024 09:00:00 GMT', now), 0);
  assert.equal(parseRetryAfter(' 3 ', now), 3000);
  assert.equal(parseRetryAfter('soon', now), undefined);
  assert.equal(parseRetryAfter(null, now), undefined);
});

test('patience ends after so many attempts without a byte, and says what the last one met', async (t) => {
  const setting = await Setting.open(t, () => ({ status: 503 }));
  const text = /HTTP status 503.*gave up after 3 attempts without progress/;
  const error = await setting.fails('PHI_ENETWORK', text, { patience: 3 });
  assert.equal(error.where, setting.server.url);
  assert.equal(setting.server.asks.length, 3);
});

test('drops with a little progress each do not use patience up', async (t) => {
  const setting = await Setting.open(t, () => ({ dropAfter: 500 }));
  await setting.succeeds({ patience: 4 });
  assert.ok(setting.server.asks.length > 100);
});

test('endless patience ends with the signal', async (t) => {
  const setting = await Setting.open(t, () => ({ isDead: true }));
  const stop = new AbortController();
  const onWait = (): void => {
    if (setting.surroundings.waits.length > 50) stop.abort();
  };
  const changes = { patience: 'endless', signal: stop.signal, onWait } as const;
  await setting.fails('PHI_ECANCELED', /cancelled by the caller/, changes);
  assert.ok(setting.server.asks.length > 50);
});

test('no connection at the very first request names both possible reasons', async (t) => {
  const setting = await Setting.open(t);
  await setting.server.close();
  const text =
    /the request failed \(.*\): no connection, or the server does not allow .* \(CORS\); gave up after 4/;
  await setting.fails('PHI_ENETWORK', text);
});

test('offline: waits for the browser to come online, and these failures do not count', async (t) => {
  const setting = await Setting.open(t, (ask) => {
    if (ask.nth !== 1) return undefined;
    setting.surroundings.goOffline();
    return { isDead: true };
  });
  let nWaits = 0;
  const onWait = (_: number, reason: string): void => {
    assert.equal(reason, 'the browser is offline');
    nWaits++;
    setImmediate(() => setting.surroundings.goOnline());
  };
  await setting.succeeds({ parallel: 1, patience: 1, onWait });
  assert.equal(nWaits, 1);
});

test('offline from the beginning is an error that says so', async (t) => {
  const setting = await Setting.open(t, () => ({ isDead: true }));
  setting.surroundings.goOffline();
  const text = /no connection.*the browser is offline; gave up after one attempt/;
  await setting.fails('PHI_ENETWORK', text, { patience: 1 });
});

test('a connection on which nothing comes is given up for dead', async (t) => {
  const setting = await Setting.open(t, onlyFirst({ hangAfter: 3000 }));
  setting.sink.onProgress = () => {
    if (setting.sink.progressed !== 3000) return;
    /* The first ring finds that something came since the last. */
    setImmediate(() => setting.surroundings.ring());
    setTimeout(() => setting.surroundings.ring(), 20);
  };
  await setting.succeeds({ parallel: 1 });
  assert.ok(setting.ranges.includes('3000-9999'));
  assert.match(setting.told.join(), /no byte came for 30 seconds/);
});

test('a sink that takes long is no silence', async (t) => {
  const setting = await Setting.open(t);
  const { sink, surroundings } = setting;
  const begin = sink.begin.bind(sink);
  sink.begin = async (identity, isResumed) => {
    for (let i = 0; i < 5; i++) surroundings.ring();
    await begin(identity, isResumed);
  };
  await setting.succeeds({ parallel: 1 });
  assert.deepEqual(setting.told, []);
});

for (const [status, text] of [
  [400, /HTTP status 400: expected a model file/],
  [401, /HTTP status 401: the server wants a login/],
  [403, /HTTP status 403: the server refuses access/],
  [404, /HTTP status 404: there is no such file/],
  [410, /HTTP status 410: the file is gone/],
  [204, /HTTP status 204: expected a model file/],
] as const) {
  test(`HTTP status ${status} is final, at once and later`, async (t) => {
    const first = await Setting.open(t, () => ({ status }));
    const error = await first.fails('PHI_ENETWORK', text);
    assert.equal(error.where, first.server.url);
    assert.equal(first.server.asks.length, 1);
    const later = await Setting.open(t, (ask) => (ask.nth === 3 ? { status } : undefined));
    await later.fails('PHI_ENETWORK', text);
  });
}

const range = (text: string): Deed => ({ headers: { 'Content-Range': text } });

for (const [name, deed, code, text] of [
  [
    'a page instead of a model',
    { headers: { 'Content-Type': 'text/html; charset=utf-8' } },
    'PHI_ENETWORK',
    /expected a model file, got an HTML page; link to the file itself/,
  ],
  [
    'a compressed range',
    { headers: { 'Content-Encoding': 'br' } },
    'PHI_ENETWORK',
    /compressed \(content-encoding "br"\); turn compression off/,
  ],
  [
    'no range',
    range('bytes'),
    'PHI_ENETWORK',
    /asked for the bytes from 0 on, got content-range "bytes"/,
  ],
  ['another place', range('bytes 1-9999/64321'), 'PHI_ENETWORK', /got content-range "bytes 1-9999/],
  ['a backward range', range('bytes 0-0/0'), 'PHI_ENETWORK', /got content-range "bytes 0-0\/0"/],
  [
    'an endless number',
    range(`bytes 0-9999/${'9'.repeat(30)}`),
    'PHI_ENETWORK',
    /got content-range/,
  ],
  [
    'a length that its range denies',
    range('bytes 0-9998/64321'),
    'PHI_ENETWORK',
    /got content-range "bytes 0-9998\/64321" with 10000 bytes/,
  ],
  [
    'an absurd length',
    range(`bytes 0-9999/${FILE_BYTES_MAX + 1}`),
    'PHI_ENETWORK',
    /announces a file of 137438953473 bytes, the limit is 137438953472/,
  ],
  [
    'more than asked for, announced',
    { ...range(`bytes 0-${FILE.length - 1}/${FILE.length}`), body: FILE },
    'PHI_ENETWORK',
    /sends more than the bytes 0 to 9999 that it was asked for: up to 64320/,
  ],
  [
    'more than asked for, of hidden range',
    { headers: { 'Content-Range': undefined }, body: FILE },
    'PHI_ENETWORK',
    /sends more than the bytes 0 to 9999 that it was asked for: up to 64320/,
  ],
  [
    'more than announced',
    { body: FILE, isChunked: true },
    'PHI_ENETWORK',
    /sends more than the bytes to 9999 that it was asked for/,
  ],
  [
    'another length than the manifest',
    range('bytes 0-9999/64320'),
    'PHI_ECORRUPT',
    /expected a file of 64321 bytes, the server has 64320/,
  ],
] as const) {
  test(`an answer with ${name} is refused`, async (t) => {
    const setting = await Setting.open(t, () => deed);
    const error = await setting.fails(code, text, { expectedBytes: FILE.length });
    assert.equal(error.where, setting.server.url);
  });
}

test('a damaged chunk is fetched once more, past every cache', async (t) => {
  const bad = Buffer.from(FILE.subarray(2 * CHUNK, 3 * CHUNK));
  bad[17] = (bad[17] ?? 0) ^ 1;
  const setting = await Setting.open(t, (ask) =>
    ask.range?.first === 2 * CHUNK && ask.again === 0 ? { body: bad } : undefined,
  );
  await setting.succeeds({ hashes: HASHES, expectedBytes: FILE.length });
  assert.equal(setting.server.asks.length, 8);
  assert.ok(setting.server.asks.every((ask) => ask.headers['cache-control'] === 'no-cache'));
  assert.equal(setting.sink.progressed, FILE.length);
});

test('a chunk that is damaged twice is an error with its number and both hashes', async (t) => {
  const hashes = HASHES.with(3, '0'.repeat(64));
  const setting = await Setting.open(t);
  const text = new RegExp(
    `chunk 3 \\(bytes 30000 to 39999\\) is damaged: expected SHA-256 0{64}, got ${HASHES[3]}`,
  );
  await setting.fails('PHI_ECORRUPT', text, { hashes, expectedBytes: FILE.length });
  assert.ok(!setting.sink.chunks.has(3));
  assert.ok(!setting.sink.starts.has(3));
  assert.equal(setting.sink.held, setting.sink.progressed);
});

test('a file that changes is begun over, and nothing of the old one stays', async (t) => {
  const other = makeFile(5 * CHUNK + 99, 7);
  const setting = await Setting.open(t, (ask) => {
    if (ask.nth === 3) setting.server.replace(other);
    return undefined;
  });
  assert.deepEqual(await setting.download(), { bytes: other.length });
  assert.ok(setting.sink.whole().equals(other));
  assert.equal(setting.sink.restarts, 1);
  assert.deepEqual(setting.sink.begins, [false, false]);
  assert.equal(setting.sink.progressed, other.length);
  await setting.checkQuiet();
  assert.ok(setting.surroundings.allocated <= 6);
});

for (const [what, hidden] of [
  ['tag', { 'Last-Modified': undefined }],
  ['date', { ETag: undefined }],
  ['length', { ETag: undefined, 'Last-Modified': undefined }],
] as const) {
  test(`another ${what} alone tells a changed file`, async (t) => {
    const other = makeFile(what === 'length' ? FILE.length + 1 : FILE.length, 7);
    const setting = await Setting.open(t, (ask) => {
      if (ask.nth === 4) setting.server.replace(other);
      return { headers: hidden };
    });
    await setting.download({ parallel: 1 });
    assert.ok(setting.sink.whole().equals(other));
    assert.equal(setting.sink.restarts, 1);
  });
}

test('a file that never stops changing is given up', async (t) => {
  const setting = await Setting.open(t, (ask) => {
    if (ask.nth % 2 === 1) setting.server.replace(FILE);
    return undefined;
  });
  const text = /the file changed 4 times while it was read/;
  await setting.fails('PHI_ENETWORK', text, { parallel: 1 });
  assert.equal(setting.sink.restarts, 3);
});

test('a server that sometimes ignores ranges is asked again', async (t) => {
  const setting = await Setting.open(t, (ask) => (ask.nth === 2 ? { isWhole: true } : undefined));
  await setting.succeeds({ parallel: 1 });
  assert.match(setting.told.join(), /gave parts of the file before, now it gives all of it/);
  assert.equal(setting.server.asks[3]?.headers['if-range'], undefined);
});

test('a file that the server cuts short later', async (t) => {
  const setting = await Setting.open(t, (ask) =>
    ask.nth === 2 ? { status: 416, headers: { 'Content-Range': undefined } } : undefined,
  );
  await setting.fails('PHI_ENETWORK', /416: the server has fewer bytes than the 64321/);
});

test('redirects are remembered within a download, and forgotten when their address expires', async (t) => {
  let nSigned = 0;
  const far = await openBadServer(FILE, (ask) => {
    nSigned++;
    return nSigned === 4 || !ask.path.includes('sig=') ? { status: 403 } : undefined;
  });
  t.after(() => far.close());
  const setting = await Setting.open(t, (ask) => ({
    status: 302,
    headers: { Location: `${far.url}?sig=${ask.nth}`, 'Content-Range': undefined },
    body: Buffer.alloc(0),
  }));
  await setting.succeeds({ parallel: 1, headers: { Authorization: 'Bearer token' } });
  assert.equal(setting.server.asks.length, 2);
  assert.deepEqual(
    far.asks.map((ask) => ask.path.slice(-5)),
    ['sig=0', 'sig=0', 'sig=0', 'sig=0', 'sig=1', 'sig=1', 'sig=1', 'sig=1'],
  );
  assert.ok(far.asks.every((ask) => ask.headers.authorization === undefined));
  assert.deepEqual(setting.surroundings.waits, []);
});

test('a redirect to something forbidden is final', async (t) => {
  const far = await openBadServer(FILE, () => ({ status: 403 }));
  t.after(() => far.close());
  const setting = await Setting.open(t, () => ({ status: 302, headers: { Location: far.url } }));
  const error = await setting.fails('PHI_ENETWORK', /HTTP status 403: the server refuses access/);
  assert.equal(error.where, setting.server.url);
});

test('what a sink throws ends the download with it', async (t) => {
  for (const place of ['begin', 'chunk', 'progress'] as const) {
    const setting = await Setting.open(t);
    setting.sink[place] = () => {
      throw new Error(`no ${place} today`);
    };
    await setting.fails('PHI_EPOISONED', new RegExp(`no ${place} today`));
  }
});

test('a failure keeps the starts of chunks', async (t) => {
  const broken = gate();
  const setting = await Setting.open(t, ({ range: asked }) => {
    if (asked?.first === 0) return { hangAfter: 3000 };
    return { status: 404, until: broken.opened };
  });
  setting.sink.onProgress = () => broken.open();
  await setting.fails('PHI_ENETWORK', /HTTP status 404/, { parallel: 2 });
  assert.ok((setting.sink.starts.get(0)?.length ?? 0) > 0);
  assert.equal(setting.sink.held, setting.sink.progressed);
});

test('no memory for a chunk is an error, not a missing chunk', async (t) => {
  const setting = await Setting.open(t);
  const { surroundings } = setting;
  surroundings.allocate = (bytes) => {
    if (++surroundings.allocated > 2) throw new RangeError('Array buffer allocation failed');
    return new Uint8Array(bytes);
  };
  await setting.fails('PHI_EPOISONED', /allocation failed/);
});
