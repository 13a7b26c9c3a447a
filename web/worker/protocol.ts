/* What the page and the engine's worker say to each other. Types only. Every request has a number; its answer is one
 * `result` or one `failure` with that number, whatever happens. */
import type {
  Finish,
  GenerateSettings,
  KvType,
  Pooling,
  RopeChoice,
  SessionSettings,
  StripRule,
  TokenLogprob,
} from '../abi/calls.ts';
import type { ModuleFiles } from '../abi/module.ts';
import type { WireError } from '../base/errors.ts';

export type {
  Finish,
  GenerateSettings,
  KvType,
  ModuleFiles,
  Pooling,
  RopeChoice,
  SessionSettings,
  StripRule,
};

/** Where the bytes come from. A split model is given by its first file. */
export type ModelSource =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'blob'; readonly blob: Blob };

export interface Progress {
  readonly phase: 'plan' | 'download' | 'load';
  readonly file: string;
  readonly loadedBytes: number;
  readonly totalBytes: number;
  readonly fromCacheBytes: number;
  readonly bytesPerSecond: number;
}

export interface ModelInfo {
  readonly name: string;
  readonly architecture: string;
  readonly parameters: number;
  /** Of the sessions that this engine opens. */
  readonly contextLength: number;
  /** What the model was made for. */
  readonly contextLengthMax: number;
  readonly vocabularySize: number;
  readonly tensorTypes: Readonly<Record<string, number>>;
  readonly hasChatTemplate: boolean;
  /** Everything that the engine says of the model, by the names of phi_engine_info_json(). */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface EngineStats {
  readonly prefillTokPerSec: number;
  readonly decodeTokPerSec: number;
  readonly prefillTokens: number;
  readonly decodeTokens: number;
  readonly cachedTokens: number;
  readonly heapBytes: number;
  readonly kvBytes: number;
  readonly weightBytes: number;
  readonly threads: number;
  readonly kernel: string;
}

export interface StartRequest {
  readonly module: ModuleFiles;
  readonly threads: number;
  readonly accuracyLevel: 1 | 4;
  readonly stripRule: StripRule;
  readonly session: SessionSettings;
  readonly source: ModelSource;
  /** A Web Lock that the worker holds while it lives. */
  readonly lifeLock: string | null;
}

export interface StartResult {
  readonly info: ModelInfo;
  readonly stats: EngineStats;
  readonly sessionId: number;
}

/** A message as chat templates take it: role, content, and whatever the template reads besides. */
export type TemplateMessage = Readonly<Record<string, unknown>>;

export interface GenerateResult {
  readonly finish: Finish;
  readonly cachedTokens: number;
}

export interface WireToken {
  readonly id: number;
  readonly text: string;
  readonly logprob: number;
  /** With its bytes, for logprobs; empty when none were asked for. */
  readonly pieces: readonly (TokenLogprob & { readonly bytes: Uint8Array })[];
}

/** Every call: what it takes and what it gives. */
export interface Calls {
  start: { args: StartRequest; result: StartResult };
  encode: {
    args: { text: string; addsSpecial: boolean; parsesSpecial: boolean };
    result: Int32Array<ArrayBuffer>;
  };
  decode: { args: { ids: ArrayLike<number>; showsSpecial: boolean }; result: string };
  applyTemplate: {
    args: { messages: readonly TemplateMessage[]; addsGenerationPrompt: boolean };
    result: string;
  };
  openSession: { args: SessionSettings; result: { sessionId: number; contextLength: number } };
  cloneSession: {
    args: { sessionId: number };
    result: { sessionId: number; contextLength: number };
  };
  closeSession: { args: { sessionId: number }; result: null };
  sync: { args: { sessionId: number; tokens: ArrayLike<number> }; result: null };
  forward: {
    args: { sessionId: number; tokens: ArrayLike<number> };
    result: Float32Array<ArrayBuffer>;
  };
  /** A session for embed(), closed like any other. */
  openEmbedder: { args: SessionSettings; result: { sessionId: number; contextLength: number } };
  embed: {
    args: { sessionId: number; tokens: ArrayLike<number>; pooling: Pooling };
    result: Float32Array<ArrayBuffer>;
  };
  generate: {
    args: { sessionId: number; tokens: ArrayLike<number>; settings: GenerateSettings };
    result: GenerateResult;
  };
}

export type CallName = keyof Calls;

export type CallMessage = {
  readonly [N in CallName]: {
    readonly type: 'call';
    readonly id: number;
    readonly name: N;
    readonly args: Calls[N]['args'];
  };
}[CallName];

export type ToWorker = CallMessage | { readonly type: 'cancel'; readonly id: number };

export type ToPage =
  | { readonly type: 'result'; readonly id: number; readonly value: Calls[CallName]['result'] }
  | { readonly type: 'failure'; readonly id: number; readonly error: WireError }
  /** A long call begins; the flag cancels it while the worker computes and hears nothing. */
  | {
      readonly type: 'started';
      readonly id: number;
      readonly cancelFlag: Int32Array<SharedArrayBuffer> | null;
    }
  | { readonly type: 'token'; readonly id: number; readonly token: WireToken }
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly type: 'stats'; readonly stats: EngineStats }
  /** The worker is of no more use: a trap, or something that nobody foresaw. */
  | { readonly type: 'dead'; readonly error: WireError };
