/* npm run fuzz [-- target [seconds]]: libFuzzer on one target or on all, 60 s each.
 *
 * Targets are tests/fuzz/fuzz_<name>.c; `gguf` and `fuzz_gguf` name the same one. Inputs found on the way stay in
 * build/fuzz-work/<target>/; an input that crashes is printed, and kept there to be copied into tests/fuzz/corpora. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runMain, runShown, SetupError, say } from '../setup/report.mjs';
import { REPOSITORY } from '../setup/workspace.mjs';
import { buildNative } from './native.mjs';

const SECONDS_DEFAULT = 60;
const RSS_MB_MAX = 2048;
const INPUT_SECONDS_MAX = 10;

function listTargets() {
  const folder = join(REPOSITORY, 'tests/fuzz');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.map((name) => /^(fuzz_\w+)\.c$/.exec(name)?.[1]).filter(Boolean);
}

function fuzzOne(build, target, seconds) {
  const work = join(REPOSITORY, 'build/fuzz-work', target);
  mkdirSync(join(work, 'inputs'), { recursive: true });
  const corpus = join(REPOSITORY, 'tests/fuzz/corpora', target);
  say(`\n=== ${target}, ${seconds} s`);
  const code = runShown(join(build, target), [
    `-max_total_time=${seconds}`,
    `-timeout=${INPUT_SECONDS_MAX}`,
    `-rss_limit_mb=${RSS_MB_MAX}`,
    '-print_final_stats=1',
    `-artifact_prefix=${work}/`,
    join(work, 'inputs'),
    ...(existsSync(corpus) ? [corpus] : []),
  ]);
  return code === 0;
}

await runMain(() => {
  const [name, seconds = String(SECONDS_DEFAULT)] = process.argv.slice(2);
  if (!/^[1-9]\d*$/.test(seconds))
    throw new SetupError(`seconds must be a whole number, got ${seconds}`);
  const all = listTargets();
  if (all.length === 0) throw new SetupError('no fuzz targets yet (tests/fuzz/fuzz_*.c)');
  const wanted = name ? all.filter((target) => target === name || target === `fuzz_${name}`) : all;
  if (wanted.length === 0) throw new SetupError(`no fuzz target ${name}; known: ${all.join(', ')}`);
  const build = buildNative('fuzz', wanted);
  const failed = wanted.filter((target) => !fuzzOne(build, target, Number(seconds)));
  say(`\n${wanted.length - failed.length} passed, ${failed.length} failed, 0 skipped`);
  if (failed.length > 0)
    throw new SetupError(`${failed.join(', ')} failed (inputs in build/fuzz-work/)`);
});
