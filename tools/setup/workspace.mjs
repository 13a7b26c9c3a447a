/* What a command of this repository needs before it can start: node_modules as package-lock.json says. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { logFile, withLock } from './cache.mjs';
import { MissingError, run, SetupError, say, step } from './report.mjs';

export const REPOSITORY = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const NODE_MAJOR_MIN = 20;

function digestOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Runs `npm ci` unless node_modules was made from this very lock file. */
export function ensureNodeModules() {
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
    throw new SetupError(
      `Node ${process.versions.node} is too old; ${NODE_MAJOR_MIN} or newer is needed`,
    );
  }
  const wanted = digestOf(join(REPOSITORY, 'package-lock.json'));
  const stamp = join(REPOSITORY, 'node_modules', '.pocketphi-lock');
  const isFresh = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (isFresh()) return;
  withLock('npm', () => {
    if (isFresh()) return;
    say(`node_modules is missing or older than package-lock.json (to undo: rm -r node_modules)`);
    try {
      step(
        'npm ci',
        () =>
          void run('npm', ['ci', '--ignore-scripts'], { cwd: REPOSITORY, log: logFile('npm-ci') }),
      );
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      throw new MissingError(`npm packages are missing and \`npm ci\` failed\n  ${error.message}`);
    }
    writeFileSync(stamp, wanted);
  });
}

/** The path of a program that an npm package of this repository brings. */
export function nodeProgram(name) {
  return join(REPOSITORY, 'node_modules', '.bin', name);
}
