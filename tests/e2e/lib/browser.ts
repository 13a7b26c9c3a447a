/* A real Chromium on a real server, for the tests of this folder. A test file opens one browser; each test a page. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { serve } from '../../../demo/serve.mjs';
import type { Engine } from '../../../web/index.ts';

export interface Outcome<T> {
  readonly value?: T;
  readonly error?: {
    readonly name: string;
    readonly code: string | null;
    readonly message: string;
    readonly requested: number | null;
    readonly quota: number | null;
  };
  readonly ms: number;
}

/* What lib/blank.html puts on its page. */
declare global {
  var pocketphi: typeof import('../../../web/index.ts');
  var outcome: <T>(promise: Promise<T>) => Promise<Outcome<T>>;
  var engine: Engine;
}

export const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/* The machine may be busy with a build. */
const PATIENCE_MS = 120_000;
const LIB = fileURLToPath(new URL('./', import.meta.url));

/** The blank page's files, for sites of a test's own. */
export const BLANK_PAGE: Readonly<Record<string, string>> = {
  '/blank.html': join(LIB, 'blank.html'),
  '/blank.js': join(LIB, 'blank.js'),
};

export interface PageOptions {
  readonly isolated?: boolean;
  readonly path?: string;
  readonly viewport?: { readonly width: number; readonly height: number };
}

export interface Browser {
  readonly context: BrowserContext;
  /** A page of an isolated (or not isolated) site; without a path, the blank one with the package on it. */
  openPage(options?: PageOptions): Promise<Page>;
  /** Nothing of a test is there for the next one: its pages, stored models, preferences. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

export function chromiumPath(): string {
  return process.env.POCKETPHI_CHROMIUM ?? process.env.CHROMIUM ?? '/usr/bin/chromium';
}

export interface BrowserOptions {
  /** Whether pages may have a service worker. Without one each load is a first visit, from the server. */
  readonly serviceWorkers?: 'allow' | 'block';
  /** More arguments of Chromium. */
  readonly args?: readonly string[];
}

/** A camera that shows a moving picture, and is given to any page that asks. */
export const FAKE_CAMERA = [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
] as const;

export interface LaunchedContext {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** A browser with a fresh profile and no site. */
export async function launchContext({
  serviceWorkers = 'allow',
  args = [],
}: BrowserOptions = {}): Promise<LaunchedContext> {
  const profile = await mkdtemp(join(tmpdir(), 'pocketphi-e2e-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    headless: true,
    args: [...CHROMIUM_ARGUMENTS, ...args],
    serviceWorkers,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return {
    context,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Limits what the site of a page may store; without bytes, lifts the limit. Chromium remembers for half a minute how
 * much was free: only a site that has stored nothing before is sure to be held to it. */
export async function limitStorage(page: Page, quotaSize?: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  await session.send('Storage.overrideQuotaForOrigin', {
    origin,
    ...(quotaSize !== undefined && { quotaSize }),
  });
}

/** Nothing of a test is there for the next one but this page, with the package on it. */
export async function forgetOn(page: Page): Promise<void> {
  for (const open of page.context().pages()) if (open !== page) await open.close();
  await page.evaluate(async () => {
    localStorage.clear();
    for (const { id } of await pocketphi.models.list()) await pocketphi.models.delete(id);
  });
}

/** `files`: what the server has besides the site and /dist/, by path. */
export async function openBrowser(
  files: Readonly<Record<string, string>> = {},
  { serviceWorkers = 'block' }: BrowserOptions = {},
): Promise<Browser> {
  const served = { ...BLANK_PAGE, ...files };
  const isolatedSite = await serve({ files: served });
  const plainSite = await serve({ files: served, isolated: false });
  const { context, close } = await launchContext({ serviceWorkers });
  const openPage = async (options: PageOptions = {}): Promise<Page> => {
    const { isolated = true, path = '/blank.html', viewport } = options;
    const page = await context.newPage();
    if (viewport) await page.setViewportSize(viewport);
    await page.goto((isolated ? isolatedSite.url : plainSite.url) + path);
    if (path === '/blank.html') await page.waitForFunction(() => 'outcome' in globalThis);
    return page;
  };
  return {
    context,
    openPage,
    forget: async () => forgetOn(await openPage()),
    async close() {
      await close();
      await Promise.all([isolatedSite.close(), plainSite.close()]);
    },
  };
}
