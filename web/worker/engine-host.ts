/* The engine's side of the protocol: owns the module, its sessions and the queue of long calls. The worker file
 * gives it messages; tests may too. */
import { EngineHandle, type Generated, type Plan, type SessionHandle } from '../abi/calls.ts';
import { loadModule, THREAD, type WasmModule } from '../abi/module.ts';
import { unlessAborted } from '../base/abort.ts';
import { canceledError, EngineError, toEngineError, toWire } from '../base/errors.ts';
import { HEAP_BYTES_MAX, HEAP_SLACK_BYTES, MEASURE_MS, THREAD_REPORT_MS } from '../base/limits.ts';
import { importPart } from '../base/load-part.ts';
import { warn } from '../base/log.ts';
import { isObject } from '../base/options.ts';
import { MODELS } from '../net/registry.ts';
import { withFiles } from './find-files.ts';
import { fulfil } from './fulfil.ts';
import { breathe, Jobs, newCancelFlag, type Slices } from './jobs.ts';
import { Meter } from './meter.ts';
import { modelSizes } from './model-sizes.ts';
import type { Pictures } from './pictures.ts';
import type {
  CallMessage,
  CallName,
  Calls,
  EngineStats,
  FetchRequest,
  GenerateResult,
  MachineSpeed,
  MeasureRequest,
  ModelInfo,
  StartRequest,
  StartResult,
  StorageOutcome,
  ToPage,
  ToWorker,
  WireToken,
} from './protocol.ts';
import { deleteModel, findModel, listModels } from './stored-models.ts';
import { ChatTemplate } from './template.ts';
import { verifyModel } from './verify.ts';

type Post = (message: ToPage, transfer?: Transferable[]) => void;
type Handlers = {
  readonly [N in CallName]: (
    args: Calls[N]['args'],
    id: number,
  ) => Calls[N]['result'] | Promise<Calls[N]['result']>;
};

/** A loaded engine. */
interface Loaded {
  readonly module: WasmModule;
  readonly engine: EngineHandle;
  readonly request: StartRequest;
  readonly plan: Plan;
  readonly info: ModelInfo;
}

interface Totals {
  prefillTokens: number;
  prefillMicroseconds: number;
  decodeTokens: number;
  decodeMicroseconds: number;
  cachedTokens: number;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function asCount(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function readInfo(json: string, contextLength: number): ModelInfo {
  const raw: unknown = JSON.parse(json);
  if (!isObject(raw))
    throw new EngineError('PHI_EPOISONED', 'the engine describes its model in an unknown form');
  return {
    name: asText(raw.name),
    architecture: asText(raw.architecture),
    parameters: asCount(raw.n_parameters),
    contextLength,
    contextLengthMax: asCount(raw.context_length),
    vocabularySize: asCount(raw.n_vocabulary),
    tensorTypes: isObject(raw.tensor_types) ? (raw.tensor_types as Record<string, number>) : {},
    hasChatTemplate: asText(raw.chat_template) !== '',
    raw,
  };
}

/** The text of a special token in the engine's description. */
function specialText(info: ModelInfo, key: 'bos' | 'eos'): string {
  const token = info.raw[key];
  return isObject(token) ? asText(token.text) : '';
}

export class EngineHost {
  readonly #post: Post;
  readonly #jobs = new Jobs();
  readonly #starting = new Map<number, AbortController>();
  readonly #sessions = new Map<number, SessionHandle>();
  readonly #totals: Totals = {
    prefillTokens: 0,
    prefillMicroseconds: 0,
    decodeTokens: 0,
    decodeMicroseconds: 0,
    cachedTokens: 0,
  };
  readonly #bytes = new Map<number, Uint8Array>();
  #template: ChatTemplate | undefined;
  #pictures: Pictures | undefined;
  #loaded: Loaded | undefined;
  #lastSessionId = 0;
  #death: EngineError | undefined;
  #isReported = false;

  constructor(post: Post) {
    this.#post = post;
  }

  async handle(message: ToWorker): Promise<void> {
    if (message.type === 'cancel') {
      this.#starting.get(message.id)?.abort();
      this.#jobs.cancel(message.id);
      return;
    }
    try {
      if (this.#death !== undefined) throw this.#death;
      const value = await this.#dispatch(message);
      const isBig = value instanceof Float32Array || value instanceof Int32Array;
      this.#post({ type: 'result', id: message.id, value }, isBig ? [value.buffer] : []);
    } catch (thrown) {
      this.#fail(message.id, thrown);
    }
  }

  /** What nobody foresaw, or a trap, ends the engine; anything else ends the call only. */
  #fail(id: number, thrown: unknown): void {
    const error = toEngineError(thrown);
    if (error.code !== 'PHI_EPOISONED') {
      this.#post({ type: 'failure', id, error: toWire(error) });
      return;
    }
    this.#death ??= error;
    /* Why a thread crashed arrives as an event of its worker, a moment after the call that misses the thread. */
    if (error.where === THREAD) setTimeout(() => this.die(error), THREAD_REPORT_MS);
    else this.die(error);
  }

  /** Ends the engine: the page is told once, whatever comes after. */
  die(error: EngineError): void {
    this.#death ??= error;
    if (this.#isReported) return;
    this.#isReported = true;
    this.#post({ type: 'dead', error: toWire(error) });
  }

  #dispatch<N extends CallName>(
    message: Extract<CallMessage, { name: N }>,
  ): Calls[N]['result'] | Promise<Calls[N]['result']> {
    const handler = this.#handlers[message.name] as Handlers[N];
    return handler(message.args as Calls[N]['args'], message.id);
  }

  readonly #handlers: Handlers = {
    start: (args, id) => this.#start(args, id),
    download: (args, id) => this.#download(args, id),
    verify: ({ source }, id) =>
      this.#cancellable(id, (signal) => verifyModel(source, signal, this.#meter(id))),
    listModels: () => listModels(),
    findModel: ({ source }) => findModel(source),
    deleteModel: async ({ source }) => {
      await deleteModel(source);
      return null;
    },
    knownModels: () => MODELS,
    modelSizes: ({ source }) => modelSizes(source),
    measure: (args) => measureMachine(args),
    encode: (args) => this.#ready().engine.encode(args.text, args.addsSpecial, args.parsesSpecial),
    decode: (args) => this.#ready().engine.decode(args.ids, args.showsSpecial),
    applyTemplate: (args) => this.#applyTemplate(args),
    openSession: (args) => this.#adopt(this.#ready().engine.openSession(args)),
    cloneSession: ({ sessionId }) => {
      const opened = this.#adopt(this.#session(sessionId).clone());
      this.#pictures?.clone(sessionId, opened.sessionId);
      return opened;
    },
    closeSession: ({ sessionId }) => {
      this.#session(sessionId).destroy();
      this.#sessions.delete(sessionId);
      this.#pictures?.close(sessionId);
      return null;
    },
    sync: (args, id) =>
      this.#long(id, args, (session) => this.#sync(session, args.tokens)).then(() => null),
    forward: async (args, id) => {
      await this.#long(id, args, (session) => this.#sync(session, args.tokens));
      return this.#session(args.sessionId).logits();
    },
    preparePicture: async (args) => (await this.#openPictures()).prepare(args),
    encodePicture: async (args, id) => {
      const pictures = await this.#openPictures();
      this.#session(args.sessionId);
      const onStep = (done: number, total: number): void =>
        this.#post({ type: 'step', id, done, total });
      return await pictures.encode(args, onStep, (slices) => this.#run(id, slices));
    },
    openEmbedder: (args) => this.#adopt(this.#ready().engine.openSession(args, 'embed')),
    embed: async (args, id) => {
      await this.#long(id, args, (session) => this.#sync(session, args.tokens));
      return this.#session(args.sessionId).embedding(args.pooling);
    },
    generate: (args, id) => this.#long(id, args, (session) => this.#generate(session, args, id)),
  };

  #ready(): Loaded {
    if (this.#loaded === undefined) throw new EngineError('PHI_ESTATE', 'no model is loaded yet');
    return this.#loaded;
  }

  #session(id: number): SessionHandle {
    const session = this.#sessions.get(id);
    if (session === undefined)
      throw new EngineError('PHI_ESTATE', 'the session has been destroyed');
    return session;
  }

  #adopt(session: SessionHandle): { sessionId: number; contextLength: number } {
    const sessionId = ++this.#lastSessionId;
    this.#sessions.set(sessionId, session);
    return { sessionId, contextLength: session.nContext };
  }

  #meter(id: number): Meter {
    return new Meter((progress) => this.#post({ type: 'progress', id, progress }));
  }

  /** Runs work that a cancel message aborts. */
  async #cancellable<T>(id: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    this.#starting.set(id, abort);
    try {
      return await work(abort.signal);
    } finally {
      this.#starting.delete(id);
    }
  }

  #download(request: FetchRequest, id: number): Promise<StorageOutcome> {
    const meter = this.#meter(id);
    return this.#cancellable(id, (signal) =>
      withFiles(request, { signal, meter, isRead: false, warn }, async (model) => {
        await model.openAll();
        return await model.finish();
      }),
    );
  }

  async #start(request: StartRequest, id: number): Promise<StartResult> {
    if (this.#loaded !== undefined || this.#starting.size > 0) {
      throw new EngineError('PHI_ESTATE', 'this worker has a model already');
    }
    return await this.#cancellable(id, async (signal) => {
      await holdLock(request.lifeLock);
      /* The file's first bytes come while the module starts. */
      const loading = loadModule(request.module, request.threads);
      loading.catch(keepForLater);
      const meter = this.#meter(id);
      const parts = await withFiles(
        request.fetch,
        { signal, meter, isRead: true, warn },
        async (model) => {
          await model.open(0, model.firstName);
          const module = await unlessAborted(loading, signal);
          const engine = new EngineHandle(module, request);
          let plan: Plan | undefined;
          await fulfil(engine, model, {
            signal,
            checkPlan: (described) => {
              plan = checkPlan(described.plan(request.session));
            },
            breathe,
          });
          const storage = await model.finish();
          if (signal.aborted || plan === undefined) throw canceledError(signal);
          return { module, engine, request, plan, storage };
        },
      );
      return this.#open(parts, meter);
    });
  }

  #open(
    { storage, ...parts }: Omit<Loaded, 'info'> & { storage: StorageOutcome },
    meter: Meter,
  ): StartResult {
    const session = parts.engine.openSession(parts.request.session);
    const { sessionId, contextLength } = this.#adopt(session);
    const info = readInfo(parts.engine.infoJson, contextLength);
    this.#loaded = { ...parts, info };
    meter.enter('warmup', info.name);
    warmUp(session);
    return { info, sessionId, storage, stats: this.#stats() };
  }

  #applyTemplate(args: Calls['applyTemplate']['args']): string {
    const { info } = this.#ready();
    this.#template ??= new ChatTemplate(
      info.hasChatTemplate ? asText(info.raw.chat_template) : undefined,
    );
    return this.#template.render({
      ...args,
      bosText: specialText(info, 'bos'),
      eosText: specialText(info, 'eos'),
    });
  }

  /** Queues a long call and tells the page how to cancel it. */
  #run<T>(id: number, slices: Slices<T>): Promise<T> {
    const cancelFlag = newCancelFlag();
    this.#post({ type: 'started', id, cancelFlag });
    return this.#jobs.run(id, slices, cancelFlag);
  }

  /** A long call of a session: adds what it cost to the statistics. */
  async #long<T>(
    id: number,
    { sessionId, tokens }: { sessionId: number; tokens: ArrayLike<number> },
    work: (session: SessionHandle) => Slices<T>,
  ): Promise<T> {
    const session = this.#session(sessionId);
    const before = session.stats();
    const settle = this.#pictures?.use(sessionId, tokens);
    try {
      const result = await this.#run(id, work(session));
      settle?.();
      return result;
    } finally {
      if (this.#sessions.get(sessionId) === session && this.#death === undefined) {
        this.#count(before, session.stats());
        this.#post({ type: 'stats', stats: this.#stats() });
      }
    }
  }

  /** Fetched with the first picture. */
  async #openPictures(): Promise<Pictures> {
    const { engine, request } = this.#ready();
    const { script, wasm } = request.pictures;
    const file = await importPart<typeof import('./pictures.ts')>('what pictures need', script);
    this.#pictures ??= file.openPictures(engine, wasm);
    return this.#pictures;
  }

  #count(before: Totals, after: Totals): void {
    for (const key of Object.keys(this.#totals) as (keyof Totals)[])
      this.#totals[key] += after[key] - before[key];
  }

  *#sync(session: SessionHandle, tokens: ArrayLike<number>): Slices<null> {
    session.sync(tokens);
    while (!session.step()) yield;
    return null;
  }

  *#generate(
    session: SessionHandle,
    args: Calls['generate']['args'],
    id: number,
  ): Slices<GenerateResult> {
    const cachedBefore = session.stats().cachedTokens;
    session.beginGenerating(args.settings, args.tokens);
    const cachedTokens = session.stats().cachedTokens - cachedBefore;
    for (;;) {
      const generated = session.nextGenerated();
      if (generated !== undefined) {
        if (generated.id >= 0 || generated.text !== '') {
          this.#post({
            type: 'token',
            id,
            token: this.#wireToken(generated, args.settings.topLogprobs >= 0),
          });
        }
        if (generated.finish !== null) return { finish: generated.finish, cachedTokens };
      }
      yield;
    }
  }

  #wireToken(generated: Generated, wantsLogprobs: boolean): WireToken {
    const { id, text, logprob } = generated;
    if (!wantsLogprobs || id < 0) return { id, text, logprob, pieces: [] };
    const rows = [{ id, logprob }, ...generated.top];
    return {
      id,
      text,
      logprob,
      pieces: rows.map((row) => ({ ...row, bytes: this.#bytesOf(row.id) })),
    };
  }

  /** No bytes for a row of the vocabulary that is no token. */
  #bytesOf(id: number): Uint8Array {
    const { engine } = this.#ready();
    const bytes =
      this.#bytes.get(id) ?? (id < engine.nTokens ? engine.tokenBytes(id) : new Uint8Array());
    this.#bytes.set(id, bytes);
    return bytes;
  }

  #stats(): EngineStats {
    const { module, engine, plan } = this.#ready();
    const t = this.#totals;
    const rate = (tokens: number, us: number): number => (us > 0 ? (tokens * 1e6) / us : 0);
    let kvBytes = 0;
    for (const session of this.#sessions.values()) kvBytes += session.stats().kvBytes;
    return {
      prefillTokPerSec: rate(t.prefillTokens, t.prefillMicroseconds),
      decodeTokPerSec: rate(t.decodeTokens, t.decodeMicroseconds),
      prefillTokens: t.prefillTokens,
      decodeTokens: t.decodeTokens,
      cachedTokens: t.cachedTokens,
      heapBytes: module.heap.heldBytes,
      kvBytes,
      weightBytes: plan.weightBytes,
      threads: engine.nThreads,
      kernel: engine.kernelsName,
    };
  }
}

/** The promise is awaited later; this keeps its failure from being called unhandled until then. */
const keepForLater = (): undefined => undefined;

/** A first token: the browser compiles the hot code well, and a model that computes nonsense shows it here. */
function warmUp(session: SessionHandle): void {
  session.sync([0]);
  while (!session.step());
}

/** The worker ends with it, and with the worker the memory goes. */
async function measureMachine(request: MeasureRequest): Promise<MachineSpeed> {
  const module = await loadModule(request.module, request.threads);
  const engine = new EngineHandle(module, {
    threads: request.threads,
    accuracyLevel: 4,
    stripRule: 'auto',
  });
  const { gemv, gemm } = engine.measure(MEASURE_MS);
  return { gemvGigabytesPerSecond: gemv, gemmGigaopsPerSecond: gemm, kernel: engine.kernelsName };
}

/** Refuses a model that cannot fit, before its bytes are fetched. */
function checkPlan(plan: Plan): Plan {
  const requested =
    plan.weightBytes +
    plan.kvBytes +
    plan.sessionBytes +
    plan.modelBytes +
    plan.stagingBytes +
    HEAP_SLACK_BYTES;
  if (requested <= HEAP_BYTES_MAX) return plan;
  throw new EngineError(
    'PHI_ENOMEM',
    `the model needs ${gigabytes(requested)} (weights ${gigabytes(plan.weightBytes)}, ` +
      `context ${gigabytes(plan.kvBytes)}), ` +
      `this build holds ${gigabytes(HEAP_BYTES_MAX)}; a shorter contextLength or kvType "q8" needs less`,
    { requested, quota: HEAP_BYTES_MAX },
  );
}

/** Takes a Web Lock for the worker's whole life: who waits for it learns of the worker's end. */
function holdLock(name: string | null): Promise<void> {
  if (name === null) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(name, () => {
      resolve();
      return new Promise<void>(() => undefined);
    });
    held.catch(reject);
  });
}
