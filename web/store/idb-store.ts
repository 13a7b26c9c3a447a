/* Weights in IndexedDB, a Blob a chunk; a chunk and its record are written in one transaction. */
import { checkModel, FileGate } from './arguments.ts';
import { BlobQueue, ChunkReader } from './chunk-reader.ts';
import { type Database, settled } from './database.ts';
import { isPassing, storageError } from './failures.ts';
import {
  forgetModelIn,
  indexOf,
  Journal,
  journalBytes,
  payloadKey,
  payloadsOfFile,
  payloadsOfModel,
} from './journal.ts';
import { otherModels } from './others.ts';
import { writeError } from './quota.ts';
import type {
  ChunkRecord,
  FileMode,
  FilePlace,
  ReadTarget,
  StoredFile,
  WeightStore,
} from './weight-store.ts';

const BOTH = ['chunks', 'payload'] as const;
/** Waits before a write is tried again that the browser could not take just now. */
const RETRY_MS = [100, 1000];

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

class IdbFile implements StoredFile {
  readonly #database: Database;
  readonly #gate: FileGate;
  readonly #journal: Journal;
  readonly #reader: ChunkReader;
  readonly #unreadable = new Set<number>();

  constructor(database: Database, queue: BlobQueue, gate: FileGate) {
    this.#database = database;
    this.#gate = gate;
    this.#journal = new Journal(database, 'indexeddb', gate.place);
    this.#reader = new ChunkReader(
      gate.place.chunkBytes,
      queue,
      (index) => this.#blobOf(index),
      (index) => this.#unreadable.add(index),
    );
  }

  async chunks(): Promise<ChunkRecord[]> {
    this.#gate.checkOpen();
    const range = payloadsOfFile(this.#gate.place);
    try {
      return await this.#database.transact(BOTH, 'readonly', async (transaction) => {
        const payload = transaction.objectStore('payload');
        const [records, keys, values] = await Promise.all([
          this.#journal.listIn(transaction),
          settled(payload.getAllKeys(range)),
          settled(payload.getAll(range)),
        ]);
        const blobs = new Map(keys.map((key, i) => [indexOf(key), values[i] as unknown]));
        return records.filter((record) => this.#isPayload(blobs.get(record.index), record));
      });
    } catch (error) {
      throw storageError(error, `listing ${this.#gate.words}`, this.#gate.place.model);
    }
  }

  async write(record: ChunkRecord, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#gate.checkWrite(record, bytes);
    const { model } = this.#gate.place;
    try {
      await this.#put(record, bytes);
    } catch (error) {
      throw await writeError(error, {
        doing: `writing chunk ${record.index} of ${this.#gate.words}`,
        bytes: record.bytes,
        model,
        others: () => otherModels(this.#database, model),
      });
    }
    this.#unreadable.delete(record.index);
    this.#reader.reset();
  }

  async read(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    this.#gate.checkRead(offset, bytes);
    try {
      return await this.#reader.read(offset, bytes, target);
    } catch (error) {
      throw storageError(error, `reading ${this.#gate.words}`, this.#gate.place.model);
    }
  }

  async drop(index: number): Promise<void> {
    this.#gate.checkDrop(index);
    this.#reader.reset();
    try {
      await this.#database.transact(BOTH, 'strict', async (transaction) => {
        const key = payloadKey(this.#gate.place, index);
        await this.#journal.dropIn(transaction, index);
        await settled(transaction.objectStore('payload').delete(key));
      });
    } catch (error) {
      const doing = `dropping chunk ${index} of ${this.#gate.words}`;
      throw storageError(error, doing, this.#gate.place.model);
    }
  }

  async close(): Promise<void> {
    if (this.#gate.close()) this.#reader.reset();
  }

  #isPayload(value: unknown, { index, bytes }: ChunkRecord): value is Blob {
    return value instanceof Blob && value.size === bytes && !this.#unreadable.has(index);
  }

  #blobOf(index: number): Promise<Blob | undefined> {
    return this.#database.transact(BOTH, 'readonly', async (transaction) => {
      const key = payloadKey(this.#gate.place, index);
      const [record, value] = await Promise.all([
        this.#journal.getIn(transaction, index),
        settled<unknown>(transaction.objectStore('payload').get(key)),
      ]);
      return record !== undefined && this.#isPayload(value, record) ? value : undefined;
    });
  }

  /* 'strict' costs nothing that could be measured here, and survives a power cut. */
  #putOnce(record: ChunkRecord, blob: Blob): Promise<void> {
    return this.#database.transact(BOTH, 'strict', async (transaction) => {
      const key = payloadKey(this.#gate.place, record.index);
      await settled(transaction.objectStore('payload').put(blob, key));
      await this.#journal.putIn(transaction, record);
    });
  }

  /* Blobs are freed by garbage collection, which weighs buffers and not Blobs: without a new buffer for each, Chromium
   * runs out of memory for them after some hundred megabytes ("Failed to write blobs (InvalidBlob)"). */
  async #put(record: ChunkRecord, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const copy = bytes.slice();
    for (const ms of RETRY_MS) {
      try {
        await this.#putOnce(record, new Blob([copy]));
        return;
      } catch (error) {
        if (!isPassing(error)) throw error;
        await pause(ms);
      }
    }
    await this.#putOnce(record, new Blob([copy]));
  }
}

export class IdbStore implements WeightStore {
  readonly kind = 'indexeddb';
  readonly reason: string;
  readonly #database: Database;
  readonly #queue = new BlobQueue();

  /** The database is the store's from now on. */
  constructor(database: Database, reason: string) {
    this.#database = database;
    this.reason = reason;
  }

  async openFile(place: FilePlace, mode: FileMode): Promise<StoredFile> {
    return new IdbFile(this.#database, this.#queue, new FileGate(place, mode));
  }

  async usedBytes(model: string): Promise<number> {
    checkModel(model);
    try {
      return await journalBytes(this.#database, 'indexeddb', model);
    } catch (error) {
      throw storageError(error, `measuring model "${model}"`, model);
    }
  }

  async deleteModel(model: string): Promise<void> {
    checkModel(model);
    try {
      await this.#database.transact(BOTH, 'strict', async (transaction) => {
        await forgetModelIn(transaction, 'indexeddb', model);
        await settled(transaction.objectStore('payload').delete(payloadsOfModel(model)));
      });
    } catch (error) {
      throw storageError(error, `deleting model "${model}"`, model);
    }
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}
