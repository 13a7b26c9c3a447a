/* Progress as the page is told of it: never beyond all or below nothing, and nothing is left untold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Meter } from '../../web/worker/meter.ts';
import type { Progress } from '../../web/worker/protocol.ts';

function recording(): { meter: Meter; told: Progress[]; last(): Progress } {
  const told: Progress[] = [];
  const meter = new Meter((progress) => told.push(progress));
  return {
    meter,
    told,
    last() {
      const last = told.at(-1);
      assert.ok(last);
      return last;
    },
  };
}

test('meter: what comes too soon after a report is told a moment later', async () => {
  let tell: (progress: Progress) => void = () => undefined;
  const meter = new Meter((progress) => tell(progress));
  meter.addFetched(1);
  const told = new Promise<Progress>((resolve) => {
    tell = (progress) => {
      if (progress.loadedBytes === 3) resolve(progress);
    };
  });
  meter.addFetched(1);
  meter.addFetched(1);
  assert.equal((await told).phase, 'download');
});

test('meter: bytes that are void make it neither negative nor more than all', () => {
  const { meter, told } = recording();
  meter.totalBytes = 100;
  meter.addCached(40);
  meter.addFetched(-50);
  meter.enter('download', 'a');
  meter.addFetched(200);
  meter.enter('download', 'a');
  for (const { loadedBytes, fromCacheBytes } of told) {
    assert.ok(loadedBytes >= 0 && loadedBytes <= 100, `${loadedBytes}`);
    assert.ok(fromCacheBytes >= 0 && fromCacheBytes <= loadedBytes, `${fromCacheBytes}`);
  }
});

test('meter: the end is told, and counts for where the bytes came from', () => {
  const { meter, last } = recording();
  meter.totalBytes = 100;
  meter.addCached(90);
  meter.complete();
  assert.deepEqual([last().loadedBytes, last().fromCacheBytes], [100, 100]);
  const fetched = recording();
  fetched.meter.totalBytes = 100;
  fetched.meter.addFetched(90);
  fetched.meter.complete();
  assert.deepEqual([fetched.last().loadedBytes, fetched.last().fromCacheBytes], [100, 0]);
});

test('meter: no time left is told while the size is unknown', () => {
  const { meter, last } = recording();
  meter.addFetched(10);
  assert.equal(last().secondsLeft, null);
  assert.equal(last().totalBytes, 0);
});
