/* The module that reads Hugging Face folders (src/phi_import.h): an instance of its own for each of them, with a memory
 * that goes with it. The few numbers that its calls give lie in four words of 64 bits. */

import { STATUSES } from '../base/errors.gen.ts';
import { codeOfStatus, EngineError, messageOf } from '../base/errors.ts';
import { encodeText, Heap, NULL, type Ptr, toPtr } from './heap.ts';
import type { Scalar } from './module.ts';

const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** phi_import_type */
export const IMPORT_TYPES = { auto: 0, file: 1 } as const;

/** Bytes of a source file that are wanted. */
export interface AskedRange {
  readonly fileIdx: number;
  readonly offset: number;
  readonly bytes: number;
}

type Call = (...args: Scalar[]) => Scalar | undefined;

async function instantiate(url: string): Promise<WebAssembly.Exports> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    const env = { emscripten_notify_memory_growth: () => undefined };
    const source = await WebAssembly.instantiate(await response.arrayBuffer(), { env });
    return source.instance.exports;
  } catch (error) {
    const text = `what Hugging Face folders need could not be loaded from ${url}: ${messageOf(error)}`;
    throw new EngineError('PHI_ENETWORK', text, { where: url, cause: error });
  }
}

export class ImportModule {
  readonly #exports: WebAssembly.Exports;
  readonly #heap: Heap;
  readonly #import: Ptr;
  readonly #results: Ptr;
  #askedAt: Ptr = NULL;

  private constructor(exports: WebAssembly.Exports, type: number) {
    const { memory } = exports;
    if (!(memory instanceof WebAssembly.Memory))
      throw new EngineError('PHI_EPOISONED', 'pocketphi-import.wasm is of another version');
    this.#exports = exports;
    this.#heap = new Heap(memory, 4);
    this.#call('_initialize');
    this.#import = toPtr(this.#call('phi_import_open', type, type, type, type));
    if (this.#import === NULL)
      throw new EngineError('PHI_ENOMEM', 'no memory to read a Hugging Face folder');
    this.#results = toPtr(this.#call('phi_import_results', this.#import));
  }

  static async load(url: string, type: number): Promise<ImportModule> {
    return new ImportModule(await instantiate(url), type);
  }

  /** A whole small file of the folder. */
  add(name: string, bytes: Uint8Array): void {
    const text = encodeText(name);
    const room = this.#room(bytes.length + text.length + 1);
    this.#heap.write(room, bytes);
    this.#heap.write((room + bytes.length) as Ptr, text);
    this.#heap.bytes((room + bytes.length + text.length) as Ptr, 1)[0] = 0;
    this.#check(this.#call('phi_import_add_named', this.#import, BigInt(bytes.length)));
  }

  /** The files of weights, known once the index is added (or there is none). */
  get fileNames(): string[] {
    const count = Number(this.#call('phi_import_n_files', this.#import));
    return Array.from({ length: count }, (_, i) =>
      this.#heap.cText(toPtr(this.#call('phi_import_file_name', this.#import, i))),
    );
  }

  /** Describes the next file of weights by its first bytes. undefined: done; else the bytes wanted of its start. */
  describe(head: Uint8Array, fileBytes: number | undefined): number | undefined {
    this.#heap.write(this.#room(head.length), head);
    const size = fileBytes === undefined ? U64_MAX : BigInt(fileBytes);
    const args = [this.#import, BigInt(head.length), size] as const;
    const status = Number(this.#call('phi_import_describe_next', ...args));
    if (status === STATUSES.PHI_NEED_DATA.value) return this.#result(0);
    this.#check(status);
    return undefined;
  }

  finish(): void {
    this.#check(this.#call('phi_import_finish', this.#import));
  }

  /** Of the GGUF file that the folder stands for. */
  get outputBytes(): number {
    return Number(this.#call('phi_import_output_bytes', this.#import, 0));
  }

  /** What output bytes from `offset` on are made of. */
  ask(offset: number, bytes: number): AskedRange {
    this.#check(this.#call('phi_import_ask_flat', this.#import, BigInt(offset), bytes));
    this.#askedAt = toPtr(this.#result(1));
    return { offset: this.#result(0), bytes: this.#result(2), fileIdx: this.#result(3) };
  }

  /** Where [at, at + bytes) of the range asked for go; good until the next call. */
  view(at: number, bytes: number): Uint8Array {
    return this.#heap.bytes((this.#askedAt + at) as Ptr, bytes);
  }

  /** The output bytes; good until the next call. */
  take(): Uint8Array {
    this.#check(this.#call('phi_import_take_flat', this.#import));
    return this.#heap.bytes(toPtr(this.#result(0)), this.#result(1));
  }

  #room(bytes: number): Ptr {
    const room = toPtr(this.#call('phi_import_room', this.#import, BigInt(bytes)));
    if (room !== NULL) return room;
    throw new EngineError('PHI_ENOMEM', `no memory for ${bytes} bytes of a Hugging Face folder`, {
      requested: bytes,
    });
  }

  #result(word: number): number {
    return Number(this.#heap.readField(this.#results, { offset: 8 * word, type: 'u64' }));
  }

  #call(name: string, ...args: Scalar[]): Scalar {
    const fn = this.#exports[name];
    if (typeof fn !== 'function')
      throw new EngineError('PHI_EPOISONED', `pocketphi-import.wasm has no function ${name}`);
    return (fn as Call)(...args) ?? 0;
  }

  #check(status: Scalar): void {
    if (Number(status) === STATUSES.PHI_OK.value) return;
    const text = toPtr(this.#call('phi_import_error_text', this.#import));
    throw new EngineError(codeOfStatus(Number(status)), this.#heap.cText(text));
  }
}
