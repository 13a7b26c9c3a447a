/* Pictures in the worker: prepared for the model, encoded, and kept encoded for questions that come later. A file of
 * its own, pocketphi-pixels.js, that the worker fetches with the first picture. */
import type { EngineHandle } from '../abi/calls.ts';
import { ImageHandle } from '../abi/images.ts';
import { openPixels } from '../abi/pixels.ts';
import { EngineError } from '../base/errors.ts';
import { AWAITED_TEXTS_MAX, PICTURE_CACHE_BYTES } from '../base/limits.ts';
import { sha256Hex } from '../base/sha256.ts';
import type { Slices } from './jobs.ts';
import type { Calls, PreparedPicture, PrepareRequest } from './protocol.ts';

type EncodeRequest = Calls['encodePicture']['args'];
type Encoded = Pick<ImageHandle, 'id' | 'plan' | 'destroy'>;
/** The part of an ImageHandle that is used until the picture is encoded. */
export type Encoder = Encoded & Pick<ImageHandle, 'write' | 'step' | 'stepsDone'>;
export type CreateEncoder = (width: number, height: number) => Encoder;

/** The worker has one, for the engine's life. */
export function openPictures(engine: EngineHandle, wasm: string): Pictures {
  return new Pictures(wasm, (width, height) => new ImageHandle(engine, width, height));
}

/** Ids of pictures that a session keeps encoded. */
interface Pins {
  /** In its text, each with the number of the text that brought it last. */
  readonly used: Map<number, number>;
  /** Encoded for a text that has not begun, each with how many had settled when it was. */
  readonly awaited: Map<number, number>;
  nSettled: number;
}

export class Pictures {
  readonly #wasm: string;
  readonly #create: CreateEncoder;
  readonly #bytesMax: number;
  /** By key, the one that was used last at the end. */
  readonly #encoded = new Map<string, Encoded>();
  readonly #atWork = new Set<string>();
  readonly #pins = new Map<number, Pins>();
  #nTexts = 0;

  constructor(wasm: string, create: CreateEncoder, bytesMax: number = PICTURE_CACHE_BYTES) {
    this.#wasm = wasm;
    this.#create = create;
    this.#bytesMax = bytesMax;
  }

  async prepare({ picture, numCrops, tileSize }: PrepareRequest): Promise<PreparedPicture> {
    const pixels = await openPixels(this.#wasm);
    const made =
      picture.kind === 'file'
        ? pixels.decode(picture.bytes, numCrops, tileSize)
        : pixels.transform(picture.bytes, picture.width, picture.height, numCrops, tileSize);
    const { width, height, paddedWidth, paddedHeight, pixels: rgb } = made;
    const key = `${paddedWidth}x${paddedHeight}:${await sha256Hex(rgb)}`;
    return { width, height, paddedWidth, paddedHeight, rgb, key };
  }

  /** The id of a picture that is encoded when it resolves, for this session. `run` queues the work. */
  async encode(
    request: EncodeRequest,
    onStep: (done: number, total: number) => void,
    run: (slices: Slices<number>) => Promise<number>,
  ): Promise<number> {
    const own: { encoder?: Encoder } = {};
    const pins = this.#pinsOf(request.sessionId);
    try {
      return await run(this.#encode(request, pins, onStep, own));
    } catch (error) {
      /* Slices that are cancelled are left where they are. */
      own.encoder?.destroy();
      throw error;
    } finally {
      if (own.encoder !== undefined) this.#atWork.delete(request.key);
    }
  }

  /** A session's text is about to be these tokens. The returned function says that it is: what was in its text before
   * does not count then. What was encoded for another text that is to come still does, for a while. */
  use(sessionId: number, tokens: ArrayLike<number>): () => void {
    const ids = new Set<number>();
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i] ?? 0;
      if (token < 0) ids.add(-token);
    }
    const pins = this.#pinsOf(sessionId);
    const { used, awaited } = pins;
    const replaced = [...used].filter(([id]) => !ids.has(id));
    const nth = ++this.#nTexts;
    for (const id of ids) {
      used.set(id, nth);
      awaited.delete(id);
    }
    return () => {
      for (const [id, before] of replaced) if (used.get(id) === before) used.delete(id);
      pins.nSettled++;
      for (const [id, since] of awaited)
        if (pins.nSettled - since >= AWAITED_TEXTS_MAX) awaited.delete(id);
    };
  }

  clone(from: number, to: number): void {
    const { used, awaited, nSettled } = this.#pinsOf(from);
    this.#pins.set(to, { used: new Map(used), awaited: new Map(awaited), nSettled });
  }

  close(sessionId: number): void {
    this.#pins.delete(sessionId);
  }

  *#encode(
    { key, paddedWidth, paddedHeight, rgb }: EncodeRequest,
    pins: Pins,
    onStep: (done: number, total: number) => void,
    own: { encoder?: Encoder },
  ): Slices<number> {
    /* Another call's work on the same picture is waited for. */
    while (this.#atWork.has(key)) yield;
    const known = this.#encoded.get(key);
    if (known !== undefined) {
      this.#encoded.delete(key);
      this.#encoded.set(key, known);
      pins.awaited.set(known.id, pins.nSettled);
      return known.id;
    }
    const encoder = this.#open(paddedWidth, paddedHeight);
    own.encoder = encoder;
    this.#atWork.add(key);
    encoder.write(rgb);
    onStep(0, encoder.plan.steps);
    while (!encoder.step()) {
      onStep(encoder.stepsDone, encoder.plan.steps);
      yield;
    }
    onStep(encoder.plan.steps, encoder.plan.steps);
    this.#encoded.set(key, encoder);
    pins.awaited.set(encoder.id, pins.nSettled);
    this.#evict(this.#bytesMax);
    return encoder.id;
  }

  /** What other pictures take is given back before memory is said to be short. */
  #open(width: number, height: number): Encoder {
    try {
      return this.#create(width, height);
    } catch (error) {
      const isShort = error instanceof EngineError && error.code === 'PHI_ENOMEM';
      if (!isShort || !this.#evict(0)) throw error;
      return this.#create(width, height);
    }
  }

  /** Destroys pictures that no session has, the one that was not used for longest first, until the others take so many
   * bytes. True when one went. */
  #evict(bytesMax: number): boolean {
    const pinned = new Set<number>();
    for (const { used, awaited } of this.#pins.values())
      for (const ids of [used, awaited]) for (const id of ids.keys()) pinned.add(id);
    let bytes = 0;
    for (const { plan } of this.#encoded.values()) bytes += plan.featureBytes;
    let hasEvicted = false;
    for (const [key, encoded] of this.#encoded) {
      if (bytes <= bytesMax) break;
      if (pinned.has(encoded.id)) continue;
      this.#encoded.delete(key);
      encoded.destroy();
      bytes -= encoded.plan.featureBytes;
      hasEvicted = true;
    }
    return hasEvicted;
  }

  #pinsOf(sessionId: number): Pins {
    const known = this.#pins.get(sessionId);
    const pins: Pins = known ?? { used: new Map(), awaited: new Map(), nSettled: 0 };
    this.#pins.set(sessionId, pins);
    return pins;
  }
}
