/* The corpus of the fuzz target for chat templates, replayed without a fuzzer. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { replay } from '../fuzz/fuzz_template.ts';

const CORPUS = new URL('../fuzz/corpora/fuzz_template/', import.meta.url);

test('the template corpus of the fuzzer', () => {
  const names = readdirSync(CORPUS);
  assert.ok(names.length >= 20, `${names.length} inputs`);
  for (const name of names) {
    assert.doesNotThrow(() => replay(readFileSync(new URL(name, CORPUS))), name);
  }
});
