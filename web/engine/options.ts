/* What Engine.create() takes, checked. */
import { EngineError } from '../base/errors.ts';
import { CONNECTIONS_MAX, THREADS_MAX } from '../base/limits.ts';
import {
  invalid,
  isObject,
  readBoolean,
  readChoice,
  readFields,
  readNumber,
  readSignal,
  readUrl,
} from '../base/options.ts';
import type {
  FetchRequest,
  KvType,
  ModelSource,
  Progress,
  RopeChoice,
  SessionSettings,
  StoragePolicy,
  StripRule,
  WeightsChoice,
} from '../worker/protocol.ts';
import { filesOfFolder } from './folder-files.ts';
import { moduleFiles } from './module-files.ts';

export interface EngineOptions {
  /** A GGUF file, or the first one of a split model: its URL, `hf:owner/repo/path`, an id of `models.known()`, a
   * manifest (its URL or the object), the file itself, or a stream of its bytes. Or a Hugging Face folder (config.json,
   * tokenizer.json, safetensors): `hf:owner/repo`, its URL (ends in "/" or "/config.json"), or its Files. */
  readonly model: ModelSpec;
  /** Where the weights are kept for the next visit. Default 'auto': the fastest store that the browser has, and none
   * when it is full. 'opfs' and 'indexeddb': that one, or an error. 'none': nothing is kept. */
  readonly storage?: StoragePolicy | undefined;
  /** Whether the browser is asked to keep what is stored even when its disk gets full. Default true. */
  readonly persist?: boolean | undefined;
  /** Connections of one download, 1 to 16. Default 4. */
  readonly connections?: number | undefined;
  /** Failed attempts in a row, without a byte of progress, before a download gives up. Default 8. */
  readonly patience?: number | 'endless' | undefined;
  /** Where hf: names point to. Default https://huggingface.co. */
  readonly hub?: string | URL | undefined;
  /** Tokens that a session holds. Default: the model's own, 4096 at most. */
  readonly contextLength?: number | undefined;
  readonly threads?: number | 'auto' | undefined;
  readonly kernels?: 'auto' | 'simd128' | 'relaxed' | undefined;
  /** How the cache of keys and values is held. Default 'f16'. */
  readonly kvType?: KvType | undefined;
  /** 4: activations as 8-bit integers (default). 1: as floats, slower and a little more exact. */
  readonly accuracyLevel?: 1 | 4 | undefined;
  /** Of a Hugging Face folder: 'int4' quantises its weights while they are read (default), 'file' takes them as they
   * are. */
  readonly weights?: WeightsChoice | undefined;
  /** Which special tokens of a Phi-3 file swallow the white space behind them. Default 'auto': what the file says, else
   * by the model's name. */
  readonly stripRule?: StripRule | undefined;
  /** LongRoPE factors. Default 'auto': by the length of the text. */
  readonly ropeChoice?: RopeChoice | undefined;
  /** Where engine-worker.js is, when not beside the package's entry file. */
  readonly workerUrl?: string | URL | undefined;
  /** The folder of the module's files (pocketphi-*.js and .wasm), when not that of the worker. */
  readonly wasmUrl?: string | URL | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Where a session may differ from its engine. */
export interface SessionOptions {
  readonly contextLength?: number | undefined;
  readonly kvType?: KvType | undefined;
  readonly ropeChoice?: RopeChoice | undefined;
}

/** How a model may be named; see EngineOptions.model. */
export type ModelSpec =
  | string
  | URL
  | Blob
  | File
  | readonly File[]
  | ReadableStream<Uint8Array>
  | Readonly<Record<string, unknown>>;

/** What a download takes of the above. */
export type DownloadOptions = Pick<
  EngineOptions,
  | 'storage'
  | 'persist'
  | 'connections'
  | 'patience'
  | 'hub'
  | 'signal'
  | 'onProgress'
  | 'workerUrl'
  | 'wasmUrl'
>;

export interface ReadDownloadOptions {
  readonly fetch: FetchRequest;
  readonly persists: boolean;
  readonly workerUrl: URL | undefined;
  readonly wasmUrl: URL | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

export interface ReadEngineOptions extends ReadDownloadOptions {
  readonly threads: number | 'auto';
  readonly kernels: 'auto' | 'simd128' | 'relaxed';
  readonly accuracyLevel: 1 | 4;
  readonly stripRule: StripRule;
  readonly session: SessionSettings;
}

const SESSION_FIELDS = ['contextLength', 'kvType', 'ropeChoice'] as const;
const DOWNLOAD_FIELDS = [
  'storage',
  'persist',
  'connections',
  'patience',
  'hub',
  'workerUrl',
  'wasmUrl',
  'signal',
  'onProgress',
] as const;
const ENGINE_FIELDS = [
  'model',
  'threads',
  'kernels',
  'accuracyLevel',
  'stripRule',
  'weights',
  ...DOWNLOAD_FIELDS,
  ...SESSION_FIELDS,
] as const;
const STORAGE_POLICIES = ['auto', 'none', 'opfs', 'indexeddb'] as const;
const INT32_MAX = 2 ** 31 - 1;

const SESSION_DEFAULTS: SessionSettings = { contextLength: 0, kvType: 'f16', ropeChoice: 'auto' };

/** Relative addresses are the page's. */
function pageUrl(): string {
  return globalThis.location?.href ?? 'about:blank';
}

function readSource(value: unknown, hub: URL | undefined): ModelSource {
  if (value instanceof Blob) return { kind: 'blob', blob: value };
  if (Array.isArray(value) && value.length > 0 && value.every((file) => file instanceof File))
    return { kind: 'files', ...filesOfFolder(value) };
  if (value instanceof ReadableStream) return { kind: 'stream', stream: value };
  const name = value instanceof URL ? value.href : value;
  if (typeof name === 'string') {
    if (name === '') throw invalid('model', 'a name that is not empty', name);
    return { kind: 'name', name, baseUrl: pageUrl(), hub: hub?.href };
  }
  if (isObject(value)) return { kind: 'manifest', manifest: value, baseUrl: pageUrl() };
  throw invalid('model', 'a URL, a name, a manifest, a File, Files, a Blob or a stream', value);
}

function readPatience(value: unknown): number | 'endless' | undefined {
  if (value === 'endless') return value;
  return readNumber('patience', value, { min: 1, max: INT32_MAX, isInteger: true });
}

function readDownloadFields(fields: Record<string, unknown>, model: unknown): ReadDownloadOptions {
  const hub = readUrl('hub', fields.hub);
  const workerUrl = readUrl('workerUrl', fields.workerUrl);
  const wasmUrl = readUrl('wasmUrl', fields.wasmUrl);
  return {
    fetch: {
      source: readSource(model, hub),
      weights: readChoice('weights', fields.weights, ['int4', 'file']) ?? 'int4',
      importer: moduleFiles('import', wasmUrl ?? workerUrl),
      storage: readChoice('storage', fields.storage, STORAGE_POLICIES) ?? 'auto',
      parallel: readNumber('connections', fields.connections, {
        min: 1,
        max: CONNECTIONS_MAX,
        isInteger: true,
      }),
      patience: readPatience(fields.patience),
    },
    persists: readBoolean('persist', fields.persist) ?? true,
    workerUrl,
    wasmUrl,
    signal: readSignal('signal', fields.signal),
    onProgress: readCallback('onProgress', fields.onProgress),
  };
}

export function readDownloadOptions(model: unknown, options: unknown): ReadDownloadOptions {
  return readDownloadFields(readFields('download options', options, DOWNLOAD_FIELDS), model);
}

function readThreads(value: unknown): number | 'auto' {
  if (value === undefined || value === 'auto') return 'auto';
  const threads = readNumber('threads', value, { min: 1, max: THREADS_MAX, isInteger: true });
  return threads ?? 'auto';
}

function readCallback(name: string, value: unknown): ((progress: Progress) => void) | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'function') throw invalid(name, 'a function', value);
  return value as (progress: Progress) => void;
}

function readSessionFields(
  fields: Record<string, unknown>,
  defaults: SessionSettings,
): SessionSettings {
  const range = { min: 1, max: INT32_MAX, isInteger: true };
  return {
    contextLength:
      readNumber('contextLength', fields.contextLength, range) ?? defaults.contextLength,
    kvType: readChoice('kvType', fields.kvType, ['f16', 'q8']) ?? defaults.kvType,
    ropeChoice:
      readChoice('ropeChoice', fields.ropeChoice, ['auto', 'short', 'long']) ?? defaults.ropeChoice,
  };
}

export function readSessionOptions(options: unknown, defaults: SessionSettings): SessionSettings {
  return readSessionFields(readFields('session options', options ?? {}, SESSION_FIELDS), defaults);
}

export function readEngineOptions(options: unknown): ReadEngineOptions {
  const fields = readFields('Engine.create', options, ENGINE_FIELDS);
  if (fields.model === undefined)
    throw new EngineError('PHI_EINVAL', 'model: expected a URL, a File or a Blob', {
      where: 'model',
    });
  return {
    ...readDownloadFields(fields, fields.model),
    threads: readThreads(fields.threads),
    kernels: readChoice('kernels', fields.kernels, ['auto', 'simd128', 'relaxed']) ?? 'auto',
    accuracyLevel: readChoice('accuracyLevel', fields.accuracyLevel, [1, 4]) ?? 4,
    stripRule:
      readChoice('stripRule', fields.stripRule, ['auto', 'none', 'all', 'vision']) ?? 'auto',
    session: readSessionFields(fields, SESSION_DEFAULTS),
  };
}
