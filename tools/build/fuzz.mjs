/* npm run fuzz [-- target [seconds]]: libFuzzer on one target or on all, 60 s each.
 *
 * Targets are tests/fuzz/fuzz_<name>.c, and fuzz_<name>.ts for what runs in JavaScript; `gguf` and `fuzz_gguf` name the
 * same one. Inputs found on the way stay in build/fuzz-work/<target>/; an input that crashes is printed, and kept there
 * to be copied into tests/fuzz/corpora. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureJazzer } from '../setup/jazzer.mjs';
import { MissingError, runMain, runShown, SetupError, say } from '../setup/report.mjs';
import { ensureNodeModules, REPOSITORY } from '../setup/workspace.mjs';
import { buildNative } from './native.mjs';

const SECONDS_DEFAULT = 60;
const RSS_MB_MAX = 2048;
const INPUT_SECONDS_MAX = 10;

/** Names of fuzz targets: {c: [...], ts: [...]}. */
function listTargets() {
  const names = readdirSync(join(REPOSITORY, 'tests/fuzz'));
  const ending = (suffix) =>
    names.map((name) => new RegExp(`^(fuzz_\\w+)\\.${suffix}$`).exec(name)?.[1]).filter(Boolean);
  return { c: ending('c'), ts: ending('ts') };
}

/** What libFuzzer is told, for programs of both languages: {corpora, flags}. */
function libFuzzerArguments(target, seconds) {
  const work = join(REPOSITORY, 'build/fuzz-work', target);
  mkdirSync(join(work, 'inputs'), { recursive: true });
  const corpus = join(REPOSITORY, 'tests/fuzz/corpora', target);
  const dictionary = join(REPOSITORY, 'tests/fuzz', `${target}.dict`);
  return {
    corpora: [join(work, 'inputs'), ...(existsSync(corpus) ? [corpus] : [])],
    flags: [
      `-max_total_time=${seconds}`,
      `-timeout=${INPUT_SECONDS_MAX}`,
      `-rss_limit_mb=${RSS_MB_MAX}`,
      '-print_final_stats=1',
      `-artifact_prefix=${work}/`,
      ...(existsSync(dictionary) ? [`-dict=${dictionary}`] : []),
    ],
  };
}

function fuzzC(build, target, seconds) {
  const { corpora, flags } = libFuzzerArguments(target, seconds);
  return runShown(join(build, target), [...flags, ...corpora]) === 0;
}

/** One file with all that the target imports: the fuzzer counts the edges of every file that is required. */
async function bundle(target) {
  const { build } = await import('esbuild');
  const outfile = join(REPOSITORY, 'build/fuzz-js', `${target}.cjs`);
  await build({
    absWorkingDir: REPOSITORY,
    entryPoints: [`tests/fuzz/${target}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
  return outfile;
}

function fuzzTs([file, ...args], script, target, seconds) {
  const { corpora, flags } = libFuzzerArguments(target, seconds);
  return runShown(file, [...args, script, '--sync', ...corpora, '--', ...flags]) === 0;
}

/** Jazzer.js; undefined (said loudly) where it cannot be had. */
function findJazzer(targets) {
  ensureNodeModules();
  try {
    return ensureJazzer();
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    say(`  SKIPPED ${targets.join(', ')}: ${error.message}`);
    return undefined;
  }
}

/** The functions that run the targets wanted, by name; what they need is built first. */
async function prepare(targets, seconds) {
  const runs = new Map();
  if (targets.c.length > 0) {
    const build = buildNative('fuzz', targets.c);
    for (const target of targets.c) runs.set(target, () => fuzzC(build, target, seconds));
  }
  const jazzer = targets.ts.length > 0 ? findJazzer(targets.ts) : undefined;
  for (const target of jazzer ? targets.ts : []) {
    const script = await bundle(target);
    runs.set(target, () => fuzzTs(jazzer, script, target, seconds));
  }
  return runs;
}

await runMain(async () => {
  const [name, seconds = String(SECONDS_DEFAULT)] = process.argv.slice(2);
  if (!/^[1-9]\d*$/.test(seconds))
    throw new SetupError(`seconds must be a whole number, got ${seconds}`);
  const all = listTargets();
  const isWanted = (target) => !name || target === name || target === `fuzz_${name}`;
  const wanted = { c: all.c.filter(isWanted), ts: all.ts.filter(isWanted) };
  if (wanted.c.length + wanted.ts.length === 0)
    throw new SetupError(`no fuzz target ${name}; known: ${[...all.c, ...all.ts].join(', ')}`);
  const failed = [];
  const runs = await prepare(wanted, Number(seconds));
  const nSkipped = wanted.c.length + wanted.ts.length - runs.size;
  for (const [target, run] of runs) {
    say(`\n=== ${target}, ${seconds} s`);
    if (!run()) failed.push(target);
  }
  say(`\n${runs.size - failed.length} passed, ${failed.length} failed, ${nSkipped} skipped`);
  if (failed.length > 0)
    throw new SetupError(`${failed.join(', ')} failed (inputs in build/fuzz-work/)`);
});
