/* LanguageModel: the Prompt API over this package's engine. This file is the interface and the order of steps; what
 * they do is in prompt-*.ts. docs/PROMPT_API.md says where it departs from the specification. */
import { type GenerateConstraint, withGuidance } from './prompt-constraint.ts';
import { closeSession, openSession, planSession, type SessionParts } from './prompt-create.ts';
import { type PromptConfiguration, SharedEngine } from './prompt-engines.ts';
import { domException, engineCode, notSupported } from './prompt-errors.ts';
import { DownloadMonitor, EventHandler } from './prompt-events.ts';
import { discardPictures, orDiscard, prepareImages } from './prompt-images.ts';
import {
  type Prompt,
  type RawPrompt,
  toPrompt,
  type ValidMessage,
  validatePrompt,
} from './prompt-messages.ts';
import {
  type CreateOptions,
  checkLanguages,
  DEFAULT_SAMPLING,
  randomSeed,
  readCoreOptions,
  readCreateOptions,
  readPromptOptions,
  readSampling,
  readSignalOptions,
  TEMPERATURE_MAX,
  TOP_K_MAX,
  whyUnavailable,
} from './prompt-options.ts';
import { abortable, anySignal, PromptQueue } from './prompt-queue.ts';
import { streamOf } from './prompt-stream.ts';
import type {
  Availability,
  LanguageModelAppendOptions,
  LanguageModelCloneOptions,
  LanguageModelCreateCoreOptions,
  LanguageModelCreateOptions,
  LanguageModelParams,
  LanguageModelPrompt,
  LanguageModelPromptOptions,
  LanguageModelSamplingMode,
} from './prompt-types.ts';
import { finishInterface, requireArguments } from './prompt-webidl.ts';

type PromptArguments = [input: LanguageModelPrompt, options?: LanguageModelPromptOptions];
type AppendArguments = [input: LanguageModelPrompt, options?: LanguageModelAppendOptions];

/** The arguments of prompt(), converted. */
interface Asked {
  readonly input: RawPrompt;
  readonly constraint: GenerateConstraint | undefined;
  readonly tellsConstraint: boolean;
  readonly signal: AbortSignal;
}

/* Only create() and clone() make one. */
const KEY = Symbol('LanguageModel');

/* Sessions that nobody holds any more end as if they had been destroyed. */
const forgotten = new FinalizationRegistry<SessionParts>((parts) => void closeSession(parts));

function told(prompt: Prompt, asked: Asked): Prompt {
  if (!asked.tellsConstraint) return prompt;
  return { ...prompt, messages: withGuidance(prompt.messages, asked.constraint) };
}

export class LanguageModel extends EventTarget {
  static #shared: SharedEngine | undefined;

  readonly #parts: SessionParts;
  readonly #queue = new PromptQueue();
  readonly #ended = new AbortController();
  readonly #onContextOverflow = new EventHandler<Event>(this, 'contextoverflow');
  readonly #onQuotaOverflow = new EventHandler<Event>(this, 'quotaoverflow');
  #answers: number;

  /** Throws: create() is the way to one. */
  constructor(key?: unknown, parts?: SessionParts) {
    super();
    if (key !== KEY || parts === undefined) throw new TypeError('Illegal constructor');
    this.#parts = parts;
    this.#answers = parts.answers;
    forgotten.register(this, parts, this);
    /* What the registry holds must not hold the session. */
    const weak = new WeakRef(this);
    parts.context.onOverflow = () => {
      weak.deref()?.dispatchEvent(new Event('contextoverflow'));
      weak.deref()?.dispatchEvent(new Event('quotaoverflow'));
    };
  }

  /** Extra: the model of sessions that are not given an engine; null takes it back. Sessions that exist keep theirs. */
  static configure(configuration: PromptConfiguration | null): void {
    const next = configuration === null ? undefined : new SharedEngine(configuration);
    LanguageModel.#shared?.retire();
    LanguageModel.#shared = next;
  }

  static async availability(options: LanguageModelCreateCoreOptions = {}): Promise<Availability> {
    const read = readCoreOptions(options);
    checkLanguages(read);
    try {
      readSampling(read);
    } catch (error) {
      if (error instanceof RangeError) return 'unavailable';
      throw error;
    }
    const known = read.engine ?? LanguageModel.#shared?.loaded;
    if (whyUnavailable(read, known) !== undefined) return 'unavailable';
    if (read.engine !== undefined) return 'available';
    return (await LanguageModel.#shared?.availability()) ?? 'unavailable';
  }

  /** Null when no model is configured. */
  static async params(): Promise<LanguageModelParams | null> {
    if (LanguageModel.#shared === undefined) return null;
    return {
      defaultTopK: DEFAULT_SAMPLING.topK,
      maxTopK: TOP_K_MAX,
      defaultTemperature: Math.fround(DEFAULT_SAMPLING.temperature),
      maxTemperature: TEMPERATURE_MAX,
    };
  }

  /** Rejects with NotSupportedError when no model is configured and no engine given. */
  static async create(options: LanguageModelCreateOptions = {}): Promise<LanguageModel> {
    const read = readCreateOptions(options);
    return await orDiscard(read.initialPrompts, () => LanguageModel.#create(read));
  }

  static async #create(read: CreateOptions): Promise<LanguageModel> {
    read.signal?.throwIfAborted();
    const plan = planSession(read);
    const monitor = new DownloadMonitor(read.monitor);
    const unavailable = whyUnavailable(read, read.engine);
    if (unavailable !== undefined) throw notSupported(unavailable);
    const signal = anySignal(read.signal);
    signal.addEventListener('abort', () => monitor.end(), { once: true });
    const open = openSession(read, plan, LanguageModel.#shared, monitor, signal);
    try {
      const model = new LanguageModel(KEY, await abortable(open, signal));
      signal.addEventListener('abort', () => model.#end(signal.reason), { once: true });
      return model;
    } catch (error) {
      /* The abort may have come when everything was ready. */
      void open.then(closeSession, () => undefined);
      throw error;
    } finally {
      monitor.end();
    }
  }

  async prompt(...args: PromptArguments): Promise<string> {
    const asked = this.#read('prompt', args);
    return await this.#answer(asked, () => undefined, asked.signal);
  }

  /** Chunks are what each adds to the answer. Throws where prompt() would reject because of its arguments. */
  promptStreaming(...args: PromptArguments): ReadableStream<string> {
    const asked = this.#read('promptStreaming', args);
    return streamOf((onText, canceled) =>
      this.#answer(asked, onText, anySignal(asked.signal, canceled)),
    );
  }

  async append(...args: AppendArguments): Promise<undefined> {
    requireArguments('append', args.length);
    const input = toPrompt('input', args[0]);
    await orDiscard(input, () => {
      const signal = anySignal(this.#ended.signal, readSignalOptions(args[1]));
      return this.#run(signal, async () => {
        const { context, declared } = this.#parts;
        const system = context.isEmpty ? 'first' : 'late';
        const prompt = validatePrompt(input, { declared, system });
        await context.append(await this.#prepared(prompt, signal), signal);
      });
    });
    return undefined;
  }

  async measureContextUsage(...args: PromptArguments): Promise<number> {
    const asked = this.#read('measureContextUsage', args);
    const { context, declared } = this.#parts;
    return await orDiscard(asked.input, () => {
      const valid = validatePrompt(asked.input, { declared, system: 'first' });
      const measuring = this.#watch(async () => {
        const prompt = told(await this.#prepared(valid, asked.signal), asked);
        return await context.measure(prompt.messages);
      });
      return abortable(measuring, asked.signal);
    });
  }

  /** The old name of measureContextUsage(). */
  async measureInputUsage(...args: PromptArguments): Promise<number> {
    requireArguments('measureInputUsage', args.length);
    return await this.measureContextUsage(...args);
  }

  /** Tokens. */
  get contextUsage(): number {
    return this.#parts.context.usage;
  }

  /** Tokens. */
  get contextWindow(): number {
    return this.#parts.context.window;
  }

  get oncontextoverflow(): ((event: Event) => unknown) | null {
    return this.#onContextOverflow.value;
  }

  set oncontextoverflow(handler: ((event: Event) => unknown) | null) {
    this.#onContextOverflow.value = handler;
  }

  /** The old name of contextUsage. */
  get inputUsage(): number {
    return this.contextUsage;
  }

  /** The old name of contextWindow. */
  get inputQuota(): number {
    return this.contextWindow;
  }

  /** The old name of oncontextoverflow; its event is quotaoverflow. */
  get onquotaoverflow(): ((event: Event) => unknown) | null {
    return this.#onQuotaOverflow.value;
  }

  set onquotaoverflow(handler: ((event: Event) => unknown) | null) {
    this.#onQuotaOverflow.value = handler;
  }

  get topK(): number {
    return this.#parts.sampling.topK;
  }

  get temperature(): number {
    return Math.fround(this.#parts.sampling.temperature);
  }

  /** Null when topK or temperature were given to create(). */
  get samplingMode(): LanguageModelSamplingMode | null {
    return this.#parts.sampling.mode;
  }

  /** A session that begins as this one is when its turn comes, behind the calls made before. */
  async clone(options: LanguageModelCloneOptions = {}): Promise<LanguageModel> {
    const signal = anySignal(this.#ended.signal, readSignalOptions(options));
    return await this.#run(signal, async () => {
      const { lease, context } = this.#parts;
      const copy = await context.clone();
      if (signal.aborted) {
        await copy.close();
        throw signal.reason;
      }
      const parts = { ...this.#parts, context: copy, lease: lease.share(), answers: this.#answers };
      return new LanguageModel(KEY, parts);
    });
  }

  /** Rejects everything pending with AbortError. The engine ends with its last session. */
  destroy(): undefined {
    this.#end(domException('AbortError', 'the session has been destroyed'));
  }

  /** Throws for a signal that has fired, too. */
  #read(method: string, args: readonly unknown[]): Asked {
    requireArguments(method, args.length);
    const input = toPrompt('input', args[0]);
    try {
      const { signal, ...options } = readPromptOptions(args[1]);
      const asked = { input, ...options, signal: anySignal(this.#ended.signal, signal) };
      asked.signal.throwIfAborted();
      return asked;
    } catch (error) {
      discardPictures(input);
      throw error;
    }
  }

  #answer(asked: Asked, onText: (text: string) => void, signal: AbortSignal): Promise<string> {
    const { context, declared, settings } = this.#parts;
    const respond = async (): Promise<string> => {
      const valid = validatePrompt(asked.input, { declared, system: 'never' });
      const prompt = told(await this.#prepared(valid, signal), asked);
      const { constraint } = asked;
      const question = { prompt, constraint, settings: { ...settings, seed: this.#nextSeed() } };
      return await context.respond(question, onText, signal);
    };
    return orDiscard(asked.input, () => this.#run(signal, respond));
  }

  #prepared(prompt: Prompt<ValidMessage>, signal: AbortSignal): Promise<Prompt> {
    return prepareImages(prompt, this.#parts.lease.engine, signal);
  }

  #nextSeed(): bigint {
    const { seed } = this.#parts;
    const answer = BigInt(this.#answers++);
    return seed === undefined ? randomSeed() : BigInt.asUintN(64, seed + answer);
  }

  #run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#queue.run(signal, () => this.#watch(work));
  }

  /** Notices that the engine has crashed. */
  async #watch<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (engineCode(error) === 'PHI_EPOISONED') this.#parts.lease.abandon();
      throw error;
    }
  }

  #end(reason: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(reason);
    forgotten.unregister(this);
    void this.#queue.idle().then(() => closeSession(this.#parts));
  }
}

finishInterface(LanguageModel, 'LanguageModel', {
  append: 1,
  measureContextUsage: 1,
  measureInputUsage: 1,
  prompt: 1,
  promptStreaming: 1,
});
