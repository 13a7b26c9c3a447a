/* What this browser can do, asked with modules of a few dozen bytes, and the build variant that follows from it. */
import { EngineError } from './errors.ts';
import { AUTO_THREADS_MAX } from './limits.ts';

export type Simd = 'simd128' | 'relaxed';
export type Variant = `${Simd}-${'st' | 'mt'}`;

export interface Features {
  readonly simd: boolean;
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
const TYPE_TO_NOTHING = [0x01, 0x04, 0x01, 0x60, 0x00, 0x00];
const ONE_FUNCTION = [0x03, 0x02, 0x01, 0x00];
/* i32.const 0; i8x16.splat; end */
const SIMD_BODY = [0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b];
/* Three splats, i32x4.relaxed_dot_i8x16_i7x16_add_s (0x113), end */
const RELAXED_BODY = [
  0x0a, 0x13, 0x01, 0x11, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd,
  0x0f, 0xfd, 0x93, 0x02, 0x0b,
];
/* One page of shared memory; i32.atomic.load, drop, end */
const SHARED_MEMORY = [0x05, 0x04, 0x01, 0x03, 0x01, 0x01];
const ATOMIC_BODY = [0x0a, 0x0b, 0x01, 0x09, 0x00, 0x41, 0x00, 0xfe, 0x10, 0x02, 0x00, 0x1a, 0x0b];

export const PROBE_MODULES = {
  simd: new Uint8Array([...HEADER, ...TYPE_TO_V128, ...ONE_FUNCTION, ...SIMD_BODY]),
  relaxed: new Uint8Array([...HEADER, ...TYPE_TO_V128, ...ONE_FUNCTION, ...RELAXED_BODY]),
  threads: new Uint8Array([
    ...HEADER,
    ...TYPE_TO_NOTHING,
    ...ONE_FUNCTION,
    ...SHARED_MEMORY,
    ...ATOMIC_BODY,
  ]),
} as const;

export function detectFeatures(): Features {
  return {
    simd: WebAssembly.validate(PROBE_MODULES.simd),
    relaxed: WebAssembly.validate(PROBE_MODULES.relaxed),
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
