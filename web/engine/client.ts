/* One loaded model in its worker: what every interface above is made of. */
import {
  chooseVariant,
  detectFeatures,
  type Features,
  type VariantChoice,
} from '../base/detect.ts';
import { EngineError } from '../base/errors.ts';
import { warn } from '../base/log.ts';
import { readBoolean, readFields, readNumber, readSignal } from '../base/options.ts';
import { persist } from '../base/room.ts';
import { VERSION } from '../base/version.gen.ts';
import type {
  EngineStats,
  ModelInfo,
  SessionSettings,
  StartResult,
  StorageOutcome,
  TemplateMessage,
} from '../worker/protocol.ts';
import { WorkerLink } from '../worker/spawn.ts';
import { Embedder } from './embedder.ts';
import { discardSnapshots, snapshotOf } from './image-snapshot.ts';
import type { ImagePreparer, PreparedImage } from './images.ts';
import { moduleFiles } from './module-files.ts';
import {
  type EngineOptions,
  readEngineOptions,
  readSessionOptions,
  type SessionOptions,
} from './options.ts';
import { type ProbeOptions, type ProbeResult, probe } from './probe.ts';
import { type CallControl, Session } from './session.ts';
import { countTokens, gridOf, readNumCrops, readVision, type Vision } from './vision.ts';
import { withImages } from './with-images.ts';

export interface EncodeOptions {
  /** Begin- and end-of-text tokens as the model file says. Default true. */
  readonly addSpecial?: boolean | undefined;
  /** Special tokens written out in the text count as such. Default true. */
  readonly parseSpecial?: boolean | undefined;
}

/** Whatever a picture comes as. Text is a URL: data:, blob:, or one that may be fetched. */
export type ImageSource = string | URL | ImageBitmapSource | BufferSource | PreparedImage;

export interface ImageOptions {
  /** Tiles at most, 1 to 16; fewer are faster, more see finer detail. Default: the model's. */
  readonly numCrops?: number | null | undefined;
}

/** What a started engine is made of; create() is the way to one. */
export interface Started {
  readonly link: WorkerLink;
  readonly result: StartResult;
  readonly choice: VariantChoice;
  readonly session: SessionSettings;
  readonly accuracyLevel: 1 | 4;
}

export class Tokenizer {
  readonly #link: WorkerLink;

  constructor(link: WorkerLink) {
    this.#link = link;
  }

  async encode(text: string, options: EncodeOptions = {}): Promise<Uint32Array> {
    const fields = readFields('encode options', options, ['addSpecial', 'parseSpecial']);
    const addsSpecial = readBoolean('addSpecial', fields.addSpecial) ?? true;
    const parsesSpecial = readBoolean('parseSpecial', fields.parseSpecial) ?? true;
    return Uint32Array.from(await this.#link.call('encode', { text, addsSpecial, parsesSpecial }));
  }

  async decode(
    ids: ArrayLike<number>,
    options: { readonly showSpecial?: boolean | undefined } = {},
  ): Promise<string> {
    const fields = readFields('decode options', options, ['showSpecial']);
    const showsSpecial = readBoolean('showSpecial', fields.showSpecial) ?? false;
    return await this.#link.call('decode', { ids: Int32Array.from(ids), showsSpecial });
  }

  /** Tokens of a text, or of messages as a chat puts them. */
  async count(input: string | readonly TemplateMessage[]): Promise<number> {
    if (typeof input === 'string') return (await this.encode(input)).length;
    const text = await this.applyChatTemplate(input);
    return (await this.encode(text, { addSpecial: false })).length;
  }

  /** Messages as the model file's template writes them. */
  async applyChatTemplate(
    messages: readonly TemplateMessage[],
    options: { readonly addGenerationPrompt?: boolean | undefined } = {},
  ): Promise<string> {
    const fields = readFields('template options', options, ['addGenerationPrompt']);
    const addsGenerationPrompt =
      readBoolean('addGenerationPrompt', fields.addGenerationPrompt) ?? true;
    return await this.#link.call('applyTemplate', { messages, addsGenerationPrompt });
  }
}

function choose(
  threads: number | 'auto',
  kernels: 'auto' | 'simd128' | 'relaxed',
): VariantChoice & { features: Features } {
  const features = detectFeatures();
  return { ...chooseVariant(features, { threads, kernels }), features };
}

/** FNV-1a of all that decides what a request with a seed is answered: neither threads nor the machine do. */
function fingerprintOf({ result, session, accuracyLevel }: Started): string {
  const parts = [VERSION, accuracyLevel, session.kvType, session.ropeChoice, result.info.raw];
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(JSON.stringify(parts)))
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `fp_${hash.toString(16).padStart(8, '0')}`;
}

/** A lock that only this engine's worker knows; null where the browser has no locks (an insecure page). */
function newLifeLock(): string | null {
  if (globalThis.navigator?.locks === undefined) return null;
  return `pocketphi-worker-${crypto.randomUUID()}`;
}

function readImageOptions(options: ImageOptions, ...more: string[]): number | undefined {
  const fields = readFields('image options', options, ['numCrops', ...more]);
  return readNumCrops('numCrops', fields.numCrops);
}

export class EngineClient implements AsyncDisposable {
  readonly info: ModelInfo;
  readonly tokenizer: Tokenizer;
  /** The build that runs, and why. */
  readonly variant: string;
  readonly reason: string;
  /** Where the weights are kept for the next visit, or why they are not. */
  readonly storage: StorageOutcome;
  /** Where it is the same, a request with a seed gets the same answer, on any machine. */
  readonly fingerprint: string;
  /** What it sees; undefined: the model reads text only. */
  readonly vision: Vision | undefined;
  /** The session of chat, completions and forward(). */
  protected readonly mainSession: Session;
  readonly #link: WorkerLink;
  readonly #sessionDefaults: SessionSettings;
  #stats: EngineStats;
  #preparer: ImagePreparer | undefined;

  protected constructor(started: Started) {
    const { link, result, choice, session } = started;
    this.#link = link;
    this.#stats = result.stats;
    this.#sessionDefaults = session;
    this.info = result.info;
    this.vision = readVision(result.info.raw.vision);
    this.storage = result.storage;
    this.variant = choice.variant;
    this.reason = choice.reason;
    this.fingerprint = fingerprintOf(started);
    this.tokenizer = new Tokenizer(link);
    this.mainSession = new Session(link, {
      sessionId: result.sessionId,
      contextLength: result.info.contextLength,
    });
    link.onStats = (stats) => {
      this.#stats = stats;
    };
  }

  /** What this page can do, before anything is loaded; of a model, whether it fits and how fast it would be. */
  static probe(options: ProbeOptions = {}): Promise<ProbeResult> {
    return probe(options);
  }

  protected static async start(options: EngineOptions): Promise<Started> {
    const read = readEngineOptions(options);
    if (read.signal?.aborted)
      throw new EngineError('PHI_ECANCELED', 'cancelled by the caller', {
        cause: read.signal.reason,
      });
    const choice = choose(read.threads, read.kernels);
    if (choice.isDegraded) warn(choice.reason);
    /* Not waited for: some browsers ask the user. */
    if (read.persists && read.fetch.storage !== 'none') persist().catch(() => undefined);
    const link = new WorkerLink(read.workerUrl);
    const lifeLock = newLifeLock();
    try {
      const result = await link.call(
        'start',
        {
          module: moduleFiles(choice.variant, read.wasmUrl ?? read.workerUrl),
          pictures: moduleFiles('pixels', read.wasmUrl ?? read.workerUrl),
          threads: choice.threads,
          accuracyLevel: read.accuracyLevel,
          stripRule: read.stripRule,
          session: read.session,
          fetch: read.fetch,
          lifeLock,
        },
        {
          signal: read.signal,
          ...(read.onProgress && { onProgress: read.onProgress }),
          ...(read.fetch.source.kind === 'stream' && { transfer: [read.fetch.source.stream] }),
        },
      );
      if (lifeLock !== null) link.watchLock(lifeLock);
      return { link, result, choice, session: read.session, accuracyLevel: read.accuracyLevel };
    } catch (error) {
      /* A model that did not load leaves nothing behind. */
      link.die(new EngineError('PHI_ESTATE', 'the engine did not start'));
      throw error;
    }
  }

  /** A session of its own, beside that of the chat. */
  async session(options: SessionOptions = {}): Promise<Session> {
    return await Session.open(this.#link, readSessionOptions(options, this.#sessionDefaults));
  }

  /** For embeddings of texts of at most so many tokens; disposed of by the caller. */
  protected openEmbedder(contextLength: number): Promise<Embedder> {
    return Embedder.open(this.#link, { ...this.#sessionDefaults, contextLength });
  }

  /** Logits of the last of these tokens, one for each id of the vocabulary. */
  async forward(tokens: ArrayLike<number>, options: CallControl = {}): Promise<Float32Array> {
    readFields('forward options', options, ['signal']);
    return await this.mainSession.forward(tokens, options);
  }

  /** Of a picture of so many pixels in a prompt. */
  countImageTokens(width: number, height: number, options: ImageOptions = {}): number {
    const vision = this.requireVision();
    const numCrops = readImageOptions(options) ?? vision.numCrops;
    const [w, h] = [width, height].map((side, i) =>
      readNumber(i === 0 ? 'width' : 'height', side, { min: 1, max: 2 ** 31 - 1 }),
    );
    return countTokens(vision, gridOf(w ?? 1, h ?? 1, numCrops, vision.tileSize));
  }

  /** What the model will see of a picture. */
  async prepareImage(
    source: ImageSource,
    options: ImageOptions & CallControl = {},
  ): Promise<PreparedImage> {
    const numCrops = readImageOptions(options, 'signal');
    const signal = readSignal('signal', options.signal);
    this.requireVision();
    const snapshot = snapshotOf(source);
    try {
      return await this.prepare(snapshot, { numCrops, signal, where: 'image' });
    } catch (error) {
      discardSnapshots([snapshot]);
      throw error;
    }
  }

  /** A picture that is a snapshot already; `where` is what errors call it. */
  async prepare(
    snapshot: unknown,
    options: { numCrops?: number | undefined; signal: AbortSignal | undefined; where: string },
  ): Promise<PreparedImage> {
    const vision = this.requireVision();
    return await withImages((file) => {
      this.#preparer ??= new file.ImagePreparer(this.#link, vision);
      const numCrops = options.numCrops ?? vision.numCrops;
      return this.#preparer.prepare(snapshot, { ...options, numCrops });
    });
  }

  /** Throws PHI_EUNSUPPORTED for a model that reads text only. */
  requireVision(): Vision {
    if (this.vision !== undefined) return this.vision;
    throw new EngineError(
      'PHI_EUNSUPPORTED',
      'this model reads text only; load Phi-3.5-vision or another model that sees pictures',
      { where: 'image' },
    );
  }

  /** As of the last call that ended. */
  stats(): EngineStats {
    return this.#stats;
  }

  /** Ends the worker: its memory goes back. What is pending rejects with PHI_ECANCELED. */
  async destroy(): Promise<void> {
    this.#link.die(new EngineError('PHI_ECANCELED', 'the engine has been destroyed'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }
}
