/* A Node that can run relaxed SIMD (Node 20 cannot): this process's own when it is new enough, otherwise the npm
 * package with the official binary, in the cache folder. It is fetched on demand and not a devDependency, because it
 * is 100 MB, exists per platform, and only the wasm tests need it. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, fillAtomically, logFile, withLock } from './cache.mjs';
import { MissingError, run, SetupError, say, step } from './report.mjs';

const VERSION = '26.10.0';
/* relaxed_madd(0, 0, 0) in a module of one function: valid only where relaxed SIMD is known. */
const RELAXED_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15,
  65, 2, 253, 15, 253, 128, 2, 11,
]);

export function hasRelaxedSimd() {
  return WebAssembly.validate(RELAXED_PROBE);
}

/** The path of a Node with relaxed SIMD. Throws MissingError where none can be had. */
export function ensureModernNode() {
  if (hasRelaxedSimd()) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cacheFolder(), `${name}-${VERSION}`);
  const file = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(file)) return file;
  return withLock('node', () => {
    if (existsSync(file)) return file;
    const log = logFile('node');
    say(
      `Node ${process.versions.node} cannot run relaxed SIMD: fetching Node ${VERSION} from npm into ${folder}`,
    );
    say(`  to undo: rm -r ${folder}`);
    const install = ['install', '--ignore-scripts', '--no-package-lock', '--prefix'];
    try {
      step(`npm install ${name}@${VERSION}`, () => {
        fillAtomically(
          (temporary) => {
            mkdirSync(temporary, { recursive: true });
            run('npm', [...install, temporary, `${name}@${VERSION}`], { log, cwd: temporary });
          },
          () => folder,
        );
      });
      run(file, ['--version'], { log });
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      throw new MissingError(
        `a Node with relaxed SIMD is missing and could not be fetched; use Node 22 or newer\n  ${error.message}`,
      );
    }
    return file;
  });
}
