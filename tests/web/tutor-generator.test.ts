/* What the tutor is trained on (tools/tutor, Python) is what the page checks it by (demo/tutor, JavaScript); and the
 * committed problems are those of the script, which fails when one of them is in training. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAnswer } from '../../demo/tutor/steps.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const N_CONVERSATIONS = 4000;
const OUTPUT_BYTES_MAX = 1 << 26;

function python(script: string, args: readonly string[]): string {
  const path = join(ROOT, 'tools/tutor', script);
  const options = { encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX } as const;
  return execFileSync('python3', ['-B', path, ...args], options);
}

for (const side of [[], ['--held-out']])
  test(`every generated answer is consistent (${side.join() || 'training'})`, () => {
    const lines = python('generate.py', ['--json', '--count', String(N_CONVERSATIONS), ...side]);
    const forms = new Set<string>();
    for (const line of lines.trim().split('\n'))
      for (const [role, text] of JSON.parse(line) as [string, string][]) {
        if (role !== 'assistant') continue;
        const { form, fault, steps } = parseAnswer(text);
        assert.equal(fault, undefined, text);
        assert.ok(form === 'talk' || steps.every(({ kind }) => kind !== 'other'), text);
        forms.add(form);
      }
    assert.deepEqual([...forms].sort(), ['check', 'hint', 'refusal', 'solve', 'talk', 'why']);
  });

test('the committed held-out problems are those of the script, disjoint from training', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pocketphi-tutor-'));
  const path = join(folder, 'held-out.json');
  try {
    assert.match(python('held_out.py', ['--out', path]), /disjoint from training/);
    const committed = readFileSync(join(ROOT, 'tests/tutor/held-out.json'), 'utf8');
    assert.equal(readFileSync(path, 'utf8'), committed);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
