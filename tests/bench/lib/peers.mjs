// The systems compared with, installed on demand into the cache folder: development tools, never dependencies.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, logFile, withLock } from '../../../tools/setup/cache.mjs';
import { run } from '../../../tools/setup/report.mjs';

const MANIFEST = fileURLToPath(new URL('../peers/package.json', import.meta.url));

export function peersFolder() {
  return path.join(cacheFolder(), 'peers');
}

/** Installs the pinned peers unless this very manifest is installed. Returns their node_modules folder. */
export function ensurePeers(progress) {
  const folder = peersFolder();
  const wanted = readFileSync(MANIFEST, 'utf8');
  const stamp = path.join(folder, 'node_modules', '.pocketphi-peers');
  const isFresh = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  const modules = path.join(folder, 'node_modules');
  if (isFresh()) return modules;
  withLock('peers', () => {
    if (isFresh()) return;
    progress(`installing peers into ${folder} (to undo: rm -r ${folder})`);
    mkdirSync(folder, { recursive: true });
    copyFileSync(MANIFEST, path.join(folder, 'package.json'));
    // The optional packages of node-llama-cpp are GPU builds of every platform; only this one's CPU build is wanted.
    const version = JSON.parse(wanted).dependencies['node-llama-cpp'];
    const native = `@node-llama-cpp/${nativePackage()}@${version}`;
    run(
      'npm',
      [
        'install',
        '--omit=optional',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--no-save',
        '--no-package-lock',
        native,
      ],
      { cwd: folder, log: logFile('bench-peers') },
    );
    writeFileSync(stamp, wanted);
  });
  return modules;
}

// Names of node-llama-cpp's prebuilt CPU packages; Apple's has Metal, which the bench then switches off.
function nativePackage() {
  if (process.platform === 'darwin')
    return process.arch === 'arm64' ? 'mac-arm64-metal' : 'mac-x64';
  return `${process.platform === 'win32' ? 'win' : 'linux'}-${process.arch}`;
}
