/* Modules beside the engine: whatever goes wrong in one, the engine lives on, so nothing is PHI_EPOISONED. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImportModule } from '../../web/abi/import-module.ts';
import { importPart } from '../../web/base/load-part.ts';

const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const URL_OF_IT = 'https://example.org/pocketphi-import.wasm';

function trap(): number {
  throw new WebAssembly.RuntimeError('unreachable');
}

function refuse(): number {
  throw new RangeError('could not allocate memory');
}

/** The importer's module with these functions in place of its own. */
async function load(
  t: { mock: typeof import('node:test').mock },
  functions: Record<string, unknown>,
): Promise<ImportModule> {
  t.mock.method(globalThis, 'fetch', async () => new Response(EMPTY));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const exports = { memory, phi_import_open: () => 8, phi_import_results: () => 16, ...functions };
  t.mock.method(WebAssembly, 'Instance', function instance() {
    return { exports };
  });
  return await ImportModule.load(URL_OF_IT, 0);
}

test('a crash of the importer is a folder that makes no sense', async (t) => {
  const module = await load(t, { phi_import_n_files: trap });
  assert.throws(() => module.fileNames, {
    code: 'PHI_ECORRUPT',
    message: 'the Hugging Face folder made its reader crash: unreachable',
  });
  await assert.rejects(load(t, { _initialize: trap }), { code: 'PHI_ECORRUPT' });
});

test('a name that the importer does not give is empty', async (t) => {
  const module = await load(t, { phi_import_n_files: () => 1, phi_import_file_name: () => 0 });
  assert.deepEqual(module.fileNames, ['']);
});

test('memory that is refused to the importer is PHI_ENOMEM', async (t) => {
  const module = await load(t, { phi_import_finish: refuse, phi_import_room: () => 0 });
  assert.throws(() => module.finish(), {
    code: 'PHI_ENOMEM',
    message: "no memory for the Hugging Face folder's reader: could not allocate memory",
  });
  assert.throws(() => module.add('a', new Uint8Array(3)), { code: 'PHI_ENOMEM', requested: 5 });
  await assert.rejects(load(t, { phi_import_open: () => 0 }), { code: 'PHI_ENOMEM' });
});

test('an importer of another release says what to do', async (t) => {
  const wrong = (what: string): { code: string; message: string } => ({
    code: 'PHI_ENETWORK',
    message: `pocketphi-import.wasm is of another version (${what}): serve all files of one release`,
  });
  const module = await load(t, {});
  assert.throws(() => module.finish(), wrong('no function phi_import_finish'));
  await assert.rejects(load(t, { memory: undefined }), wrong('no memory'));
  const newer = await load(t, { phi_import_finish: () => -77 });
  assert.throws(() => newer.finish(), wrong('status -77'));
});

test('a module or a script that cannot be had says which and why', async (t) => {
  t.mock.method(globalThis, 'fetch', async () => new Response('no wasm'));
  await assert.rejects(ImportModule.load(URL_OF_IT, 0), {
    code: 'PHI_ENETWORK',
    message: /^what Hugging Face folders need could not be loaded from https.*\.wasm: /,
  });
  await assert.rejects(importPart('what pictures need', 'data:text/javascript,throw Error("x")'), {
    code: 'PHI_ENETWORK',
    message: 'what pictures need could not be loaded from data:text/javascript,throw Error("x"): x',
  });
});
