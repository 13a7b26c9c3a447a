/* What Engine.create() takes, checked. */
import { EngineError } from '../base/errors.ts';
import { THREADS_MAX } from '../base/limits.ts';
import {
  invalid,
  readChoice,
  readFields,
  readNumber,
  readSignal,
  readUrl,
} from '../base/options.ts';
import type {
  KvType,
  ModelSource,
  Progress,
  RopeChoice,
  SessionSettings,
  StripRule,
} from '../worker/protocol.ts';

export interface EngineOptions {
  /** A GGUF file, or the first one of a split model: its URL, or the file itself. */
  readonly model: string | URL | Blob | File;
  /** Tokens that a session holds. Default: the model's own, 4096 at most. */
  readonly contextLength?: number | undefined;
  readonly threads?: number | 'auto' | undefined;
  readonly kernels?: 'auto' | 'simd128' | 'relaxed' | undefined;
  /** How the cache of keys and values is held. Default 'f16'. */
  readonly kvType?: KvType | undefined;
  /** 4: activations as 8-bit integers (default). 1: as floats, slower and a little more exact. */
  readonly accuracyLevel?: 1 | 4 | undefined;
  /** Which special tokens of a Phi-3 file swallow the white space behind them. Default 'auto': by the model's name. */
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

export interface ReadEngineOptions {
  readonly source: ModelSource;
  readonly threads: number | 'auto';
  readonly kernels: 'auto' | 'simd128' | 'relaxed';
  readonly accuracyLevel: 1 | 4;
  readonly stripRule: StripRule;
  readonly session: SessionSettings;
  readonly workerUrl: URL | undefined;
  readonly wasmUrl: URL | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

const SESSION_FIELDS = ['contextLength', 'kvType', 'ropeChoice'] as const;
const ENGINE_FIELDS = [
  'model',
  'threads',
  'kernels',
  'accuracyLevel',
  'stripRule',
  'workerUrl',
  'wasmUrl',
  'signal',
  'onProgress',
  ...SESSION_FIELDS,
] as const;
const INT32_MAX = 2 ** 31 - 1;

const SESSION_DEFAULTS: SessionSettings = { contextLength: 0, kvType: 'f16', ropeChoice: 'auto' };

function readSource(value: unknown): ModelSource {
  if (value instanceof Blob) return { kind: 'blob', blob: value };
  const url = readUrl('model', value);
  if (url === undefined) throw invalid('model', 'a URL, a File or a Blob', value);
  return { kind: 'url', url: url.href };
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
    source: readSource(fields.model),
    threads: readThreads(fields.threads),
    kernels: readChoice('kernels', fields.kernels, ['auto', 'simd128', 'relaxed']) ?? 'auto',
    accuracyLevel: readChoice('accuracyLevel', fields.accuracyLevel, [1, 4]) ?? 4,
    stripRule:
      readChoice('stripRule', fields.stripRule, ['auto', 'none', 'all', 'vision']) ?? 'auto',
    session: readSessionFields(fields, SESSION_DEFAULTS),
    workerUrl: readUrl('workerUrl', fields.workerUrl),
    wasmUrl: readUrl('wasmUrl', fields.wasmUrl),
    signal: readSignal('signal', fields.signal),
    onProgress: readCallback('onProgress', fields.onProgress),
  };
}
