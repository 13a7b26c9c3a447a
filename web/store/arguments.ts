/* Checks that every kind of store makes alike: arguments of calls, and what may still be done to an open file. */
import { EngineError } from '../base/errors.ts';
import { CHUNK_BYTES_MAX, MODEL_FILES_MAX, MODEL_ID_MAX } from '../base/limits.ts';
import { invalid } from '../base/options.ts';
import type { ChunkRecord, FileMode, FilePlace, ReadTarget } from './weight-store.ts';

const SHA256 = /^[0-9a-f]{64}$/;

export function isSha256(value: unknown): value is string {
  return typeof value === 'string' && SHA256.test(value);
}

export function isCount(value: unknown, max = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && typeof value === 'number' && value >= 0 && value <= max;
}

export function checkModel(model: unknown): void {
  if (typeof model === 'string' && model !== '' && model.length <= MODEL_ID_MAX) return;
  throw invalid('model', `an id of 1 to ${MODEL_ID_MAX} characters`, model);
}

function checkPlace({ model, file, chunkBytes }: FilePlace): void {
  checkModel(model);
  if (!isCount(file, MODEL_FILES_MAX - 1)) {
    throw invalid('file', `an integer from 0 to ${MODEL_FILES_MAX - 1}`, file);
  }
  if (!isCount(chunkBytes, CHUNK_BYTES_MAX) || chunkBytes === 0) {
    throw invalid('chunkBytes', `an integer from 1 to ${CHUNK_BYTES_MAX}`, chunkBytes);
  }
}

function checkIndex({ chunkBytes }: FilePlace, index: unknown): void {
  const max = Math.floor(Number.MAX_SAFE_INTEGER / chunkBytes) - 1;
  if (!isCount(index, max)) throw invalid('index', `an integer from 0 to ${max}`, index);
}

/** What `target` gives for a part of a range, of the length that it was asked for. */
export function viewOf(target: ReadTarget, at: number, bytes: number): Uint8Array {
  const view = target(at, bytes);
  if (view.length === bytes) return view;
  throw new EngineError(
    'PHI_EINVAL',
    `target: asked for ${bytes} bytes at ${at}, got a view of ${view.length}`,
    { where: 'target' },
  );
}

/** Guards the calls of one open file. */
export class FileGate {
  readonly place: FilePlace;
  readonly #mode: FileMode;
  #isClosed = false;

  constructor(place: FilePlace, mode: FileMode) {
    checkPlace(place);
    this.place = place;
    this.#mode = mode;
  }

  /** What messages call it. */
  get words(): string {
    return `file ${this.place.file} of model "${this.place.model}"`;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  checkOpen(): void {
    if (!this.#isClosed) return;
    throw new EngineError('PHI_ESTATE', `${this.words} was closed`, { where: this.place.model });
  }

  checkRead(offset: number, bytes: number): void {
    this.checkOpen();
    if (!isCount(offset)) throw invalid('offset', 'a whole number of bytes', offset);
    if (!isCount(bytes, Number.MAX_SAFE_INTEGER - offset)) {
      throw invalid('bytes', 'a whole number of bytes', bytes);
    }
  }

  checkWrite({ index, bytes, sha256 }: ChunkRecord, given: Uint8Array): void {
    this.checkDrop(index);
    if (!isCount(bytes, this.place.chunkBytes) || bytes === 0) {
      throw invalid('bytes', `an integer from 1 to ${this.place.chunkBytes}`, bytes);
    }
    if (given.length !== bytes) {
      throw new EngineError('PHI_EINVAL', `chunk ${index}: ${bytes} bytes, got ${given.length}`);
    }
    if (!isSha256(sha256)) throw invalid('sha256', '64 lower-case hexadecimal digits', sha256);
  }

  checkDrop(index: number): void {
    this.checkOpen();
    if (this.#mode !== 'write') {
      throw new EngineError('PHI_ESTATE', `${this.words} is open for reading only`, {
        where: this.place.model,
      });
    }
    checkIndex(this.place, index);
  }

  /** False when it was closed already. */
  close(): boolean {
    const wasOpen = !this.#isClosed;
    this.#isClosed = true;
    return wasOpen;
  }
}
