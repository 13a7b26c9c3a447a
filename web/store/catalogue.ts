/* Which models are stored, and what their files are: one record a model, kept apart from the bytes, so that a page
 * can show the list without opening a store. Records are checked when they are read back: another version of the
 * page, or anything else that runs on its site, may have written them. */
import { EngineError } from '../base/errors.ts';
import { CHUNK_BYTES_MAX, MODEL_FILES_MAX } from '../base/limits.ts';
import { invalid, isObject } from '../base/options.ts';
import { checkModel, isCount, isSha256 } from './arguments.ts';
import { Database, type DatabaseOptions, settled } from './database.ts';
import { storageError } from './failures.ts';
import type { StoreKind } from './weight-store.ts';

export interface FileRecord {
  readonly name: string;
  /** Where it came from; null for a file that the user picked. */
  readonly url: string | null;
  /** null while the server has not told. */
  readonly bytes: number | null;
  readonly chunkBytes: number;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** The manifest's hashes of all chunks, where it has them. */
  readonly chunkSha256: readonly string[] | null;
}

export interface ModelRecord {
  readonly id: string;
  readonly name: string;
  readonly kind: StoreKind;
  readonly state: 'partial' | 'complete';
  readonly licence: string | null;
  readonly createdMs: number;
  readonly lastUsedMs: number;
  /** When all stored bytes were last compared with their hashes. */
  readonly verifiedMs: number | null;
  readonly files: readonly FileRecord[];
}

/** A record that cannot be used. It can be deleted. */
export interface DamagedRecord {
  readonly id: string;
  readonly problem: string;
}

export interface CatalogueList {
  /** Last used first. */
  readonly models: ModelRecord[];
  readonly damaged: DamagedRecord[];
}

const KINDS: readonly StoreKind[] = ['indexeddb', 'opfs', 'memory'];
const STATES = ['partial', 'complete'] as const;

function readText(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalid(name, 'a text', value);
  return value;
}

function readCount(name: string, value: unknown, max = Number.MAX_SAFE_INTEGER): number {
  if (!isCount(value, max)) throw invalid(name, `an integer from 0 to ${max}`, value);
  return value;
}

function readOneOf<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw invalid(name, choices.join(' or '), value);
  return found;
}

function orNull<T>(name: string, value: unknown, read: (name: string, value: unknown) => T) {
  return value === null ? null : read(name, value);
}

function readHashes(name: string, value: unknown, nChunks: number | undefined): string[] {
  if (!Array.isArray(value)) throw invalid(name, 'an array or null', value);
  if (nChunks !== undefined && value.length !== nChunks) {
    throw invalid(`${name}.length`, `${nChunks}, one a chunk`, value.length);
  }
  return value.map((hash: unknown, i) => {
    if (!isSha256(hash)) throw invalid(`${name}[${i}]`, '64 lower-case hexadecimal digits', hash);
    return hash;
  });
}

function readFile(name: string, value: unknown): FileRecord {
  if (!isObject(value)) throw invalid(name, 'an object', value);
  const chunkBytes = readCount(`${name}.chunkBytes`, value.chunkBytes, CHUNK_BYTES_MAX);
  if (chunkBytes === 0) throw invalid(`${name}.chunkBytes`, 'at least 1', chunkBytes);
  const bytes = orNull(`${name}.bytes`, value.bytes, readCount);
  const nChunks = bytes === null ? undefined : Math.ceil(bytes / chunkBytes);
  return {
    name: readText(`${name}.name`, value.name),
    url: orNull(`${name}.url`, value.url, readText),
    bytes,
    chunkBytes,
    etag: orNull(`${name}.etag`, value.etag, readText),
    lastModified: orNull(`${name}.lastModified`, value.lastModified, readText),
    chunkSha256: orNull(`${name}.chunkSha256`, value.chunkSha256, (at, hashes) =>
      readHashes(at, hashes, nChunks),
    ),
  };
}

/** The record that `value` is; PHI_EINVAL names the field that is wrong. Fields that nobody knows are left out. */
export function readModelRecord(value: unknown): ModelRecord {
  if (!isObject(value)) throw invalid('record', 'an object', value);
  const id = readText('id', value.id);
  checkModel(id);
  const { files } = value;
  if (!Array.isArray(files) || files.length > MODEL_FILES_MAX) {
    throw invalid('files', `an array of at most ${MODEL_FILES_MAX}`, files);
  }
  return {
    id,
    name: readText('name', value.name),
    kind: readOneOf('kind', value.kind, KINDS),
    state: readOneOf('state', value.state, STATES),
    licence: orNull('licence', value.licence, readText),
    createdMs: readCount('createdMs', value.createdMs),
    lastUsedMs: readCount('lastUsedMs', value.lastUsedMs),
    verifiedMs: orNull('verifiedMs', value.verifiedMs, readCount),
    files: files.map((file: unknown, i) => readFile(`files[${i}]`, file)),
  };
}

function readStored(id: string, value: unknown): ModelRecord {
  const record = readModelRecord(value);
  if (record.id !== id) throw invalid('id', JSON.stringify(id), record.id);
  return record;
}

function damagedError({ id, problem }: DamagedRecord, cause?: unknown): EngineError {
  return new EngineError(
    'PHI_ESTORAGE',
    `the stored record of model "${id}" is damaged (${problem}); delete the model and load it again`,
    { where: id, cause },
  );
}

/* Keys are ids, but what else runs on this site may have put others. */
function sortOut(keys: readonly IDBValidKey[], values: readonly unknown[]): CatalogueList {
  const models: ModelRecord[] = [];
  const damaged: DamagedRecord[] = [];
  for (const [i, key] of keys.entries()) {
    if (typeof key !== 'string') continue;
    try {
      models.push(readStored(key, values[i]));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      damaged.push({ id: key, problem: error.message });
    }
  }
  models.sort((a, b) => b.lastUsedMs - a.lastUsedMs);
  return { models, damaged };
}

/** Where records are: the database, or the memory of a page that has none. */
interface RecordTable {
  /** Runs `work` so that nobody else changes the table meanwhile. */
  transact<T>(mode: 'readonly' | 'strict', work: (rows: RecordRows) => Promise<T>): Promise<T>;
  close(): void;
}

interface RecordRows {
  get(id: string): Promise<unknown>;
  keys(): Promise<IDBValidKey[]>;
  all(): Promise<unknown[]>;
  put(id: string, record: ModelRecord): Promise<unknown>;
  delete(id: string): Promise<unknown>;
}

function databaseTable(database: Database): RecordTable {
  return {
    transact: (mode, work) =>
      database.transact(['models'], mode, (transaction) => {
        const area = transaction.objectStore('models');
        return work({
          get: (id) => settled(area.get(id)),
          keys: () => settled(area.getAllKeys()),
          all: () => settled(area.getAll()),
          put: (id, record) => settled(area.put(record, id)),
          delete: (id) => settled(area.delete(id)),
        });
      }),
    close: () => database.close(),
  };
}

function memoryTable(): RecordTable {
  const records = new Map<string, ModelRecord>();
  const rows: RecordRows = {
    get: async (id) => records.get(id),
    keys: async () => [...records.keys()],
    all: async () => [...records.values()],
    put: async (id, record) => records.set(id, record),
    delete: async (id) => records.delete(id),
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    transact(_mode, work) {
      const turn = last.then(() => work(rows));
      last = turn.catch(() => undefined);
      return turn;
    },
    close: () => undefined,
  };
}

/** Every method rejects with PHI_ESTORAGE when the browser's storage fails. */
export class Catalogue {
  /** False where the page has no IndexedDB: the list is gone with this object. */
  readonly isLasting: boolean;
  readonly #table: RecordTable;

  constructor(database: Database | undefined) {
    this.isLasting = database !== undefined;
    this.#table = database === undefined ? memoryTable() : databaseTable(database);
  }

  /** undefined when there is none; PHI_ESTORAGE when it is damaged. */
  async get(id: string): Promise<ModelRecord | undefined> {
    const value = await this.#transact('reading', (rows) => rows.get(id));
    return value === undefined ? undefined : this.#read(id, value);
  }

  async list(): Promise<CatalogueList> {
    return this.#transact('reading', async (rows) => {
      const [keys, values] = await Promise.all([rows.keys(), rows.all()]);
      return sortOut(keys, values);
    });
  }

  /** Writes a record in place of an earlier one; PHI_EINVAL when it is not one. */
  async put(record: ModelRecord): Promise<void> {
    const checked = readModelRecord(record);
    await this.#transact('writing', (rows) => rows.put(checked.id, checked));
  }

  /** Reads, changes and writes a record in one transaction, and gives what it is then; undefined when there is none. */
  async update(
    id: string,
    change: (record: ModelRecord) => ModelRecord,
  ): Promise<ModelRecord | undefined> {
    return this.#transact('writing', async (rows) => {
      const value = await rows.get(id);
      if (value === undefined) return undefined;
      const changed = readModelRecord(change(this.#read(id, value)));
      if (changed.id !== id) throw invalid('id', JSON.stringify(id), changed.id);
      await rows.put(id, changed);
      return changed;
    });
  }

  /** Notes that the model was used now. */
  async touch(id: string): Promise<void> {
    await this.update(id, (record) => ({ ...record, lastUsedMs: Date.now() }));
  }

  /** Deletes the record, damaged or not; the bytes are the store's. */
  async delete(id: string): Promise<void> {
    await this.#transact('writing', (rows) => rows.delete(id));
  }

  close(): void {
    this.#table.close();
  }

  #read(id: string, value: unknown): ModelRecord {
    try {
      return readStored(id, value);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw damagedError({ id, problem: error.message }, error);
    }
  }

  async #transact<T>(
    doing: 'reading' | 'writing',
    work: (rows: RecordRows) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#table.transact(doing === 'reading' ? 'readonly' : 'strict', work);
    } catch (error) {
      throw storageError(error, `${doing} the list of stored models`);
    }
  }
}

/** The catalogue of this site, on the page or in a worker; one in memory where there is no IndexedDB. PHI_ESTORAGE
 * when another tab is in the way. */
export async function openCatalogue(options: DatabaseOptions = {}): Promise<Catalogue> {
  try {
    return new Catalogue(await Database.open(options));
  } catch (error) {
    if (error instanceof EngineError && error.code === 'PHI_EUNSUPPORTED') {
      return new Catalogue(undefined);
    }
    throw error;
  }
}
