/* SHA-256 of a piece of memory. The browser's own is used where there is one; pages over plain HTTP (other than
 * localhost) have none, and get the algorithm of FIPS 180-4 below, at about a tenth of the speed. */

const BLOCK_BYTES = 64;
const LENGTH_BYTES = 8;

/** First 32 bits of the fractional parts of a root of the first primes: square roots start the state, cube roots give
 * the constants of the rounds. */
function fractionsOfPrimes(count: number, root: (prime: number) => number): Int32Array {
  const words = new Int32Array(count);
  for (let n = 2, found = 0; found < count; n++) {
    if (!isPrime(n)) continue;
    const value = root(n);
    words[found++] = ((value - Math.floor(value)) * 2 ** 32) | 0;
  }
  return words;
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
}

const START = fractionsOfPrimes(8, Math.sqrt);
const ROUNDS = fractionsOfPrimes(64, Math.cbrt);

function rotate(x: number, n: number): number {
  return (x >>> n) | (x << (32 - n));
}

/** Signed words keep V8 from floating point. */
function at(words: Int32Array, i: number): number {
  return words[i] ?? 0;
}

/** Takes one block of 16 words in w[0..16) into the state. */
function compress(state: Int32Array, w: Int32Array): void {
  for (let i = 16; i < 64; i++) {
    const x = at(w, i - 15);
    const y = at(w, i - 2);
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    w[i] = (at(w, i - 16) + s0 + at(w, i - 7) + s1) | 0;
  }
  let a = at(state, 0);
  let b = at(state, 1);
  let c = at(state, 2);
  let d = at(state, 3);
  let e = at(state, 4);
  let f = at(state, 5);
  let g = at(state, 6);
  let h = at(state, 7);
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + at(ROUNDS, i) + at(w, i)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = (at(state, 0) + a) | 0;
  state[1] = (at(state, 1) + b) | 0;
  state[2] = (at(state, 2) + c) | 0;
  state[3] = (at(state, 3) + d) | 0;
  state[4] = (at(state, 4) + e) | 0;
  state[5] = (at(state, 5) + f) | 0;
  state[6] = (at(state, 6) + g) | 0;
  state[7] = (at(state, 7) + h) | 0;
}

/** What follows the last whole block: its bytes, a one bit, zeros, the length in bits. */
function paddedEnd(bytes: Uint8Array): Uint8Array {
  const rest = bytes.length % BLOCK_BYTES;
  const blocks = rest + 1 + LENGTH_BYTES > BLOCK_BYTES ? 2 : 1;
  const end = new Uint8Array(blocks * BLOCK_BYTES);
  end.set(bytes.subarray(bytes.length - rest));
  end[rest] = 0x80;
  const view = new DataView(end.buffer);
  view.setUint32(end.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(end.length - 4, (bytes.length << 3) >>> 0);
  return end;
}

/** The algorithm in JavaScript: 32 bytes. Exported for its test. */
export function sha256InScript(bytes: Uint8Array): Uint8Array {
  const state = Int32Array.from(START);
  const w = new Int32Array(64);
  const run = (part: Uint8Array): void => {
    const view = new DataView(part.buffer, part.byteOffset, part.length);
    for (let block = 0; block + BLOCK_BYTES <= part.length; block += BLOCK_BYTES) {
      for (let i = 0; i < 16; i++) w[i] = view.getInt32(block + 4 * i);
      compress(state, w);
    }
  };
  run(bytes);
  run(paddedEnd(bytes));
  const digest = new Uint8Array(32);
  const view = new DataView(digest.buffer);
  for (const [i, word] of state.entries()) view.setInt32(4 * i, word);
  return digest;
}

/** 64 lower-case hexadecimal digits. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  const digest =
    subtle === undefined
      ? sha256InScript(bytes)
      : new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
