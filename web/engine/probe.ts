/* What a page can expect, told before anything is fetched: what the browser has, and for a model whether it fits, what
 * it takes and how fast it would be. The speed is an estimate from a tenth of a second of the kernels' own work. */
import { chooseVariant, detectFeatures, type VariantChoice } from '../base/detect.ts';
import { messageOf } from '../base/errors.ts';
import { HEAP_BYTES_MAX, HEAP_SLACK_BYTES } from '../base/limits.ts';
import { readFields, readNumber, readUrl } from '../base/options.ts';
import type { MachineSpeed, ModelSizes } from '../worker/protocol.ts';
import { inWorker } from './models.ts';
import { moduleFiles } from './module-files.ts';
import { type ModelSpec, readDownloadOptions } from './options.ts';
import { estimateRoom, type Room } from './room.ts';

export interface ProbeOptions {
  /** To be judged; as in Engine.create(), but for streams. */
  readonly model?: ModelSpec | undefined;
  /** Tokens that a session would hold. Default 4096. */
  readonly contextLength?: number | undefined;
  readonly hub?: string | URL | undefined;
  readonly workerUrl?: string | URL | undefined;
  readonly wasmUrl?: string | URL | undefined;
}

export interface ModelEstimate {
  readonly fits: boolean;
  /** Memory: weights, cache, and what there is besides; null when nobody says how large the model is. */
  readonly needsBytes: number | null;
  /** What would have to be fetched: 0 when it is stored. */
  readonly downloadBytes: number | null;
  readonly decodeTokPerSec: number | null;
  readonly prefillTokPerSec: number | null;
  /** Why it does not fit, or what is not known. */
  readonly reason: string | null;
}

export interface ProbeResult {
  readonly crossOriginIsolated: boolean;
  readonly simd: boolean;
  readonly relaxed: boolean;
  readonly sharedMemory: boolean;
  readonly memory64: boolean;
  /** Most memory that this build takes. */
  readonly maxHeapBytes: number;
  /** Threads that 'auto' takes. */
  readonly threads: number;
  readonly variant: string;
  /** Why this variant, in words, with the remedy where something is missing. */
  readonly reason: string;
  readonly storage: Room;
  /** What the kernels did in a tenth of a second; null without a model to judge. */
  readonly speed: MachineSpeed | null;
  readonly model: ModelEstimate | null;
}

/* A memory of 64-bit addresses, one page: an empty module with it validates where memory64 is known. */
const MEMORY64 = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 3, 1, 4, 1]);
const BITS_A_WEIGHT = 4.5;
const CONTEXT_DEFAULT = 4096;
const UNKNOWN = {
  fits: false,
  needsBytes: null,
  downloadBytes: null,
  decodeTokPerSec: null,
  prefillTokPerSec: null,
} as const;

/* Packed weights of a 4-bit file. */
function parametersOf({ weightBytes }: ModelSizes): number {
  return (weightBytes * 8) / BITS_A_WEIGHT;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

function judge(sizes: ModelSizes, contextLength: number, speed: MachineSpeed): ModelEstimate {
  const { weightBytes, kvBytesPerToken, missingBytes } = sizes;
  const needsBytes = weightBytes + (kvBytesPerToken ?? 0) * contextLength + HEAP_SLACK_BYTES;
  const fits = needsBytes <= HEAP_BYTES_MAX;
  const notes = [
    ...(fits
      ? []
      : [`it needs ${gigabytes(needsBytes)}, this build holds ${gigabytes(HEAP_BYTES_MAX)}`]),
    ...(kvBytesPerToken === null
      ? ['the cache of keys and values comes on top: its size is known once the file is read']
      : []),
  ];
  return {
    fits,
    needsBytes,
    downloadBytes: missingBytes,
    decodeTokPerSec: (speed.gemvGigabytesPerSecond * 1e9) / weightBytes,
    prefillTokPerSec: (speed.gemmGigaopsPerSecond * 1e9) / (2 * parametersOf(sizes)),
    reason: notes.length === 0 ? null : notes.join('; '),
  };
}

interface Judgement {
  readonly speed: MachineSpeed;
  readonly model: ModelEstimate;
}

async function measure(
  model: ModelSpec,
  choice: VariantChoice,
  options: ProbeOptions,
): Promise<Judgement> {
  const { fetch, workerUrl } = readDownloadOptions(model, {
    hub: options.hub,
    workerUrl: options.workerUrl,
  });
  const module = moduleFiles(choice.variant, readUrl('wasmUrl', options.wasmUrl) ?? workerUrl);
  const range = { min: 1, max: 2 ** 31 - 1, isInteger: true };
  const contextLength = readNumber('contextLength', options.contextLength, range);
  return await inWorker(workerUrl, async (link) => {
    const speed = await link.call('measure', { module, threads: choice.threads });
    try {
      const sizes = await link.call('modelSizes', { source: fetch.source });
      return { speed, model: judge(sizes, contextLength ?? CONTEXT_DEFAULT, speed) };
    } catch (error) {
      return { speed, model: { ...UNKNOWN, reason: messageOf(error) } };
    }
  });
}

function choose(): VariantChoice | undefined {
  const features = detectFeatures();
  return features.simd ? chooseVariant(features, { threads: 'auto', kernels: 'auto' }) : undefined;
}

export async function probe(options: ProbeOptions): Promise<ProbeResult> {
  readFields('probe options', options, ['model', 'contextLength', 'hub', 'workerUrl', 'wasmUrl']);
  const features = detectFeatures();
  const choice = choose();
  const { model } = options;
  const judgement =
    model !== undefined && choice !== undefined ? await measure(model, choice, options) : null;
  return {
    crossOriginIsolated: features.crossOriginIsolated,
    simd: features.simd,
    relaxed: features.relaxed,
    sharedMemory: features.threads,
    memory64: WebAssembly.validate(MEMORY64),
    maxHeapBytes: HEAP_BYTES_MAX,
    threads: choice?.threads ?? 1,
    variant: choice?.variant ?? 'none',
    reason: choice?.reason ?? 'this browser has no WebAssembly SIMD',
    storage: await estimateRoom(),
    speed: judgement?.speed ?? null,
    model: judgement?.model ?? null,
  };
}
