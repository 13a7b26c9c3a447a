/* A module beside the engine: no script of Emscripten's, a memory of its own in each instance, which goes with it. Its
 * functions take one handle and give numbers. */
import { STATUSES } from '../base/errors.gen.ts';
import { codeOfStatus, EngineError, type ErrorDetail, messageOf } from '../base/errors.ts';
import { loadPart } from '../base/load-part.ts';
import { Heap, NULL, type Ptr, toPtr } from './heap.ts';
import type { Scalar } from './module.ts';

export interface SideNames {
  /** Its functions begin with phi_ and this, its file with pocketphi- and this. */
  readonly prefix: string;
  /** What it reads, and what it is to that, in messages. */
  readonly subject: string;
  readonly role: string;
  /** Of the length that its function room takes. */
  readonly lengthBits: 32 | 64;
}

/** wasm32. */
const POINTER_BYTES = 4;

type Call = (...args: Scalar[]) => Scalar | undefined;

/** Rejects with PHI_ENETWORK. `what` is the subject of the error's sentence. */
export function compileSide(what: string, url: string): Promise<WebAssembly.Module> {
  return loadPart(what, url, async () => {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    /* Not compileStreaming(): it wants a Content-Type that not every server sends. */
    return await WebAssembly.compile(await response.arrayBuffer());
  });
}

export class SideModule {
  readonly heap: Heap;
  readonly #names: SideNames;
  readonly #exports: WebAssembly.Exports;
  readonly #self: Ptr;

  /** `create` makes the handle, of these arguments. Throws as call() does, and PHI_ENOMEM. */
  constructor(module: WebAssembly.Module, names: SideNames, create: string, ...args: Scalar[]) {
    this.#names = names;
    const env = { emscripten_notify_memory_growth: () => undefined };
    this.#exports = this.#guard(() => new WebAssembly.Instance(module, { env }).exports);
    const { memory, _initialize } = this.#exports;
    if (!(memory instanceof WebAssembly.Memory)) throw this.#mismatch('no memory');
    this.heap = new Heap(memory, POINTER_BYTES);
    if (typeof _initialize === 'function') this.#guard(() => _initialize());
    this.#self = toPtr(this.#callBare(create, args));
    if (this.#self === NULL)
      throw new EngineError('PHI_ENOMEM', `no memory for the ${names.subject}'s ${names.role}`);
  }

  /** A function of the handle. Throws PHI_ENOMEM for memory that the browser refuses, PHI_ECORRUPT for a crash, and
   * PHI_ENETWORK when the file is of another release; the engine is not touched by any of them. */
  call(name: string, ...args: Scalar[]): Scalar {
    return this.#callBare(name, [this.#self, ...args]);
  }

  pointer(name: string, ...args: Scalar[]): Ptr {
    return toPtr(this.call(name, ...args));
  }

  /** Throws what the module says when the status is not PHI_OK, and PHI_ENETWORK for one that is of another release. */
  check(status: Scalar, detail: () => ErrorDetail = () => ({})): void {
    if (Number(status) === STATUSES.PHI_OK.value) return;
    const code = codeOfStatus(Number(status));
    /* Of the engine alone; what codeOfStatus() does not know is called so, too. */
    if (code === 'PHI_EPOISONED') throw this.#mismatch(`status ${status}`);
    throw new EngineError(code, this.heap.cText(this.pointer('error_text')), detail());
  }

  /** Copies these, one behind the other, into the room that the module makes for them. */
  fill(parts: readonly Uint8Array[]): void {
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    let at = this.pointer('room', this.#names.lengthBits === 64 ? BigInt(bytes) : bytes);
    if (at === NULL) {
      const text = `${this.#names.subject}: no memory for ${bytes} bytes of it`;
      throw new EngineError('PHI_ENOMEM', text, { requested: bytes });
    }
    for (const part of parts) {
      this.heap.write(at, part);
      at = toPtr(at + part.length);
    }
  }

  #callBare(name: string, args: Scalar[]): Scalar {
    const full = `phi_${this.#names.prefix}_${name}`;
    const fn = this.#exports[full];
    if (typeof fn !== 'function') throw this.#mismatch(`no function ${full}`);
    return this.#guard(() => (fn as Call)(...args)) ?? 0;
  }

  #mismatch(what: string): EngineError {
    const file = `pocketphi-${this.#names.prefix}.wasm`;
    const text = `${file} is of another version (${what}): serve all files of one release`;
    return new EngineError('PHI_ENETWORK', text, { where: file });
  }

  /** C returns statuses: only memory that the browser refuses and a crash throw. */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof WebAssembly.LinkError) throw this.#mismatch(messageOf(cause));
      const { subject, role } = this.#names;
      const what = messageOf(cause);
      throw cause instanceof RangeError
        ? new EngineError('PHI_ENOMEM', `no memory for the ${subject}'s ${role}: ${what}`, {
            cause,
          })
        : new EngineError('PHI_ECORRUPT', `the ${subject} made its ${role} crash: ${what}`, {
            cause,
          });
    }
  }
}
