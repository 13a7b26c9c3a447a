/* What this browser can do, asked with modules of a few dozen bytes, and the build variant that follows from it. */
import { EngineError } from './errors.ts';
import { AUTO_THREADS_MAX } from './limits.ts';

export type Simd = 'simd128' | 'relaxed';
export type Variant = `${Simd}-${'st' | 'mt'}`;

export interface Features {
  readonly simd: boolean;
  /** There, and its dot products are exact within the range that the standard promises. */
  readonly relaxed: boolean;
  /** The engine understands shared memory; without isolation the page still may not use it. */
  readonly threads: boolean;
  readonly crossOriginIsolated: boolean;
  /** Logical processors as the browser tells them. */
  readonly processors: number;
}

export interface VariantWish {
  readonly threads: number | 'auto';
  readonly kernels: 'auto' | Simd;
}

export interface VariantChoice {
  readonly variant: Variant;
  readonly threads: number;
  /** In words, with the remedy where something is missing. */
  readonly reason: string;
  /** The page could do better: worth a warning. */
  readonly isDegraded: boolean;
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const TYPE_TO_V128 = [0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b];
const TYPE_TO_I32 = [0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f];
const TYPE_TO_NOTHING = [0x01, 0x04, 0x01, 0x60, 0x00, 0x00];
const ONE_FUNCTION = [0x03, 0x02, 0x01, 0x00];
/* i32.const 0; i8x16.splat; end */
const SIMD_BODY = [0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b];
/* Signed bytes times bytes below 128, near all limits. */
const DOT_SIGNED = [127, 127, -127, -127, 127, -127, -1, 1, 0, 5, -5, 100, -128, 0, 64, -64];
const DOT_UNSIGNED = [63, 63, 63, 63, 127, 127, 15, 15, 31, 31, 8, 7, 31, 32, 127, 1];
const DOT_ADDEND = 1000;
const EXPORT_AS_A = [0x07, 0x05, 0x01, 0x01, 0x61, 0x00, 0x00];

/* One page of shared memory; i32.atomic.load, drop, end */
const SHARED_MEMORY = [0x05, 0x04, 0x01, 0x03, 0x01, 0x01];
const ATOMIC_BODY = [0x0a, 0x0b, 0x01, 0x09, 0x00, 0x41, 0x00, 0xfe, 0x10, 0x02, 0x00, 0x1a, 0x0b];

/** v128.const out of integers of 1, 2 or 4 bytes. */
function v128(bytes: 1 | 2 | 4, values: readonly number[]): number[] {
  const little = values.flatMap((x) => [x, x >> 8, x >> 16, x >> 24].slice(0, bytes));
  return [0xfd, 0x0c, ...little];
}

/** The sums of n products in a row. */
function sums(n: number): number[] {
  const products = DOT_SIGNED.map((x, i) => x * (DOT_UNSIGNED[i] ?? 0));
  return Array.from({ length: 16 / n }, (_, i) =>
    products.slice(n * i, n * (i + 1)).reduce((sum, x) => sum + x),
  );
}

function relaxedBody(): number[] {
  const operands = [...v128(1, DOT_SIGNED), ...v128(1, DOT_UNSIGNED)];
  const quads = sums(4).map((x) => x + DOT_ADDEND);
  const code = [
    /* i16x8.relaxed_dot_i8x16_i7x16_s; i16x8.eq; i16x8.all_true */
    ...[0x00, ...operands, 0xfd, 0x92, 0x02],
    ...[...v128(2, sums(2)), 0xfd, 0x2d, 0xfd, 0x83, 0x01],
    /* i32x4.relaxed_dot_i8x16_i7x16_add_s; i32x4.eq; i32x4.all_true */
    ...[...operands, ...v128(4, Array(4).fill(DOT_ADDEND)), 0xfd, 0x93, 0x02],
    ...[...v128(4, quads), 0xfd, 0x37, 0xfd, 0xa3, 0x01],
    /* i32.and; end */
    ...[0x71, 0x0b],
  ];
  const size = (n: number): number[] => [0x80 | (n & 0x7f), n >> 7];
  return [0x0a, ...size(code.length + 3), 0x01, ...size(code.length), ...code];
}

export const PROBE_MODULES = {
  simd: new Uint8Array([...HEADER, ...TYPE_TO_V128, ...ONE_FUNCTION, ...SIMD_BODY]),
  /** Exports a(): 1 if both relaxed dots give what they should. */
  relaxed: new Uint8Array([
    ...HEADER,
    ...TYPE_TO_I32,
    ...ONE_FUNCTION,
    ...EXPORT_AS_A,
    ...relaxedBody(),
  ]),
  threads: new Uint8Array([
    ...HEADER,
    ...TYPE_TO_NOTHING,
    ...ONE_FUNCTION,
    ...SHARED_MEMORY,
    ...ATOMIC_BODY,
  ]),
} as const;

/** Where the page's policy allows no WebAssembly to run, the worker's own may: then the standard's promise counts. */
function hasExactDots(): boolean {
  if (!WebAssembly.validate(PROBE_MODULES.relaxed)) return false;
  let exports: WebAssembly.Exports;
  try {
    exports = new WebAssembly.Instance(new WebAssembly.Module(PROBE_MODULES.relaxed)).exports;
  } catch {
    return true;
  }
  return typeof exports.a === 'function' && exports.a() === 1;
}

export function detectFeatures(): Features {
  return {
    simd: WebAssembly.validate(PROBE_MODULES.simd),
    relaxed: hasExactDots(),
    threads: typeof SharedArrayBuffer === 'function' && WebAssembly.validate(PROBE_MODULES.threads),
    crossOriginIsolated: globalThis.crossOriginIsolated === true,
    processors: globalThis.navigator?.hardwareConcurrency ?? 1,
  };
}

/** Browsers tell logical processors. Up to four are taken as they are; of more, half may be second threads of a core or
 * slow cores, and waiting for those costs more than they give. */
export function autoThreads(processors: number): number {
  const cores = processors <= 4 ? processors : Math.max(4, processors >> 1);
  return Math.max(1, Math.min(cores, AUTO_THREADS_MAX));
}

function chooseSimd(features: Features, kernels: 'auto' | Simd): { simd: Simd; words: string } {
  if (!features.simd) {
    throw new EngineError(
      'PHI_EUNSUPPORTED',
      'this browser has no WebAssembly SIMD; Chrome 91, Firefox 89, Safari 16.4 and newer have it',
    );
  }
  if (kernels === 'simd128') return { simd: 'simd128', words: 'SIMD (asked for)' };
  if (features.relaxed) return { simd: 'relaxed', words: 'relaxed SIMD' };
  if (kernels === 'relaxed') {
    throw new EngineError(
      'PHI_EUNSUPPORTED',
      'kernels: this browser has no relaxed SIMD; use "auto" or "simd128"',
      {
        where: 'kernels',
      },
    );
  }
  return { simd: 'simd128', words: 'SIMD (this browser has no relaxed SIMD)' };
}

function count(threads: number): string {
  return threads === 1 ? 'one thread' : `${threads} threads`;
}

export function chooseVariant(features: Features, wish: VariantWish): VariantChoice {
  const { simd, words } = chooseSimd(features, wish.kernels);
  const wanted = wish.threads === 'auto' ? autoThreads(features.processors) : wish.threads;
  const single = (why: string, isDegraded: boolean): VariantChoice => ({
    variant: `${simd}-st`,
    threads: 1,
    reason: `${why}; ${words}`,
    isDegraded,
  });
  if (wanted === 1)
    return single(
      wish.threads === 1 ? 'one thread (asked for)' : 'one processor: one thread',
      false,
    );
  if (!features.crossOriginIsolated) {
    return single(
      'no cross-origin isolation: one thread; serve the page with COOP: same-origin and COEP: require-corp',
      true,
    );
  }
  if (!features.threads) return single('this browser has no WebAssembly threads: one thread', true);
  const asked = wish.threads === 'auto' ? '' : ' (asked for)';
  return {
    variant: `${simd}-mt`,
    threads: wanted,
    reason: `${count(wanted)}${asked}; ${words}`,
    isDegraded: false,
  };
}
