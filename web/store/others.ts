/* Which stored models could make room for another one: what a full storage's error names. */
import { Catalogue } from './catalogue.ts';
import type { Database } from './database.ts';
import { journalBytes } from './journal.ts';
import { type StoredModel, storedModel } from './quota.ts';

/** The models of the catalogue without `model`, with what each takes. */
export async function otherModels(database: Database, model: string): Promise<StoredModel[]> {
  const { models } = await new Catalogue(database).list();
  const others = models.filter(({ id }) => id !== model);
  return Promise.all(
    others.map(async (record) =>
      record.kind === 'memory'
        ? storedModel(record, 0)
        : storedModel(record, await journalBytes(database, record.kind, record.id)),
    ),
  );
}
