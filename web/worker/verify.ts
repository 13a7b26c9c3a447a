/* Checks what is stored of a model: every chunk is hashed again, and what is not what it should be is dropped, so
 * that the next load fetches just that. */
import { EngineError } from '../base/errors.ts';
import {
  type Catalogue,
  type FileRecord,
  type ModelRecord,
  openCatalogue,
} from '../store/catalogue.ts';
import { verifyFile } from '../store/integrity.ts';
import { withModelLock } from '../store/locks.ts';
import { openStore } from '../store/open-store.ts';
import type { WeightStore } from '../store/weight-store.ts';
import type { Meter } from './meter.ts';
import type { ModelSource, VerifyResult } from './protocol.ts';
import { findModel } from './stored-models.ts';

function bytesOfChunk(index: number, { bytes, chunkBytes }: FileRecord): number {
  return Math.min(chunkBytes, (bytes ?? Number.POSITIVE_INFINITY) - index * chunkBytes);
}

async function verifyFiles(
  record: ModelRecord,
  store: WeightStore,
  signal: AbortSignal,
  meter: Meter,
): Promise<VerifyResult> {
  let badBytes = 0;
  let missingBytes = 0;
  meter.totalBytes = await store.usedBytes(record.id);
  for (const [idx, file] of record.files.entries()) {
    const place = { model: record.id, file: idx, chunkBytes: file.chunkBytes };
    const stored = await store.openFile(place, 'write');
    let done = 0;
    try {
      meter.enter('verify', file.name);
      const verdict = await verifyFile(stored, file, {
        signal,
        onProgress: (bytes) => {
          meter.addChecked(bytes - done);
          done = bytes;
        },
      });
      badBytes += verdict.badChunks.reduce((sum, index) => sum + bytesOfChunk(index, file), 0);
      missingBytes += verdict.missingBytes;
    } finally {
      await stored.close();
    }
  }
  return { badBytes, missingBytes };
}

async function noteVerdict(
  catalogue: Catalogue,
  id: string,
  { missingBytes }: VerifyResult,
): Promise<void> {
  await catalogue.update(id, (record) => ({
    ...record,
    state: missingBytes > 0 ? 'partial' : record.state,
    verifiedMs: Date.now(),
  }));
}

/** PHI_ESTATE when no such model is stored, or another tab is using it. */
export async function verifyModel(
  source: ModelSource,
  signal: AbortSignal,
  meter: Meter,
): Promise<VerifyResult> {
  const found = await findModel(source);
  if (found === null)
    throw new EngineError('PHI_ESTATE', 'nothing of this model is stored', { where: 'model' });
  const { id } = found;
  const catalogue = await openCatalogue();
  try {
    return await withModelLock(id, 'exclusive', { signal, ifAvailable: true }, async () => {
      const record = await catalogue.get(id);
      if (record === undefined)
        throw new EngineError('PHI_ESTATE', `no model "${id}" is stored`, { where: id });
      const store = await openStore(record.kind);
      try {
        const result = await verifyFiles(record, store, signal, meter);
        await noteVerdict(catalogue, id, result);
        return result;
      } finally {
        await store.close();
      }
    });
  } finally {
    catalogue.close();
  }
}
