/* Weights in the origin private file system: a payload file a model file, chunks at their places, the journal in
 * IndexedDB. Bytes are flushed before their record is written, and a record goes before its bytes are overwritten.
 *
 *   pocketphi/<SHA-256 of the model's id>/<file>.bin
 *
 * The folder's name is a hash because some file systems below fold case and refuse characters. */
import { EngineError } from '../base/errors.ts';
import { sha256Hex } from '../base/sha256.ts';
import { checkModel, FileGate } from './arguments.ts';
import { BlobQueue } from './chunk-reader.ts';
import type { Database } from './database.ts';
import { isMissing, isTaken, storageError } from './failures.ts';
import { forgetModelIn, Journal, journalBytes } from './journal.ts';
import { BlobPayload, HandlePayload, type Payload, type SyncFile } from './opfs-payload.ts';
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

/** A browser frees the handle of a worker that was terminated a moment later. */
const TAKEN_RETRY_MS = [50, 200, 750];

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

class OpfsFile implements StoredFile {
  readonly #database: Database;
  readonly #gate: FileGate;
  readonly #journal: Journal;
  readonly #payload: Payload | undefined;
  #records = new Map<number, ChunkRecord>();

  constructor(database: Database, gate: FileGate, payload: Payload | undefined) {
    this.#database = database;
    this.#gate = gate;
    this.#journal = new Journal(database, 'opfs', gate.place);
    this.#payload = payload;
  }

  /** Learns what is there. For a writer, records that the payload's size disproves go for good: later chunks
   * would make the file long enough for them again. */
  async begin(mode: FileMode): Promise<void> {
    const listed = await this.#journal.list();
    await this.#refresh(listed);
    const disproved = listed.filter(({ index }) => !this.#records.has(index));
    if (mode !== 'write' || disproved.length === 0) return;
    await this.#journal.drop(
      disproved.map(({ index }) => index),
      'strict',
    );
  }

  async chunks(): Promise<ChunkRecord[]> {
    this.#gate.checkOpen();
    try {
      await this.#refresh(await this.#journal.list());
    } catch (error) {
      throw storageError(error, `listing ${this.#gate.words}`, this.#gate.place.model);
    }
    return [...this.#records.values()];
  }

  async write(record: ChunkRecord, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#gate.checkWrite(record, bytes);
    const { index, sha256 } = record;
    const { model, chunkBytes } = this.#gate.place;
    try {
      await this.#forget(index);
      this.#payload?.write(index * chunkBytes, bytes);
      const kept = { index, bytes: bytes.length, sha256 };
      await this.#journal.put(kept, 'relaxed');
      this.#records.set(index, kept);
    } catch (error) {
      throw await writeError(error, {
        doing: `writing chunk ${index} of ${this.#gate.words}`,
        bytes: record.bytes,
        model,
        others: () => otherModels(this.#database, model),
      });
    }
  }

  async read(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    this.#gate.checkRead(offset, bytes);
    const there = this.#reach(offset, bytes);
    if (there === 0 || this.#payload === undefined) return 0;
    try {
      return await this.#payload.read(offset, there, target);
    } catch (error) {
      if (isMissing(error)) return 0;
      throw storageError(error, `reading ${this.#gate.words}`, this.#gate.place.model);
    }
  }

  async drop(index: number): Promise<void> {
    this.#gate.checkDrop(index);
    try {
      await this.#journal.drop([index], 'strict');
    } catch (error) {
      const doing = `dropping chunk ${index} of ${this.#gate.words}`;
      throw storageError(error, doing, this.#gate.place.model);
    }
    this.#records.delete(index);
  }

  async close(): Promise<void> {
    if (this.#gate.close()) this.#payload?.close();
  }

  async #forget(index: number): Promise<void> {
    if (!this.#records.has(index)) return;
    this.#records.delete(index);
    await this.#journal.drop([index], 'strict');
  }

  async #refresh(listed: readonly ChunkRecord[]): Promise<void> {
    const size = (await this.#payload?.size()) ?? 0;
    const { chunkBytes } = this.#gate.place;
    const there = listed.filter(({ index, bytes }) => index * chunkBytes + bytes <= size);
    this.#records = new Map(there.map((record) => [record.index, record]));
  }

  /** How many of these bytes are there without a gap. */
  #reach(offset: number, bytes: number): number {
    const { chunkBytes } = this.#gate.place;
    const goal = offset + bytes;
    let end = offset;
    while (end < goal) {
      const index = Math.floor(end / chunkBytes);
      const chunk = this.#records.get(index);
      if (chunk === undefined) break;
      end = Math.max(end, Math.min(goal, index * chunkBytes + chunk.bytes));
      if (chunk.bytes < chunkBytes) break;
    }
    return end - offset;
  }
}

/** UTF-16 code units, since an id may hold what UTF-8 cannot. */
function folderName(model: string): Promise<string> {
  const units = Uint16Array.from({ length: model.length }, (_, i) => model.charCodeAt(i));
  return sha256Hex(new Uint8Array(units.buffer));
}

function takenError(gate: FileGate, cause: unknown): EngineError {
  return new EngineError(
    'PHI_ESTORAGE',
    `${gate.words} is in use, here or in another tab of this site`,
    {
      where: gate.place.model,
      cause,
    },
  );
}

function workerError(gate: FileGate): EngineError {
  return new EngineError(
    'PHI_EUNSUPPORTED',
    `${gate.words} cannot be written here: OPFS is written in a dedicated worker`,
    { where: gate.place.model },
  );
}

export class OpfsStore implements WeightStore {
  readonly kind = 'opfs';
  readonly reason: string;
  readonly #database: Database;
  readonly #name: string;
  readonly #queue = new BlobQueue();

  /** The database is the store's from now on; `name` is the folder's. */
  constructor(database: Database, name: string, reason: string) {
    this.#database = database;
    this.#name = name;
    this.reason = reason;
  }

  async openFile(place: FilePlace, mode: FileMode): Promise<StoredFile> {
    const gate = new FileGate(place, mode);
    let payload: Payload | undefined;
    try {
      payload = await (mode === 'write' ? this.#openToWrite(gate) : this.#openToRead(gate));
      const file = new OpfsFile(this.#database, gate, payload);
      await file.begin(mode);
      return file;
    } catch (error) {
      payload?.close();
      if (isTaken(error)) throw takenError(gate, error);
      throw storageError(error, `opening ${gate.words}`, place.model);
    }
  }

  async usedBytes(model: string): Promise<number> {
    checkModel(model);
    try {
      return await journalBytes(this.#database, 'opfs', model);
    } catch (error) {
      throw storageError(error, `measuring model "${model}"`, model);
    }
  }

  /* The bytes go first: a record without bytes shows itself, bytes without a record would take room for ever. */
  async deleteModel(model: string): Promise<void> {
    checkModel(model);
    try {
      const folder = await this.#root();
      await folder.removeEntry(await folderName(model), { recursive: true });
    } catch (error) {
      if (isTaken(error)) {
        const text = `model "${model}" is in use, here or in another tab of this site; close it and try again`;
        throw new EngineError('PHI_ESTORAGE', text, { where: model, cause: error });
      }
      if (!isMissing(error)) throw storageError(error, `deleting model "${model}"`, model);
    }
    try {
      await this.#database.transact(['chunks'], 'strict', (transaction) =>
        forgetModelIn(transaction, 'opfs', model),
      );
    } catch (error) {
      throw storageError(error, `deleting model "${model}"`, model);
    }
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  async #root(): Promise<FileSystemDirectoryHandle> {
    const root = await navigator.storage.getDirectory();
    return root.getDirectoryHandle(this.#name, { create: true });
  }

  async #handle({ model, file }: FilePlace, create: boolean): Promise<SyncFile> {
    const root = await this.#root();
    const folder = await root.getDirectoryHandle(await folderName(model), { create });
    return folder.getFileHandle(`${file}.bin`, { create });
  }

  async #openToWrite(gate: FileGate): Promise<Payload> {
    const handle = await this.#handle(gate.place, true);
    if (handle.createSyncAccessHandle === undefined) throw workerError(gate);
    for (const ms of TAKEN_RETRY_MS) {
      try {
        return new HandlePayload(await handle.createSyncAccessHandle({ mode: 'readwrite' }));
      } catch (error) {
        if (!isTaken(error)) throw error;
        await pause(ms);
      }
    }
    return new HandlePayload(await handle.createSyncAccessHandle({ mode: 'readwrite' }));
  }

  /* Browsers without mode 'read-only' give an exclusive handle: a second tab then reads slices of the file. */
  async #openToRead({ place }: FileGate): Promise<Payload | undefined> {
    let handle: SyncFile;
    try {
      handle = await this.#handle(place, false);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    try {
      if (handle.createSyncAccessHandle !== undefined) {
        return new HandlePayload(await handle.createSyncAccessHandle({ mode: 'read-only' }));
      }
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
    return new BlobPayload(handle, place.chunkBytes, this.#queue);
  }
}
