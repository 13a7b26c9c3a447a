/* The hash, by the browser and by script, against another implementation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256Hex, sha256InScript } from '../../web/base/sha256.ts';
import { makeFile, sha256 } from './lib/recording-sink.ts';

test('the script gives the same hash at every length around a block, and for a long text', () => {
  for (const bytes of [...Array(200).keys(), 1_000_003]) {
    const file = makeFile(bytes);
    assert.equal(Buffer.from(sha256InScript(file)).toString('hex'), sha256(file), `${bytes} bytes`);
  }
});

test('the script works on a view that begins anywhere', () => {
  const file = makeFile(300);
  assert.equal(
    Buffer.from(sha256InScript(file.subarray(3, 290))).toString('hex'),
    sha256(file.subarray(3, 290)),
  );
});

test('a page without crypto.subtle hashes by script', async (t) => {
  const bytes = new Uint8Array(makeFile(1000));
  assert.equal(await sha256Hex(bytes), sha256(bytes));
  t.mock.getter(globalThis, 'crypto', () => ({}));
  assert.equal(await sha256Hex(bytes), sha256(bytes));
});
