/* What downloadFile() is told, and the check of it. */
import { EngineError } from '../base/errors.ts';
import {
  CHUNK_BYTES_MAX,
  CONNECTIONS_DEFAULT,
  CONNECTIONS_MAX,
  FILE_BYTES_MAX,
  PATIENCE_DEFAULT,
} from '../base/limits.ts';
import { invalid, readNumber } from '../base/options.ts';
import type { ChunkSink, FileIdentity } from './chunk-sink.ts';
import { realSurroundings, type Surroundings } from './surroundings.ts';

/** The first bytes of a chunk, kept from an earlier visit. */
export interface ChunkStart {
  readonly bytes: number;
  /** Fills the target, which is as long as `bytes` says, from its start; resolves to how much there was. Fewer is no
   * error, but then sink.progress() gets the difference as a negative number. */
  load(target: Uint8Array<ArrayBuffer>): Promise<number>;
}

export interface DownloadTask {
  /** http or https. */
  readonly url: string;
  /** 1 to CHUNK_BYTES_MAX. */
  readonly chunkBytes: number;
  /** Connections, 1 to CONNECTIONS_MAX. */
  readonly parallel?: number | undefined;
  /** Failed attempts in a row, without a byte of progress, after which the download fails. */
  readonly patience?: number | 'endless' | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What sink.begin() was told when the chunks below were fetched. Without it they do not count. */
  readonly known?: FileIdentity | undefined;
  /** Chunks that are held whole. They are neither fetched nor given to the sink. */
  readonly have?: ReadonlySet<number> | undefined;
  /** Chunks of which the start is held, or even all bytes, unchecked. */
  readonly starts?: ReadonlyMap<number, ChunkStart> | undefined;
  /** SHA-256 of each chunk, 64 lower-case hexadecimal digits; needs expectedBytes. */
  readonly hashes?: readonly string[] | undefined;
  readonly expectedBytes?: number | undefined;
  /** Whether the sink wants each chunk's hash; hashing costs a second for each GB. Default true. */
  readonly wantsHash?: boolean | undefined;
  /** What must have come before the pace counts that makes one stream of the connections. Default FAST_BYTES. */
  readonly fastBytes?: number | undefined;
  readonly sink: ChunkSink;
  /** Called before each wait: it takes at most `ms`, because of `reason`. */
  onWait?(ms: number, reason: string): void;
  /** Sent with each request to the URL's own origin only; they cost a CORS preflight when that is not the page's. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly credentials?: RequestCredentials | undefined;
  readonly surroundings?: Surroundings | undefined;
}

export interface CheckedTask extends DownloadTask {
  readonly parallel: number;
  readonly patience: number | 'endless';
  readonly surroundings: Surroundings;
}

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw invalid('url', 'an absolute http or https URL', text);
  /* fetch() refuses such addresses with an error that looks like a broken network. */
  if (url.username !== '' || url.password !== '')
    throw invalid('url', 'a URL without user name and password (use headers)', url.host);
}

function checkHashes({ hashes, expectedBytes, chunkBytes }: DownloadTask): void {
  if (hashes === undefined) return;
  if (expectedBytes === undefined)
    throw new EngineError('PHI_EINVAL', 'hashes: expectedBytes must be given with them', {
      where: 'hashes',
    });
  const count = Math.ceil(expectedBytes / chunkBytes);
  if (hashes.length !== count) {
    throw new EngineError(
      'PHI_EINVAL',
      `hashes: expected ${count}, one for each ${chunkBytes} of ${expectedBytes} bytes, got ${hashes.length}`,
      { where: 'hashes' },
    );
  }
  for (const [i, hash] of hashes.entries()) {
    if (!/^[0-9a-f]{64}$/.test(hash))
      throw invalid(`hashes[${i}]`, '64 lower-case hexadecimal digits', hash);
  }
}

/** Throws PHI_EINVAL. */
export function checkTask(task: DownloadTask): CheckedTask {
  const integer = (name: string, value: unknown, max: number): number | undefined =>
    readNumber(name, value, { min: 1, max, isInteger: true });
  checkUrl(task.url);
  if (integer('chunkBytes', task.chunkBytes, CHUNK_BYTES_MAX) === undefined)
    throw invalid('chunkBytes', `an integer from 1 to ${CHUNK_BYTES_MAX}`, task.chunkBytes);
  integer('expectedBytes', task.expectedBytes, FILE_BYTES_MAX);
  checkHashes(task);
  const { patience = PATIENCE_DEFAULT } = task;
  if (patience !== 'endless') integer('patience', patience, Number.MAX_SAFE_INTEGER);
  return {
    ...task,
    parallel: integer('parallel', task.parallel, CONNECTIONS_MAX) ?? CONNECTIONS_DEFAULT,
    patience,
    surroundings: task.surroundings ?? realSurroundings,
  };
}
