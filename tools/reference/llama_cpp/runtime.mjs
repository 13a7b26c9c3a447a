// Native llama.cpp through npm node-llama-cpp (prebuilt library inside the package), installed on demand into the
// project's cache. Undo: delete <cache>/llama_cpp.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, createReadStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const repository = join(here, '..', '..', '..');

export function cacheRoot() {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return process.env.POCKETPHI_CACHE || join(base, 'pocketphi');
}

function wantedVersion(name) {
  return JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).dependencies[name];
}

function installedVersion(folder, name) {
  const file = join(folder, 'node_modules', name, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : '';
}

/** Folder whose node_modules holds the packages of package.json. */
function install() {
  const folder = join(cacheRoot(), 'llama_cpp');
  const names = ['node-llama-cpp', '@huggingface/jinja'];
  if (names.every((name) => installedVersion(folder, name) === wantedVersion(name))) return folder;
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(here, 'package.json'), join(folder, 'package.json'));
  process.stderr.write(
    `installing node-llama-cpp ${wantedVersion('node-llama-cpp')} into ${folder}\n`,
  );
  // The GPU builds are optional packages of several hundred megabytes; only this platform's CPU build is wanted.
  const build = `@node-llama-cpp/${process.platform === 'darwin' ? 'mac' : process.platform}-${process.arch}`;
  execFileSync(
    'npm',
    [
      'install',
      '--no-audit',
      '--no-fund',
      '--no-save',
      '--ignore-scripts',
      '--omit=optional',
      `${build}@${wantedVersion('node-llama-cpp')}`,
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return folder;
}

/** Imports a package from the cache. */
export async function load(name) {
  const resolve = createRequire(join(install(), 'package.json')).resolve;
  return import(pathToFileURL(resolve(name)).href);
}

/** { llama, versions } with the CPU backend that fits this machine best. */
export async function openLlama({ threads = 0 } = {}) {
  const { getLlama, LlamaLogLevel } = await load('node-llama-cpp');
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    usePrebuiltBinaries: true,
    maxThreads: threads,
    logLevel: LlamaLogLevel.error,
  });
  const versions = {
    'node-llama-cpp': wantedVersion('node-llama-cpp'),
    'llama.cpp': llama.llamaCppRelease.release,
  };
  return { llama, versions };
}

export async function sha256(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** JSON with lists of plain numbers on one line. */
export function toJson(value) {
  const text = JSON.stringify(value, null, 1);
  return `${text.replace(/\[[-\d.,e+\s]*\]/g, (list) => list.replace(/\s+/g, ' '))}\n`;
}
