/* Models that the tests load. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export function tinyModel(name: string): string {
  return join(ROOT, 'tests/models', `${name}.gguf`);
}

/** The path of SmolLM2, fetched when it is not in the cache; undefined when it cannot be had. */
export function fetchSmolLm2(): string | undefined {
  const run = spawnSync('python3', [join(ROOT, 'tools/models/smollm2.py')], { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim().split('\n').at(-1) : undefined;
}

export const NO_SMOLLM2 = 'SmolLM2 could not be fetched: the real model was NOT tested in Chromium';
