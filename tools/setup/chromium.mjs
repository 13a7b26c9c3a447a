/* A Chromium for the browser tests and the benchmark: $POCKETPHI_CHROMIUM, else one on PATH, else Debian's package. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDebs, isIgnored } from './debs.mjs';
import { MissingError, which } from './report.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** {file, env}: start `file` with the environment `env`. */
export function ensureChromium() {
  const named = process.env.POCKETPHI_CHROMIUM;
  if (named) {
    if (!existsSync(named))
      throw new MissingError(`POCKETPHI_CHROMIUM names ${named}, which does not exist`);
    return { file: named, env: process.env };
  }
  const found = isIgnored('chromium') ? undefined : NAMES.map((name) => which(name)).find(Boolean);
  if (found) return { file: found, env: process.env };
  const { root, env } = ensureDebs(['chromium']);
  return {
    file: root === '/' ? '/usr/bin/chromium' : join(root, 'usr/lib/chromium/chromium'),
    env,
  };
}
