/* The module that reads Hugging Face folders (src/phi_import.h): an instance of its own for each of them, with a memory
 * that goes with it. The few numbers that its calls give lie in four words of 64 bits. */

import { STATUSES } from '../base/errors.gen.ts';
import { encodeText, NULL, type Ptr, toPtr } from './heap.ts';
import { compileSide, SideModule } from './side-module.ts';

const NAMES = {
  prefix: 'import',
  subject: 'Hugging Face folder',
  role: 'reader',
  lengthBits: 64,
} as const;
const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** phi_import_type */
export const IMPORT_TYPES = { auto: 0, file: 1 } as const;

/** Bytes of a source file that are wanted. */
export interface AskedRange {
  readonly fileIdx: number;
  readonly offset: number;
  readonly bytes: number;
}

export class ImportModule {
  readonly #m: SideModule;
  readonly #results: Ptr;
  #askedAt: Ptr = NULL;

  private constructor(module: WebAssembly.Module, type: number) {
    this.#m = new SideModule(module, NAMES, 'open', type, type, type, type);
    this.#results = this.#m.pointer('results');
  }

  static async load(url: string, type: number): Promise<ImportModule> {
    return new ImportModule(await compileSide('what Hugging Face folders need', url), type);
  }

  /** A whole small file of the folder. */
  add(name: string, bytes: Uint8Array): void {
    this.#m.fill([bytes, encodeText(`${name}\0`)]);
    this.#m.check(this.#m.call('add_named', BigInt(bytes.length)));
  }

  /** The files of weights, known once the index is added (or there is none). */
  get fileNames(): string[] {
    const count = Number(this.#m.call('n_files'));
    return Array.from({ length: count }, (_, i) =>
      this.#m.heap.cText(this.#m.pointer('file_name', i)),
    );
  }

  /** Describes the next file of weights by its first bytes. undefined: done; else the bytes wanted of its start. */
  describe(head: Uint8Array, fileBytes: number | undefined): number | undefined {
    this.#m.fill([head]);
    const size = fileBytes === undefined ? U64_MAX : BigInt(fileBytes);
    const status = Number(this.#m.call('describe_next', BigInt(head.length), size));
    if (status === STATUSES.PHI_NEED_DATA.value) return this.#result(0);
    this.#m.check(status);
    return undefined;
  }

  finish(): void {
    this.#m.check(this.#m.call('finish'));
  }

  /** Of the GGUF file that the folder stands for. */
  get outputBytes(): number {
    return Number(this.#m.call('output_bytes', 0));
  }

  /** What output bytes from `offset` on are made of. */
  ask(offset: number, bytes: number): AskedRange {
    this.#m.check(this.#m.call('ask_flat', BigInt(offset), bytes));
    this.#askedAt = toPtr(this.#result(1));
    return { offset: this.#result(0), bytes: this.#result(2), fileIdx: this.#result(3) };
  }

  /** Where [at, at + bytes) of the range asked for go; good until the next call. */
  view(at: number, bytes: number): Uint8Array {
    return this.#m.heap.bytes(toPtr(this.#askedAt + at), bytes);
  }

  /** The output bytes; good until the next call. */
  take(): Uint8Array {
    this.#m.check(this.#m.call('take_flat'));
    return this.#m.heap.bytes(toPtr(this.#result(0)), this.#result(1));
  }

  #result(word: number): number {
    return Number(this.#m.heap.readField(this.#results, { offset: 8 * word, type: 'u64' }));
  }
}
