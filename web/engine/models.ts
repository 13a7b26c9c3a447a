/* What this site has stored of models: list, check, delete, fetch beforehand. All of it works without an engine, in
 * a worker that ends with the call, so that the page loads no code for it. */
import { EngineError } from '../base/errors.ts';
import { readFields } from '../base/options.ts';
import { persist } from '../base/room.ts';
import type {
  ModelSource,
  Progress,
  RegistryModel,
  StorageOutcome,
  StoredModel,
  VerifyResult,
} from '../worker/protocol.ts';
import { WorkerLink } from '../worker/spawn.ts';
import { type DownloadOptions, type ModelSpec, readDownloadOptions } from './options.ts';
import { estimateRoom } from './room.ts';

export type { RegistryModel, StorageOutcome, StoredModel, VerifyResult };

export interface Usage {
  /** All that this site stores, and may store; null where the browser does not tell. */
  readonly usageBytes: number | null;
  readonly quotaBytes: number | null;
  readonly isPersisted: boolean | null;
  /** Of all models. */
  readonly modelBytes: number;
}

export interface WorkerPlace {
  /** Where engine-worker.js is, when not beside the package's entry file. */
  readonly workerUrl?: string | URL | undefined;
}

export interface VerifyOptions extends WorkerPlace {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Runs calls in a worker that ends with them. */
export async function inWorker<T>(
  workerUrl: URL | undefined,
  work: (link: WorkerLink) => Promise<T>,
): Promise<T> {
  const link = new WorkerLink(workerUrl);
  try {
    return await work(link);
  } finally {
    link.die(new EngineError('PHI_ESTATE', 'the call has ended'));
  }
}

/** What is stored has an address. */
function storable(source: ModelSource): ModelSource {
  if (source.kind === 'name' || source.kind === 'manifest') return source;
  const given = { blob: 'a file or Blob', files: 'files', stream: 'a stream' }[source.kind];
  throw new EngineError(
    'PHI_EINVAL',
    `model: expected a URL, a name or a manifest, got ${given}, which is not stored`,
    { where: 'model' },
  );
}

function readPlace(
  model: ModelSpec,
  options: WorkerPlace,
): { source: ModelSource; workerUrl: URL | undefined } {
  const { workerUrl } = readFields('options', options, ['workerUrl']);
  const read = readDownloadOptions(model, { workerUrl });
  return { source: storable(read.fetch.source), workerUrl: read.workerUrl };
}

/** Last used first. */
async function list(options: WorkerPlace = {}): Promise<StoredModel[]> {
  const { workerUrl } = readPlace('any', options);
  return await inWorker(workerUrl, (link) => link.call('listModels', null));
}

/** What is stored of a model, by an id of the list or by what Engine.create() would be given; undefined: nothing. */
async function get(model: ModelSpec, options: WorkerPlace = {}): Promise<StoredModel | undefined> {
  const { source, workerUrl } = readPlace(model, options);
  return (await inWorker(workerUrl, (link) => link.call('findModel', { source }))) ?? undefined;
}

/** All of it is stored: it loads without a network. */
async function has(model: ModelSpec, options: WorkerPlace = {}): Promise<boolean> {
  return (await get(model, options))?.state === 'complete';
}

/** PHI_ESTATE when another tab is using it. What is not stored is deleted already. */
async function deleteModel(model: ModelSpec, options: WorkerPlace = {}): Promise<void> {
  const { source, workerUrl } = readPlace(model, options);
  await inWorker(workerUrl, (link) => link.call('deleteModel', { source }));
}

/** Hashes all that is stored of a model again. What is bad is dropped: the next load, or download(), fetches just that.
 * PHI_ESTATE when nothing of it is stored, or another tab is using it. */
async function verify(model: ModelSpec, options: VerifyOptions = {}): Promise<VerifyResult> {
  const fields = readFields('verify options', options, ['signal', 'onProgress', 'workerUrl']);
  const { fetch, workerUrl, signal, onProgress } = readDownloadOptions(model, fields);
  const control = { signal, ...(onProgress && { onProgress }) };
  return await inWorker(workerUrl, (link) =>
    link.call('verify', { source: storable(fetch.source) }, control),
  );
}

/** Fetches a model, or what is missing of it, and stores it; nothing is loaded. */
async function download(model: ModelSpec, options: DownloadOptions = {}): Promise<StorageOutcome> {
  const read = readDownloadOptions(model, options);
  storable(read.fetch.source);
  /* Not waited for: some browsers ask the user. */
  if (read.persists) persist().catch(() => undefined);
  return await inWorker(read.workerUrl, (link) =>
    link.call('download', read.fetch, {
      signal: read.signal,
      ...(read.onProgress && { onProgress: read.onProgress }),
    }),
  );
}

async function usage(options: WorkerPlace = {}): Promise<Usage> {
  const [room, stored] = await Promise.all([estimateRoom(), list(options)]);
  return { ...room, modelBytes: stored.reduce((sum, { storedBytes }) => sum + storedBytes, 0) };
}

/** The registry: models that can be named by their id. */
async function known(options: WorkerPlace = {}): Promise<readonly RegistryModel[]> {
  const { workerUrl } = readPlace('any', options);
  return await inWorker(workerUrl, (link) => link.call('knownModels', null));
}

export const models = {
  list,
  get,
  has,
  delete: deleteModel,
  verify,
  download,
  usage,
  /** Asks the browser to keep what is stored even when its disk gets full; true when it does. */
  persist,
  known,
} as const;
