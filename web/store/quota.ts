/* How much the browser lets this site store, and errors that say what to do when it is not enough. */
import { EngineError } from '../base/errors.ts';
import { estimate, type RoomEstimate } from '../base/room.ts';
import type { ModelRecord } from './catalogue.ts';
import { isQuotaExceeded, storageError } from './failures.ts';

/** A model that takes room. */
export interface StoredModel {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly lastUsedMs: number;
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;
/** Candidates that a message names at most. */
const NAMED_MAX = 5;

/** As people read it: 2.32 GB. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const digits = power === 0 ? 0 : 2;
  return `${(bytes / 1000 ** power).toFixed(digits)} ${UNITS[power]}`;
}

/** Room that is left, or undefined when the browser does not tell. */
function freeBytes({ quotaBytes, usageBytes }: RoomEstimate): number | undefined {
  if (quotaBytes === undefined || usageBytes === undefined) return undefined;
  return Math.max(0, quotaBytes - usageBytes);
}

/** Models whose deletion frees `bytes`: the least recently used one that is enough by itself, else the largest ones.
 * Empty when all together are too few. */
export function chooseVictims(bytes: number, stored: readonly StoredModel[]): StoredModel[] {
  const [single] = stored
    .filter((model) => model.bytes >= bytes)
    .sort((a, b) => a.lastUsedMs - b.lastUsedMs);
  if (single !== undefined) return [single];
  const victims: StoredModel[] = [];
  let freed = 0;
  for (const model of [...stored].sort((a, b) => b.bytes - a.bytes)) {
    if (freed >= bytes) break;
    victims.push(model);
    freed += model.bytes;
  }
  return freed >= bytes ? victims : [];
}

function nameModel({ id, bytes, lastUsedMs }: StoredModel): string {
  const day = new Date(lastUsedMs).toISOString().slice(0, 10);
  return `"${id}" (${formatBytes(bytes)}, last used ${day})`;
}

function adviceOf(lackingBytes: number, stored: readonly StoredModel[]): string {
  const taking = stored.filter((model) => model.bytes > 0);
  if (taking.length === 0) return 'no stored model could be deleted; free space on the disk';
  const victims = chooseVictims(lackingBytes, taking);
  if (victims.length > 0) {
    const names = victims.slice(0, NAMED_MAX).map(nameModel).join(', ');
    const more = victims.length - NAMED_MAX;
    return `deleting ${names}${more > 0 ? ` and ${more} more` : ''} would make room`;
  }
  const all = taking.reduce((sum, model) => sum + model.bytes, 0);
  const most = `deleting all ${taking.length} stored models would free ${formatBytes(all)}`;
  return `${most}, which is too little; free space on the disk`;
}

/** PHI_ESTORAGE for something that does not fit: `requested` is what it needs, `quota` the room that is left. */
export function roomError(
  needBytes: number,
  room: RoomEstimate,
  stored: readonly StoredModel[],
  cause?: unknown,
): EngineError {
  const free = freeBytes(room);
  const has =
    free === undefined
      ? 'the browser does not tell how much is left'
      : `${formatBytes(free)} are left of the ${formatBytes(room.quotaBytes ?? 0)} that the browser grants this site`;
  const advice = adviceOf(Math.max(1, needBytes - (free ?? 0)), stored);
  /* What the browser grants is a promise: the disk may be fuller than that. */
  const isRefused = free !== undefined && free >= needBytes;
  const what = isRefused ? 'the browser stores no more' : 'the storage is too small';
  return new EngineError(
    'PHI_ESTORAGE',
    `${what}: ${formatBytes(needBytes)} are needed, ${isRefused ? `though ${has}` : has}; ${advice}`,
    { requested: needBytes, ...(free !== undefined && { quota: free }), cause },
  );
}

/** undefined when `needBytes` more fit, or the browser does not tell; else the error that says so and what could go. */
export async function checkRoom(
  needBytes: number,
  stored: readonly StoredModel[],
): Promise<EngineError | undefined> {
  const room = await estimate();
  const free = freeBytes(room);
  return free === undefined || free >= needBytes ? undefined : roomError(needBytes, room, stored);
}

/** What a model of the catalogue takes: `usedBytes` where its store told, else what its files have. */
export function storedModel(record: ModelRecord, usedBytes?: number): StoredModel {
  const bytes = record.files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  const { id, name, lastUsedMs } = record;
  return { id, name, lastUsedMs, bytes: usedBytes ?? bytes };
}

export interface FailedWrite {
  readonly model: string;
  readonly doing: string;
  readonly bytes: number;
  /** The other models of the site. */
  readonly others: () => Promise<readonly StoredModel[]>;
}

/** What a write threw, as PHI_ESTORAGE: a full storage with its figures and advice. */
export async function writeError(thrown: unknown, write: FailedWrite): Promise<EngineError> {
  if (!isQuotaExceeded(thrown)) return storageError(thrown, write.doing, write.model);
  const [room, others] = await Promise.all([estimate(), write.others().catch(() => [])]);
  return roomError(write.bytes, room, others, thrown);
}
