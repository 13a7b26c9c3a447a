/* How much the browser lets this site store. Only a page may ask it to keep that: a worker learns how things stand. */

export interface Room {
  readonly usageBytes: number | null;
  readonly quotaBytes: number | null;
  readonly isPersisted: boolean | null;
}

/** For all that the site stores; null is what the browser does not tell. */
export async function estimateRoom(): Promise<Room> {
  const storage: Partial<StorageManager> | undefined = globalThis.navigator?.storage;
  const [room, isPersisted] = await Promise.all([
    storage?.estimate?.().catch(() => undefined),
    storage?.persisted?.().catch(() => undefined),
  ]);
  return {
    usageBytes: room?.usage ?? null,
    quotaBytes: room?.quota ?? null,
    isPersisted: isPersisted ?? null,
  };
}

/** Asks the browser to keep what is stored even when its disk gets full; true when it does. Firefox asks the user. */
export async function persist(): Promise<boolean> {
  const storage: Partial<StorageManager> | undefined = globalThis.navigator?.storage;
  const isPersisted = (await storage?.persisted?.()) ?? false;
  if (isPersisted || storage?.persist === undefined) return isPersisted;
  return await storage.persist();
}
