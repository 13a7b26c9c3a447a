/* The browser's copies of pictures, for tests that count what is not given back. */
import type { TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';

export class FakeBitmap {
  readonly [Symbol.toStringTag] = 'ImageBitmap';
  nClosed = 0;

  close(): void {
    this.nClosed++;
  }
}

/** What createImageBitmap() makes while the test runs, since it was asked for the last time. */
export interface FakeCopies {
  /** All copies are closed by now; how many there were. Fails when one is not. */
  allClosed(): Promise<number>;
}

export function fakeCopies(t: TestContext): FakeCopies {
  const made: FakeBitmap[] = [];
  Reflect.set(globalThis, 'createImageBitmap', async () => {
    const copy = new FakeBitmap();
    made.push(copy);
    return copy;
  });
  t.after(() => Reflect.deleteProperty(globalThis, 'createImageBitmap'));
  return {
    async allClosed() {
      await nextTurn();
      const copies = made.splice(0);
      const left = copies.filter(({ nClosed }) => nClosed === 0).length;
      if (left > 0) throw new Error(`${left} of ${copies.length} copies are not closed`);
      return copies.length;
    },
  };
}
