/* Loads one variant of the engine: the Emscripten module, its memory, and the layouts that it reports. */

import { EngineError, messageOf } from '../base/errors.ts';
import { isObject } from '../base/options.ts';
import { FUNCTIONS, type FunctionName, type StructFields } from './abi.gen.ts';
import { Heap, NULL, type Ptr, Struct, type StructLayout, toPtr } from './heap.ts';

/** `where` of the error of a pool thread that crashed. */
export const THREAD = 'thread';

/** A number, or a BigInt where C has 64 bits. */
export type Scalar = number | bigint;

type Exports = Readonly<Record<FunctionName, (...args: Scalar[]) => Scalar | undefined>>;

interface GlueModule {
  readonly wasmMemory: WebAssembly.Memory;
}

/** Where a variant's two files are: full URLs. */
export interface ModuleFiles {
  readonly script: string;
  readonly wasm: string;
}

type Glue = (options: {
  readonly poolThreads: number;
  readonly locateFile: () => string;
  readonly mainScriptUrlOrBlob: string;
}) => Promise<GlueModule>;

interface Abi {
  readonly pointerBytes: 4 | 8;
  readonly structs: Readonly<Record<string, StructLayout>>;
}

type Structs = { readonly [S in keyof StructFields]: Struct<S> };

function parseAbi(text: string): Abi {
  const abi: unknown = JSON.parse(text);
  if (
    !isObject(abi) ||
    !isObject(abi.structs) ||
    (abi.pointer_bytes !== 4 && abi.pointer_bytes !== 8)
  ) {
    throw new EngineError(
      'PHI_EPOISONED',
      'the module describes itself in a form that this version does not know',
    );
  }
  return { pointerBytes: abi.pointer_bytes, structs: abi.structs as Record<string, StructLayout> };
}

function collectExports(module: GlueModule, script: string): Exports {
  const table: Partial<Record<FunctionName, (...args: Scalar[]) => Scalar | undefined>> = {};
  for (const name of FUNCTIONS) {
    const fn = (module as unknown as Record<string, unknown>)[`_${name}`];
    if (typeof fn !== 'function') {
      throw new EngineError(
        'PHI_EPOISONED',
        `${script} has no function ${name}: it is of another version`,
        { where: script },
      );
    }
    table[name] = fn as (...args: Scalar[]) => Scalar | undefined;
  }
  return table as Exports;
}

/** What a call threw, as the error that ends the engine: C returns statuses, so only a crash throws. Emscripten throws
 * the text "unwind" out of a wait of the calling thread when another thread has crashed. */
function crashError(thrown: unknown): EngineError {
  if (thrown === 'unwind') return threadCrashError();
  const kind = thrown instanceof Error ? `${thrown.name}: ` : '';
  return new EngineError('PHI_EPOISONED', `the engine crashed: ${kind}${messageOf(thrown)}`, {
    cause: thrown,
  });
}

/** A pool thread is gone. `what` ended it, as far as it is known. */
export function threadCrashError(what?: string): EngineError {
  const detail = what === undefined ? '' : `: ${what}`;
  return new EngineError('PHI_EPOISONED', `a thread of the engine crashed${detail}`, {
    where: THREAD,
  });
}

/** Tells of a pool thread's end from an event of the calling thread's global scope: Emscripten's glue throws the
 * thread's error event anew, for nobody to catch. undefined: the event is about something else. */
export function threadCrashOf(event: ErrorEvent): EngineError | undefined {
  const inner: unknown = event.error;
  if (!(inner instanceof ErrorEvent)) return undefined;
  inner.preventDefault();
  event.preventDefault();
  return threadCrashError(inner.message === '' ? undefined : inner.message);
}

export class WasmModule {
  readonly heap: Heap;
  readonly structs: Structs;
  readonly #exports: Exports;
  /** After a crash the memory may be in any state, locks included: nothing is called any more. */
  #crash: EngineError | undefined;

  constructor(module: GlueModule, script: string) {
    this.#exports = collectExports(module, script);
    /* The layouts lie in memory whose pointer size is not known yet; a byte-wise reader does not need it. */
    const abi = parseAbi(new Heap(module.wasmMemory, 4).cText(this.pointer('phi_abi_json')));
    this.heap = new Heap(module.wasmMemory, abi.pointerBytes);
    const struct = <S extends keyof StructFields>(name: S): Struct<S> =>
      new Struct(this.heap, name, abi.structs);
    this.structs = {
      phi_error: struct('phi_error'),
      phi_str: struct('phi_str'),
      phi_engine_options: struct('phi_engine_options'),
      phi_plan: struct('phi_plan'),
      phi_range: struct('phi_range'),
      phi_image_plan: struct('phi_image_plan'),
      phi_session_options: struct('phi_session_options'),
      phi_session_stats: struct('phi_session_stats'),
      phi_logit_bias: struct('phi_logit_bias'),
      phi_generate_options: struct('phi_generate_options'),
      phi_token_logprob: struct('phi_token_logprob'),
      phi_generated: struct('phi_generated'),
    };
  }

  call(name: FunctionName, ...args: Scalar[]): number {
    return Number(this.#invoke(name, args));
  }

  pointer(name: FunctionName, ...args: Scalar[]): Ptr {
    return toPtr(this.#invoke(name, args));
  }

  #invoke(name: FunctionName, args: readonly Scalar[]): Scalar {
    if (this.#crash !== undefined) throw this.#crash;
    try {
      return this.#exports[name](...args) ?? 0;
    } catch (thrown) {
      this.#crash = crashError(thrown);
      throw this.#crash;
    }
  }

  /** A pointer or a size that C wrote through an out-parameter. */
  readPointer(at: Ptr): Ptr {
    return toPtr(this.heap.readField(at, { offset: 0, type: 'ptr' }));
  }

  readSize(at: Ptr): number {
    return Number(this.heap.readField(at, { offset: 0, type: 'usize' }));
  }

  alloc(bytes: number): Ptr {
    const ptr = this.pointer('phi_alloc', bytes);
    if (ptr === NULL) {
      throw new EngineError('PHI_ENOMEM', `no memory for ${bytes} bytes of arguments`, {
        requested: bytes,
      });
    }
    return ptr;
  }

  free(ptr: Ptr): void {
    this.call('phi_free', ptr);
  }

  /** Memory for the length of one call. */
  scratch<T>(bytes: number, use: (ptr: Ptr) => T): T {
    const ptr = this.alloc(Math.max(bytes, 1));
    try {
      return use(ptr);
    } finally {
      this.free(ptr);
    }
  }
}

/** What a thread needs of its worker's global scope. */
export interface MessageScope {
  onmessage: ((event: MessageEvent) => unknown) | null;
}

/** Runs one of the module's other threads in this worker, whose file the page's origin serves: browsers start no worker
 * from another origin's file, but a worker may import one. What arrives meanwhile is kept. */
export async function runThread(scope: MessageScope, script: string): Promise<void> {
  const early: MessageEvent[] = [];
  scope.onmessage = (event) => {
    early.push(event);
  };
  await import(/* @vite-ignore */ script);
  for (const event of early) scope.onmessage?.(event);
}

/** The file that the module's threads start from: its own script, or where that is another origin's this worker's file,
 * which is told by the fragment. */
function threadScript(script: string): string {
  const own = globalThis.location?.href;
  const isForeign = own !== undefined && new URL(script).origin !== new URL(own).origin;
  return isForeign ? `${own.replace(/#.*$/, '')}#${script}` : script;
}

/** Its other threads start now: one less than `threads`, the caller works too. */
export async function loadModule(files: ModuleFiles, threads: number): Promise<WasmModule> {
  const { script, wasm } = files;
  try {
    const glue = (await import(/* @vite-ignore */ script)) as { default: Glue };
    const module = await glue.default({
      poolThreads: threads - 1,
      locateFile: () => wasm,
      mainScriptUrlOrBlob: threadScript(script),
    });
    return new WasmModule(module, script);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      'PHI_ENETWORK',
      `the engine's module could not be loaded from ${script}: ${messageOf(error)}`,
      { where: script, cause: error },
    );
  }
}
