// Just enough of ONNX's protobuf to write a model of one MatMulNBits node, with the weights inside.
// Field numbers: onnx.proto3 of the ONNX project; the operator: com.microsoft, ONNX Runtime's contrib operators.
const FLOAT = 1;
const UINT8 = 2;
const ATTRIBUTE_INT = 2;
const IR_VERSION = 8;
const OPSET = 17;

const text = new TextEncoder();

/** A model Y[M, rows] = A[M, depth] x W^T with 4-bit W in blocks of `block`. */
export function matMulNBitsModel({ rows, depth, block, accuracyLevel }) {
  const blocks = depth / block;
  const weights = fillBytes(rows * blocks * (block / 2));
  const scales = new Float32Array(rows * blocks).map((_, i) => 0.003 + (i % 7) * 0.0003);
  const node = [
    string(1, 'A'),
    string(1, 'W'),
    string(1, 'S'),
    string(2, 'Y'),
    string(3, 'matmul'),
    string(4, 'MatMulNBits'),
    attribute('K', depth),
    attribute('N', rows),
    attribute('bits', 4),
    attribute('block_size', block),
    attribute('accuracy_level', accuracyLevel),
    string(7, 'com.microsoft'),
  ];
  const graph = [
    message(1, node),
    string(2, 'bench'),
    message(5, tensor('W', UINT8, [rows, blocks, block / 2], weights)),
    message(5, tensor('S', FLOAT, [rows * blocks], new Uint8Array(scales.buffer))),
    message(11, valueInfo('A', ['M', depth])),
    message(12, valueInfo('Y', ['M', rows])),
  ];
  return join([
    number(1, IR_VERSION),
    message(7, graph),
    message(8, [string(1, ''), number(2, OPSET)]),
    message(8, [string(1, 'com.microsoft'), number(2, 1)]),
  ]);
}

/** Bytes of the weights as ONNX Runtime stores them: nibbles and one f32 scale a block. */
export function matMulNBitsBytes({ rows, depth, block }) {
  return rows * (depth / 2) + rows * (depth / block) * 4;
}

function fillBytes(length) {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function tensor(name, type, dims, raw) {
  return [
    ...dims.map((dim) => number(1, dim)),
    number(2, type),
    string(8, name),
    bytesField(9, raw),
  ];
}

function valueInfo(name, dims) {
  const shape = dims.map((dim) =>
    message(1, [typeof dim === 'string' ? string(2, dim) : number(1, dim)]),
  );
  const tensorType = message(1, [number(1, FLOAT), message(2, shape)]);
  return [string(1, name), message(2, [tensorType])];
}

function attribute(name, value) {
  return message(5, [string(1, name), number(3, value), number(20, ATTRIBUTE_INT)]);
}

function varint(value) {
  const bytes = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

function number(field, value) {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

function bytesField(field, bytes) {
  return join([Uint8Array.from([...varint(field * 8 + 2), ...varint(bytes.length)]), bytes]);
}

function string(field, value) {
  return bytesField(field, text.encode(value));
}

function message(field, parts) {
  return bytesField(field, join(parts));
}

function join(parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
