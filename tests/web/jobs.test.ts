/* Long calls in slices: both ways to cancel one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Jobs, newCancelFlag, type Slices } from '../../web/worker/jobs.ts';

/** Counts its slices; calls `at` before each. */
function* counting(slices: number, at: (i: number) => void): Slices<number> {
  for (let i = 0; i < slices; i++) {
    at(i);
    yield;
  }
  return slices;
}

for (const how of ['flag', 'message'] as const) {
  test(`jobs: a ${how} ends a job before its next slice, and no other`, async () => {
    const jobs = new Jobs();
    const flag = newCancelFlag();
    assert.ok(flag !== null);
    let done = 0;
    const stop = (i: number): void => {
      done = i;
      if (i !== 4) return;
      if (how === 'flag') Atomics.store(flag, 0, 1);
      else jobs.cancel(1);
    };
    const canceled = jobs.run(1, counting(100, stop), flag);
    const other = jobs.run(
      2,
      counting(20, () => undefined),
      newCancelFlag(),
    );
    await assert.rejects(canceled, { code: 'PHI_ECANCELED' });
    assert.equal(done, 4);
    assert.equal(await other, 20);
  });
}
