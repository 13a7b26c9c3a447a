/* The file, or the rest of it, as one stream, in order: for servers that give no parts of it, or do not tell its
 * length, and for fast ones. A new stream after a broken one begins at 0 again if the server wants it so; what is held
 * is then read past. */
import type { DownloadPass, Slot } from './download-pass.ts';
import { FileChanged, networkError, Setback } from './http-answer.ts';
import type { Answer } from './remote-file.ts';

class StreamReader {
  readonly #pass: DownloadPass;
  #answer: Answer | undefined;
  /** In the file, of the next byte. */
  #position: number;
  /** Read, and not used yet. */
  #rest: Uint8Array = new Uint8Array(0);
  #isEnded = false;

  constructor(pass: DownloadPass, answer: Answer | undefined) {
    this.#pass = pass;
    this.#answer = answer;
    this.#position = answer?.head.first ?? 0;
  }

  /** The file's end has been reached. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  close(): void {
    this.#answer?.close();
    this.#answer = undefined;
    this.#rest = new Uint8Array(0);
  }

  /** Takes one piece: into the slot, or past it while the stream is before the slot's next byte. */
  async advance(slot: Slot): Promise<void> {
    const wanted = slot.start + slot.filled;
    const ahead = wanted - this.#position;
    const isFar = ahead > slot.buffer.length && this.#answer?.head.kind === 'part';
    if (this.#answer === undefined || ahead < 0 || isFar) await this.#reopen(wanted);
    if (this.#isEnded) return;
    const piece = this.#rest.length > 0 ? this.#rest : await this.#read();
    if (piece === undefined) return;
    const skipped = Math.min(piece.length, wanted - this.#position);
    const end = Math.min(piece.length, skipped + slot.bytes.length - slot.filled);
    if (end > skipped) this.#pass.take(slot, piece.subarray(skipped, end));
    this.#position += end;
    this.#rest = piece.subarray(end);
  }

  /** Behind the last chunk: nothing may follow. A connection that breaks there has done its work. */
  async finish(): Promise<void> {
    if (this.#answer === undefined || this.#position !== this.#pass.fileBytes) return;
    try {
      const isMore = this.#rest.length > 0 || (await this.#read()) !== undefined;
      if (isMore) throw this.#tooLong();
    } catch (error) {
      if (!(error instanceof Setback)) throw error;
    }
  }

  async #read(): Promise<Uint8Array | undefined> {
    const { fileBytes } = this.#pass;
    const piece = await this.#answer?.read();
    if (piece !== undefined) {
      if (fileBytes !== undefined && this.#position + piece.length > fileBytes)
        throw this.#tooLong();
      return piece;
    }
    if (fileBytes !== undefined && this.#position < fileBytes)
      throw new Setback(`the answer ended at byte ${this.#position} of ${fileBytes}`);
    this.#end(this.#position);
    return undefined;
  }

  async #reopen(wanted: number): Promise<void> {
    this.close();
    const answer = await this.#pass.remote.request(
      { first: wanted, last: undefined },
      this.#pass.signal,
    );
    this.#answer = answer;
    this.#position = answer.head.first;
    this.#pass.checkSame(answer.head);
    if (answer.head.kind !== 'beyond') return;
    if ((answer.head.identity.bytes ?? wanted) !== wanted)
      throw new FileChanged('the file became shorter while it was read');
    this.#end(wanted);
  }

  #end(position: number): void {
    this.#isEnded = true;
    this.#pass.endAt(position);
  }

  #tooLong(): Error {
    const { task, fileBytes } = this.#pass;
    return networkError(
      task.url,
      `the answer is longer than the ${fileBytes} bytes that the file should have`,
    );
  }
}

async function fillByStream(pass: DownloadPass, reader: StreamReader, slot: Slot): Promise<void> {
  const patience = pass.patience();
  const { length } = slot.bytes;
  while (slot.filled < length && !reader.isEnded) {
    const before = slot.filled;
    try {
      await reader.advance(slot);
      if (slot.filled > before) patience.renew();
    } catch (error) {
      reader.close();
      await patience.after(error, slot.filled > before);
    }
  }
}

/** Fetches chunks, given ascending. The answer, if there is one yet, belongs to this from the call on. */
export async function fetchByStream(
  pass: DownloadPass,
  answer?: Answer,
  indices = pass.missing(),
): Promise<void> {
  const reader = new StreamReader(pass, answer);
  try {
    for (const index of indices) {
      if (reader.isEnded) break;
      const buffer = await pass.buffers.acquire(pass.signal);
      await pass.complete(pass.slot(index, buffer), (slot, isAgain) => {
        if (isAgain) reader.close();
        return fillByStream(pass, reader, slot);
      });
    }
    await reader.finish();
  } finally {
    reader.close();
  }
}
