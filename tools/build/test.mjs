/* npm test: every suite, in an order that shows cheap failures first; sets up whatever is missing.
 *
 *   node tools/build/test.mjs [suite...]     only these suites (see SUITES)
 *
 * A file tests/<folder>/<name>.test.{mjs,ts} is run by Node's test runner in the suite of its folder: `web` and `e2e`
 * have their own, every other folder belongs to `programs`. They find what was built through the environment:
 *   POCKETPHI_PHI       the native tool
 *   POCKETPHI_DIST      dist/
 *   POCKETPHI_TRAP      the module that crashes on order (e2e)
 *   POCKETPHI_CHROMIUM  a Chromium to start (e2e) */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ensureChromium } from '../setup/chromium.mjs';
import { ensureProgram } from '../setup/debs.mjs';
import { ensureModernNode } from '../setup/modern-node.mjs';
import { runMain, SetupError, say } from '../setup/report.mjs';
import { ensureNodeModules, REPOSITORY } from '../setup/workspace.mjs';
import { buildAll, buildSideModules } from './build.mjs';
import { checkGenerated } from './generators.mjs';
import { buildNative, listTests } from './native.mjs';
import { runTee, Tally } from './tally.mjs';
import { buildWasm, VARIANTS } from './wasm.mjs';

const TESTS = join(REPOSITORY, 'tests');
const OWN_SUITE = ['web', 'e2e'];
const NOT_TESTS = ['bench'];
const FILE_MS_MAX = 15 * 60_000; /* a test file that hangs is ended and fails */
/* LeakSanitizer is part of AddressSanitizer; a report of undefined behaviour ends the program. */
const SANITIZERS = {
  ASAN_OPTIONS: 'detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
};

/** Files <name>.test.{mjs,ts} below a folder of tests/. */
function listTestFiles(folder) {
  const files = [];
  if (!existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') files.push(...listTestFiles(path));
    else if (/\.test\.(mjs|ts)$/.test(entry.name)) files.push(path);
  }
  return files.sort();
}

/** Names of failed and skipped tests in TAP, and how many passed. */
function readTap(text) {
  const count = (key) => Number(new RegExp(`^# ${key} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  const unescapeTap = (name) => name.replace(/\\(.)/g, '$1').trim();
  const skips = [...text.matchAll(/^\s*ok \d+ - (.*?) # SKIP ?(.*)$/gm)].map(
    (m) => `${unescapeTap(m[1])}: ${m[2] || 'no reason given'}`,
  );
  const failures = [...text.matchAll(/^\s*not ok \d+ - (.*)$/gm)].map((m) => unescapeTap(m[1]));
  const nFailed = count('fail') + count('cancelled');
  return { passed: count('pass'), failures: failures.slice(0, nFailed), nFailed, skips };
}

async function runNodeTests(tally, title, files, env) {
  if (files.length === 0) {
    say('  none yet');
    return;
  }
  ensureNodeModules();
  const tap = join(REPOSITORY, 'build', `tests-${title}.tap`);
  mkdirSync(join(REPOSITORY, 'build'), { recursive: true });
  rmSync(tap, { force: true });
  const args = [
    '--import',
    join(REPOSITORY, 'tools/build/ts-hook.mjs'),
    '--enable-source-maps',
    '--test',
    '--test-concurrency=1',
    `--test-timeout=${FILE_MS_MAX}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=tap',
    `--test-reporter-destination=${tap}`,
    ...files.map((file) => relative(REPOSITORY, file)),
  ];
  const { code } = await runTee(process.execPath, args, {
    cwd: REPOSITORY,
    env: { ...process.env, ...env },
  });
  const { passed, failures, nFailed, skips } = readTap(
    existsSync(tap) ? readFileSync(tap, 'utf8') : '',
  );
  while (failures.length < nFailed) failures.push(`a test of ${title}`);
  if (code !== 0 && failures.length === 0) failures.push(`test runner: exit code ${code}`);
  tally.add(
    passed,
    failures.map((f) => `${title}: ${f}`),
    skips.map((s) => `${title}: ${s}`),
  );
}

async function runCTests(tally, preset, folder, launcher = []) {
  const tests = listTests(folder);
  if (tests.length === 0) say('  none yet');
  for (const { name, command } of tests) {
    const [program, ...args] = [...launcher, ...command];
    await tally.program(`${preset} ${name}`, program, args, {
      env: { ...process.env, ...SANITIZERS },
      cwd: REPOSITORY,
    });
  }
}

async function testChecks(tally) {
  const python = ensureProgram('python3').file;
  for (const name of ['check_layers', 'check_style']) {
    const script = join(REPOSITORY, 'tools/check', `${name}.py`);
    await tally.check(name, python, [script]);
  }
  await checkGenerated(tally);
}

async function testNative(tally) {
  await runCTests(tally, 'native-asan', buildNative('native-asan'));
}

async function testWasm(tally) {
  const node = ensureModernNode();
  for (const variant of VARIANTS) {
    const folder = buildWasm(variant);
    for (const { name, command } of listTests(folder)) {
      const script = command.find((word) => word.endsWith('.js'));
      if (!script)
        throw new SetupError(`test ${name} of ${folder} is not a script: ${command.join(' ')}`);
      await tally.program(`wasm-${variant} ${name}`, node, [script], { cwd: REPOSITORY });
    }
  }
}

function builtPaths() {
  return {
    POCKETPHI_PHI: join(REPOSITORY, 'build/native-release/phi'),
    POCKETPHI_DIST: join(REPOSITORY, 'dist'),
  };
}

async function testPrograms(tally) {
  buildNative('native-release');
  const folders = readdirSync(TESTS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  const files = folders
    .filter((name) => !OWN_SUITE.includes(name) && !NOT_TESTS.includes(name))
    .flatMap((name) => listTestFiles(join(TESTS, name)));
  await runNodeTests(tally, 'programs', files, builtPaths());
}

async function testWeb(tally) {
  buildSideModules();
  await runNodeTests(tally, 'web', listTestFiles(join(TESTS, 'web')), builtPaths());
}

async function testBrowser(tally) {
  const files = listTestFiles(join(TESTS, 'e2e'));
  if (files.length === 0) {
    say('  none yet');
    return;
  }
  const chromium = ensureChromium();
  await buildAll();
  buildNative('native-release', ['phi']); /* what pages say is compared with what it says */
  const env = {
    ...chromium.env,
    ...builtPaths(),
    POCKETPHI_TRAP: join(buildWasm('relaxed-mt', 'pocketphi_trap'), 'trap'),
    POCKETPHI_CHROMIUM: chromium.file,
  };
  await runNodeTests(tally, 'e2e', files, env);
}

const SUITES = {
  checks: ['layers, style, generated files', testChecks],
  native: [
    'C tests, native, AddressSanitizer and UndefinedBehaviorSanitizer (with fuzz corpora)',
    testNative,
  ],
  programs: ['the native tool and its references', testPrograms],
  wasm: ['C tests, compiled to wasm, in Node', testWasm],
  web: ['web layer, in Node', testWeb],
  e2e: ['pages, in Chromium', testBrowser],
};

await runMain(async () => {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !SUITES[name]);
  if (unknown.length > 0)
    throw new SetupError(
      `unknown suite ${unknown.join(', ')}; known: ${Object.keys(SUITES).join(', ')}`,
    );
  const tally = new Tally();
  const start = Date.now();
  for (const name of names.length > 0 ? names : Object.keys(SUITES)) {
    const [title, work] = SUITES[name];
    await tally.suite(`${name}: ${title}`, () => work(tally));
  }
  if (!tally.report(Date.now() - start)) process.exitCode = 1;
});
