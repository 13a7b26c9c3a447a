/* npm run site: the static site, build/site/, out of demo/ and dist/. It works below any path of any host.
 *
 *   index.html, <page>/index.html     as in demo/, with the addresses of what they load put in
 *   assets/<name>-<hash>.js, .css     each page's scripts and styles, libraries bundled in
 *   engine-<hash>/                    the package's files that a page loads, out of dist/
 *   models/<name>-<hash>.gguf         the embedded models, those that there are
 *   manifest.webmanifest, icons/      for installing it
 *   licences.txt                      of what others wrote and is in it
 *   sw.js                             the service worker, with the list of all of these and their hashes
 *
 * Everything but the pages has a hash of its content in its path: a page names exactly the files that it was built
 * with, so that one of an older build and one of a newer never share a file of the same name. */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { formatBytes, runMain, SetupError, say, step } from '../setup/report.mjs';
import { ensureNodeModules, REPOSITORY } from '../setup/workspace.mjs';
import { joinLicences, licencesOf } from './licences.mjs';
import { completePage, readPage } from './site-pages.mjs';

const HASH_CHARS = 8;
const ENGINE_FILE = /^(index\.js|images\.js|engine-worker\.js|pocketphi-[\w-]+\.(js|wasm))$/;
/* demo/models/<name>.gguf */
const EMBEDDED_MODELS = ['tutor', 'tiny-vision'];
/* Part of every page. */
const START_SCRIPT = 'site/start.js';
const SERVICE_WORKER = 'site/sw.js';
const ICONS = 'site/icons';
const MANIFEST = 'site/manifest.webmanifest';
/* The service worker takes the parts of the package's own into itself. */
const ISOLATION = join(REPOSITORY, 'web/coi/isolation.ts');

const hashOf = (...pieces) => {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex').slice(0, HASH_CHARS);
};

/** Every file below a folder, by its path from there with slashes, sorted. */
export function listFiles(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .map((path) => path.split('\\').join('/'))
    .sort();
}

/** Pages of demo/ by name: index is demo/index.html, the others demo/<name>/index.html. */
function findPages(demo) {
  const names = readdirSync(demo, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(demo, entry.name, 'index.html')))
    .map((entry) => entry.name);
  return ['index', ...names.sort()];
}

const pagePath = (name) => (name === 'index' ? 'index.html' : `${name}/index.html`);

/** Where the source is, as package.json says: a page links there. null: nowhere yet. */
function findSourceUrl() {
  const { repository, homepage } = JSON.parse(
    readFileSync(join(REPOSITORY, 'package.json'), 'utf8'),
  );
  const url = (repository?.url ?? repository ?? homepage)?.replace(/^git\+|\.git$/g, '');
  return URL.canParse(url ?? '') && new URL(url).protocol === 'https:' ? url : null;
}

/** Copies what a page loads of dist/; returns the folder's name. */
function copyEngine(dist, out) {
  const names = existsSync(dist) ? readdirSync(dist).filter((name) => ENGINE_FILE.test(name)) : [];
  if (!names.includes('index.js'))
    throw new SetupError(`${dist} has no index.js; run \`npm run build\` first`);
  const contents = names.sort().map((name) => readFileSync(join(dist, name)));
  const folder = `engine-${hashOf(...contents)}`;
  mkdirSync(join(out, folder), { recursive: true });
  names.forEach((name, i) => {
    writeFileSync(join(out, folder, name), contents[i]);
  });
  return folder;
}

/** { path, bytes } of an embedded model in the site, or null without one. */
function copyModel(name, demo, out) {
  const file = join(demo, 'models', `${name}.gguf`);
  if (!existsSync(file)) {
    say(`  NO EMBEDDED MODEL: demo/models/${name}.gguf is missing; the site is built without it`);
    return null;
  }
  const bytes = readFileSync(file);
  const path = `models/${name}-${hashOf(bytes)}.gguf`;
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), bytes);
  return { path, bytes: bytes.length };
}

/** `import url from './x-worker.js?worker'`: the address, relative to the importing file, of a module worker that is
 *  bundled on its own. Browsers cannot be told of a hashed file in any other way. */
function workerPlugin(build, plugin) {
  build.onResolve({ filter: /\?worker$/ }, ({ path, resolveDir }) => ({
    path: join(resolveDir, path.replace(/\?worker$/, '')),
    namespace: 'worker',
  }));
  build.onLoad({ filter: /.*/, namespace: 'worker' }, async ({ path }) => {
    const made = await runEsbuild({
      entryPoints: [path],
      format: 'esm',
      write: false,
      outdir: dirname(path),
      plugins: [plugin],
    });
    return { contents: made.outputFiles[0].contents, loader: 'file' };
  });
}

/** What sources import beyond files and libraries: the package, and what only the build knows ('site:build' and
 *  'site:files' export `facts`). */
function sitePlugin({ engine, facts }) {
  const plugin = {
    name: 'site',
    setup(build) {
      workerPlugin(build, plugin);
      /* The engine's worker, for a worker of a page that runs it. */
      build.onResolve({ filter: /^pocketphi\/engine-worker$/ }, () => ({
        path: `../${engine}/engine-worker.js`,
        external: true,
      }));
      build.onResolve({ filter: /^pocketphi$/ }, () => ({
        path: `../${engine}/index.js`,
        external: true,
      }));
      build.onResolve({ filter: /^pocketphi\/isolation$/ }, () => ({ path: ISOLATION }));
      build.onResolve({ filter: /^site:/ }, ({ path }) => ({ path, namespace: 'site' }));
      build.onLoad({ filter: /.*/, namespace: 'site' }, () => ({
        contents: Object.entries(facts)
          .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`)
          .join('\n'),
      }));
    },
  };
  return plugin;
}

async function runEsbuild(options) {
  const { build } = await import('esbuild');
  const result = await build({
    absWorkingDir: REPOSITORY,
    bundle: true,
    minify: true,
    target: 'es2022',
    platform: 'browser',
    legalComments: 'none',
    logLevel: 'silent',
    /* Fonts come in three formats; every browser that runs the engine reads the first. */
    loader: {
      '.svg': 'file',
      '.woff2': 'file',
      '.woff': 'empty',
      '.ttf': 'empty',
      '.jsonl': 'text',
    },
    ...options,
  }).catch((error) => {
    const lines = (error.errors ?? []).map(
      (e) => `${e.location?.file ?? ''}:${e.location?.line ?? ''}: ${e.text}`,
    );
    throw new SetupError(`esbuild failed:\n  ${lines.join('\n  ') || error.message}`);
  });
  for (const warning of result.warnings)
    say(`  warning: ${warning.location?.file}:${warning.location?.line}: ${warning.text}`);
  return result;
}

/** Source file → { file, css }: where it went in the site, and the styles that its scripts import. */
function outputsOf({ outputs }, out) {
  const place = (path) => relative(out, join(REPOSITORY, path)).split('\\').join('/');
  const found = new Map();
  for (const [path, { entryPoint, cssBundle }] of Object.entries(outputs)) {
    if (!entryPoint) continue;
    const entry = { file: place(path), css: cssBundle && place(cssBundle) };
    found.set(join(REPOSITORY, entryPoint), entry);
  }
  return found;
}

async function bundleAssets(entries, plugin, out) {
  const shared = {
    outdir: join(out, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    assetNames: '[name]-[hash]',
    metafile: true,
    plugins: [plugin],
  };
  const modules = await runEsbuild({
    ...shared,
    entryPoints: entries.modules,
    format: 'esm',
    splitting: true,
  });
  const plain = await runEsbuild({ ...shared, entryPoints: entries.scripts, format: 'iife' });
  return {
    outputs: new Map([...outputsOf(modules.metafile, out), ...outputsOf(plain.metafile, out)]),
    licences: licencesOf([modules.metafile, plain.metafile]),
  };
}

function copyExtras(demo, out) {
  if (existsSync(join(demo, ICONS)))
    cpSync(join(demo, ICONS), join(out, 'icons'), { recursive: true });
  if (existsSync(join(demo, MANIFEST))) cpSync(join(demo, MANIFEST), join(out, basename(MANIFEST)));
}

/** Of what the package's own build has bundled. */
function ownLicences(dist) {
  const file = join(dist, 'licences.txt');
  return existsSync(file) ? [readFileSync(file, 'utf8')] : [];
}

/** The service worker with its list. Last of all: the list has every other file. */
async function buildServiceWorker(demo, out, version) {
  const files = listFiles(out).map((path) => {
    const digest = createHash('sha256')
      .update(readFileSync(join(out, path)))
      .digest('base64');
    return { path, integrity: `sha256-${digest}` };
  });
  await runEsbuild({
    entryPoints: [join(demo, SERVICE_WORKER)],
    outfile: join(out, 'sw.js'),
    format: 'iife',
    plugins: [sitePlugin({ facts: { files, version } })],
  });
}

/** What the site weighs, by kind. */
function reportSizes(out) {
  const kinds = {
    pages: /\.html$/,
    scripts: /^assets\/.*\.js$/,
    styles: /\.css$/,
    engine: /^engine-/,
  };
  const files = listFiles(out);
  const row = (name, some) => {
    const all = some.map((file) => readFileSync(join(out, file)));
    const raw = all.reduce((n, bytes) => n + bytes.length, 0);
    const packed = all.reduce((n, bytes) => n + gzipSync(bytes).length, 0);
    say(`  ${name.padEnd(12)}${formatBytes(raw).padStart(11)}${formatBytes(packed).padStart(11)}`);
  };
  say(`  ${'build/site/'.padEnd(12)}${'raw'.padStart(11)}${'gzip'.padStart(11)}`);
  for (const [name, pattern] of Object.entries(kinds))
    row(
      name,
      files.filter((f) => pattern.test(f)),
    );
  const isOther = (file) => !Object.values(kinds).some((pattern) => pattern.test(file));
  row('other', files.filter(isOther));
}

/** Builds the site. `demo` and `dist` are taken from the repository, `out` is build/site unless told otherwise.
 *  Returns { version }. */
export async function buildSite({
  demo = join(REPOSITORY, 'demo'),
  dist = join(REPOSITORY, 'dist'),
  out = join(REPOSITORY, 'build/site'),
} = {}) {
  const making = `${out}.making`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  const pages = findPages(demo);
  const engine = copyEngine(dist, making);
  const embeddedFiles = Object.fromEntries(
    EMBEDDED_MODELS.map((name) => [name, copyModel(name, demo, making)]),
  );
  const facts = { pages, embeddedFiles, sourceUrl: findSourceUrl() };
  const read = pages.map((name) => readPage(join(demo, pagePath(name)), pagePath(name)));
  const start = join(demo, START_SCRIPT);
  const modules = [...new Set(read.flatMap((page) => page.entries))];
  const plugin = sitePlugin({ engine, facts });
  const { outputs, licences } = await bundleAssets({ modules, scripts: [start] }, plugin, making);
  copyExtras(demo, making);
  writeFileSync(join(making, 'licences.txt'), joinLicences([...ownLicences(dist), ...licences]));
  const drafts = read.map((page) => completePage(page, outputs, { start, version: '' }));
  const named = listFiles(making).flatMap((path) => [path, readFileSync(join(making, path))]);
  const version = hashOf(...named, ...drafts);
  for (const page of read) {
    const file = join(making, page.path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, completePage(page, outputs, { start, version }));
  }
  await buildServiceWorker(demo, making, version);
  replaceFolder(making, out);
  return { version };
}

/** A server that is running goes on: at no time is the folder half there. */
function replaceFolder(making, out) {
  const old = `${out}.old`;
  rmSync(old, { recursive: true, force: true });
  if (existsSync(out)) renameSync(out, old);
  try {
    renameSync(making, out);
  } catch (error) {
    if (error.code !== 'EXDEV') throw error;
    cpSync(making, out, { recursive: true });
  }
  rmSync(old, { recursive: true, force: true });
}

/** For `npm run build` and `npm start`. */
export async function buildSiteShown() {
  ensureNodeModules();
  const start = Date.now();
  const { version } = await buildSite();
  step(`site ${version}`, () => `${Date.now() - start} ms`);
  reportSizes(join(REPOSITORY, 'build/site'));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runMain(buildSiteShown);
