/* Models on the network: whether what is there is a folder, told by the place and not by a file's name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelRecord } from '../../web/store/catalogue.ts';
import {
  type FoundModel,
  findRemoteModel,
  type RemoteModel,
  type RemoteSource,
} from '../../web/worker/remote-model.ts';

const BASE = 'https://page.example/';
const CONFIG = 'https://h.example/phi/config.json';

async function find(source: RemoteSource, stored?: ModelRecord): Promise<FoundModel> {
  const listFolder = async (id: string): Promise<RemoteModel> => {
    return { id, name: 'listed', licence: null, files: [] };
  };
  return await findRemoteModel(source, AbortSignal.any([]), async () => stored, listFolder);
}

const named = (name: string): RemoteSource => ({
  kind: 'name',
  name,
  baseUrl: BASE,
  hub: undefined,
});

test('remote model: a folder is one, listed anew or stored', async () => {
  const listed = await find(named(CONFIG));
  assert.equal(listed.isFolder, true);
  assert.equal(listed.model.id, 'https://h.example/phi/');
  const record = { id: listed.model.id, name: 'kept', licence: null, files: [] };
  const stored = await find(named(CONFIG), record as unknown as ModelRecord);
  assert.deepEqual([stored.isFolder, stored.model.name], [true, 'kept']);
});

test('remote model: a file is none, nor is a manifest that names a config.json', async () => {
  assert.equal((await find(named('phi.gguf'))).isFolder, false);
  const files = [{ url: CONFIG, bytes: 1, sha256: 'a'.repeat(64) }];
  const manifest = { format: 'pocketphi-manifest/1', name: 'x', licence: 'MIT', files };
  const { model, isFolder } = await find({ kind: 'manifest', manifest, baseUrl: BASE });
  assert.deepEqual([isFolder, model.files[0]?.name], [false, 'config.json']);
});
