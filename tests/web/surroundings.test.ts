/* Real time and memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realSurroundings } from '../../web/net/surroundings.ts';

test('a wait ends by itself, at once when aborted, and when the browser comes online', async (t) => {
  await realSurroundings.wait(1, new AbortController().signal, false);
  const stop = new AbortController();
  const waiting = realSurroundings.wait(1e9, stop.signal, false);
  stop.abort();
  await waiting;
  await realSurroundings.wait(1e9, stop.signal, false);
  const page = new EventTarget();
  for (const name of ['addEventListener', 'removeEventListener'] as const)
    Object.assign(globalThis, { [name]: page[name].bind(page) });
  t.after(() => {
    for (const name of ['addEventListener', 'removeEventListener'])
      Reflect.deleteProperty(globalThis, name);
  });
  const offline = realSurroundings.wait(1e9, new AbortController().signal, true);
  page.dispatchEvent(new Event('online'));
  await offline;
});

test('an alarm that is called off does not ring', async () => {
  realSurroundings.alarm(1, () => assert.fail('it rang'))();
  await new Promise<void>((resolve) => {
    realSurroundings.alarm(2, resolve);
  });
});

test('no memory is PHI_ENOMEM', () => {
  const bytes = 2 ** 50;
  assert.throws(() => realSurroundings.allocate(bytes), { code: 'PHI_ENOMEM', requested: bytes });
  assert.equal(realSurroundings.allocate(3).length, 3);
});

test('only a browser that is sure is offline', (t) => {
  assert.equal(realSurroundings.isOnline(), true);
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { onLine: false }, configurable: true });
  t.after(() => {
    Reflect.deleteProperty(globalThis, 'navigator');
    if (before !== undefined) Object.defineProperty(globalThis, 'navigator', before);
  });
  assert.equal(realSurroundings.isOnline(), false);
});
