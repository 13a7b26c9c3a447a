/* A sink that keeps everything, checks the contract while it does, and can be slow or fail. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ChunkSink, FileIdentity } from '../../../web/net/chunk-sink.ts';
import type { ChunkStart } from '../../../web/net/download.ts';

export const sha256 = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** Bytes that repeat nowhere, of any length. */
export function makeFile(bytes: number, seed = 1): Buffer {
  const file = Buffer.alloc(bytes);
  let x = seed * 2654435761;
  for (let i = 0; i < bytes; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    file[i] = x >>> 24;
  }
  return file;
}

export function chunksOf(file: Buffer, chunkBytes: number): Buffer[] {
  const count = Math.ceil(file.length / chunkBytes);
  return Array.from({ length: count }, (_, i) =>
    file.subarray(i * chunkBytes, (i + 1) * chunkBytes),
  );
}

export class RecordingSink implements ChunkSink {
  readonly chunks = new Map<number, Buffer>();
  readonly starts = new Map<number, Buffer>();
  /** Indices in the order in which they came. */
  readonly order: number[] = [];
  identity: FileIdentity | undefined;
  readonly begins: boolean[] = [];
  restarts = 0;
  stops = 0;
  /** Sum of progress() since the last restart. */
  progressed = 0;
  live = 0;
  livePeak = 0;
  /** Called in each chunk(), before it is kept. */
  onChunk: (index: number) => Promise<void> | void = () => undefined;
  onProgress: (bytes: number) => void = () => undefined;

  async begin(identity: FileIdentity, isResumed: boolean): Promise<void> {
    this.identity = identity;
    this.begins.push(isResumed);
    if (isResumed) return;
    this.chunks.clear();
    this.starts.clear();
  }

  async chunk(index: number, bytes: Uint8Array<ArrayBuffer>, hash: string): Promise<void> {
    assert.ok(!this.chunks.has(index), `chunk ${index} came twice`);
    const copy = Buffer.from(bytes);
    assert.equal(hash, sha256(copy));
    this.livePeak = Math.max(this.livePeak, ++this.live);
    await this.onChunk(index);
    this.live--;
    assert.ok(copy.equals(bytes), `chunk ${index} was overwritten while the sink had it`);
    this.chunks.set(index, copy);
    this.starts.delete(index);
    this.order.push(index);
  }

  async partial(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (bytes.length > 0) this.starts.set(index, Buffer.from(bytes));
    else assert.ok(this.starts.delete(index), 'nothing to forget in partial()');
  }

  stopped(): void {
    this.stops++;
  }

  async restart(): Promise<void> {
    this.restarts++;
    this.chunks.clear();
    this.starts.clear();
    this.progressed = 0;
  }

  progress(bytes: number): void {
    this.progressed += bytes;
    this.onProgress(bytes);
  }

  /** Bytes that are kept. */
  get held(): number {
    return [...this.chunks.values(), ...this.starts.values()].reduce((n, b) => n + b.length, 0);
  }

  whole(): Buffer {
    const indices = [...this.chunks.keys()].sort((a, b) => a - b);
    assert.deepEqual(
      indices,
      indices.map((_, i) => i),
      'a chunk is missing',
    );
    return Buffer.concat(indices.map((i) => this.chunks.get(i) ?? Buffer.alloc(0)));
  }

  /** For the next visit. */
  resume(): {
    known: FileIdentity | undefined;
    have: Set<number>;
    starts: Map<number, ChunkStart>;
  } {
    const starts = new Map<number, ChunkStart>();
    for (const [index, start] of this.starts) {
      const load = async (target: Uint8Array): Promise<number> => {
        target.set(start);
        return start.length;
      };
      starts.set(index, { bytes: start.length, load });
    }
    return { known: this.identity, have: new Set(this.chunks.keys()), starts };
  }
}
