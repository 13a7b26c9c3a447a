/* libFuzzer for JavaScript (Jazzer.js): the npm package, which holds its binary, in the cache folder. It is fetched on
 * demand and not a devDependency, because only `npm run fuzz` needs it.
 *
 * The binary wants a newer C library than Debian 12 has. Where Node's own is too old, Node is started with the one that
 * came with the fetched Emscripten. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, fillAtomically, logFile, withLock } from './cache.mjs';
import { ensureEmscripten } from './emscripten.mjs';
import { MissingError, run, SetupError, say, step } from './report.mjs';

const VERSION = '4.0.0';
const LOADERS = {
  x64: { folder: 'x86_64-linux-gnu', file: 'ld-linux-x86-64.so.2' },
  arm64: { folder: 'aarch64-linux-gnu', file: 'ld-linux-aarch64.so.1' },
};

function install(folder) {
  const log = logFile('jazzer');
  say(`Jazzer.js ${VERSION} is missing: fetching it from npm into ${folder}`);
  say(`  to undo: rm -r ${folder}`);
  const options = ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund'];
  step(`npm install @jazzer.js/core@${VERSION}`, () => {
    fillAtomically(
      (temporary) => {
        mkdirSync(temporary, { recursive: true });
        run('npm', [...options, '--prefix', temporary, `@jazzer.js/core@${VERSION}`], {
          log,
          cwd: temporary,
        });
      },
      () => folder,
    );
  });
}

/** Node under the C library of the fetched Emscripten; undefined where there is none. */
function nodeWithNewerLibrary() {
  const { prefix } = ensureEmscripten();
  const loader = LOADERS[process.arch];
  if (!prefix || !loader || process.platform !== 'linux') return undefined;
  const own = join(prefix, 'usr/lib', loader.folder);
  const file = join(own, loader.file);
  if (!existsSync(file)) return undefined;
  const libraries = [own, `/lib/${loader.folder}`, `/usr/lib/${loader.folder}`].join(':');
  return [file, '--library-path', libraries, process.execPath];
}

function canLoad([file, ...args], addon) {
  try {
    run(file, [...args, '-e', `require(${JSON.stringify(addon)})`], { log: logFile('jazzer') });
    return true;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return false;
  }
}

/** The words of a command that a fuzz target's file, corpora and options follow. Throws MissingError. */
export function ensureJazzer() {
  const folder = join(cacheFolder(), `jazzer-${VERSION}`);
  const program = join(folder, 'node_modules/@jazzer.js/core/dist/cli.js');
  const addon = join(folder, 'node_modules/@jazzer.js/fuzzer/dist/addon.js');
  try {
    withLock('jazzer', () => {
      if (!existsSync(program)) install(folder);
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new MissingError(`Jazzer.js is missing and could not be fetched\n  ${error.message}`);
  }
  if (canLoad([process.execPath], addon)) return [process.execPath, program];
  const node = nodeWithNewerLibrary();
  if (node && canLoad(node, addon)) return [...node, program];
  throw new MissingError(
    `the binary of Jazzer.js ${VERSION} does not load (${logFile('jazzer')}); a newer C library is needed`,
  );
}
