/* The first request of a download. It asks for the first chunk that is missing, so that its bytes are of use, and
 * learns which file this is, how long, and whether the server gives parts of it. */
import type { FileIdentity } from './chunk-sink.ts';
import type { DownloadPass, Held } from './download-pass.ts';
import { isComparable, isSameFile, networkError } from './http-answer.ts';
import type { Answer } from './remote-file.ts';

export interface Opening {
  /** Parts of the file over several connections, or one stream from an end to the other. */
  readonly mode: 'ranges' | 'stream';
  /** Its body is the first that is used; undefined when everything is held. Must be closed. */
  readonly answer: Answer | undefined;
}

/** The first byte that is not held; undefined when all are. */
function firstGap({ task, held }: DownloadPass): number | undefined {
  if (held === undefined) return 0;
  const { chunkBytes } = task;
  const bytes = task.expectedBytes ?? held.known.bytes ?? Number.POSITIVE_INFINITY;
  for (let index = 0; index * chunkBytes < bytes; index++) {
    if (held.have.has(index)) continue;
    const start = index * chunkBytes;
    const kept = held.starts.get(index)?.bytes ?? 0;
    if (kept < Math.min(chunkBytes, bytes - start)) return start + kept;
  }
  return undefined;
}

async function requestPatiently(
  pass: DownloadPass,
  first: number,
  last: number | undefined,
): Promise<Answer> {
  const patience = pass.patience();
  for (;;) {
    try {
      return await pass.remote.request({ first, last }, pass.signal);
    } catch (error) {
      await patience.after(error, false, !pass.remote.hasAnswered);
    }
  }
}

/** Whether what is held is of this file. A length alone does not say so (models of one kind have the same), unless a
 * manifest's hashes guard each chunk. */
function isHeldFile(held: Held | undefined, identity: FileIdentity, hasHashes: boolean): boolean {
  if (held === undefined) return false;
  return isSameFile(held.known, identity) && (hasHashes || isComparable(held.known, identity));
}

/** The server has nothing at `at` (416): the file is empty, or ends where what is held ends, or is another one. */
async function openBeyond(pass: DownloadPass, at: number, answer: Answer): Promise<boolean> {
  const { held, task } = pass;
  const { identity } = answer.head;
  if (at === 0) {
    if (identity.bytes === 0) {
      await pass.begin(identity, false);
      return true;
    }
    throw networkError(task.url, 'HTTP status 416: the server refuses to give the first bytes');
  }
  const isEnd = held?.known.bytes === undefined && (identity.bytes ?? at) === at;
  if (!isEnd || !isHeldFile(held, identity, task.hashes !== undefined)) return false;
  await pass.begin({ ...identity, bytes: at }, true);
  return true;
}

/** An answer with a part of the file. Where nobody tells the length (another origin may hide Content-Range), an open
 * range asks for it; if that does not tell either, the file comes as one stream. */
async function openPart(pass: DownloadPass, answer: Answer, isResumed: boolean): Promise<Opening> {
  const { identity, first } = answer.head;
  if ((identity.bytes ?? pass.task.expectedBytes) !== undefined) {
    await pass.begin(identity, isResumed);
    return { mode: 'ranges', answer };
  }
  const open = await requestPatiently(pass, first, undefined);
  try {
    const { bytes } = open.head.identity;
    await pass.begin({ ...identity, bytes }, isResumed);
    pass.checkSame(open.head);
    const isRanges = bytes !== undefined && open.head.kind === 'part';
    (isRanges ? open : answer).close();
    return isRanges ? { mode: 'ranges', answer } : { mode: 'stream', answer: open };
  } catch (error) {
    open.close();
    throw error;
  }
}

/** What the answer makes of the download; undefined: what is held is of another file, and this answer of no use. */
async function judge(pass: DownloadPass, at: number, answer: Answer): Promise<Opening | undefined> {
  const { kind, identity } = answer.head;
  if (kind === 'beyond') {
    const isOpen = await openBeyond(pass, at, answer);
    if (isOpen) answer.close();
    return isOpen ? { mode: 'ranges', answer: undefined } : undefined;
  }
  const isResumed = isHeldFile(pass.held, identity, pass.task.hashes !== undefined);
  if (!isResumed && kind === 'part' && at > 0) return undefined;
  if (!isResumed) pass.forgetHeld();
  if (kind === 'part') return openPart(pass, answer, isResumed);
  await pass.begin(identity, isResumed);
  return { mode: 'stream', answer };
}

export async function openFile(pass: DownloadPass): Promise<Opening> {
  const { chunkBytes } = pass.task;
  for (;;) {
    const at = firstGap(pass);
    if (at === undefined && pass.held !== undefined) {
      await pass.begin(pass.held.known, true);
      return { mode: 'ranges', answer: undefined };
    }
    const first = at ?? 0;
    const last = (Math.floor(first / chunkBytes) + 1) * chunkBytes - 1;
    const answer = await requestPatiently(pass, first, last);
    try {
      const opening = await judge(pass, first, answer);
      if (opening !== undefined) return opening;
    } catch (error) {
      answer.close();
      throw error;
    }
    answer.close();
    pass.forgetHeld();
  }
}
