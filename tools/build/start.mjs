/* npm start: from a fresh clone to a page that answers. Sets up what is missing, builds dist/ and the site, serves it.
 *
 *   npm start -- [--port N] [--host NAME] [--no-isolation] [--model FILE]...
 *
 * The model that comes with the site answers at once and needs no network; others are a click away on the chat page. */
import { parseServeArguments, SERVE_HELP, serveOnUsualPort } from '../../demo/serve.mjs';
import { runMain, SetupError, say } from '../setup/report.mjs';
import { buildAll } from './build.mjs';

function readArguments(args) {
  try {
    return parseServeArguments(args);
  } catch (error) {
    throw new SetupError(error.message);
  }
}

await runMain(async () => {
  const options = readArguments(process.argv.slice(2));
  if (options.isHelp) {
    say(`npm start -- [options]: builds the site and serves it\n\n${SERVE_HELP}`);
    return;
  }
  say('building dist/ and the site');
  await buildAll();
  const { url } = await serveOnUsualPort(options).catch((error) => {
    throw new SetupError(error.message);
  });
  for (const path of Object.keys(options.files)) {
    say(`model: ${url}${path}\n  to chat with it: ${url}/chat/?model=${encodeURIComponent(path)}`);
  }
  say(`open ${url}/   (Ctrl+C ends)`);
});
