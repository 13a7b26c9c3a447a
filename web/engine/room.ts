/* How much the browser lets this site store, as the page's interfaces tell it. */
import { estimate } from '../base/room.ts';

export interface Room {
  readonly usageBytes: number | null;
  readonly quotaBytes: number | null;
  readonly isPersisted: boolean | null;
}

/** For all that the site stores; null is what the browser does not tell. */
export async function estimateRoom(): Promise<Room> {
  const { usageBytes = null, quotaBytes = null, isPersisted = null } = await estimate();
  return { usageBytes, quotaBytes, isPersisted };
}
