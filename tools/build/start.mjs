/* npm start: from a fresh clone to a page that chats. Sets up what is missing, builds dist/, serves demo/.
 *
 *   npm start -- [--port N] [--host NAME] [--no-isolation] [--model FILE]...
 *
 * A small real model (SmolLM2-135M-Instruct) is fetched into the cache folder and served under /models/ if it can be
 * had; the page also takes the address of another model, or a file dropped on it. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseServeArguments, serveOnUsualPort } from '../../demo/serve.mjs';
import { logFile } from '../setup/cache.mjs';
import { ensureProgram } from '../setup/debs.mjs';
import { run, runMain, SetupError, say, step } from '../setup/report.mjs';
import { REPOSITORY } from '../setup/workspace.mjs';
import { buildAll } from './build.mjs';

/** The path of the SmolLM2 file, or undefined (with the reason printed) when it cannot be had. */
function fetchSmallModel() {
  const script = join(REPOSITORY, 'tools/models/smollm2.py');
  let file;
  try {
    step('SmolLM2-135M-Instruct (about 100 MB when it is not in the cache yet)', () => {
      const printed = run(ensureProgram('python3').file, [script], { log: logFile('smollm2') });
      file = printed.trim().split('\n').at(-1);
      if (!existsSync(file)) throw new SetupError(`${script} printed ${file}, which is not a file`);
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`  no small model to serve: ${error.message.split('\n')[0]}`);
    return undefined;
  }
  return file;
}

await runMain(async () => {
  let options;
  try {
    options = parseServeArguments(process.argv.slice(2));
  } catch (error) {
    throw new SetupError(error.message);
  }
  say('building dist/');
  await buildAll();
  const model = fetchSmallModel();
  if (model) options.files[`/models/${basename(model)}`] = model;
  const { url } = await serveOnUsualPort(options).catch((error) => {
    throw new SetupError(error.message);
  });
  for (const path of Object.keys(options.files)) say(`model: ${url}${path}`);
  const query = model ? `?model=/models/${encodeURIComponent(basename(model))}` : '';
  say(`open ${url}/demo/chat/${query}   (Ctrl+C ends)`);
});
