// A wasm module written byte by byte: sum(begin, end) adds up memory with v128 loads, 128 bytes a turn. It is the
// read-bandwidth loop for the browser, and needs no compiler.
const V128 = 0x7b;
const N_SUMS = 4;
const LOADS_PER_TURN = 8;
const FIRST_SUM = 2; // locals 0 and 1 are begin and end

/** The module's bytes. It imports env.memory, shared, of `pages` 64 KiB pages. */
export function wasmSumModule(pages) {
  return Uint8Array.from([
    0x00,
    0x61,
    0x73,
    0x6d,
    0x01,
    0x00,
    0x00,
    0x00,
    ...section(1, [1, 0x60, 2, 0x7f, 0x7f, 1, 0x7e]), // (i32, i32) -> i64
    ...section(2, [1, ...name('env'), ...name('memory'), 0x02, 0x03, ...leb(pages), ...leb(pages)]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('sum'), 0x00, 0]),
    ...section(10, [1, ...sized([1, N_SUMS, V128, ...body(), 0x0b])]),
  ]);
}

function body() {
  const code = [0x03, 0x40]; // loop
  for (let i = 0; i < LOADS_PER_TURN; i++) {
    const sum = FIRST_SUM + (i % N_SUMS);
    code.push(0x20, sum, 0x20, 0, 0xfd, 0x00, 4, ...leb(16 * i)); // v128.load align=16 offset=16i
    code.push(0xfd, 0xce, 0x01, 0x21, sum); // i64x2.add, local.set
  }
  code.push(0x20, 0, 0x41, ...leb(16 * LOADS_PER_TURN, true), 0x6a, 0x22, 0); // begin += 128
  code.push(0x20, 1, 0x49, 0x0d, 0, 0x0b); // while (begin < end)
  code.push(0x20, FIRST_SUM);
  for (let i = 1; i < N_SUMS; i++) code.push(0x20, FIRST_SUM + i, 0xfd, 0xce, 0x01);
  code.push(0xfd, 0x1d, 0); // i64x2.extract_lane 0
  return code;
}

function leb(value, isSigned = false) {
  const bytes = [];
  let rest = value;
  while (rest > (isSigned ? 0x3f : 0x7f)) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

function name(text) {
  return sized([...new TextEncoder().encode(text)]);
}

function sized(bytes) {
  return [...leb(bytes.length), ...bytes];
}

function section(id, bytes) {
  return [id, ...sized(bytes)];
}
