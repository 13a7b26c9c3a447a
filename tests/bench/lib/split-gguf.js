// Splits a GGUF Blob into shards as llama.cpp's gguf-split writes them, without copying tensor data: each shard is a
// new header followed by slices of the original. wllama 2.3.1 cannot hold a file of more than 2 GiB.
// GGUF v3: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
const HEADER_BYTES_MAX = 64 << 20;
const MAGIC = 0x46554747;
const ALIGNMENT = 32;
const U16 = 2;
const U32 = 4;
const I32 = 5;
const STRING = 8;
const ARRAY = 9;
const CONTEXT_MAX = 131072;
const SCALAR_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8];

/** Shards of at most `shardBytes` of tensor data (or one tensor each). `addKeys(names)` gets the names of the file's
 *  keys and returns [{key, value}] to add, 32-bit unsigned ones. */
export async function splitGguf(blob, shardBytes, addKeys = () => []) {
  const buffer = await blob.slice(0, Math.min(blob.size, HEADER_BYTES_MAX)).arrayBuffer();
  const header = readHeader(buffer, blob.size);
  const groups = groupTensors(header.tensors, shardBytes);
  const added = addKeys(header.names).map(({ key, value }) => ({ key, type: U32, value }));
  return groups.map((tensors, i) => {
    const keys = [
      ...(i === 0 ? added : []),
      { key: 'split.no', type: U16, value: i },
      { key: 'split.count', type: U16, value: groups.length },
      { key: 'split.tensors.count', type: I32, value: header.tensors.length },
    ];
    // The first shard carries the model's own keys.
    return makeShard(blob, tensors, keys, i === 0 ? header : undefined);
  });
}

// wllama 2.3.1's llama.cpp knows the window of Phi-3 only for 32 and 40 layers and refuses a slice of the model
// that does not name one. A window as long as the context changes nothing.
export function addWindow(names) {
  const key = 'phi3.attention.sliding_window';
  return names.has('phi3.block_count') && !names.has(key) ? [{ key, value: CONTEXT_MAX }] : [];
}

class Reader {
  constructor(buffer) {
    this.view = new DataView(buffer);
    this.at = 0;
  }
  u32() {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }
  u64() {
    this.at += 8;
    return Number(this.view.getBigUint64(this.at - 8, true));
  }
  bytes(count) {
    this.at += count;
    return new Uint8Array(this.view.buffer, this.at - count, count);
  }
  string() {
    return this.bytes(this.u64());
  }
  skipValue(type) {
    if (type === STRING) this.string();
    else if (type === ARRAY) this.skipArray();
    else this.bytes(SCALAR_BYTES[type]);
  }
  skipArray() {
    const type = this.u32();
    const count = this.u64();
    if (type !== STRING) this.bytes(count * SCALAR_BYTES[type]);
    else for (let i = 0; i < count; i++) this.string();
  }
}

function readHeader(buffer, fileBytes) {
  const reader = new Reader(buffer);
  if (reader.u32() !== MAGIC) throw new Error('not a GGUF file');
  const version = reader.u32();
  if (version < 2) throw new Error(`GGUF version: expected 2 or 3, got ${version}`);
  const nTensors = reader.u64();
  const nKeys = reader.u64();
  const keysBegin = reader.at;
  const names = new Set();
  for (let i = 0; i < nKeys; i++) {
    names.add(new TextDecoder().decode(reader.string()));
    reader.skipValue(reader.u32());
  }
  const keys = new Uint8Array(buffer, keysBegin, reader.at - keysBegin);
  const tensors = Array.from({ length: nTensors }, () => {
    const name = reader.string();
    const dims = Array.from({ length: reader.u32() }, () => reader.u64());
    return { name, dims, type: reader.u32(), offset: reader.u64() };
  });
  const dataBegin = align(reader.at);
  tensors.sort((a, b) => a.offset - b.offset);
  tensors.forEach((tensor, i) => {
    tensor.begin = dataBegin + tensor.offset;
    tensor.end = i + 1 < nTensors ? dataBegin + tensors[i + 1].offset : fileBytes;
  });
  return { names, nKeys, keys, tensors };
}

function groupTensors(tensors, shardBytes) {
  const groups = [];
  let used = Infinity;
  for (const tensor of tensors) {
    const bytes = tensor.end - tensor.begin;
    if (used + bytes > shardBytes) {
      groups.push([]);
      used = 0;
    }
    groups.at(-1).push(tensor);
    used += bytes;
  }
  return groups;
}

function makeShard(blob, tensors, extraKeys, header) {
  const parts = [];
  parts.push(u32(MAGIC), u32(3), u64(tensors.length), u64(extraKeys.length + (header?.nKeys ?? 0)));
  if (header !== undefined) parts.push(header.keys);
  for (const { key, type, value } of extraKeys) {
    parts.push(
      string(new TextEncoder().encode(key)),
      u32(type),
      type === U16 ? u16(value) : u32(value),
    );
  }
  let offset = 0;
  for (const tensor of tensors) {
    parts.push(
      string(tensor.name),
      u32(tensor.dims.length),
      ...tensor.dims.map(u64),
      u32(tensor.type),
      u64(offset),
    );
    offset = align(offset + tensor.end - tensor.begin);
  }
  const headBytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  parts.push(new Uint8Array(align(headBytes) - headBytes));
  for (const { begin, end } of tensors) {
    parts.push(blob.slice(begin, end), new Uint8Array(align(end - begin) - (end - begin)));
  }
  return new Blob(parts);
}

function align(bytes) {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function u16(value) {
  return new Uint8Array(new Uint16Array([value]).buffer);
}

function u32(value) {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

function u64(value) {
  return new Uint8Array(new BigUint64Array([BigInt(value)]).buffer);
}

function string(bytes) {
  const out = new Uint8Array(8 + bytes.length);
  out.set(u64(bytes.length));
  out.set(bytes, 8);
  return out;
}
