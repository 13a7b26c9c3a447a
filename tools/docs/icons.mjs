/* node tools/docs/icons.mjs: the PNG icons of the site out of demo/site/icons/icon.svg, drawn by Chromium. Maskable
 * ones have no rounded corners: the system cuts them. What they show lies in the middle circle, four fifths wide. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ensureChromium } from '../setup/chromium.mjs';
import { runMain, say } from '../setup/report.mjs';
import { REPOSITORY } from '../setup/workspace.mjs';

const FOLDER = join(REPOSITORY, 'demo/site/icons');
const ICONS = [
  { name: 'icon-192', size: 192 },
  { name: 'icon-512', size: 512 },
  { name: 'icon-180', size: 180, isSquare: true },
  { name: 'icon-maskable-512', size: 512, isSquare: true },
];

await runMain(async () => {
  const svg = readFileSync(join(FOLDER, 'icon.svg'), 'utf8');
  const { file, env } = ensureChromium();
  const browser = await chromium.launch({
    executablePath: file,
    env: { ...process.env, ...env },
    args: ['--no-sandbox'],
  });
  const page = await browser.newPage();
  for (const { name, size, isSquare = false } of ICONS) {
    const drawn = isSquare ? svg.replace(' rx="112"', '') : svg;
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${drawn}`);
    const png = await page.screenshot({ omitBackground: true });
    writeFileSync(join(FOLDER, `${name}.png`), png);
    say(`${name}.png: ${png.length} bytes`);
  }
  await browser.close();
});
