/* Weights in the memory of the worker, where a browser stores nothing: gone with the worker, and the tests' plain
 * case. */
import { checkModel, FileGate, viewOf } from './arguments.ts';
import type {
  ChunkRecord,
  FileMode,
  FilePlace,
  ReadTarget,
  StoredFile,
  WeightStore,
} from './weight-store.ts';

interface Chunk {
  readonly record: ChunkRecord;
  readonly bytes: Uint8Array;
}

type Chunks = Map<number, Chunk>;

class MemoryFile implements StoredFile {
  readonly #gate: FileGate;
  readonly #chunks: () => Chunks;

  constructor(gate: FileGate, chunks: () => Chunks) {
    this.#gate = gate;
    this.#chunks = chunks;
  }

  async chunks(): Promise<ChunkRecord[]> {
    this.#gate.checkOpen();
    return [...this.#chunks().values()]
      .map(({ record }) => record)
      .sort((a, b) => a.index - b.index);
  }

  async write(record: ChunkRecord, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#gate.checkWrite(record, bytes);
    const { index, sha256 } = record;
    this.#chunks().set(index, {
      record: { index, bytes: bytes.length, sha256 },
      bytes: bytes.slice(),
    });
  }

  async read(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    this.#gate.checkRead(offset, bytes);
    const { chunkBytes } = this.#gate.place;
    let done = 0;
    while (done < bytes) {
      const index = Math.floor((offset + done) / chunkBytes);
      const from = offset + done - index * chunkBytes;
      const piece = this.#chunks()
        .get(index)
        ?.bytes.subarray(from, from + bytes - done);
      if (piece === undefined || piece.length === 0) break;
      viewOf(target, done, piece.length).set(piece);
      done += piece.length;
      if (from + piece.length < chunkBytes) break;
    }
    return done;
  }

  async drop(index: number): Promise<void> {
    this.#gate.checkDrop(index);
    this.#chunks().delete(index);
  }

  async close(): Promise<void> {
    this.#gate.close();
  }
}

export class MemoryStore implements WeightStore {
  readonly kind = 'memory';
  readonly reason: string;
  readonly #models = new Map<string, Map<number, Chunks>>();

  constructor(reason: string) {
    this.reason = reason;
  }

  async openFile(place: FilePlace, mode: FileMode): Promise<StoredFile> {
    const gate = new FileGate(place, mode);
    return new MemoryFile(gate, () => this.#chunksOf(place));
  }

  async usedBytes(model: string): Promise<number> {
    checkModel(model);
    const chunks = [...(this.#models.get(model)?.values() ?? [])].flatMap((file) => [
      ...file.values(),
    ]);
    return chunks.reduce((sum, { record }) => sum + record.bytes, 0);
  }

  async deleteModel(model: string): Promise<void> {
    checkModel(model);
    this.#models.delete(model);
  }

  async close(): Promise<void> {
    this.#models.clear();
  }

  #chunksOf({ model, file }: FilePlace): Chunks {
    const files = this.#models.get(model) ?? new Map<number, Chunks>();
    this.#models.set(model, files);
    const chunks = files.get(file) ?? new Map<number, Chunk>();
    files.set(file, chunks);
    return chunks;
  }
}
