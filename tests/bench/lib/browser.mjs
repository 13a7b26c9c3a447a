// Chromium with a fresh profile in a temporary folder, or with one that is kept between visits: one browser process a
// system, so that each one's memory can be read from /proc and no page throttles or shares caches with another.
//
// No debugger is attached: one that watches the network makes Chromium keep a copy of every answer of up to 20 MB,
// which a download in parts pays and a single fetch does not. The page takes its orders from an address of ours
// instead (control.js).
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ensureChromium } from '../../../tools/setup/chromium.mjs';
import { openControl } from './control.mjs';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-extensions',
  '--no-first-run',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];
const START_MS_MAX = 30000;
const END_MS_MAX = 15000;

/** A new folder for a profile that outlives a browser: the caller's, to be removed with removeProfile(). */
export function makeProfile() {
  return mkdtemp(path.join(os.tmpdir(), 'pocketphi-bench-'));
}

export function removeProfile(profile) {
  return rm(profile, { recursive: true, force: true, maxRetries: 5 });
}

// What a browser asks to end on its own writes its profile out first.
async function end(browser, exited) {
  browser.kill('SIGTERM');
  const late = setTimeout(() => browser.kill('SIGKILL'), END_MS_MAX);
  await exited;
  clearTimeout(late);
}

/** Opens one page of the bench in its own browser; `call(name, argument)` runs a function of its `bench` object. With a
 *  `keptProfile` the browser finds what an earlier one stored there. */
export async function openPage(url, keptProfile) {
  const { file, env } = ensureChromium();
  const profile = keptProfile ?? (await makeProfile());
  const control = await openControl();
  const address = new URL(url);
  address.searchParams.set('control', control.url);
  const browser = spawn(file, [...ARGUMENTS, `--user-data-dir=${profile}`, address.href], {
    env,
    stdio: 'ignore',
  });
  const exited = new Promise((done) => {
    browser.once('exit', done);
    browser.once('error', done);
  });
  void exited.then((code) => control.fail(new Error(`the browser ended (${code})`)));
  const close = async () => {
    await end(browser, exited);
    await control.close();
    if (keptProfile === undefined) await removeProfile(profile);
  };
  try {
    await control.ready(START_MS_MAX);
  } catch (error) {
    await close();
    throw new Error(`${address.pathname} did not start: ${control.log.at(-1) ?? error.message}`);
  }
  return {
    browser: nameOf(file, env),
    log: control.log,
    call: control.call,
    peakRssBytes: async () => (await rendererMemory(profile))?.peakBytes,
    memory: () => rendererMemory(profile),
    close,
  };
}

// "Chromium 156.0.7915.3 built on Debian ..."
function nameOf(file, env) {
  const printed = execFileSync(file, ['--version'], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return /^\S+ [\d.]+/.exec(printed)?.[0] ?? printed.trim();
}

// {rssBytes, peakBytes}: the resident set, now and at its highest, of the renderer of this profile that ever had the
// largest (Linux; undefined elsewhere).
async function rendererMemory(profile) {
  const pids = await readdir('/proc').catch(() => []);
  let largest;
  for (const pid of pids.filter((name) => /^\d+$/.test(name))) {
    const command = await readProc(pid, 'cmdline');
    if (!command.includes('--type=renderer') || !(await belongsTo(pid, profile))) continue;
    const status = await readProc(pid, 'status');
    const bytesOf = (field) =>
      1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
    const memory = { rssBytes: bytesOf('VmRSS'), peakBytes: bytesOf('VmHWM') };
    if (memory.peakBytes > (largest?.peakBytes ?? 0)) largest = memory;
  }
  return largest;
}

// A renderer does not carry the profile on its command line; one of its ancestors does.
async function belongsTo(pid, profile) {
  for (let at = pid, depth = 0; at !== undefined && at !== '0' && depth < 6; depth++) {
    if ((await readProc(at, 'cmdline')).includes(profile)) return true;
    at = /PPid:\s+(\d+)/.exec(await readProc(at, 'status'))?.[1];
  }
  return false;
}

// A process may end between being listed and being read: it then has nothing to say.
function readProc(pid, name) {
  return readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
}
