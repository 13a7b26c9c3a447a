/* Where models are kept: the catalogue and a store, open together; and what is there of a model. */
import { EngineError } from '../base/errors.ts';
import { CHUNK_BYTES_MAX } from '../base/limits.ts';
import {
  type Catalogue,
  type FileRecord,
  type ModelRecord,
  openCatalogue,
} from '../store/catalogue.ts';
import { openStore } from '../store/open-store.ts';
import type { FileMode, WeightStore } from '../store/weight-store.ts';
import type { StoragePolicy } from './protocol.ts';
import type { RemoteFile } from './remote-model.ts';

/** Of one model, whose lock is held. */
export interface Shelf {
  readonly catalogue: Catalogue;
  readonly store: WeightStore;
  /** 'read' when all of the model is there: other tabs may read it too. */
  readonly mode: FileMode;
  /** As it was when the shelf was opened. */
  readonly record: ModelRecord | undefined;
}

/** Why there is no shelf. */
export type NoShelf = string;

async function forgetElsewhere(catalogue: Catalogue, record: ModelRecord): Promise<void> {
  const old = await openStore(record.kind);
  try {
    await old.deleteModel(record.id);
  } finally {
    await old.close();
  }
  await catalogue.delete(record.id);
}

export async function openShelf(
  id: string,
  storage: Exclude<StoragePolicy, 'none'>,
  mode: FileMode,
): Promise<Shelf | NoShelf> {
  const catalogue = await openCatalogue();
  try {
    let record = await catalogue.get(id);
    /* A kind that was asked for by name: the model moves there. */
    const moves = storage !== 'auto' && mode === 'write' && record?.kind !== storage;
    if (moves && record !== undefined) {
      await forgetElsewhere(catalogue, record);
      record = undefined;
    }
    const store = await openStore(storage === 'auto' ? (record?.kind ?? 'auto') : storage);
    if (store.kind !== 'memory') return { catalogue, store, mode, record };
    catalogue.close();
    return store.reason;
  } catch (error) {
    catalogue.close();
    throw error;
  }
}

export async function closeShelf({ catalogue, store }: Shelf): Promise<void> {
  catalogue.close();
  await store.close();
}

/** The record of a model of which everything is stored, where it is wanted: it will only be read. A catalogue that
 * cannot be read knows of none. */
export async function findStored(
  id: string,
  storage: StoragePolicy,
): Promise<ModelRecord | undefined> {
  if (storage === 'none') return undefined;
  try {
    const catalogue = await openCatalogue();
    try {
      const record = await catalogue.get(id);
      const isWanted = storage === 'auto' || record?.kind === storage;
      return record?.state === 'complete' && isWanted ? record : undefined;
    } finally {
      catalogue.close();
    }
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** A stored record is of this file when it has the same address and, where they are known, length and hashes. */
export function isRecordOf(record: FileRecord | undefined, file: RemoteFile): record is FileRecord {
  if (record === undefined || record.url !== file.url) return false;
  if (record.chunkBytes > CHUNK_BYTES_MAX) return false;
  if (file.bytes !== undefined && record.bytes !== null && record.bytes !== file.bytes)
    return false;
  return file.hashes === undefined || record.chunkSha256?.join() === file.hashes.join();
}

/** What is there, as far as it shows without hashing; a record alone is no proof. */
export async function measureStored(store: WeightStore, record: ModelRecord): Promise<number> {
  let sum = 0;
  for (const [file, { chunkBytes }] of record.files.entries()) {
    const stored = await store.openFile({ model: record.id, file, chunkBytes }, 'read');
    try {
      for (const { bytes } of await stored.chunks()) sum += bytes;
    } finally {
      await stored.close();
    }
  }
  return sum;
}
