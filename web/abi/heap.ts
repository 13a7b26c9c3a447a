/* The only place that turns pointers into numbers and back. No view of the memory outlives the function that made it:
 * the memory grows, and a view of shared memory made before is then merely short. Text is copied out of shared memory
 * before it is decoded, because TextDecoder refuses shared bytes. */
import { EngineError } from '../base/errors.ts';
import type { StructFields } from './abi.gen.ts';

/** An address in the module's memory. wasm32 gives it as a signed number, wasm64 as a BigInt. */
export type Ptr = number & { readonly __ptr: 1 };

export const NULL = 0 as Ptr;

export function toPtr(value: number | bigint): Ptr {
  return (typeof value === 'bigint' ? Number(value) : value >>> 0) as Ptr;
}

export type FieldType = 'i32' | 'u32' | 'f32' | 'f64' | 'u64' | 'ptr' | 'usize';

export interface FieldLayout {
  readonly offset: number;
  readonly type: string;
}

export interface StructLayout {
  readonly size: number;
  readonly fields: Readonly<Record<string, FieldLayout>>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Heap {
  readonly #memory: WebAssembly.Memory;
  readonly #pointerBytes: 4 | 8;

  constructor(memory: WebAssembly.Memory, pointerBytes: 4 | 8) {
    this.#memory = memory;
    this.#pointerBytes = pointerBytes;
  }

  get heldBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Valid until the next call into the module. */
  bytes(ptr: Ptr, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, ptr, length);
  }

  write(ptr: Ptr, source: Uint8Array): void {
    this.bytes(ptr, source.length).set(source);
  }

  writeI32(ptr: Ptr, source: ArrayLike<number>): void {
    new Int32Array(this.#memory.buffer, ptr, source.length).set(source);
  }

  /** A copy, never shared. */
  copyI32(ptr: Ptr, length: number): Int32Array<ArrayBuffer> {
    const copy = new Int32Array(length);
    copy.set(new Int32Array(this.#memory.buffer, ptr, length));
    return copy;
  }

  copyF32(ptr: Ptr, length: number): Float32Array<ArrayBuffer> {
    const copy = new Float32Array(length);
    copy.set(new Float32Array(this.#memory.buffer, ptr, length));
    return copy;
  }

  copyBytes(ptr: Ptr, length: number): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(length);
    copy.set(this.bytes(ptr, length));
    return copy;
  }

  text(ptr: Ptr, length: number): string {
    return decoder.decode(this.copyBytes(ptr, length));
  }

  /** A NUL-terminated text; `limit` bytes are looked at. */
  cText(ptr: Ptr, limit: number = Number.POSITIVE_INFINITY): string {
    if (ptr === NULL) return '';
    const all = new Uint8Array(this.#memory.buffer);
    const bound = Math.min(all.length, ptr + limit);
    let end: number = ptr;
    while (end < bound && all[end] !== 0) end++;
    return this.text(ptr, end - ptr);
  }

  readField(ptr: Ptr, { offset, type }: FieldLayout): number | bigint {
    const view = new DataView(this.#memory.buffer, ptr + offset);
    switch (type) {
      case 'i32':
        return view.getInt32(0, true);
      case 'u32':
        return view.getUint32(0, true);
      case 'f32':
        return view.getFloat32(0, true);
      case 'f64':
        return view.getFloat64(0, true);
      case 'u64':
        return view.getBigUint64(0, true);
      case 'ptr':
      case 'usize':
        return this.#pointerBytes === 8 ? view.getBigUint64(0, true) : view.getUint32(0, true);
      default:
        throw new EngineError(
          'PHI_EPOISONED',
          `the module's field type "${type}" is unknown to this build`,
        );
    }
  }

  writeField(ptr: Ptr, { offset, type }: FieldLayout, value: number | bigint): void {
    const view = new DataView(this.#memory.buffer, ptr + offset);
    const isWide =
      type === 'u64' || (this.#pointerBytes === 8 && (type === 'ptr' || type === 'usize'));
    if (isWide) view.setBigUint64(0, BigInt(value), true);
    else if (type === 'f32') view.setFloat32(0, Number(value), true);
    else if (type === 'f64') view.setFloat64(0, Number(value), true);
    else if (type === 'i32') view.setInt32(0, Number(value), true);
    else view.setUint32(0, Number(value), true);
  }
}

/** The bytes of a text, as C wants them. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** A struct of src/phi.h, read and written by field name through the offsets that the module reported. */
export class Struct<S extends keyof StructFields> {
  readonly bytes: number;
  readonly #heap: Heap;
  readonly #layout: StructLayout;
  readonly #name: string;

  constructor(heap: Heap, name: S, layouts: Readonly<Record<string, StructLayout>>) {
    const layout = layouts[name];
    if (layout === undefined) {
      throw new EngineError(
        'PHI_EPOISONED',
        `the module does not describe struct ${name}: it is of another version`,
      );
    }
    this.#heap = heap;
    this.#layout = layout;
    this.#name = name;
    this.bytes = layout.size;
  }

  /** A field of 64 bits comes as a number too: bytes, tokens and microseconds stay far below 2^53. */
  get(ptr: Ptr, field: StructFields[S]): number {
    return Number(this.#heap.readField(ptr, this.#field(field)));
  }

  pointer(ptr: Ptr, field: StructFields[S]): Ptr {
    return toPtr(this.#heap.readField(ptr, this.#field(field)));
  }

  /** Where an array inside the struct begins. */
  at(ptr: Ptr, field: StructFields[S]): Ptr {
    return toPtr(ptr + this.#field(field).offset);
  }

  set(ptr: Ptr, field: StructFields[S], value: number | bigint): void {
    this.#heap.writeField(ptr, this.#field(field), value);
  }

  /** The idx-th of an array of structs. */
  item(first: Ptr, idx: number): Ptr {
    return toPtr(first + idx * this.bytes);
  }

  #field(name: StructFields[S]): FieldLayout {
    const field = this.#layout.fields[name as string];
    if (field === undefined) {
      throw new EngineError(
        'PHI_EPOISONED',
        `the module's ${this.#name} has no field ${String(name)}: another version`,
      );
    }
    return field;
  }
}
