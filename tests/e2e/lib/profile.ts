/* A browser profile that outlives its browser: what a user's storage goes through. */
import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { serve } from '../../../demo/serve.mjs';
import { BLANK_PAGE, CHROMIUM_ARGUMENTS, chromiumPath, forgetOn } from './browser.ts';

export interface Profile {
  /** A page of an isolated site with the package on it; the browser is started when it is not running. */
  openPage(): Promise<Page>;
  context(): Promise<BrowserContext>;
  /** Nothing of a test is there for the next one: pages, stored models, preferences. */
  forget(): Promise<void>;
  /** Ends the browser as a power cut would. */
  kill(): Promise<void>;
  /** Ends it as a user would. */
  quit(): Promise<void>;
  /** Everything: browser, site, profile. */
  close(): Promise<void>;
}

/** Chromium locks its profile with a link to "<host>-<process>"; its group holds all of its processes. */
async function browserPid(folder: string): Promise<number> {
  const lock = await readlink(join(folder, 'SingletonLock'));
  const pid = Number(lock.slice(lock.lastIndexOf('-') + 1));
  if (!Number.isSafeInteger(pid) || pid < 2) throw new Error(`no process in "${lock}"`);
  return pid;
}

export async function openProfile(files: Readonly<Record<string, string>> = {}): Promise<Profile> {
  const site = await serve({ files: { ...BLANK_PAGE, ...files } });
  const folder = await mkdtemp(join(tmpdir(), 'pocketphi-profile-'));
  let running: BrowserContext | undefined;
  const context = async (): Promise<BrowserContext> => {
    running ??= await chromium.launchPersistentContext(folder, {
      executablePath: chromiumPath(),
      headless: true,
      args: [...CHROMIUM_ARGUMENTS],
    });
    return running;
  };
  const quit = async (): Promise<void> => {
    const ended = running;
    running = undefined;
    await ended?.close();
  };
  const openPage = async (): Promise<Page> => {
    const page = await (await context()).newPage();
    await page.goto(`${site.url}/blank.html`);
    await page.waitForFunction(() => 'outcome' in globalThis);
    return page;
  };
  return {
    context,
    quit,
    openPage,
    forget: async () => forgetOn(await openPage()),
    async kill() {
      const ended = running;
      running = undefined;
      if (ended === undefined) return;
      const gone = new Promise((resolve) => ended.once('close', resolve));
      process.kill(-(await browserPid(folder)), 'SIGKILL');
      await gone;
    },
    async close() {
      await quit();
      await site.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
