/* A model on the network: its id in the catalogue, and where its files are. */
import { EngineError } from '../base/errors.ts';
import { CHUNK_BYTES_DEFAULT } from '../base/limits.ts';
import { chunkingOf, fetchManifest, type Manifest } from '../net/manifest.ts';
import { fileNameOf, type ModelPlace, resolveModel, splitOf, splitUrl } from '../net/model-url.ts';
import type { RegistryModel } from '../net/registry.ts';
import type { ModelRecord } from '../store/catalogue.ts';
import type { ModelSource } from './protocol.ts';

export interface RemoteFile {
  readonly name: string;
  readonly url: string;
  readonly bytes: number | undefined;
  /** Of the hashes. */
  readonly chunkBytes: number | undefined;
  readonly hashes: readonly string[] | undefined;
}

export interface RemoteModel {
  /** In the catalogue of stored models: the address of its first file or of its manifest. */
  readonly id: string;
  readonly name: string;
  readonly licence: string | null;
  readonly files: readonly RemoteFile[];
}

/** A model, and whether its files are those of a Hugging Face folder. */
export interface FoundModel {
  readonly model: RemoteModel;
  readonly isFolder: boolean;
}

/** What may be on the network. */
export type RemoteSource = Extract<ModelSource, { kind: 'name' | 'manifest' }>;

function placeOf(source: RemoteSource): ModelPlace {
  const given = source.kind === 'name' ? source.name : source.manifest;
  const hubBase = source.kind === 'name' ? source.hub : undefined;
  return resolveModel(given, { base: source.baseUrl, hubBase });
}

function idOfPlace(place: ModelPlace): string {
  if (place.kind !== 'manifest') return place.url;
  return place.manifest.files[0]?.url ?? place.manifest.name;
}

/** The id of a model that is given by its name. */
export function modelIdOf(source: RemoteSource): string {
  return idOfPlace(placeOf(source));
}

function fromUrl(id: string, url: string, model: RegistryModel | undefined): RemoteModel {
  const count = splitOf(url)?.count ?? 1;
  const urls = count === 1 ? [url] : Array.from({ length: count }, (_, i) => splitUrl(url, i));
  return {
    id,
    name: model?.name ?? fileNameOf(url),
    licence: model?.licence ?? null,
    files: urls.map((at) => ({
      name: fileNameOf(at),
      url: at,
      bytes: undefined,
      chunkBytes: undefined,
      hashes: undefined,
    })),
  };
}

function fromManifest(id: string, manifest: Manifest): RemoteModel {
  return {
    id,
    name: manifest.name,
    licence: manifest.licence,
    files: manifest.files.map((file) => {
      const { chunkBytes, hashes, expectedBytes } = chunkingOf(file, CHUNK_BYTES_DEFAULT);
      return {
        name: fileNameOf(file.url),
        url: file.url,
        bytes: expectedBytes,
        chunkBytes,
        hashes,
      };
    }),
  };
}

/** A stored model needs nothing from the network, not even its manifest. */
function fromRecord({ id, name, licence, files }: ModelRecord): RemoteModel {
  return {
    id,
    name,
    licence,
    files: files.map((file) => ({
      name: file.name,
      url: file.url ?? id,
      bytes: file.bytes ?? undefined,
      chunkBytes: file.chunkBytes,
      hashes: file.chunkSha256 ?? undefined,
    })),
  };
}

async function modelAt(
  place: ModelPlace,
  signal: AbortSignal,
  findStored: (id: string) => Promise<ModelRecord | undefined>,
  listFolder: (url: string) => Promise<RemoteModel>,
): Promise<RemoteModel> {
  const id = idOfPlace(place);
  /* It says itself what it is of: what is stored may be of an older one. */
  if (place.kind === 'manifest') return fromManifest(id, place.manifest);
  const stored = await findStored(id);
  if (stored !== undefined) return fromRecord(stored);
  switch (place.kind) {
    case 'file':
      return fromUrl(id, place.url, place.model);
    case 'folder':
      return await listFolder(place.url);
    case 'manifest-url':
      return fromManifest(id, await fetchManifest(place.url, { signal }));
  }
}

/** `findStored` gives the record of a model of which everything is stored. */
export async function findRemoteModel(
  source: RemoteSource,
  signal: AbortSignal,
  findStored: (id: string) => Promise<ModelRecord | undefined>,
  listFolder: (url: string) => Promise<RemoteModel>,
): Promise<FoundModel> {
  const place = placeOf(source);
  const model = await modelAt(place, signal, findStored, listFolder);
  return { model, isFolder: place.kind === 'folder' };
}

/** The file of a split model that the engine calls `name`. */
export function fileOf(model: RemoteModel, idx: number, name: string): RemoteFile {
  const file = model.files[idx];
  if (file !== undefined) return file;
  throw new EngineError('PHI_ECORRUPT', `${model.name}: the model has no file "${name}"`, {
    where: model.id,
  });
}
