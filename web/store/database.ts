/* The IndexedDB database of all stored models, as promises. Version 1 of the schema:
 *
 *   models    id                            → a ModelRecord (catalogue.ts)
 *   chunks    [kind, model, file, index]    → {bytes, sha256}: what is stored, of every kind but memory (journal.ts)
 *   payload   [model, file, index]          → Blob: the bytes, of kind 'indexeddb' only
 *
 * A tab with a newer version wants to upgrade: the older one lets go at once, and says so at its next use. */
import { EngineError, messageOf } from '../base/errors.ts';

export const STORAGE_NAME = 'pocketphi';
const VERSION = 1;
/** An older tab lets go within a turn of its event loop, unless it computes or is of another make. */
const BLOCKED_MS_MAX = 10_000;
/** What opening fails with where a browser has no IndexedDB for this page: switched off, private, or broken on disk. */
const DENIALS = ['SecurityError', 'InvalidStateError', 'UnknownError', 'NotSupportedError'];

export type Area = 'models' | 'chunks' | 'payload';
export type Durability = 'strict' | 'relaxed';

export interface DatabaseOptions {
  readonly name?: string;
  readonly version?: number;
  readonly blockedMs?: number;
}

function upgrade(database: IDBDatabase, fromVersion: number): void {
  if (fromVersion < 1) {
    for (const area of ['models', 'chunks', 'payload'] as const) database.createObjectStore(area);
  }
}

function openingError(thrown: unknown): EngineError {
  const name = thrown instanceof DOMException ? thrown.name : '';
  if (name === 'VersionError') {
    return new EngineError(
      'PHI_ESTORAGE',
      'a newer version of this page has taken over the stored models; reload the page',
      { cause: thrown },
    );
  }
  return new EngineError(
    DENIALS.includes(name) ? 'PHI_EUNSUPPORTED' : 'PHI_ESTORAGE',
    `the browser does not open IndexedDB: ${name === '' ? '' : `${name}: `}${messageOf(thrown)}`,
    { cause: thrown },
  );
}

const BLOCKED = (): EngineError =>
  new EngineError(
    'PHI_ESTORAGE',
    'another tab of this site keeps an older version of the stored models open; close it and try again',
  );

/* Pages that may store nothing have no factory, or one that throws. */
function requestOpen(name: string, version: number): IDBOpenDBRequest {
  const factory = globalThis.indexedDB;
  if (factory === undefined) {
    throw new EngineError('PHI_EUNSUPPORTED', 'there is no IndexedDB here');
  }
  try {
    return factory.open(name, version);
  } catch (error) {
    throw openingError(error);
  }
}

function openConnection(options: DatabaseOptions): Promise<IDBDatabase> {
  const { name = STORAGE_NAME, version = VERSION, blockedMs = BLOCKED_MS_MAX } = options;
  return new Promise((resolve, reject) => {
    let hasGivenUp = false;
    let patience: ReturnType<typeof setTimeout> | undefined;
    const request = requestOpen(name, version);
    request.onupgradeneeded = (event) => upgrade(request.result, event.oldVersion);
    request.onblocked = () => {
      patience = setTimeout(() => {
        hasGivenUp = true;
        reject(BLOCKED());
      }, blockedMs);
    };
    request.onsuccess = () => {
      clearTimeout(patience);
      if (hasGivenUp) request.result.close();
      else resolve(request.result);
    };
    request.onerror = () => {
      clearTimeout(patience);
      reject(openingError(request.error));
    };
  });
}

/** The result of a request. Inside a transaction await nothing else: it would commit. */
export function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/* A full disk aborts the transaction without an error event at any request. */
function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () =>
      reject(transaction.error ?? new DOMException('the transaction was aborted', 'AbortError'));
  });
}

export class Database {
  readonly #options: DatabaseOptions;
  #connection: IDBDatabase | undefined;
  #opening: Promise<IDBDatabase> | undefined;
  #refusal: EngineError | undefined;

  private constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  /** PHI_EUNSUPPORTED where this page has no IndexedDB; PHI_ESTORAGE when another tab is in the way. */
  static async open(options: DatabaseOptions = {}): Promise<Database> {
    const database = new Database(options);
    await database.#connect();
    return database;
  }

  /** Runs `work`, whose requests make one transaction, and resolves once that is committed. When `work` throws,
   * nothing of it is kept. Rejects with what IndexedDB said (a DOMException), or PHI_ESTORAGE when the database is
   * no longer ours. */
  async transact<T>(
    areas: readonly Area[],
    mode: 'readonly' | Durability,
    work: (transaction: IDBTransaction) => Promise<T>,
  ): Promise<T> {
    const transaction = await this.#begin(areas, mode);
    const end = committed(transaction);
    try {
      const result = await work(transaction);
      await end;
      return result;
    } catch (error) {
      end.catch(() => undefined); /* says less than `error`, unless it is the reason of an abort */
      if (transaction.error === null) abortQuietly(transaction);
      throw transaction.error ?? error;
    }
  }

  close(): void {
    this.#refusal ??= new EngineError('PHI_ESTATE', 'the store was closed');
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #begin(areas: readonly Area[], mode: 'readonly' | Durability): Promise<IDBTransaction> {
    try {
      return startTransaction(await this.#connect(), areas, mode);
    } catch (error) {
      /* The connection is closing, and its event is still to come. */
      if (!(error instanceof DOMException && error.name === 'InvalidStateError')) throw error;
      this.#connection = undefined;
      return startTransaction(await this.#connect(), areas, mode);
    }
  }

  /* Browsers close connections of their own accord, as when a mobile one was in the background: it is opened again. */
  async #connect(): Promise<IDBDatabase> {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#connection !== undefined) return this.#connection;
    this.#opening ??= openConnection(this.#options);
    try {
      const connection = await this.#opening;
      this.#adopt(connection);
      return connection;
    } finally {
      this.#opening = undefined;
    }
  }

  #adopt(connection: IDBDatabase): void {
    this.#connection = connection;
    connection.onclose = () => {
      this.#connection = undefined;
    };
    connection.onversionchange = () => {
      connection.close();
      this.#connection = undefined;
      this.#refusal = new EngineError(
        'PHI_ESTORAGE',
        'a newer version of this page in another tab has taken over the stored models; reload the page',
      );
    };
  }
}

function startTransaction(
  connection: IDBDatabase,
  areas: readonly Area[],
  mode: 'readonly' | Durability,
): IDBTransaction {
  if (mode === 'readonly') return connection.transaction(areas, mode);
  return connection.transaction(areas, 'readwrite', { durability: mode });
}

function abortQuietly(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch (error) {
    /* It has ended already. */
    if (!(error instanceof DOMException && error.name === 'InvalidStateError')) throw error;
  }
}
