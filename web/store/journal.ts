/* Which chunks are stored: the area `chunks` of the database, for every kind of store but memory. A record is
 * written once its bytes are safe. What is read back is checked; a record that makes no sense counts as absent. */
import { isCount, isSha256 } from './arguments.ts';
import { type Database, type Durability, settled } from './database.ts';
import type { ChunkRecord, FilePlace, StoreKind } from './weight-store.ts';

export type JournalKind = Exclude<StoreKind, 'memory'>;

/* Arrays sort behind everything else, so that [...key, []] is behind all keys that go on with a number. */
function within(key: readonly IDBValidKey[]): IDBKeyRange {
  return IDBKeyRange.bound([...key], [...key, []]);
}

export function payloadKey({ model, file }: FilePlace, index: number): IDBValidKey {
  return [model, file, index];
}

export function payloadsOfFile({ model, file }: FilePlace): IDBKeyRange {
  return within([model, file]);
}

export function payloadsOfModel(model: string): IDBKeyRange {
  return within([model]);
}

export function indexOf(key: IDBValidKey): number | undefined {
  const index = Array.isArray(key) ? key.at(-1) : undefined;
  return isCount(index) ? index : undefined;
}

function toRecord(index: number | undefined, value: unknown, bytesMax: number): ChunkRecord[] {
  if (index === undefined || typeof value !== 'object' || value === null) return [];
  const { bytes, sha256 } = value as Partial<Record<string, unknown>>;
  if (!isCount(bytes, bytesMax) || bytes === 0 || !isSha256(sha256)) return [];
  return [{ index, bytes, sha256 }];
}

/** The journal of one file. The methods with a transaction are for those who store the payload in the same one. */
export class Journal {
  readonly #database: Database;
  readonly #kind: JournalKind;
  readonly #place: FilePlace;

  constructor(database: Database, kind: JournalKind, place: FilePlace) {
    this.#database = database;
    this.#kind = kind;
    this.#place = place;
  }

  #key(index: number): IDBValidKey {
    return [this.#kind, this.#place.model, this.#place.file, index];
  }

  async listIn(transaction: IDBTransaction): Promise<ChunkRecord[]> {
    const area = transaction.objectStore('chunks');
    const range = within([this.#kind, this.#place.model, this.#place.file]);
    const [keys, values] = await Promise.all([
      settled(area.getAllKeys(range)),
      settled(area.getAll(range)),
    ]);
    return keys.flatMap((key, i) => toRecord(indexOf(key), values[i], this.#place.chunkBytes));
  }

  async getIn(transaction: IDBTransaction, index: number): Promise<ChunkRecord | undefined> {
    const value: unknown = await settled(transaction.objectStore('chunks').get(this.#key(index)));
    return toRecord(index, value, this.#place.chunkBytes)[0];
  }

  async putIn(transaction: IDBTransaction, record: ChunkRecord): Promise<void> {
    const { index, bytes, sha256 } = record;
    await settled(transaction.objectStore('chunks').put({ bytes, sha256 }, this.#key(index)));
  }

  async dropIn(transaction: IDBTransaction, index: number): Promise<void> {
    await settled(transaction.objectStore('chunks').delete(this.#key(index)));
  }

  list(): Promise<ChunkRecord[]> {
    return this.#database.transact(['chunks'], 'readonly', (t) => this.listIn(t));
  }

  put(record: ChunkRecord, durability: Durability): Promise<void> {
    return this.#database.transact(['chunks'], durability, (t) => this.putIn(t, record));
  }

  drop(indices: readonly number[], durability: Durability): Promise<void> {
    return this.#database.transact(['chunks'], durability, async (transaction) => {
      for (const index of indices) await this.dropIn(transaction, index);
    });
  }
}

/** Bytes of a model's chunks, all files together. */
export function journalBytes(
  database: Database,
  kind: JournalKind,
  model: string,
): Promise<number> {
  return database.transact(['chunks'], 'readonly', async (transaction) => {
    const values: unknown[] = await settled(
      transaction.objectStore('chunks').getAll(within([kind, model])),
    );
    return values
      .flatMap((value) => toRecord(0, value, Number.MAX_SAFE_INTEGER))
      .reduce((sum, { bytes }) => sum + bytes, 0);
  });
}

export async function forgetModelIn(
  transaction: IDBTransaction,
  kind: JournalKind,
  model: string,
): Promise<void> {
  await settled(transaction.objectStore('chunks').delete(within([kind, model])));
}
