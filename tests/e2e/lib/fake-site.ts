/* The site as it is built, but for the package: a stand-in of tests/e2e/lib/ that says what a test wants. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { serve } from '../../../demo/serve.mjs';
import { buildSite } from '../../../tools/build/site.mjs';
import { ROOT } from './models.ts';

export interface FakeSite {
  readonly url: string;
  close(): Promise<void>;
}

/** `entry`: 'fake-chat.js' and so on. */
export async function openFakeSite(entry: string): Promise<FakeSite> {
  const folder = mkdtempSync(join(tmpdir(), 'pocketphi-fake-'));
  const dist = join(folder, 'dist');
  await build({
    entryPoints: { index: join(ROOT, 'tests/e2e/lib', entry) },
    outdir: dist,
    bundle: true,
    format: 'esm',
    logLevel: 'silent',
  });
  await buildSite({ dist, out: join(folder, 'site') });
  const { url, close } = await serve({ folders: { '/': join(folder, 'site/') } });
  return {
    url,
    async close() {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
