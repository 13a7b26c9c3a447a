/* The file in parts: each connection takes the next missing chunk, so that chunks are done roughly in order. Where
 * bytes come faster than several connections can help, one stream brings the rest. */
import { FAST_BYTES, FAST_BYTES_PER_MS } from '../base/limits.ts';
import type { DownloadPass, Slot } from './download-pass.ts';
import type { CheckedTask } from './download-task.ts';
import { fetchByStream } from './fetch-stream.ts';
import { networkError, Setback } from './http-answer.ts';
import type { Answer } from './remote-file.ts';

/** The answer to the first request, until the connection that can use it takes it. */
class Spare {
  #answer: Answer | undefined;

  constructor(answer: Answer | undefined) {
    this.#answer = answer;
  }

  take(offset: number): Answer | undefined {
    const answer = this.#answer?.head.first === offset ? this.#answer : undefined;
    if (answer !== undefined) this.#answer = undefined;
    return answer;
  }

  close(): void {
    this.#answer?.close();
  }
}

/** The chunks that no connection has taken yet. */
class Queue {
  readonly #indices: Iterator<number, void, undefined>;
  #next: number | undefined;

  constructor(indices: Iterator<number, void, undefined>) {
    this.#indices = indices;
    this.take();
  }

  get isEmpty(): boolean {
    return this.#next === undefined;
  }

  take(): number | undefined {
    const taken = this.#next;
    const { value, done } = this.#indices.next();
    this.#next = done === true ? undefined : value;
    return taken;
  }

  *rest(): Generator<number, void, undefined> {
    while (this.#next !== undefined) yield this.take() ?? 0;
  }
}

/** How fast bytes come, all connections together. */
class Pace {
  readonly #task: CheckedTask;
  readonly #start: number;
  #bytes = 0;

  constructor(task: CheckedTask) {
    this.#task = task;
    this.#start = task.surroundings.now();
  }

  count(bytes: number): void {
    this.#bytes += bytes;
  }

  get isFast(): boolean {
    const { surroundings, fastBytes = FAST_BYTES } = this.#task;
    const ms = surroundings.now() - this.#start;
    return this.#bytes >= fastBytes && this.#bytes >= ms * FAST_BYTES_PER_MS;
  }
}

/** Where the body of a later answer ends, if it is a part of the same file. */
function checkPart(pass: DownloadPass, slot: Slot, { head }: Answer): number {
  pass.checkSame(head);
  if (head.kind === 'beyond') {
    throw networkError(
      pass.task.url,
      `HTTP status 416: the server has fewer bytes than the ${pass.fileBytes} that it announced`,
    );
  }
  if (head.kind === 'whole') {
    /* If-Range may be why; comparing identities, as for other origins, has to do from now on. */
    pass.remote.validator = undefined;
    throw new Setback('the server gave parts of the file before, now it gives all of it');
  }
  return Math.min(head.end ?? Number.POSITIVE_INFINITY, slot.start + slot.bytes.length);
}

async function readPart(pass: DownloadPass, slot: Slot, answer: Answer): Promise<void> {
  const end = checkPart(pass, slot, answer);
  for (let piece = await answer.read(); piece !== undefined; piece = await answer.read()) {
    const at = slot.start + slot.filled;
    if (piece.length > end - at) {
      throw networkError(
        pass.task.url,
        `the server sends more than the bytes to ${end - 1} that it was asked for`,
      );
    }
    pass.take(slot, piece);
  }
  const at = slot.start + slot.filled;
  if (at < end) throw new Setback(`the answer ended at byte ${at}, expected ${end}`);
}

async function fillByRanges(pass: DownloadPass, slot: Slot, spare: Spare): Promise<void> {
  const patience = pass.patience();
  const { length } = slot.bytes;
  while (slot.filled < length) {
    const before = slot.filled;
    const first = slot.start + before;
    let answer: Answer | undefined;
    try {
      answer =
        spare.take(first) ??
        (await pass.remote.request({ first, last: slot.start + length - 1 }, pass.signal));
      await readPart(pass, slot, answer);
    } catch (error) {
      /* A connection that breaks behind the last byte has done its work. */
      if (slot.filled < length || !(error instanceof Setback))
        await patience.after(error, slot.filled > before);
    } finally {
      answer?.close();
    }
  }
}

/** The answer belongs to this from the call on. */
export async function fetchByRanges(pass: DownloadPass, answer: Answer | undefined): Promise<void> {
  const spare = new Spare(answer);
  const queue = new Queue(pass.missing());
  const pace = new Pace(pass.task);
  const connection = async (): Promise<void> => {
    while (!queue.isEmpty && !pace.isFast) {
      /* First the buffer, then the chunk: nobody keeps a chunk from the others while it waits for memory. */
      const buffer = await pass.buffers.acquire(pass.signal);
      const index = queue.take();
      if (index === undefined) pass.buffers.release(buffer);
      else await pass.complete(pass.slot(index, buffer), (slot) => fillByRanges(pass, slot, spare));
      pace.count(buffer.length);
    }
  };
  const connections = Array.from({ length: countConnections(pass) }, () =>
    connection().catch((error: unknown) => pass.fail(error)),
  );
  await Promise.all(connections);
  spare.close();
  pass.throwIfStopped();
  await fetchByStream(pass, undefined, queue.rest());
}

function countConnections(pass: DownloadPass): number {
  const { parallel } = pass.task;
  let count = 0;
  for (const _ of pass.missing()) {
    count++;
    if (count === parallel) break;
  }
  return count;
}
