/* What the browser says of this site's storage, on the page and in a worker. */

/** undefined is what the browser does not tell. Bytes are the browser's estimates, for all that the site stores. */
export interface RoomEstimate {
  readonly quotaBytes: number | undefined;
  readonly usageBytes: number | undefined;
  /** Whether the browser has promised to delete nothing when its disk gets full. */
  readonly isPersisted: boolean | undefined;
}

export async function estimate(): Promise<RoomEstimate> {
  const storage = globalThis.navigator?.storage;
  const [room, isPersisted] = await Promise.all([
    storage?.estimate?.().catch(() => undefined),
    storage?.persisted?.().catch(() => undefined),
  ]);
  return { quotaBytes: room?.quota, usageBytes: room?.usage, isPersisted };
}

/** Asks the browser to keep what is stored even when its disk gets full; true when it does. Only a page may ask
 * (Firefox asks the user): a worker learns how things stand. */
export async function persist(): Promise<boolean> {
  const storage: Partial<StorageManager> | undefined = globalThis.navigator?.storage;
  const isPersisted = (await storage?.persisted?.()) ?? false;
  if (isPersisted || storage?.persist === undefined) return isPersisted;
  return storage.persist();
}
