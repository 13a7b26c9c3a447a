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
import type { RegistryModel } from '../net/registry.ts';
import type { StoreKind } from '../store/weight-store.ts';

export type {
  Finish,
  GenerateSettings,
  KvType,
  ModuleFiles,
  Pooling,
  RegistryModel,
  RopeChoice,
  SessionSettings,
  StoreKind,
  StripRule,
};

/** 'auto': the best store that works here, and none when there is no room. A kind by name: that one or an error. */
export type StoragePolicy = 'auto' | 'none' | 'opfs' | 'indexeddb';

/** Where the bytes come from. A split model is given by its first file. */
export type ModelSource =
  /** A URL (of a model file or a manifest), an hf: name, or an id of the registry. */
  | {
      readonly kind: 'name';
      readonly name: string;
      readonly baseUrl: string;
      readonly hub: string | undefined;
    }
  | { readonly kind: 'manifest'; readonly manifest: unknown; readonly baseUrl: string }
  | { readonly kind: 'blob'; readonly blob: Blob }
  /** Those of a Hugging Face folder, and what it is called. */
  | { readonly kind: 'files'; readonly name: string; readonly files: readonly File[] }
  | { readonly kind: 'stream'; readonly stream: ReadableStream<Uint8Array> };

export interface Progress {
  /** wait: for another tab, or before the network is tried again. download: over the network, and into the store.
   * verify: hashes of what is stored. load: out of the store. warmup: a first token, so that the next one is as fast as
   * all others. */
  readonly phase: 'plan' | 'wait' | 'download' | 'verify' | 'load' | 'warmup';
  readonly file: string;
  readonly loadedBytes: number;
  /** 0 while it is not known. */
  readonly totalBytes: number;
  /** Of loadedBytes: what was there from an earlier visit. */
  readonly fromCacheBytes: number;
  /** Over the last seconds. */
  readonly bytesPerSecond: number;
  /** null while it cannot be told. */
  readonly secondsLeft: number | null;
  /** Why it takes longer, in words. */
  readonly note?: string;
}

/** What a Hugging Face folder's weights become: of 4 bits (vectors stay floats, embedding and output get 8), or as they
 * are. */
export type WeightsChoice = 'int4' | 'file';

/** How a model is fetched and kept. */
export interface FetchRequest {
  readonly source: ModelSource;
  readonly weights: WeightsChoice;
  /** What is fetched with the first Hugging Face folder: the script that imports import-folder.ts, and its module. */
  readonly importer: ModuleFiles;
  readonly storage: StoragePolicy;
  /** Connections; undefined: 4. */
  readonly parallel: number | undefined;
  /** Failed attempts in a row without a byte of progress before it gives up. */
  readonly patience: number | 'endless' | undefined;
}

/** What became of the model's bytes. */
export interface StorageOutcome {
  /** The id in models.list(); null where nothing is kept. */
  readonly id: string | null;
  readonly kind: StoreKind | null;
  /** In words. */
  readonly reason: string;
}

export interface StoredModel {
  /** The address or the name that it was loaded by. */
  readonly id: string;
  readonly name: string;
  readonly licence: string | null;
  readonly kind: StoreKind;
  /** complete: it loads without a network. */
  readonly state: 'partial' | 'complete' | 'damaged';
  /** Of the whole model; null while nobody has said. */
  readonly bytes: number | null;
  readonly storedBytes: number;
  readonly created: Date | null;
  readonly lastUsed: Date | null;
  /** When all of it was last compared with its hashes. */
  readonly verified: Date | null;
  /** Of a damaged record: what is wrong. It can be deleted. */
  readonly problem: string | null;
}

/** How large a model is, as far as that can be told without reading it. */
export interface ModelSizes {
  readonly fileBytes: number;
  /** In memory. */
  readonly weightBytes: number;
  /** null: the file says, once it is read. */
  readonly kvBytesPerToken: number | null;
  /** Of fileBytes, what is not stored. */
  readonly missingBytes: number;
}

export interface VerifyResult {
  /** Bytes that were not what they should be; they have been dropped. */
  readonly badBytes: number;
  /** What the model lacks now. */
  readonly missingBytes: number;
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
  /** What is fetched with the first picture: the script that imports pictures.ts, and the module that decodes them. */
  readonly pictures: ModuleFiles;
  readonly threads: number;
  readonly accuracyLevel: 1 | 4;
  readonly stripRule: StripRule;
  readonly session: SessionSettings;
  readonly fetch: FetchRequest;
  /** A Web Lock that the worker holds while it lives. */
  readonly lifeLock: string | null;
}

export interface StartResult {
  readonly info: ModelInfo;
  readonly stats: EngineStats;
  readonly sessionId: number;
  readonly storage: StorageOutcome;
}

export interface MeasureRequest {
  readonly module: ModuleFiles;
  readonly threads: number;
}

/** Of int4 weights in blocks of 32. */
export interface MachineSpeed {
  /** Weights that a matrix-vector product reads from memory, 10^9 bytes a second: decoding is bound by it. */
  readonly gemvGigabytesPerSecond: number;
  /** Of a matrix-matrix product, 10^9 operations a second (two a weight): prompts are bound by it. */
  readonly gemmGigaopsPerSecond: number;
  readonly kernel: string;
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

/** A picture on its way to the worker: a file of JPEG, PNG, GIF or BMP, or pixels of 4 bytes (not premultiplied). */
export type WirePicture =
  | { readonly kind: 'file'; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly kind: 'rgba';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly width: number;
      readonly height: number;
    };

export interface PrepareRequest {
  readonly picture: WirePicture;
  readonly numCrops: number;
  readonly tileSize: number;
}

/** What the model will see of a picture. */
export interface PreparedPicture {
  /** Of the picture, upright. */
  readonly width: number;
  readonly height: number;
  /** Of what is made of it: whole tiles. */
  readonly paddedWidth: number;
  readonly paddedHeight: number;
  /** (paddedHeight, paddedWidth, 3). */
  readonly rgb: Uint8Array<ArrayBuffer>;
  /** The same for the same pixels. */
  readonly key: string;
}

/** Every call: what it takes and what it gives. */
export interface Calls {
  start: { args: StartRequest; result: StartResult };
  /** Without an engine: fetches and stores a model. */
  download: { args: FetchRequest; result: StorageOutcome };
  /** Without an engine: hashes what is stored of a model again. */
  verify: { args: { source: ModelSource }; result: VerifyResult };
  listModels: { args: null; result: StoredModel[] };
  findModel: { args: { source: ModelSource }; result: StoredModel | null };
  deleteModel: { args: { source: ModelSource }; result: null };
  knownModels: { args: null; result: readonly RegistryModel[] };
  modelSizes: { args: { source: ModelSource }; result: ModelSizes };
  /** Without a model: what this machine's kernels do on `threads` threads. */
  measure: { args: MeasureRequest; result: MachineSpeed };
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
  preparePicture: { args: PrepareRequest; result: PreparedPicture };
  /** Gives the picture's id: its tokens are so many times -id. It stays while the session's text has it. */
  encodePicture: {
    args: Omit<PreparedPicture, 'width' | 'height'> & { sessionId: number };
    result: number;
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
  /** Of encodePicture, from 0 to total; none comes for a picture that was encoded before. */
  | { readonly type: 'step'; readonly id: number; readonly done: number; readonly total: number }
  | { readonly type: 'stats'; readonly stats: EngineStats }
  /** The worker is of no more use: a trap, or something that nobody foresaw. */
  | { readonly type: 'dead'; readonly error: WireError };
