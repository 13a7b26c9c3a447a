/* From what the page named to files that can be read: a Blob, a stream, or a model on the network and in the store. */
import { canceledError, EngineError } from '../base/errors.ts';
import { importPart } from '../base/load-part.ts';
import { type LibraryContext, type OpenModel, withModel } from './library.ts';
import type { Meter } from './meter.ts';
import { blobFiles, type ModelFiles, streamFiles } from './model-file.ts';
import type { FetchRequest, StorageOutcome } from './protocol.ts';
import { findRemoteModel } from './remote-model.ts';
import { findStored } from './shelf.ts';

/** Nothing of it is kept: the page has it anyway. */
function asOpenModel(files: ModelFiles, what: string, meter: Meter): OpenModel {
  meter.enter('plan', files.firstName);
  return {
    firstName: files.firstName,
    open: (idx, name) => files.open(idx, name),
    openAll: async () => {
      throw new EngineError('PHI_EINVAL', `model: ${what} cannot be downloaded; give its URL`, {
        where: 'model',
      });
    },
    finish: async (): Promise<StorageOutcome> => {
      meter.complete();
      return { id: null, kind: null, reason: `${what} is not stored: the page gives it anew` };
    },
  };
}

type Importer = typeof import('./import-folder.ts');

/** Fetched with the first Hugging Face folder. */
function loadImporter({ importer: { script } }: FetchRequest): Promise<Importer> {
  return importPart<Importer>('what Hugging Face folders need', script);
}

/** Finds the model, runs `work` with its files, and closes them whatever happens. */
export async function withFiles<T>(
  request: FetchRequest,
  context: LibraryContext,
  work: (model: OpenModel) => Promise<T>,
): Promise<T> {
  const { source, storage, parallel, patience, weights, importer } = request;
  const how = { wasm: importer.wasm, weights };
  const { signal, meter } = context;
  if (signal.aborted) throw canceledError(signal);
  if (source.kind === 'blob') {
    meter.totalBytes = source.blob.size;
    const files = blobFiles(source.blob, (bytes) => meter.addCached(bytes));
    return await work(asOpenModel(files, 'a file or Blob', meter));
  }
  if (source.kind === 'stream') {
    const files = streamFiles(source.stream, signal, (bytes) => meter.addFetched(bytes));
    const file = await files.open(0, files.firstName);
    try {
      return await work(asOpenModel(files, 'a stream', meter));
    } finally {
      await file.close();
    }
  }
  if (source.kind === 'files') {
    meter.totalBytes = source.files.reduce((sum, { size }) => sum + size, 0);
    const { readFiles } = await loadImporter(request);
    const files = await readFiles(source, (bytes) => meter.addCached(bytes), how);
    return await work(asOpenModel(files, 'a folder of files', meter));
  }
  const { model, isFolder } = await findRemoteModel(
    source,
    signal,
    (id) => findStored(id, storage),
    async (url) => {
      const { listFolder } = await loadImporter(request);
      const onWait = (ms: number, reason: string): void => meter.wait(url, ms, reason);
      return await listFolder(url, { signal, patience, onWait });
    },
  );
  const isImported = isFolder && context.isRead;
  return await withModel(model, { ...context, storage, parallel, patience }, async (open) =>
    work(isImported ? await (await loadImporter(request)).readFolder(open, model, how) : open),
  );
}
