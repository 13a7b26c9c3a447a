/* The engine that sessions share when create() is not given one. It is started by the first create() and ended with
 * the last session, so that its memory goes back, unless keepLoaded says otherwise.
 *
 *   idle ──first lease──▶ loading ──▶ loaded ──last release──▶ idle
 *                            └── failed, all leases aborted, or the engine crashed ──▶ idle */

import { EngineClient } from '../engine/client.ts';
import { models } from '../engine/models.ts';
import { type EngineOptions, readEngineOptions } from '../engine/options.ts';
import { toPlatformError } from './prompt-errors.ts';
import { abortable } from './prompt-queue.ts';
import type { Availability, PromptEngine } from './prompt-types.ts';

export interface PromptConfiguration extends Omit<EngineOptions, 'signal' | 'onProgress'> {
  /** The engine stays loaded when its last session ends. Default false. */
  readonly keepLoaded?: boolean | undefined;
}

/** A session's hold on an engine. Releasing twice is the same as once. */
export interface EngineLease {
  readonly engine: PromptEngine;
  release(): void;
  /** Another hold on the same engine. */
  share(): EngineLease;
  /** The engine crashed: the next lease is of a new one. */
  abandon(): void;
}

/** The hold on an engine that belongs to somebody else. */
export function borrow(engine: PromptEngine): EngineLease {
  const nothing = (): void => undefined;
  return { engine, release: nothing, share: () => borrow(engine), abandon: nothing };
}

export type StartEngine = (options: EngineOptions) => Promise<PromptEngine>;

class Client extends EngineClient {
  static async create(options: EngineOptions): Promise<Client> {
    return new Client(await EngineClient.start(options));
  }
}

export type AskStored = (options: EngineOptions) => Promise<boolean>;

/** Whether the bytes of this model are here, so that loading it downloads nothing. */
async function isStored({ model, storage, workerUrl }: EngineOptions): Promise<boolean> {
  if (model instanceof Blob || Array.isArray(model)) return true;
  const cannotBeStored = model instanceof ReadableStream || storage === 'none';
  /* Where there are no workers there is no engine either. */
  if (cannotBeStored || typeof Worker !== 'function') return false;
  return await models.has(model, { workerUrl });
}

/** One start of the engine, and who uses it. */
interface Load {
  readonly started: Promise<PromptEngine>;
  readonly stop: AbortController;
  readonly listeners: Set<(share: number) => void>;
  engine: PromptEngine | undefined;
  users: number;
}

export class SharedEngine {
  readonly #options: EngineOptions;
  readonly #start: StartEngine;
  readonly #askStored: AskStored;
  #keepsLoaded: boolean;
  #load: Load | undefined;

  /** Throws a TypeError for options that Engine.create() would refuse. */
  constructor(
    configuration: PromptConfiguration,
    start: StartEngine = Client.create,
    askStored: AskStored = isStored,
  ) {
    const { keepLoaded = false, ...options } = configuration;
    try {
      readEngineOptions(options);
    } catch (error) {
      throw toPlatformError(error);
    }
    this.#options = options;
    this.#start = start;
    this.#askStored = askStored;
    this.#keepsLoaded = keepLoaded;
  }

  get loaded(): PromptEngine | undefined {
    return this.#load?.engine;
  }

  async availability(): Promise<Availability> {
    if (this.#load !== undefined)
      return this.#load.engine === undefined ? 'downloading' : 'available';
    return (await this.#askStored(this.#options)) ? 'available' : 'downloadable';
  }

  /** Rejects with the signal's reason when it fires; loading ends when nobody waits for it any more. */
  async lease(onShare: (share: number) => void, signal: AbortSignal): Promise<EngineLease> {
    this.#load ??= this.#begin();
    const load = this.#load;
    load.users++;
    load.listeners.add(onShare);
    try {
      return this.#hold(load, await abortable(load.started, signal));
    } finally {
      load.listeners.delete(onShare);
      this.#leave(load);
    }
  }

  /** Another configuration takes this one's place: sessions keep their engine, an idle one ends. */
  retire(): void {
    this.#keepsLoaded = false;
    if (this.#load?.users === 0) this.#end(this.#load);
  }

  #begin(): Load {
    const stop = new AbortController();
    const listeners = new Set<(share: number) => void>();
    const started = this.#start({
      ...this.#options,
      signal: stop.signal,
      onProgress: ({ loadedBytes, totalBytes }) => {
        if (totalBytes > 0) for (const tell of listeners) tell(loadedBytes / totalBytes);
      },
    });
    const load: Load = { started, stop, listeners, engine: undefined, users: 0 };
    started.then(
      (engine) => {
        load.engine = engine;
        if (load !== this.#load) void engine.destroy();
      },
      () => this.#forget(load),
    );
    return load;
  }

  #hold(load: Load, engine: PromptEngine): EngineLease {
    load.users++;
    let isHeld = true;
    return {
      engine,
      release: () => {
        if (isHeld) this.#leave(load);
        isHeld = false;
      },
      share: () => this.#hold(load, engine),
      abandon: () => this.#forget(load),
    };
  }

  #leave(load: Load): void {
    load.users--;
    const isKept = this.#keepsLoaded && load.engine !== undefined && load === this.#load;
    if (load.users === 0 && !isKept) this.#end(load);
  }

  #end(load: Load): void {
    this.#forget(load);
    load.stop.abort();
    void load.engine?.destroy();
  }

  #forget(load: Load): void {
    if (this.#load === load) this.#load = undefined;
  }
}
