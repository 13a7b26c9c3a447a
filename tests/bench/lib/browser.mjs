// Chromium with a fresh profile in a temporary folder, or with one that is kept between visits: one browser process a
// system, so that each one's memory can be read from /proc and no page throttles or shares caches with another.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { ensureChromium } from '../../../tools/setup/chromium.mjs';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];
const START_MS_MAX = 30000;
const LOG_LINES_MAX = 200;

/** A new folder for a profile that outlives a browser: the caller's, to be removed with removeProfile(). */
export function makeProfile() {
  return mkdtemp(path.join(os.tmpdir(), 'pocketphi-bench-'));
}

export function removeProfile(profile) {
  return rm(profile, { recursive: true, force: true, maxRetries: 5 });
}

/** Opens one page of the bench in its own browser; `call(name, argument)` runs a function of its `bench` object. With a
 *  `keptProfile` the browser finds what an earlier one stored there. */
export async function openPage(url, keptProfile) {
  const { file, env } = ensureChromium();
  const profile = keptProfile ?? (await makeProfile());
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: file,
    env,
    headless: true,
    args: ARGUMENTS,
  });
  const close = async () => {
    await context.close();
    if (keptProfile === undefined) await removeProfile(profile);
  };
  const page = context.pages()[0] ?? (await context.newPage());
  const log = [];
  const keep = (line) =>
    void (log.length < LOG_LINES_MAX ? log.push(line) : log.splice(0, 1, line));
  page.on('console', (message) => keep(message.text()));
  let giveUp;
  const broken = new Promise((_, reject) => {
    giveUp = reject;
  });
  broken.catch(() => undefined); // seen by whoever waits for the page to start
  page.on('pageerror', (error) => {
    keep(`page error: ${error.message}`);
    giveUp(error);
  });
  try {
    await page.goto(url);
    const started = page.waitForFunction(() => globalThis.bench !== undefined, undefined, {
      timeout: START_MS_MAX,
    });
    await Promise.race([started, broken]);
  } catch (error) {
    await close();
    throw new Error(`${new URL(url).pathname} did not start: ${log.at(-1) ?? error.message}`);
  }
  return {
    browser: `Chromium ${context.browser()?.version() ?? 'unknown'}`,
    log,
    call: (name, argument) =>
      page.evaluate(([fn, value]) => globalThis.bench[fn](value), [name, argument]),
    peakRssBytes: async () => (await rendererMemory(profile))?.peakBytes,
    memory: () => rendererMemory(profile),
    close,
  };
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
