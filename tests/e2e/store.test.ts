/* web/store in Chromium on a profile on disk: the contract on OPFS and IndexedDB, crashes, quota, tabs, foreign
 * records. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ModelRecord } from '../../web/store/catalogue.ts';
import type { StoreKind } from '../../web/store/weight-store.ts';
import { storeContract } from '../web/lib/store-contract.ts';
import { INSECURE_HOST, StoreBrowser, type StorePage } from './lib/store-browser.ts';

const KINDS = ['opfs', 'indexeddb'] as const;
const MIB = 2 ** 20;
const MODEL: ModelRecord = {
  id: 'written',
  name: 'Written',
  kind: 'opfs',
  state: 'complete',
  licence: null,
  createdMs: 0,
  lastUsedMs: 86_400_000,
  verifiedMs: null,
  files: [],
};
let browser: StoreBrowser;
let page: StorePage;

before(async () => {
  browser = await StoreBrowser.open();
  page = await browser.openPage();
});

after(() => browser.close());

/** Runs in two tabs, which are closed afterwards. */
async function withTabs(work: (a: StorePage, b: StorePage) => Promise<void>): Promise<void> {
  const [a, b] = [await browser.openPage(), await browser.openPage()];
  try {
    await work(a, b);
  } finally {
    await a.close();
    await b.close();
  }
}

function assertDone({ failure }: { failure?: { message: string } }): void {
  assert.equal(failure, undefined, failure?.message ?? '');
}

const names = storeContract(() => Promise.reject(new Error('only names'))).map(({ name }) => name);
for (const kind of KINDS) {
  for (const name of names) {
    test(`${kind}: ${name}`, async () => {
      assertDone(await page.worker('contract', { kind, name }));
    });
  }
}

test('which kinds there are: in a worker, on a page, on an insecure page', async () => {
  const usable = async (kinds: Promise<{ value?: { kind: StoreKind; isUsable: boolean }[] }>) =>
    (await kinds).value?.filter(({ isUsable }) => isUsable).map(({ kind }) => kind);
  assert.deepEqual(await usable(page.worker('kinds')), ['opfs', 'indexeddb', 'memory']);
  assert.deepEqual(await usable(page.here('kinds')), ['indexeddb', 'memory']);
  assert.equal((await page.worker('open', 'auto')).value?.kind, 'opfs');
  const plain = await browser.openPage(INSECURE_HOST);
  assert.deepEqual(await usable(plain.worker('kinds')), ['indexeddb', 'memory']);
  const opened = await plain.worker('open', 'auto');
  assert.equal(opened.value?.kind, 'indexeddb');
  assert.match(opened.value?.reason ?? '', /no opfs: the page is not secure \(serve it over https/);
  assert.equal((await plain.worker('open', 'opfs')).failure?.code, 'PHI_EUNSUPPORTED');
  /* Without crypto.subtle hashes are made by script. */
  assert.equal((await plain.worker('survey', 'indexeddb')).failure, undefined);
  assert.equal((await plain.worker('lock', { id: 'x', mode: 'exclusive' })).value, 'done');
  await plain.close();
});

for (const kind of KINDS) {
  test(`${kind}: the browser is killed while it writes; the journal claims nothing that is not there`, async () => {
    for (const n of [1, 7, 30, 61]) {
      const victim = await browser.openPage();
      const storm = victim.page.evaluate((which) => void runInWorker('storm', which), kind);
      await storm;
      await victim.waitTold(n);
      const told = (await victim.told()) as { index: number; round: number }[];
      await browser.crash();
      page = await browser.openPage();
      const { value: claims, failure } = await page.worker('survey', kind);
      assert.equal(failure, undefined, failure?.message ?? '');
      assert.deepEqual(
        claims?.filter(({ isTrue }) => !isTrue),
        [],
      );
      const held = new Set(claims?.map(({ index }) => index));
      /* One chunk was under way when it died: it may be gone where it was being replaced. */
      const lost = told.filter(({ index }) => !held.has(index));
      assert.ok(new Set(lost.map(({ index }) => index)).size <= 1, JSON.stringify(lost));
    }
  });

  test(`${kind}: a full storage is a clear error, and what was written before stays`, async () => {
    /* A site of its own: IndexedDB remembers for a while how much room there was. */
    const tab = await browser.openPage(`${kind}.localhost`);
    await browser.limitQuota(tab, 8 * MIB);
    await tab.worker('putRecord', { ...MODEL, id: 'old', kind });
    const { value, failure } = await tab.worker('fill', { kind, chunks: 40 });
    assert.equal(failure, undefined, failure?.message ?? '');
    assert.equal(value?.failure?.code, 'PHI_ESTORAGE', JSON.stringify(value));
    /* Chromium's estimate() does not know of the limit. */
    assert.match(
      value?.failure?.message ?? '',
      /the browser stores no more: 1\.05 MB are needed, though .* are left of the/,
    );
    assert.equal(value?.failure?.requested, MIB);
    assert.equal(typeof value?.failure?.quota, 'number');
    assert.ok((value?.written ?? 0) > 0 && (value?.written ?? 99) < 40);
    assert.equal(value?.held, value?.written);
    assert.equal(value?.isRight, true);
    await browser.limitQuota(tab);
    await tab.close();
  });

  test(`${kind}: two tabs read one file at the same time`, async () => {
    await withTabs(async (a, b) => {
      assertDone(await a.worker('openFile', { id: 'w', kind, mode: 'write' }));
      for (let index = 0; index < 6; index++)
        assertDone(await a.worker('writeChunk', { id: 'w', index }));
      assertDone(await a.worker('closeFile', 'w'));
      for (const tab of [a, b])
        assertDone(await tab.worker('openFile', { id: 'r', kind, mode: 'read' }));
      for (const first of [0, 2, 4]) {
        const reads = [a, b].map((tab) =>
          tab.worker('readChunks', { id: 'r', first, last: first + 2 }),
        );
        for (const { value } of await Promise.all(reads)) assert.equal(value, 2 << 18);
      }
      for (const tab of [a, b]) assertDone(await tab.worker('closeFile', 'r'));
    });
  });

  test(`${kind}: a page without handles reads and deletes what a worker stored`, async () => {
    assertDone(await page.here('openFile', { id: 'p', kind, mode: 'read' }));
    assert.deepEqual((await page.here('listChunks', 'p')).value, [0, 1, 2, 3, 4, 5]);
    assert.equal((await page.here('readChunks', { id: 'p', first: 1, last: 5 })).value, 4 << 18);
    assertDone(await page.here('closeFile', 'p'));
    if (kind === 'opfs') {
      const { failure } = await page.here('openFile', { id: 'q', kind, mode: 'write' });
      assert.equal(failure?.code, 'PHI_EUNSUPPORTED');
      assert.match(failure?.message ?? '', /dedicated worker/);
    }
    assertDone(await page.here('deleteModel', { kind, model: 'written' }));
    assertDone(await page.worker('openFile', { id: 'r', kind, mode: 'read' }));
    assert.deepEqual((await page.worker('listChunks', 'r')).value, []);
    assertDone(await page.worker('closeFile', 'r'));
  });

  test(`${kind}: verification finds a damaged chunk and drops it`, async () => {
    assertDone(await page.worker('openFile', { id: 'v', kind, mode: 'write' }));
    for (let index = 0; index < 3; index++) await page.worker('writeChunk', { id: 'v', index });
    await page.worker('closeFile', 'v');
    assert.deepEqual((await page.worker('verify', kind)).value?.verdict.badChunks, []);
    assertDone(await page.worker('damage', { kind, index: 1 }));
    const { value } = await page.worker('verify', kind);
    assert.deepEqual(value?.verdict, { badChunks: [1], missingBytes: 1 << 18 });
    assert.deepEqual(value?.left, [0, 2]);
    await page.worker('deleteModel', { kind, model: 'written' });
  });
}

test('opfs: a file that another tab writes is refused to a second writer, and read as a Blob', async () => {
  await withTabs(async (a, b) => {
    assertDone(await a.worker('openFile', { id: 'w', kind: 'opfs', mode: 'write' }));
    assertDone(await a.worker('writeChunk', { id: 'w', index: 0 }));
    const { failure } = await b.worker('openFile', { id: 'w', kind: 'opfs', mode: 'write' });
    assert.equal(failure?.code, 'PHI_ESTORAGE');
    assert.match(
      failure?.message ?? '',
      /file 0 of model "written" is in use, here or in another tab/,
    );
    assertDone(await b.worker('openFile', { id: 'r', kind: 'opfs', mode: 'read' }));
    assert.equal((await b.worker('readChunks', { id: 'r', first: 0, last: 2 })).value, 1 << 18);
    assertDone(await b.worker('closeFile', 'r'));
    assertDone(await a.worker('closeFile', 'w'));
    assertDone(await b.worker('deleteModel', { kind: 'opfs', model: 'written' }));
  });
});

test('the room is told, and what does not fit is refused with what could go', async () => {
  await page.worker('putRecord', {
    ...MODEL,
    id: 'big',
    files: [
      {
        name: 'big.gguf',
        url: null,
        bytes: 1e15,
        chunkBytes: MIB,
        etag: null,
        lastModified: null,
        chunkSha256: null,
      },
    ],
  });
  const fits = (await page.worker('room', 1000)).value;
  assert.equal(fits?.error, undefined);
  assert.ok((fits?.room.quotaBytes ?? 0) > 0);
  assert.equal(typeof fits?.room.isPersisted, 'boolean');
  const { error } = (await page.worker('room', 1e14)).value ?? {};
  assert.equal(error?.code, 'PHI_ESTORAGE');
  assert.match(
    error?.message ?? '',
    /100\.00 TB are needed.*deleting "big" \(1000\.00 TB, last used 1970-01-02\) would make room/,
  );
  assert.equal(typeof (await page.here('persist')).value, 'boolean');
  await page.worker('catalogue', { remove: 'big' });
});

test('catalogue: on the page and in workers the same, and changes are never lost', async () => {
  await withTabs(async (a, b) => {
    await a.here('putRecord', MODEL);
    const bumps = [
      a.worker('bump', { id: 'written', times: 25 }),
      b.here('bump', { id: 'written', times: 25 }),
    ];
    for (const done of await Promise.all(bumps)) assertDone(done);
    const { value } = await b.worker('catalogue', { get: 'written' });
    assert.equal(value?.one?.createdMs, 50);
    assert.equal(value?.isLasting, true);
    assert.deepEqual(value?.ids, ['written']);
  });
});

test('catalogue: damaged records are told apart, and can be deleted', async () => {
  const foreign: [IDBValidKey, unknown][] = [
    ['number', 5],
    ['other id', MODEL],
    ['bytes', { ...MODEL, id: 'bytes', files: [{ chunkBytes: -1 }] }],
    [17, MODEL],
  ];
  for (const [key, value] of foreign) assertDone(await page.worker('putRaw', { key, value }));
  const { value } = await page.here('catalogue', {});
  assert.deepEqual(value?.ids, ['written']);
  assert.deepEqual(value?.damaged.map(({ id }) => id).sort(), ['bytes', 'number', 'other id']);
  const { failure } = await page.here('catalogue', { get: 'bytes' });
  assert.equal(failure?.code, 'PHI_ESTORAGE');
  assert.match(
    failure?.message ?? '',
    /"bytes" is damaged \(files\[0\]\.chunkBytes: .*delete the model/,
  );
  for (const [key] of foreign)
    if (typeof key === 'string') await page.here('catalogue', { remove: key });
  assert.deepEqual((await page.here('catalogue', { remove: 'written' })).value?.damaged, []);
});

test('locks: two tabs share, exclude, wait, give up and abort', async () => {
  await withTabs(async (a, b) => {
    assertDone(await a.worker('hold', { id: 'm', mode: 'shared' }));
    assert.equal((await b.worker('lock', { id: 'm', mode: 'shared' })).value, 'done');
    const refused = await b.worker('lock', { id: 'm', mode: 'exclusive', ifAvailable: true });
    assert.equal(refused.failure?.code, 'PHI_ESTATE');
    assert.match(refused.failure?.message ?? '', /another tab of this site is using model "m"/);
    const aborted = await b.worker('lock', { id: 'm', mode: 'exclusive', abortOnWait: true });
    assert.equal(aborted.failure?.code, 'PHI_ECANCELED');
    assert.deepEqual(await b.told(), ['waiting']);
    const waiting = b.worker('lock', { id: 'm', mode: 'exclusive' });
    await b.waitTold(2);
    assertDone(await a.worker('release', 'm'));
    assert.equal((await waiting).value, 'done');
    assertDone(await a.worker('hold', { id: 'm', mode: 'exclusive' }));
    const last = b.worker('lock', { id: 'm', mode: 'shared' });
    await b.waitTold(3);
    await a.close();
    assert.equal((await last).value, 'done');
  });
});

test('a newer tab takes the database over; the older one says so at its next use', async () => {
  await withTabs(async (a, b) => {
    assertDone(await a.worker('openDatabase', { id: 'd', version: 1 }));
    assert.equal((await a.worker('useDatabase', 'd')).value, 0);
    assertDone(await b.worker('openDatabase', { id: 'd', version: 2 }));
    const { failure } = await a.worker('useDatabase', 'd');
    assert.equal(failure?.code, 'PHI_ESTORAGE');
    assert.match(failure?.message ?? '', /newer version of this page.*reload the page/);
    const older = await a.worker('openDatabase', { id: 'e', version: 1 });
    assert.equal(older.failure?.code, 'PHI_ESTORAGE');
    assert.match(older.failure?.message ?? '', /newer version of this page.*reload the page/);
    assertDone(await a.here('openStubborn', 2));
    const blocked = await b.worker('openDatabase', { id: 'f', version: 3, blockedMs: 50 });
    assert.equal(blocked.failure?.code, 'PHI_ESTORAGE');
    assert.match(blocked.failure?.message ?? '', /another tab .* close it and try again/);
  });
});
