/* The cache folder outside the repository: what was fetched once is used by every later run and clone.
 *
 *   $POCKETPHI_CACHE, else $XDG_CACHE_HOME/pocketphi, else ~/.cache/pocketphi
 *     emscripten-<version>/   a compiler (emscripten.mjs)
 *     debs/<package>/         files of a Debian package that is not installed (debs.mjs)
 *     logs/                   output of the programs that fetched them
 *
 * A folder appears under its final name only when it is complete (unpacked beside it, then renamed), so that no run
 * ever sees half of one. Deleting any of them is always safe: the next run fetches it again. */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { say } from './report.mjs';

const LOCK_POLL_MS = 500;

export function cacheFolder() {
  const named = process.env.POCKETPHI_CACHE;
  if (named) return named;
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pocketphi');
}

export function logFile(name) {
  return join(cacheFolder(), 'logs', `${name}.log`);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function tryLock(file) {
  try {
    const fd = openSync(file, 'wx');
    writeSync(fd, String(process.pid));
    closeSync(fd);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

/** The pid in a lock file; 0 when its writer has not written it yet, undefined when the file is gone. */
function lockHolder(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Runs `work` while no other process runs work under the same name. A lock of a dead process is taken over. */
export function withLock(name, work) {
  mkdirSync(cacheFolder(), { recursive: true });
  const file = join(cacheFolder(), `${name}.lock`);
  let hasSaid = false;
  while (!tryLock(file)) {
    const holder = lockHolder(file);
    if (holder && !isAlive(holder)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!hasSaid) say(`  waiting for another set-up (process ${holder || '?'}, ${file})`);
    hasSaid = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  }
  try {
    return work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Fills a temporary folder with `fill(folder)` and gives it the name `final(result of fill)` when that succeeded. */
export function fillAtomically(fill, final) {
  mkdirSync(cacheFolder(), { recursive: true });
  const folder = mkdtempSync(join(cacheFolder(), 'unpacking-'));
  try {
    const target = final(fill(folder));
    renameSync(folder, target);
    return target;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
