/* Cuts a GGUF file (version 3, little-endian) into the files of a split model, as llama.cpp's gguf-split does: the
 * first one has the metadata, all have their share of the tensors. */

const ALIGNMENT = 32;
const SCALAR_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const UINT16 = 2;
const INT32 = 5;
const STRING = 8;
const ARRAY = 9;

interface Tensor {
  readonly name: Buffer;
  /** Dimensions and type, as the file has them. */
  readonly shape: Buffer;
  readonly data: Buffer;
}

interface Model {
  readonly nMetadata: number;
  readonly metadata: Buffer;
  readonly tensors: Tensor[];
}

class Reader {
  readonly file: Buffer;
  at = 0;

  constructor(file: Buffer) {
    this.file = file;
  }

  u32(): number {
    this.at += 4;
    return this.file.readUInt32LE(this.at - 4);
  }

  u64(): number {
    this.at += 8;
    return Number(this.file.readBigUInt64LE(this.at - 8));
  }

  string(): Buffer {
    const bytes = this.u64();
    this.at += bytes;
    return this.file.subarray(this.at - bytes, this.at);
  }

  skipValue(type: number): void {
    if (type === STRING) this.string();
    else if (type === ARRAY) {
      const itemType = this.u32();
      const count = this.u64();
      for (let i = 0; i < count; i++) this.skipValue(itemType);
    } else this.at += SCALAR_BYTES[type] ?? 0;
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function readModel(file: Buffer): Model {
  const reader = new Reader(file);
  reader.at = 8;
  const nTensors = reader.u64();
  const nMetadata = reader.u64();
  const start = reader.at;
  for (let i = 0; i < nMetadata; i++) {
    reader.string();
    reader.skipValue(reader.u32());
  }
  const metadata = file.subarray(start, reader.at);
  const heads = Array.from({ length: nTensors }, () => {
    const name = reader.string();
    const from = reader.at;
    const nDims = reader.u32();
    reader.at += nDims * 8 + 4;
    return { name, shape: file.subarray(from, reader.at), offset: reader.u64() };
  });
  const base = aligned(reader.at);
  const offsets = heads.map(({ offset }) => offset).sort((a, b) => a - b);
  const endOf = (offset: number): number =>
    offsets.find((next) => next > offset) ?? file.length - base;
  const tensors = heads.map(({ name, shape, offset }) => ({
    name,
    shape,
    data: file.subarray(base + offset, base + endOf(offset)),
  }));
  return { nMetadata, metadata, tensors };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function entry(key: string, type: number, value: number): Buffer {
  const bytes = u32(value).subarray(0, SCALAR_BYTES[type]);
  return Buffer.concat([u64(key.length), Buffer.from(key), u32(type), bytes]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
}

function writeFile(tensors: readonly Tensor[], nMetadata: number, metadata: Buffer): Buffer {
  let offset = 0;
  const heads = tensors.map(({ name, shape, data }) => {
    const head = Buffer.concat([u64(name.length), name, shape, u64(offset)]);
    offset += aligned(data.length);
    return head;
  });
  const top = [
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(nMetadata),
    metadata,
    ...heads,
  ];
  return Buffer.concat([padded(Buffer.concat(top)), ...tensors.map(({ data }) => padded(data))]);
}

/** The files in their order. The model has GGUF's default alignment. */
export function splitGguf(file: Buffer, count: number): Buffer[] {
  const { nMetadata, metadata, tensors } = readModel(file);
  return Array.from({ length: count }, (_, no) => {
    const from = Math.floor((no * tensors.length) / count);
    const end = Math.floor(((no + 1) * tensors.length) / count);
    const keys = [
      entry('split.no', UINT16, no),
      entry('split.count', UINT16, count),
      entry('split.tensors.count', INT32, tensors.length),
    ];
    const isFirst = no === 0;
    const all = Buffer.concat(isFirst ? [metadata, ...keys] : keys);
    return writeFile(tensors.slice(from, end), keys.length + (isFirst ? nMetadata : 0), all);
  });
}
