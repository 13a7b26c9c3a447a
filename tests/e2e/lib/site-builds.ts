/* Sites of a test's own, built from demo/ with changes: another version, another embedded model, a page more. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildSite, listFiles } from '../../../tools/build/site.mjs';
import { ROOT } from './models.ts';

/* Below the repository, so that the sources find their libraries. */
const SCRATCH = join(ROOT, 'build/e2e-sites');

export interface SiteBuild {
  readonly folder: string;
  readonly version: string;
  /** Paths from the site's root. */
  readonly files: readonly string[];
  /** The embedded tutor's. */
  readonly model: string;
}

export interface SiteChanges {
  /** The file that becomes the embedded tutor. */
  readonly model: string;
  /** Path in demo/ → text to find and text instead. */
  readonly edits?: Readonly<Record<string, readonly [string, string]>>;
  /** Path in demo/ → content. */
  readonly additions?: Readonly<Record<string, string>>;
}

export async function buildChangedSite(name: string, changes: SiteChanges): Promise<SiteBuild> {
  const demo = join(SCRATCH, name, 'demo');
  const out = join(SCRATCH, name, 'site');
  rmSync(join(SCRATCH, name), { recursive: true, force: true });
  cpSync(join(ROOT, 'demo'), demo, { recursive: true });
  mkdirSync(join(demo, 'models'), { recursive: true });
  cpSync(changes.model, join(demo, 'models/tutor.gguf'));
  for (const [path, [from, to]] of Object.entries(changes.edits ?? {})) {
    const text = readFileSync(join(demo, path), 'utf8');
    if (!text.includes(from)) throw new Error(`demo/${path} has no "${from}"`);
    writeFileSync(join(demo, path), text.replace(from, to));
  }
  for (const [path, text] of Object.entries(changes.additions ?? {})) {
    mkdirSync(dirname(join(demo, path)), { recursive: true });
    writeFileSync(join(demo, path), text);
  }
  const { version } = await buildSite({ demo, out });
  const files = listFiles(out);
  const model = files.find((path) => path.startsWith('models/tutor-'));
  if (model === undefined) throw new Error('the site has no model');
  return { folder: out, version, files, model };
}

export function deleteSites(): void {
  rmSync(SCRATCH, { recursive: true, force: true });
}
