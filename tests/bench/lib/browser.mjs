// Chromium with a fresh profile in a temporary folder: one browser process a system, so that each one's
// memory can be read from /proc and no page throttles or shares caches with another.
import { createRequire } from 'node:module';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { constants } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
  '--disable-background-networking', '--disable-component-update',
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows'];
const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

/** The browser to use: CHROMIUM, or the first known name on PATH. */
export async function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of NAMES) {
    for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
      const file = path.join(folder, name);
      const isThere = await access(file, constants.X_OK).then(() => true, () => false);
      if (isThere) return file;
    }
  }
  throw new Error('no Chromium found on PATH; install one (Debian: apt-get install chromium) or set CHROMIUM');
}

/** Opens one page of the bench in its own browser. `call(name, args)` runs a function of `window.bench`. */
export async function openPage(peersFolder, url) {
  const { chromium } = createRequire(path.join(peersFolder, 'package.json'))('playwright-core');
  const profile = await mkdtemp(path.join(os.tmpdir(), 'pocketphi-bench-'));
  const context = await chromium.launchPersistentContext(profile,
    { executablePath: await findChromium(), headless: true, args: ARGUMENTS });
  const page = context.pages()[0] ?? await context.newPage();
  page.setDefaultTimeout(0);
  const log = [];
  page.on('console', (message) => log.push(message.text()));
  page.on('pageerror', (error) => log.push(`page error: ${error.message}`));
  await page.goto(url);
  await page.waitForFunction(() => globalThis.bench !== undefined || globalThis.benchFailure !== undefined,
    undefined, { timeout: 30000 });
  return {
    version: context.browser()?.version() ?? '',
    log,
    call: (name, args) => page.evaluate(([fn, value]) => globalThis.bench[fn](value), [name, args]),
    peakRssBytes: () => peakRendererRss(profile),
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

// The largest resident set any renderer of this profile ever had (Linux only; undefined elsewhere).
async function peakRendererRss(profile) {
  const pids = await readdir('/proc').catch(() => []);
  let peak;
  for (const pid of pids.filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes('--type=renderer') || !(await belongsTo(pid, profile))) continue;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const kilobytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
    peak = Math.max(peak ?? 0, kilobytes * 1024);
  }
  return peak;
}

// A renderer does not carry the profile on its command line, its ancestors do.
async function belongsTo(pid, profile) {
  for (let at = pid, depth = 0; at !== '0' && at !== undefined && depth < 6; depth++) {
    const command = await readFile(`/proc/${at}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(profile)) return true;
    const status = await readFile(`/proc/${at}/status`, 'utf8').catch(() => '');
    at = /PPid:\s+(\d+)/.exec(status)?.[1];
  }
  return false;
}
