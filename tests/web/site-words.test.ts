/* The words of the pages: every page says the same things in both languages. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const DEMO = fileURLToPath(new URL('../../demo', import.meta.url));
const files = readdirSync(DEMO, { recursive: true, encoding: 'utf8' }).filter((path) =>
  /words\.js$/.test(path),
);

/** Each key with the kind of its value: what must be the same. */
function shapeOf(words: unknown, path = ''): string[] {
  if (typeof words === 'function') return [`${path}: function of ${words.length}`];
  if (typeof words !== 'object' || words === null) return [`${path}: ${typeof words}`];
  return Object.entries(words).flatMap(([key, value]) => shapeOf(value, `${path}.${key}`));
}

function textsOf(words: unknown): string[] {
  if (typeof words === 'string') return [words];
  return typeof words === 'object' && words !== null ? Object.values(words).flatMap(textsOf) : [];
}

test('there are words', () => assert.ok(files.length >= 3, files.join()));

for (const file of files) {
  test(`${file}: English and Korean have the same keys, and no text is empty`, async () => {
    const module: Record<string, unknown> = await import(pathToFileURL(join(DEMO, file)).href);
    const all = Object.values(module).filter(
      (value): value is { en: unknown; ko: unknown } =>
        typeof value === 'object' &&
        value !== null &&
        'en' in value &&
        typeof value.en === 'object',
    );
    assert.ok(all.length > 0, `${file} exports no { en, ko }`);
    for (const { en, ko } of all) {
      assert.deepEqual(shapeOf(ko).sort(), shapeOf(en).sort());
      for (const text of [...textsOf(en), ...textsOf(ko)]) assert.ok(text.trim() !== '', file);
    }
  });
}
