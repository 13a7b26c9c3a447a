/* A real Chromium on a real server, for the tests of this folder. Each test file opens one browser; each test its own page. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { serve } from '../../../demo/serve.mjs';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Browser {
  /** An empty page of an isolated (or not isolated) site, with `globalThis.pocketphi` = the package. */
  openPage(options?: { isolated?: boolean; path?: string; viewport?: { width: number; height: number } }): Promise<Page>;
  readonly url: string;
  readonly plainUrl: string;
  close(): Promise<void>;
}

const BLANK = join(import.meta.dirname ?? '', 'blank.html');

export async function openBrowser(files: Record<string, string> = {}): Promise<Browser> {
  const served = { ...files, '/blank.html': BLANK };
  const isolated = await serve({ files: served });
  const plain = await serve({ files: served, isolated: false });
  const profile = await mkdtemp(join(tmpdir(), 'pocketphi-e2e-'));
  const executablePath = process.env.POCKETPHI_CHROMIUM ?? process.env.CHROMIUM ?? '/usr/bin/chromium';
  const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args: ARGUMENTS });
  return {
    url: isolated.url,
    plainUrl: plain.url,
    async openPage({ isolated: isIsolated = true, path = '/blank.html', viewport } = {}) {
      const page = await context.newPage();
      if (viewport) await page.setViewportSize(viewport);
      await page.goto((isIsolated ? isolated.url : plain.url) + path);
      if (path === '/blank.html') await page.waitForFunction(() => 'pocketphi' in globalThis);
      return page;
    },
    async close() {
      await context.close();
      await Promise.all([isolated.close(), plain.close()]);
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
