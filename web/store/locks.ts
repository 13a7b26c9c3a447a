/* One lock a model, for all tabs of the site: shared while it is read, exclusive while it is written or deleted. A page
 * without Web Locks (an insecure one) has no OPFS either; its tabs are on their own. */
import { canceledError, EngineError } from '../base/errors.ts';

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Do not wait: reject with PHI_ESTATE when another tab has it. */
  readonly ifAvailable?: boolean;
  /** Called once, when it has to be waited for. */
  readonly onWait?: () => void;
}

/** Marks a lock that was not to be had at once. */
const TAKEN = Symbol('taken');

export function modelLockName(id: string): string {
  return `pocketphi:model:${id}`;
}

function takenError(id: string, mode: LockMode): EngineError {
  const use = mode === 'shared' ? 'is writing or deleting' : 'is using';
  return new EngineError('PHI_ESTATE', `another tab of this site ${use} model "${id}"`, {
    where: id,
  });
}

/** Runs `work` while the model's lock is held, and gives what it gives. The signal ends the waiting (PHI_ECANCELED);
 * work that has begun listens for itself. */
export async function withModelLock<T>(
  id: string,
  mode: LockMode,
  { signal, ifAvailable = false, onWait }: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  if (signal?.aborted) throw canceledError(signal);
  const locks = globalThis.navigator?.locks;
  if (locks === undefined) return work();
  const name = modelLockName(id);
  const first = await locks.request(name, { mode, ifAvailable: true }, async (lock) =>
    lock === null ? TAKEN : work(),
  );
  if (first !== TAKEN) return first as T;
  if (ifAvailable) throw takenError(id, mode);
  onWait?.();
  let hasBegun = false;
  try {
    return await locks.request(name, { mode, ...(signal && { signal }) }, () => {
      hasBegun = true;
      return work();
    });
  } catch (error) {
    if (!hasBegun && signal?.aborted) throw canceledError(signal);
    throw error;
  }
}
