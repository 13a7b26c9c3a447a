/* npm run build: everything that a page needs, in dist/, and the site out of it, in build/site/ (site.mjs).
 *
 *   dist/index.js              the entry of exports["."]; a page imports it as it is
 *   dist/prompt-api.js         the entry of exports["./prompt-api"]
 *   dist/engine-worker.js      the worker that either starts
 *   dist/images.js             what either fetches with the first picture
 *   dist/pocketphi-pixels.js   what the worker fetches with it
 *   dist/ai-sdk.js             the entry of exports["./ai-sdk"]; imports index.js, so that errors are of one class
 *   dist/isolation.js          the entry of exports["./isolation"]: parts of the next for service workers of one's own
 *   dist/coi-service-worker.js optional: cross-origin isolation where the server sends no headers; a plain script
 *   dist/pocketphi-import.{js,wasm}      what the worker fetches with the first Hugging Face folder
 *   dist/pocketphi-<variant>.{js,wasm}   the engine, one pair per variant; the worker loads one of them
 *   dist/pocketphi-pixels.wasm the decoder of pictures, fetched with the first of them
 *   dist/types/                TypeScript declarations
 *   dist/manifest.schema.json  what a model's manifest looks like
 *   dist/licences.txt          of what others wrote and is in these files
 *   dist/sizes.json            bytes of all of it, raw and gzipped
 *
 *   node tools/build/build.mjs [variant...]    only these wasm variants */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { formatBytes, runMain, runShown, SetupError, say, step } from '../setup/report.mjs';
import { ensureNodeModules, nodeProgram, REPOSITORY } from '../setup/workspace.mjs';
import { joinLicences, licencesOf, RUNTIME_LICENCES } from './licences.mjs';
import { buildSiteShown } from './site.mjs';
import { buildWasm, VARIANTS } from './wasm.mjs';

const DIST = join(REPOSITORY, 'dist');
/* Modules beside the engine, each fetched when it is needed. */
const SIDE_MODULES = ['pixels', 'import'];
/* Whose build makes the side modules: one thread, SIMD that all browsers have. */
const SIDE_VARIANT = 'simd128-st';
const COPIED = ['web/net/manifest.schema.json'];
/* Each entry becomes one self-contained file. */
const ENTRIES = {
  index: 'web/index.ts',
  'prompt-api': 'web/prompt-api.ts',
  isolation: 'web/coi/isolation.ts',
  'engine-worker': 'web/worker/engine-worker.ts',
  images: 'web/engine/images.ts',
  'pocketphi-pixels': 'web/worker/pictures.ts',
  'pocketphi-import': 'web/worker/import-folder.ts',
};
/* What a page of the main entry loads of them. */
const PAGE_SCRIPTS = ['index.js', 'engine-worker.js'];
const AI_SDK = { 'ai-sdk': 'web/ai-sdk.ts' };
const PLAIN_SCRIPTS = { 'coi-service-worker': 'web/coi/coi-service-worker.ts' };
/* What the AI SDK's entry takes from the main one. */
const FROM_INDEX = {
  name: 'from-index',
  setup(build) {
    build.onResolve({ filter: /base\/errors\.ts$/ }, () => ({
      path: './index.js',
      external: true,
    }));
  },
};

/* What is imported when it is wanted stays a file of its own. */
const LATER = {
  name: 'later',
  setup(build) {
    build.onResolve({ filter: /\/images\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './images.js', external: true } : undefined,
    );
  },
};

function measure(file) {
  const bytes = readFileSync(file);
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
}

async function buildModules(variants) {
  const built = [];
  for (const variant of variants) {
    const folder = buildWasm(variant, 'pocketphi_wasm');
    const wasm = `pocketphi-${variant}.wasm`;
    const glue = `pocketphi-${variant}.js`;
    copyFileSync(join(folder, wasm), join(DIST, wasm));
    await minify(join(folder, glue), join(DIST, glue));
    built.push(glue, wasm);
  }
  return built;
}

/** What comes beside the engine, in no variant; returns the names. */
export function buildSideModules() {
  mkdirSync(DIST, { recursive: true });
  return SIDE_MODULES.map((name) => {
    const folder = buildWasm(SIDE_VARIANT, `pocketphi_${name}_wasm`);
    const file = `pocketphi-${name}.wasm`;
    copyFileSync(join(folder, file), join(DIST, file));
    return file;
  });
}

/** Emscripten leaves the names of its script as they are: shorter ones save 1.8 kB of a gzipped variant. */
async function minify(from, to) {
  const { transform } = await import('esbuild');
  const { code } = await transform(readFileSync(from, 'utf8'), {
    format: 'esm',
    target: 'es2022',
    minify: true,
  });
  writeFileSync(to, code);
}

/** Source maps lie beside the files and are not part of the package, hence no comment names them. */
async function bundleEntries(entryPoints, options = {}) {
  const { build } = await import('esbuild');
  const result = await build({
    absWorkingDir: REPOSITORY,
    entryPoints,
    outdir: DIST,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    sourcemap: 'external',
    metafile: true,
    ...options,
    legalComments: 'none',
    minify: true,
    logLevel: 'silent',
  }).catch((error) => {
    const lines = (error.errors ?? []).map(
      (e) => `${e.location?.file}:${e.location?.line}: ${e.text}`,
    );
    throw new SetupError(`esbuild failed:\n  ${lines.join('\n  ') || error.message}`);
  });
  for (const warning of result.warnings)
    say(`  warning: ${warning.location?.file}:${warning.location?.line}: ${warning.text}`);
  return result.metafile;
}

/** Returns the names of the scripts. */
async function bundle() {
  const metafiles = [
    await bundleEntries(ENTRIES, { plugins: [LATER] }),
    await bundleEntries(AI_SDK, { plugins: [FROM_INDEX] }),
  ];
  const licences = [RUNTIME_LICENCES, ...licencesOf(metafiles)];
  writeFileSync(join(DIST, 'licences.txt'), joinLicences(licences));
  await bundleEntries(PLAIN_SCRIPTS, { format: 'iife' });
  return Object.keys({ ...ENTRIES, ...AI_SDK, ...PLAIN_SCRIPTS }).map((name) => `${name}.js`);
}

function emitTypes() {
  const out = join(DIST, 'types');
  rmSync(out, { recursive: true, force: true });
  const options = [
    '-p',
    'tsconfig.json',
    '--noEmit',
    'false',
    '--declaration',
    '--emitDeclarationOnly',
    '--outDir',
    out,
  ];
  if (runShown(nodeProgram('tsc'), options, { cwd: REPOSITORY }) !== 0)
    throw new SetupError('TypeScript found errors (above)');
}

/** Sizes of every file, and of what a page of the main entry loads with each variant: its module and the JavaScript. */
function reportSizes(modules, sides, scripts) {
  const files = Object.fromEntries(
    [...modules, ...sides, ...scripts].map((name) => [name, measure(join(DIST, name))]),
  );
  const sum = (names) => ({
    raw: names.reduce((n, name) => n + files[name].raw, 0),
    gzip: names.reduce((n, name) => n + files[name].gzip, 0),
  });
  const pageScripts = scripts.filter((name) => PAGE_SCRIPTS.includes(name));
  const variants = {};
  for (const wasm of modules.filter((name) => name.endsWith('.wasm'))) {
    variants[basename(wasm, '.wasm')] = sum([wasm, wasm.replace(/wasm$/, 'js'), ...pageScripts]);
  }
  writeFileSync(join(DIST, 'sizes.json'), `${JSON.stringify({ files, variants }, null, 2)}\n`);
  const row = (name, { raw, gzip }) =>
    say(`  ${name.padEnd(34)}${formatBytes(raw).padStart(11)}${formatBytes(gzip).padStart(11)}`);
  say(`  ${'dist/'.padEnd(34)}${'raw'.padStart(11)}${'gzip'.padStart(11)}`);
  for (const [name, size] of Object.entries(files)) row(name, size);
  say('  a page of index.js loads it, the worker and one variant:');
  for (const [name, size] of Object.entries(variants)) row(name, size);
}

/** Builds dist/ and the site. */
export async function buildAll(variants = VARIANTS) {
  ensureNodeModules();
  mkdirSync(DIST, { recursive: true });
  const modules = await buildModules(variants);
  const sides = buildSideModules();
  for (const file of COPIED) copyFileSync(join(REPOSITORY, file), join(DIST, basename(file)));
  const scripts = await bundle();
  step('types', emitTypes);
  reportSizes(modules, sides, scripts);
  await buildSiteShown();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runMain(async () => {
    const names = process.argv.slice(2);
    const unknown = names.filter((name) => !VARIANTS.includes(name));
    if (unknown.length > 0)
      throw new SetupError(`unknown variant ${unknown.join(', ')}; known: ${VARIANTS.join(', ')}`);
    await buildAll(names.length > 0 ? names : VARIANTS);
  });
}
