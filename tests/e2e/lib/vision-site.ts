/* What the tests of pages that look at pictures have in common: the site with a stand-in that sees, in a browser with a
 * fake camera, of which every test leaves nothing. */
import type { Page } from 'playwright-core';
import { FAKE_CAMERA, type LaunchedContext, launchContext } from './browser.ts';
import { type FakeSite, openFakeSite } from './fake-site.ts';
import { DESKTOP, type PHONE, watchErrors } from './page-checks.ts';

export interface Visit {
  readonly viewport?: typeof DESKTOP | typeof PHONE;
  /** Prepares the page before its scripts run. */
  readonly prepare: (page: Page) => Promise<void>;
}

/** The next camera that the page asks for is given once answerPrompt() is called: the user thinks it over. Run in the
 *  page. */
export function holdPrompt(): void {
  const { mediaDevices } = navigator;
  const ask = mediaDevices.getUserMedia;
  mediaDevices.getUserMedia = async (wishes) => {
    mediaDevices.getUserMedia = ask;
    await new Promise<void>((resolve) => {
      globalThis.answerPrompt = resolve;
    });
    return await ask.call(mediaDevices, wishes);
  };
}

/** Keeps what cameras the page was given in `streams`. Run in the page. */
export function keepStreams(): void {
  globalThis.streams = [];
  const { mediaDevices } = navigator;
  const ask = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (wishes) => {
    const stream = await ask(wishes);
    globalThis.streams.push(stream);
    return stream;
  };
}

export class VisionSite {
  readonly #site: FakeSite;
  readonly #browser: LaunchedContext;

  static async open(): Promise<VisionSite> {
    const site = await openFakeSite('fake-vision.js');
    const browser = await launchContext({ serviceWorkers: 'block', args: FAKE_CAMERA });
    return new VisionSite(site, browser);
  }

  private constructor(site: FakeSite, browser: LaunchedContext) {
    this.#site = site;
    this.#browser = browser;
  }

  get url(): string {
    return this.#site.url;
  }

  get context(): LaunchedContext['context'] {
    return this.#browser.context;
  }

  async visit(path: string, { viewport = DESKTOP, prepare }: Visit) {
    const page = await this.context.newPage();
    await page.setViewportSize(viewport);
    await prepare(page);
    const errors = watchErrors(page);
    await page.goto(this.url + path);
    await page.locator('#choices input').first().waitFor({ state: 'attached' });
    return { page, errors };
  }

  async forget(): Promise<void> {
    const blank = await this.context.newPage();
    await blank.goto(`${this.url}/icons/icon.svg`);
    await blank.evaluate(() => localStorage.clear());
    for (const page of this.context.pages()) if (page !== blank) await page.close();
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#site.close();
  }
}
