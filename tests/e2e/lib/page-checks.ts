/* What holds for every page of the site: no serious finding of axe in both languages and appearances, nothing wider
 * than a phone, no errors on the console. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ROOT } from './models.ts';

export const DESKTOP = { width: 1280, height: 800 } as const;
export const PHONE = { width: 390, height: 844 } as const;
const SCREENSHOTS = join(ROOT, 'build/e2e');
const AXE = readFileSync(join(ROOT, 'node_modules/axe-core/axe.min.js'), 'utf8');
const SERIOUS = ['serious', 'critical'];

interface Finding {
  readonly id: string;
  readonly impact?: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

declare global {
  var axe: { run(): Promise<{ readonly violations: readonly Finding[] }> };
}

/** Errors that pages of this context print or throw from now on; `allowed` are part of a test. */
export function watchErrors(page: Page, allowed: RegExp = /^$/): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !allowed.test(message.text())) errors.push(message.text());
  });
  return errors;
}

async function checkAxe(page: Page, where: string): Promise<void> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run());
  const serious = violations
    .filter(({ impact }) => SERIOUS.includes(impact ?? ''))
    .map(
      ({ id, nodes }) => `${id}: ${nodes.map((n) => `${n.html} ${n.failureSummary}`).join('\n')}`,
    );
  assert.deepEqual(serious, [], where);
}

async function checkWidth(page: Page, where: string): Promise<void> {
  const [needed = 0, width = 0] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    innerWidth,
  ]);
  assert.ok(needed <= width, `${where}: the page is ${needed} wide on ${width}`);
}

/** The state that the page is in, in each language and appearance, on a desktop and a phone. Screenshots are left in
 * build/e2e/. */
export async function checkState(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  for (const [language, theme, viewport] of [
    ['en', 'light', DESKTOP],
    ['ko', 'dark', PHONE],
    ['en', 'dark', PHONE],
    ['ko', 'light', DESKTOP],
  ] as const) {
    await page.setViewportSize(viewport);
    await page.selectOption('#language', language);
    await page.selectOption('#theme', theme);
    const size = viewport === PHONE ? 'phone' : 'desktop';
    const where = `${name}-${language}-${theme}-${size}`;
    await page.screenshot({ path: join(SCREENSHOTS, `${where}.png`), fullPage: true });
    await checkWidth(page, where);
    await checkAxe(page, where);
  }
  await page.setViewportSize(DESKTOP);
  await page.selectOption('#language', 'en');
  await page.selectOption('#theme', 'auto');
}

/** Presses Tab until the element has the focus; fails when it never does. */
export async function tabTo(page: Page, selector: string, tabsMax = 60): Promise<void> {
  for (let i = 0; i < tabsMax; i++) {
    const isThere = await page.evaluate(
      (s) => document.activeElement?.matches(s) === true,
      selector,
    );
    if (isThere) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${selector} is not reached by ${tabsMax} tabs`);
}
