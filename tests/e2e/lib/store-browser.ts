/* A Chromium with a profile on disk for tests of web/store: pages with a worker each that run the tasks of
 * store-tasks.ts. The browser can be killed and started again on the same profile. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { serve } from '../../../demo/serve.mjs';
import type { TaskOutcome } from './store-page.ts';
import type { TASKS, TaskName } from './store-tasks.ts';

const LIB = fileURLToPath(new URL('./', import.meta.url));
/** A name that is not localhost: pages of it are not secure. */
export const INSECURE_HOST = 'insecure.test';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
];
/* The machine may be busy with a build. */
const PATIENCE_MS = 120_000;

type Tasks = typeof TASKS;
type Argument<N extends TaskName> = Parameters<Tasks[N]>[0];
type Value<N extends TaskName> = Awaited<ReturnType<Tasks[N]>>;
type Outcome<N extends TaskName> = Omit<TaskOutcome, 'value'> & { readonly value?: Value<N> };

export class StorePage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** In the page's worker. */
  worker<N extends TaskName>(name: N, arg?: Argument<N>): Promise<Outcome<N>> {
    return this.#run('runInWorker', name, arg) as Promise<Outcome<N>>;
  }

  /** On the page itself. */
  here<N extends TaskName>(name: N, arg?: Argument<N>): Promise<Outcome<N>> {
    return this.#run('runHere', name, arg) as Promise<Outcome<N>>;
  }

  #run(where: 'runInWorker' | 'runHere', name: string, arg: unknown): Promise<TaskOutcome> {
    const call: { where: 'runInWorker' | 'runHere'; name: string; arg: unknown } = {
      where,
      name,
      arg,
    };
    return this.page.evaluate((given) => globalThis[given.where](given.name, given.arg), call);
  }

  told(): Promise<unknown[]> {
    return this.page.evaluate(() => told);
  }

  /** Waits until the worker has told this many things. */
  async waitTold(count: number): Promise<void> {
    await this.page.waitForFunction((n) => told.length >= n, count, { polling: 5 });
  }

  close(): Promise<void> {
    return this.page.close();
  }
}

export class StoreBrowser {
  readonly #profile: string;
  readonly #port: number;
  readonly #stopServing: () => Promise<void>;
  #context: BrowserContext;

  private constructor(
    profile: string,
    port: number,
    stopServing: () => Promise<void>,
    context: BrowserContext,
  ) {
    this.#profile = profile;
    this.#port = port;
    this.#stopServing = stopServing;
    this.#context = context;
  }

  static async open(): Promise<StoreBrowser> {
    const profile = await mkdtemp(join(tmpdir(), 'pocketphi-store-'));
    const scripts = join(profile, 'scripts');
    await build({
      entryPoints: [join(LIB, 'store-worker.ts'), join(LIB, 'store-page.ts')],
      outdir: scripts,
      bundle: true,
      format: 'esm',
      target: 'es2022',
      sourcemap: 'inline',
      logLevel: 'silent',
    });
    const site = await serve({
      folders: { '/store/': scripts },
      files: { '/store.html': join(LIB, 'store-page.html') },
    });
    const context = await launch(join(profile, 'browser'));
    return new StoreBrowser(profile, site.port, () => site.close(), context);
  }

  /** A page of the site; with a host name, of another one that is not secure. */
  async openPage(host = '127.0.0.1'): Promise<StorePage> {
    const page = await this.#context.newPage();
    await page.goto(`http://${host}:${this.#port}/store.html`);
    await page.waitForFunction(() => 'runInWorker' in globalThis);
    return new StorePage(page);
  }

  /** Ends the browser's process as a crash does, and starts it again. */
  async crash(): Promise<void> {
    const session = await this.#browserSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const main = processInfo.find(({ type }) => type === 'browser');
    if (main === undefined) throw new Error('no browser process');
    const gone = new Promise((resolve) => this.#context.once('close', resolve));
    process.kill(main.id, 'SIGKILL');
    await gone;
    this.#context = await launch(join(this.#profile, 'browser'));
  }

  /** Limits what the site may store; without bytes, lifts the limit. */
  async limitQuota(page: StorePage, quotaSize?: number): Promise<void> {
    const session = await this.#context.newCDPSession(page.page);
    const { origin } = new URL(page.page.url());
    await session.send('Storage.overrideQuotaForOrigin', {
      origin,
      ...(quotaSize !== undefined && { quotaSize }),
    });
    if (quotaSize === undefined) await session.detach();
  }

  async close(): Promise<void> {
    await this.#context.close();
    await this.#stopServing();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #browserSession(): Promise<CDPSession> {
    const browser = this.#context.browser();
    if (browser === null) throw new Error('no browser');
    return browser.newBrowserCDPSession();
  }
}

async function launch(profile: string): Promise<BrowserContext> {
  const executablePath =
    process.env.POCKETPHI_CHROMIUM ?? process.env.CHROMIUM ?? '/usr/bin/chromium';
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: ARGUMENTS,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return context;
}
