/* The module that decodes pictures (src/phi_pixels.h): an instance for each picture, with a memory of its own that goes
 * with it. No script of Emscripten's: the functions take and give numbers. */
import { codeOfStatus, EngineError, messageOf } from '../base/errors.ts';

const FUNCTIONS = [
  'phi_pixels_create',
  'phi_pixels_room',
  'phi_pixels_probe',
  'phi_pixels_decode',
  'phi_pixels_take_rgba',
  'phi_pixels_transform',
  'phi_pixels_width',
  'phi_pixels_height',
  'phi_pixels_padded_width',
  'phi_pixels_padded_height',
  'phi_pixels_padded',
  'phi_pixels_error_text',
  'phi_pixels_error_requested',
  'phi_pixels_error_quota',
] as const;

type FunctionName = (typeof FUNCTIONS)[number];
type Functions = Readonly<Record<FunctionName, (...args: number[]) => number>>;
/** Those that return a status. */
type StepName = `phi_pixels_${'probe' | 'decode' | 'take_rgba' | 'transform'}`;

const decoder = new TextDecoder();

function anotherVersion(what: string): EngineError {
  return new EngineError(
    'PHI_EPOISONED',
    `pocketphi-pixels.wasm has no ${what}: it is of another version`,
  );
}

function collect(exports: WebAssembly.Exports): Functions {
  const table: Partial<Record<FunctionName, (...args: number[]) => number>> = {};
  for (const name of FUNCTIONS) {
    const fn = exports[name];
    if (typeof fn !== 'function') throw anotherVersion(`function ${name}`);
    table[name] = fn as (...args: number[]) => number;
  }
  return table as Functions;
}

/** What is thrown by a call or by making an instance. C returns statuses: only memory that the browser refuses and a
 * crash throw. The instance is not used again, so neither harms anything else. */
function crashError(thrown: unknown): EngineError {
  if (thrown instanceof RangeError) {
    return new EngineError(
      'PHI_ENOMEM',
      `no memory for the picture's decoder: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
  return new EngineError(
    'PHI_ECORRUPT',
    `the picture made its decoder crash: ${messageOf(thrown)}`,
    { cause: thrown },
  );
}

/** One picture's phi_pixels. */
export class PixelsInstance {
  readonly #functions: Functions;
  readonly #memory: WebAssembly.Memory;
  readonly #self: number;

  constructor(module: WebAssembly.Module) {
    let exports: WebAssembly.Exports;
    try {
      const env = { emscripten_notify_memory_growth: () => undefined };
      exports = new WebAssembly.Instance(module, { env }).exports;
    } catch (thrown) {
      if (thrown instanceof WebAssembly.LinkError) throw anotherVersion(thrown.message);
      throw crashError(thrown);
    }
    if (!(exports.memory instanceof WebAssembly.Memory)) throw anotherVersion('memory');
    this.#memory = exports.memory;
    this.#functions = collect(exports);
    if (typeof exports._initialize === 'function') exports._initialize();
    this.#self = this.#call('phi_pixels_create');
    if (this.#self === 0)
      throw new EngineError('PHI_ENOMEM', 'no memory for the picture’s decoder');
  }

  /** Copies a file or RGBA into the room. */
  fill(bytes: Uint8Array): void {
    const room = this.number('phi_pixels_room', bytes.length) >>> 0;
    if (room === 0) {
      throw new EngineError('PHI_ENOMEM', `picture: no memory for its ${bytes.length} bytes`, {
        requested: bytes.length,
      });
    }
    new Uint8Array(this.#memory.buffer, room, bytes.length).set(bytes);
  }

  /** Throws what the module says when the status is not PHI_OK. */
  step(name: StepName, ...args: number[]): void {
    const status = this.number(name, ...args);
    if (status === 0) return;
    const requested = this.number('phi_pixels_error_requested');
    const quota = this.number('phi_pixels_error_quota');
    throw new EngineError(
      codeOfStatus(status),
      this.#text(this.number('phi_pixels_error_text') >>> 0),
      { ...(requested > 0 && { requested }), ...(quota > 0 && { quota }) },
    );
  }

  number(name: FunctionName, ...args: number[]): number {
    return this.#call(name, this.#self, ...args);
  }

  copy(at: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer, at, length).slice() as Uint8Array<ArrayBuffer>;
  }

  #call(name: FunctionName, ...args: number[]): number {
    try {
      return this.#functions[name](...args);
    } catch (thrown) {
      throw crashError(thrown);
    }
  }

  #text(at: number): string {
    const all = new Uint8Array(this.#memory.buffer);
    return decoder.decode(all.subarray(at, all.indexOf(0, at)));
  }
}
