/* Hugging Face folders in Chromium: of another origin's server, in shards; kept for a visit without a network; as Files
 * of the page. What comes out is compared bit by bit with the native tool on the same folder. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { EngineOptions } from '../../web/index.ts';
import type { Ask, Deed } from '../web/lib/bad-server.ts';
import { ROOT } from './lib/models.ts';
import { openProfile, type Profile } from './lib/profile.ts';
import { ModelSource, TOKENS } from './lib/stored-model.ts';

const FOLDER = join(ROOT, 'tests/models/hf/phi3-longrope');
const FILES = new Map(readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name))]));
const PHI = process.env.POCKETPHI_PHI ?? join(ROOT, 'build/native-release/phi');
const PLACES = ['/models/tiny/', '/owner/tiny/resolve/main/'];
const N_LOGITS = 320;

let profile: Profile;
let source: ModelSource;

/** What the native tool computes from the same folder. */
function nativeLogits(weights: 'int4' | 'file'): number[] {
  const scratch = mkdtempSync(join(tmpdir(), 'pocketphi-hf-'));
  try {
    const out = join(scratch, 'logits.bin');
    const args = ['--tokens', TOKENS.join(','), '--top', '0', '--weights', weights, '--out', out];
    execFileSync(PHI, ['logits', '--model', FOLDER, ...args], { stdio: 'pipe' });
    const bytes = readFileSync(out);
    return [...new Float32Array(bytes.buffer, bytes.byteOffset, N_LOGITS)];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function answer({ path }: Ask): Deed {
  const place = PLACES.find((begin) => path.startsWith(begin));
  const file = place === undefined ? undefined : FILES.get(path.slice(place.length));
  return file === undefined ? { status: 404, body: Buffer.alloc(0) } : { file };
}

type PlainOptions = Pick<EngineOptions, 'storage' | 'weights'> & { hub?: string };

async function load(
  page: Page,
  model: string,
  options: PlainOptions = {},
): Promise<{ logits: number[]; name: string; kind: string | null; text: string }> {
  return await page.evaluate(
    async ([place, given, tokens]) => {
      const engine = await pocketphi.Engine.create({
        model: place as string,
        threads: 2,
        ...(given as object),
      });
      const result = await engine.forward(tokens as number[]);
      const answered = await engine.chat.completions.create({
        messages: [{ role: 'user', content: 'the end' }],
        max_tokens: 4,
        temperature: 0,
      });
      const { kind } = engine.storage;
      const { name } = engine.info;
      await engine.destroy();
      const text = answered.choices[0]?.message.content ?? '';
      return { logits: [...result], name, kind, text };
    },
    [model, options, TOKENS] as const,
  );
}

before(async () => {
  source = await ModelSource.open(answer);
  profile = await openProfile();
});

afterEach(async () => {
  source.behave = () => undefined;
  await profile.forget();
});

after(async () => {
  await profile.close();
  await source.close();
});

const placeOf = (path: string): string => new URL(path, source.server.url).href;

test('a folder of another origin is loaded, stored, and needs no network on the next visit', async () => {
  const first = await load(await profile.openPage(), placeOf('/models/tiny/'));
  assert.deepEqual(first.logits, nativeLogits('int4'));
  assert.equal(first.name, 'tiny');
  assert.equal(first.kind, 'opfs');
  await profile.quit();
  const asked = source.server.asks.length;
  source.behave = () => ({ isDead: true });
  const second = await load(await profile.openPage(), placeOf('/models/tiny/'));
  assert.deepEqual(second, first);
  assert.equal(source.server.asks.length, asked, 'a stored folder asked the network');
});

test('by its name on the hub, and with the weights as they are', async () => {
  const options = { hub: placeOf('/'), weights: 'file', storage: 'none' } as const;
  const loaded = await load(await profile.openPage(), 'hf:owner/tiny', options);
  assert.deepEqual(loaded.logits, nativeLogits('file'));
  assert.equal(loaded.name, 'owner/tiny');
  assert.equal(loaded.kind, null);
});

test('by the address of its config.json', async () => {
  const place = placeOf('/models/tiny/config.json');
  const loaded = await load(await profile.openPage(), place, { storage: 'none' });
  assert.deepEqual(loaded.logits, nativeLogits('int4'));
});

test('downloaded first, loaded without a network later', async () => {
  const page = await profile.openPage();
  const stored = await page.evaluate(async (place) => {
    await pocketphi.models.download(place);
    return await pocketphi.models.get(place);
  }, placeOf('/models/tiny/'));
  assert.equal(stored?.state, 'complete');
  source.behave = () => ({ isDead: true });
  const loaded = await load(page, placeOf('/models/tiny/'));
  assert.deepEqual(loaded.logits, nativeLogits('int4'));
});

test('the Files of a folder are loaded as they are', async () => {
  const page = await profile.openPage();
  const files = [...FILES].map(([name, bytes]) => ({ name, base64: bytes.toString('base64') }));
  const logits = await page.evaluate(
    async ([given, tokens]) => {
      const model = await Promise.all(
        given.map(async ({ name, base64 }) => {
          const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
          return new File([bytes], name);
        }),
      );
      const engine = await pocketphi.Engine.create({ model, threads: 2 });
      const result = [...(await engine.forward(tokens))];
      await engine.destroy();
      return result;
    },
    [files, TOKENS] as const,
  );
  assert.deepEqual(logits, nativeLogits('int4'));
});

test('of a chosen folder the shallowest one with a config.json is loaded', async () => {
  const chosen = mkdtempSync(join(tmpdir(), 'pocketphi-chosen-'));
  try {
    cpSync(FOLDER, join(chosen, 'phi'), { recursive: true });
    mkdirSync(join(chosen, 'phi/onnx'));
    for (const name of ['phi/onnx/config.json', 'phi/onnx/tokenizer.json', 'notes.txt'])
      writeFileSync(join(chosen, name), '{');
    const page = await profile.openPage();
    await page.evaluate(() => {
      const input = document.createElement('input');
      [input.type, input.webkitdirectory] = ['file', true];
      document.body.append(input);
    });
    await page.setInputFiles('input', chosen);
    const loaded = await page.evaluate(async (tokens) => {
      const model = [...(document.querySelector('input')?.files ?? [])];
      const engine = await pocketphi.Engine.create({ model, threads: 2 });
      const logits = [...(await engine.forward(tokens))];
      const { name } = engine.info;
      await engine.destroy();
      return { name, logits };
    }, TOKENS);
    assert.deepEqual(loaded, { name: 'phi', logits: nativeLogits('int4') });
  } finally {
    rmSync(chosen, { recursive: true, force: true });
  }
});

for (const [what, path, deed, code, text] of [
  ['no folder', '/nothing/', {}, 'PHI_ENETWORK', /no config\.json is there/],
  ['a missing shard', '/models/tiny/', { at: '-00002-', status: 404 }, 'PHI_ENETWORK', /404/],
  [
    'a cut tokenizer',
    '/models/tiny/',
    { at: 'tokenizer.json', cut: 500 },
    'PHI_ECORRUPT',
    /tokenizer\.json: /,
  ],
  [
    'a cut shard',
    '/models/tiny/',
    { at: '-00002-', cut: 4000 },
    'PHI_ECORRUPT',
    /of the data, which have/,
  ],
] as const) {
  test(`refused: ${what}`, async () => {
    source.behave = ({ path: asked }) => {
      if (!('at' in deed) || !asked.includes(deed.at)) return undefined;
      if ('status' in deed) return { status: deed.status, body: Buffer.alloc(0) };
      return {
        file: (FILES.get(asked.split('/').at(-1) ?? '') ?? Buffer.alloc(0)).subarray(0, deed.cut),
      };
    };
    const page = await profile.openPage();
    const error = await page.evaluate(async (model) => {
      const thrown = await pocketphi.Engine.create({
        model,
        threads: 2,
        patience: 1,
        storage: 'none',
      }).catch((e: unknown) => e);
      return thrown instanceof pocketphi.EngineError
        ? { code: thrown.code, message: thrown.message }
        : { code: 'none', message: String(thrown) };
    }, placeOf(path));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
  });
}
