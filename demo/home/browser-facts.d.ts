/* Types of browser-facts.js. */
import type { ProbeResult } from '../../web/index.ts';

export interface Surroundings {
  readonly isSecure: boolean;
  readonly hasServiceWorker: boolean;
  readonly deviceGigabytes: number | null;
}

export interface Fact {
  readonly term: string;
  readonly text: string;
  readonly remedy?: string | undefined;
}

type Probe = Pick<
  ProbeResult,
  | 'crossOriginIsolated'
  | 'simd'
  | 'relaxed'
  | 'sharedMemory'
  | 'threads'
  | 'maxHeapBytes'
  | 'storage'
>;

export function describeBrowser(probe: Probe & Surroundings, words: unknown): readonly Fact[];
