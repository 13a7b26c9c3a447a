/* How large a model is, as far as that can be told without reading it. */
import { EngineError, messageOf } from '../base/errors.ts';
import { fetchManifest } from '../net/manifest.ts';
import { resolveModel } from '../net/model-url.ts';
import { findModel as findEntry } from '../net/registry.ts';
import type { ModelSizes, ModelSource } from './protocol.ts';
import { findModel } from './stored-models.ts';

/** A page that asks what it may expect does not wait for longer. */
const HEAD_MS_MAX = 10_000;

type Sizes = Omit<ModelSizes, 'missingBytes'>;

function asLarge(fileBytes: number): Sizes {
  /* Packed weights take what the file's take, within a few per cent. */
  return { fileBytes, weightBytes: fileBytes, kvBytesPerToken: null };
}

/** The registry knows more than the size. */
function isKnown(source: ModelSource): boolean {
  return source.kind === 'name' && findEntry(source.name) !== undefined;
}

/** One request for the head of a file; another origin may hide its length. */
async function lengthOf(url: string, signal: AbortSignal): Promise<number> {
  const refuse = (why: string, cause?: unknown): EngineError =>
    new EngineError('PHI_ENETWORK', `${url}: ${why}`, { where: url, cause });
  const response = await fetch(url, { method: 'HEAD', signal }).catch((error: unknown) => {
    throw refuse(
      `the request for its size failed (${messageOf(error)}): ` +
        'no connection, or the server does not allow this page to read it (CORS)',
      error,
    );
  });
  if (!response.ok) throw refuse(`HTTP status ${response.status} to a request for its size`);
  const length = response.headers.get('content-length');
  if (length === null || !/^\d+$/.test(length))
    throw refuse('the server does not say how large it is');
  return Number(length);
}

async function fullSizes(source: ModelSource, signal: AbortSignal): Promise<Sizes> {
  if (source.kind === 'blob') return asLarge(source.blob.size);
  if (source.kind === 'files')
    return asLarge(source.files.reduce((sum, { size }) => sum + size, 0));
  if (source.kind === 'stream')
    throw new EngineError('PHI_EINVAL', 'model: a stream does not say how large it is', {
      where: 'model',
    });
  const given = source.kind === 'name' ? source.name : source.manifest;
  const place = resolveModel(given, {
    base: source.baseUrl,
    hubBase: source.kind === 'name' ? source.hub : undefined,
  });
  if (place.kind === 'file') {
    const { model } = place;
    if (model === undefined) return asLarge(await lengthOf(place.url, signal));
    const { weightBytes, kvBytesPerToken } = model.needs;
    return { fileBytes: model.bytes ?? weightBytes, weightBytes, kvBytesPerToken };
  }
  if (place.kind === 'folder') {
    throw new EngineError('PHI_ENETWORK', 'model: a folder does not say how large it is', {
      where: place.url,
    });
  }
  const manifest =
    place.kind === 'manifest' ? place.manifest : await fetchManifest(place.url, { signal });
  return asLarge(manifest.files.reduce((sum, { bytes }) => sum + bytes, 0));
}

/** Of a stored model as the store has it, without a network. PHI_ENETWORK when nobody says. */
export async function modelSizes(source: ModelSource): Promise<ModelSizes> {
  const stored =
    source.kind === 'name' || source.kind === 'manifest' ? await findModel(source) : null;
  const sizes =
    stored !== null && stored.bytes !== null && !isKnown(source)
      ? asLarge(stored.bytes)
      : await fullSizes(source, AbortSignal.timeout(HEAD_MS_MAX));
  if (source.kind === 'blob' || source.kind === 'files') return { ...sizes, missingBytes: 0 };
  const isWhole = stored?.state === 'complete';
  return {
    ...sizes,
    missingBytes: isWhole ? 0 : Math.max(0, sizes.fileBytes - (stored?.storedBytes ?? 0)),
  };
}
