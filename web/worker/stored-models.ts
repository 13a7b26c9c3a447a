/* What this site has stored of models, as the page is told of it. */
import { EngineError } from '../base/errors.ts';
import { type ModelRecord, openCatalogue } from '../store/catalogue.ts';
import { withModelLock } from '../store/locks.ts';
import { openStore, storeKindsHere } from '../store/open-store.ts';
import type { ModelSource, StoredModel, StoreKind } from './protocol.ts';
import { modelIdOf } from './remote-model.ts';

function totalOf(record: ModelRecord): number | null {
  let sum = 0;
  for (const { bytes } of record.files) {
    if (bytes === null) return null;
    sum += bytes;
  }
  return sum;
}

function fromRecord(record: ModelRecord, storedBytes: number): StoredModel {
  const { id, name, licence, kind, state, createdMs, lastUsedMs, verifiedMs } = record;
  const bytes = totalOf(record);
  const isWhole = state === 'complete' && bytes !== null && storedBytes >= bytes;
  return {
    id,
    name,
    licence,
    kind,
    /* What the browser evicted is missing, whatever the record says. */
    state: isWhole ? 'complete' : 'partial',
    bytes,
    storedBytes,
    created: new Date(createdMs),
    lastUsed: new Date(lastUsedMs),
    verified: verifiedMs === null ? null : new Date(verifiedMs),
    problem: null,
  };
}

function fromDamaged({ id, problem }: { id: string; problem: string }): StoredModel {
  return {
    id,
    name: id,
    licence: null,
    kind: 'indexeddb',
    state: 'damaged',
    bytes: null,
    storedBytes: 0,
    created: null,
    lastUsed: null,
    verified: null,
    problem,
  };
}

async function usedBytes(record: ModelRecord): Promise<number> {
  const store = await openStore(record.kind);
  try {
    return await store.usedBytes(record.id);
  } finally {
    await store.close();
  }
}

/** Last used first. */
export async function listModels(): Promise<StoredModel[]> {
  const catalogue = await openCatalogue();
  try {
    const { models, damaged } = await catalogue.list();
    const stored = await Promise.all(
      models.map(async (record) => fromRecord(record, await usedBytes(record))),
    );
    return [...stored, ...damaged.map(fromDamaged)];
  } finally {
    catalogue.close();
  }
}

/** By an id of the list, or by what Engine.create() would be given. */
function idOf(source: ModelSource): string {
  if (source.kind === 'name' || source.kind === 'manifest') return modelIdOf(source);
  throw new EngineError('PHI_EINVAL', 'model: expected an id, a URL or a name', { where: 'model' });
}

export async function findModel(source: ModelSource): Promise<StoredModel | null> {
  const all = await listModels();
  const byId = source.kind === 'name' ? all.find(({ id }) => id === source.name) : undefined;
  if (byId !== undefined) return byId;
  const wanted = idOf(source);
  return all.find(({ id }) => id === wanted) ?? null;
}

async function kindsHere(): Promise<StoreKind[]> {
  const kinds = await storeKindsHere();
  return kinds.filter(({ isUsable }) => isUsable).map(({ kind }) => kind);
}

async function deleteFrom(kind: StoreKind, id: string): Promise<void> {
  const store = await openStore(kind);
  try {
    await store.deleteModel(id);
  } finally {
    await store.close();
  }
}

/** PHI_ESTATE when another tab is using it. What is not stored is deleted already. */
export async function deleteModel(source: ModelSource): Promise<void> {
  const found = await findModel(source);
  if (found === null) return;
  const { id, kind, state } = found;
  /* A damaged record does not say where the bytes are. */
  const kinds: StoreKind[] = state === 'damaged' ? await kindsHere() : [kind];
  await withModelLock(id, 'exclusive', { ifAvailable: true }, async () => {
    for (const each of kinds) await deleteFrom(each, id);
    const catalogue = await openCatalogue();
    try {
      await catalogue.delete(id);
    } finally {
      catalogue.close();
    }
  });
}
