/* What is published: the files of `npm pack`, its types, and the package at work in a Vite build, on a static server,
 * and with its files on other paths and another origin. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { type Served, type ServeOptions, serve } from '../../demo/serve.mjs';
import { type Browser, openBrowser } from './lib/browser.ts';
import { ROOT, tinyModel } from './lib/models.ts';

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

interface Answer {
  readonly text: string;
  readonly variant: string;
  readonly threads: number;
}

/* What fixtures/vite-app/main.js puts on its page. */
declare global {
  var answer: (options: Record<string, unknown>) => Promise<Answer>;
  var look: (options: Record<string, unknown>) => Promise<{ text: string; tokens: number }>;
}

const FIXTURE = fileURLToPath(new URL('./fixtures/vite-app', import.meta.url));
const PLAIN_PAGE = fileURLToPath(new URL('./lib/plain.html', import.meta.url));
/* Generous: half as much again as it was when this was written (0.5 MB). */
const PACKED_BYTES_MAX = 800_000;
const VARIANTS = ['simd128-st', 'simd128-mt', 'relaxed-st', 'relaxed-mt'];
const scratch = mkdtempSync(join(tmpdir(), 'pocketphi-package-'));
const app = join(scratch, 'app');
const installed = join(app, 'node_modules/pocketphi');
const sites: Served[] = [];
let packed: Packed;
let browser: Browser;

async function site(options: ServeOptions): Promise<string> {
  const served = await serve({
    ...options,
    files: {
      '/tiny.gguf': tinyModel('phi3-mha'),
      '/sees.gguf': tinyModel('vision-f32'),
      ...options.files,
    },
  });
  sites.push(served);
  return served.url;
}

async function openAt(url: string): Promise<Page> {
  const page = await browser.context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => 'answer' in globalThis);
  return page;
}

/** Answers with one thread and two, which must agree, and about a picture. */
async function assertAnswers(page: Page, options: Record<string, unknown> = {}): Promise<void> {
  const [one, two] = await page.evaluate(
    async (given) => [
      await answer({ ...given, threads: 1 }),
      await answer({ ...given, threads: 2 }),
    ],
    options,
  );
  assert.deepEqual([one?.variant, one?.threads], ['relaxed-st', 1]);
  assert.deepEqual([two?.variant, two?.threads], ['relaxed-mt', 2]);
  assert.notEqual(one?.text, '');
  assert.equal(two?.text, one?.text);
  const seen = await page.evaluate((given) => look(given), options);
  assert.equal(seen.tokens, 27);
}

before(async () => {
  cpSync(FIXTURE, app, { recursive: true });
  mkdirSync(installed, { recursive: true });
  const out = execFileSync('npm', ['pack', '--json', '--pack-destination', scratch], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const report: unknown = JSON.parse(out);
  const [first] = Object.values(report as Record<string, Packed>);
  assert.ok(first !== undefined, out);
  packed = first;
  const tarball = join(scratch, packed.filename);
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  browser = await openBrowser();
});

after(async () => {
  await browser.close();
  await Promise.all(sites.map((served) => served.close()));
  rmSync(scratch, { recursive: true, force: true });
});

test('the package holds what it should, nothing of the sources, and stays small', () => {
  const paths = packed.files.map((file) => file.path);
  const entries = ['index', 'images', 'engine-worker', 'prompt-api', 'ai-sdk', 'isolation'];
  const scripts = [...entries, 'coi-service-worker'];
  const expected = [
    'LICENSE',
    'README.md',
    'package.json',
    'dist/manifest.schema.json',
    'dist/licences.txt',
    ...scripts.map((name) => `dist/${name}.js`),
    ...[...VARIANTS, 'pixels', 'import'].flatMap((v) => [
      `dist/pocketphi-${v}.js`,
      `dist/pocketphi-${v}.wasm`,
    ]),
  ];
  const rest = paths.filter((path) => !expected.includes(path));
  assert.deepEqual(
    expected.filter((path) => !paths.includes(path)),
    [],
  );
  assert.deepEqual(
    rest.filter((path) => !/^dist\/types\/[\w/.-]+\.d\.ts$/.test(path)),
    [],
  );
  for (const { path, size } of packed.files)
    if (!path.startsWith('dist/types/')) console.log(`${path.padEnd(36)}${size}`);
  console.log(
    `${rest.length} files of types; packed ${packed.size}, unpacked ${packed.unpackedSize}`,
  );
  assert.ok(packed.size <= PACKED_BYTES_MAX, `${packed.size} bytes`);
});

test('no file of the package names a source map or a path of this machine', () => {
  const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' });
  for (const name of files) {
    const path = join(installed, 'dist', name);
    if (!statSync(path).isFile()) continue;
    const text = readFileSync(path, 'latin1');
    assert.ok(!text.includes('sourceMappingURL'), name);
    assert.ok(!text.includes(ROOT), name);
    assert.ok(!/\/(home|work|root|tmp)\/[a-z]/.test(text), name);
  }
});

test('every entry of exports is there, and its types compile in a strict project', () => {
  writeFileSync(
    join(app, 'page.ts'),
    `import { type ChatCompletionChunk, Engine, EngineError } from 'pocketphi';
import { isolated } from 'pocketphi/isolation';
export const answer = (response: Response): Response => isolated(response);
export async function use(model: File): Promise<void> {
  const engine = await Engine.create({ model, threads: 'auto' });
  const stream = await engine.chat.completions.create({ messages: [], stream: true });
  for await (const chunk of stream) { const c: ChatCompletionChunk = chunk; console.log(c.id); }
  if (new Error() instanceof EngineError) throw new EngineError('PHI_EINVAL', 'x');
}
`,
  );
  writeFileSync(
    join(app, 'sdk.ts'),
    `import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { Engine } from 'pocketphi';
import { createPocketPhi, pocketphi } from 'pocketphi/ai-sdk';
export const model = (engine: Engine): LanguageModelV4 => pocketphi(engine);
export const vectors = (engine: Engine) => createPocketPhi({ engine }).embeddingModel();
`,
  );
  const scope = join(app, 'node_modules/@ai-sdk');
  mkdirSync(scope, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules/@ai-sdk/provider'), join(scope, 'provider'));
  const flags = '--strict --noEmit --target es2022 --lib es2023,esnext.disposable,dom,dom.iterable';
  for (const how of ['--module esnext --moduleResolution bundler', '--module nodenext']) {
    /* The SDK's own declarations want more packages than it brings. */
    for (const what of ['page.ts', '--skipLibCheck sdk.ts']) {
      const args = `${flags} ${how} ${what}`.split(' ');
      const run = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), args, {
        cwd: app,
        encoding: 'utf8',
      });
      assert.equal(run.status, 0, `${how} ${what}: ${run.stdout}`);
    }
  }
  const program = `import * as a from 'pocketphi'; import * as b from 'pocketphi/ai-sdk';
    import * as c from 'pocketphi/isolation';
    import 'pocketphi/package.json' with { type: 'json' };
    const where = import.meta.resolve('pocketphi/dist/engine-worker.js');
    console.log(typeof a.Engine.create, typeof b.pocketphi, typeof c.isolated, where)`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: app,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  assert.match(out, /^function function function file:.*\/dist\/engine-worker\.js\n$/);
});

test('a Vite build finds the worker, the module and its threads', async () => {
  const { build } = await import('vite');
  const outDir = join(scratch, 'vite-out');
  await build({ root: app, base: './', logLevel: 'warn', build: { outDir, emptyOutDir: true } });
  const emitted = readdirSync(join(outDir, 'assets'));
  assert.equal(emitted.filter((name) => name.endsWith('.wasm')).length, VARIANTS.length + 2);
  const page = await openAt(`${await site({ folders: { '/app/': outDir } })}/app/`);
  await assertAnswers(page);
  await page.close();
});

const vendor = { '/vendor/pocketphi/': installed };
const pageFiles = { '/plain.html': PLAIN_PAGE, '/main.js': join(FIXTURE, 'main.js') };

test('a static server is enough', async () => {
  const page = await openAt(`${await site({ folders: vendor, files: pageFiles })}/plain.html`);
  await assertAnswers(page);
  await page.close();
});

test('workerUrl and wasmUrl: other paths, and another origin for the module', async () => {
  const worker = join(scratch, 'worker');
  const modules = join(scratch, 'modules');
  mkdirSync(worker);
  mkdirSync(modules);
  for (const name of readdirSync(join(installed, 'dist'))) {
    if (name === 'engine-worker.js') cpSync(join(installed, 'dist', name), join(worker, name));
    if (name.startsWith('pocketphi-')) cpSync(join(installed, 'dist', name), join(modules, name));
  }
  /* The page's files are alone in their folder: nothing of the worker's may be found beside them. */
  const entry = join(scratch, 'entry/dist');
  mkdirSync(entry, { recursive: true });
  for (const name of ['index.js', 'images.js'])
    cpSync(join(installed, 'dist', name), join(entry, name));
  const folders = {
    '/vendor/pocketphi/': join(scratch, 'entry'),
    '/w/': worker,
    '/deep/er/': modules,
  };
  const page = await openAt(`${await site({ folders, files: pageFiles })}/plain.html`);
  const workerUrl = '/w/engine-worker.js';
  await assertAnswers(page, { workerUrl, wasmUrl: '/deep/er/' });

  const cors = { 'Access-Control-Allow-Origin': '*' };
  const cdn = await site({ folders: { '/pocketphi/': modules }, headers: cors });
  await assertAnswers(page, { workerUrl, wasmUrl: `${cdn}/pocketphi/` });

  const errorOf = (options: Record<string, unknown>) =>
    page.evaluate(
      (given) =>
        answer({ threads: 1, ...given }).then(
          () => ['none'],
          (error) => [error.code, error.message],
        ),
      options,
    );
  const closed = await site({ folders: { '/pocketphi/': modules } });
  const [code, message] = await errorOf({ workerUrl, wasmUrl: `${closed}/pocketphi/` });
  assert.equal(code, 'PHI_ENETWORK');
  assert.match(
    message,
    /module could not be loaded from http:.*\/pocketphi\/pocketphi-relaxed-st\.js/,
  );
  const foreign = await errorOf({ workerUrl: `${cdn}/pocketphi/engine-worker.js` });
  assert.equal(foreign[0], 'PHI_EINVAL');
  assert.match(foreign[1], /workerUrl: .* is another origin's.*wasmUrl/);
  await page.close();
});
