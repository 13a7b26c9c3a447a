/* Downloads one file, chunk by chunk, over several connections; goes on where it stopped, in this visit and in the
 * next.
 *
 *   download-task.ts   what is wanted                     remote-file.ts   requests, redirects, dead connections
 *   open-file.ts       the first answer: which file       http-answer.ts   what an answer's head says, or why it will not do
 *   fetch-ranges.ts    parts, in parallel                 patience.ts      when to try again
 *   fetch-stream.ts    one stream, in order               chunk-buffers.ts (parallel + 2) chunks of memory, no more
 *   download-pass.ts   what those share: slots, hashes, the sink, the end */
import { toEngineError } from '../base/errors.ts';
import { RESTARTS_MAX } from '../base/limits.ts';
import { ChunkBuffers } from './chunk-buffers.ts';
import { DownloadPass, type Held } from './download-pass.ts';
import { type CheckedTask, checkTask, type DownloadTask } from './download-task.ts';
import { fetchByRanges } from './fetch-ranges.ts';
import { fetchByStream } from './fetch-stream.ts';
import { FileChanged, networkError } from './http-answer.ts';
import { openFile } from './open-file.ts';
import { RemoteFile } from './remote-file.ts';

export type { ChunkStart, DownloadTask } from './download-task.ts';

/** What counts of an earlier visit: nothing without an identity, or when the manifest is of another file. */
function heldOf({ known, have, starts, expectedBytes }: CheckedTask): Held | undefined {
  if (known === undefined) return undefined;
  if (expectedBytes !== undefined && (known.bytes ?? expectedBytes) !== expectedBytes)
    return undefined;
  return { known, have: have ?? new Set(), starts: starts ?? new Map() };
}

function runPass(pass: DownloadPass): Promise<number> {
  return pass.run(async () => {
    const { mode, answer } = await openFile(pass);
    if (mode === 'stream' && answer !== undefined) await fetchByStream(pass, answer);
    else await fetchByRanges(pass, answer);
  });
}

/** Fetches what is missing of a file and gives it to the sink; resolves to the file's length once the sink has taken
 * all of it. Rejects, when no request and no call of the sink is under way any more, with
 *   PHI_EINVAL     the task is wrong                            PHI_ECANCELED  the signal was aborted
 *   PHI_ENETWORK   the bytes could not be had; says why         PHI_ECORRUPT   they are not those of the manifest
 *   or with what the sink threw. */
export async function downloadFile(task: DownloadTask): Promise<{ bytes: number }> {
  const checked = checkTask(task);
  const { url, headers, credentials, surroundings, chunkBytes, expectedBytes, parallel } = checked;
  const remote = new RemoteFile({ url, headers, credentials, surroundings });
  const buffers = new ChunkBuffers(
    Math.min(chunkBytes, expectedBytes ?? chunkBytes),
    parallel + 2,
    surroundings,
  );
  let held = heldOf(checked);
  for (let restarts = 0; ; restarts++) {
    try {
      return { bytes: await runPass(new DownloadPass(checked, remote, buffers, held)) };
    } catch (error) {
      if (!(error instanceof FileChanged)) throw toEngineError(error);
      if (restarts === RESTARTS_MAX)
        throw networkError(url, `the file changed ${restarts + 1} times while it was read`, error);
    }
    await checked.sink.restart();
    held = undefined;
    remote.validator = undefined;
  }
}
