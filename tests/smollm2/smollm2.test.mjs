/* A real language model against native llama.cpp (goldens in tests/golden/smollm2, made by tools/reference/llama_cpp).
 *
 * llama.cpp's own greedy text is followed token by token: our best token is its token wherever its two best are more
 * than MARGIN_MIN apart (below, the rounding of activations to int8, which both do differently, may decide). */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const PHI = process.env.POCKETPHI_PHI ?? join(ROOT, 'build/native-release/phi');
const MARGIN_MIN = 0.25;
const SAME_TOKENS_MIN = 32;
const SAME_ANSWERS_MIN = 8;

function golden(name) {
  return JSON.parse(readFileSync(join(ROOT, 'tests/golden/smollm2', name), 'utf8'));
}

function fetchModel() {
  const run = spawnSync('python3', [join(ROOT, 'tools/models/smollm2.py')], { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim().split('\n').at(-1) : undefined;
}

const model = fetchModel();
const skip = model === undefined && 'SmolLM2 could not be fetched: the real model was NOT tested';

function phi(command, args) {
  const all = [command, '--model', model, '--threads', '2', '--json', ...args];
  return JSON.parse(
    execFileSync(PHI, all, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
}

const range = (first, n) => Array.from({ length: n }, (_, i) => first + i);

test('teacher-forced along llama.cpp, our best token is its token', { skip }, () => {
  const wrong = [];
  for (const { question, prompt_ids: prompt, ids, margins } of golden('greedy.json').answers) {
    const lengths = range(prompt.length, ids.length).join(',');
    const { positions } = phi('logits', [
      '--tokens',
      [...prompt, ...ids].join(','),
      '--lengths',
      lengths,
      '--top',
      '1',
    ]);
    positions.forEach(({ top }, i) => {
      if (top[0].id !== ids[i] && margins[i] > MARGIN_MIN)
        wrong.push(`"${question}" token ${i}: ${top[0].id}, llama.cpp ${ids[i]} by ${margins[i]}`);
    });
  }
  assert.deepEqual(wrong, []);
});

test('our greedy text agrees with llama.cpp', { skip }, () => {
  const same = golden('greedy.json').answers.map(({ prompt_ids: prompt, ids }) => {
    const ours = phi('generate', [
      '--tokens',
      prompt.join(','),
      '--max-tokens',
      String(SAME_TOKENS_MIN),
    ]).ids;
    const n = ids.findIndex((id, i) => id !== ours[i]);
    return n < 0 || n >= Math.min(SAME_TOKENS_MIN, ids.length);
  });
  const n = same.filter(Boolean).length;
  assert.ok(
    n >= SAME_ANSWERS_MIN,
    `${n} of ${same.length} answers agree for ${SAME_TOKENS_MIN} tokens`,
  );
});

test('the prompts of the goldens are tokenised alike', { skip }, () => {
  for (const { text, prompt_ids: prompt } of golden('greedy.json').answers)
    assert.deepEqual(phi('tokenize', ['--prompt', text]), prompt);
});

test('perplexity is within 1 % of llama.cpp and of the exact model', { skip }, () => {
  const { ids, nll } = golden('perplexity.json');
  const ours = phi('logits', [
    '--tokens',
    ids.join(','),
    '--every',
    '--top',
    '0',
    '--context',
    '2048',
  ]).mean_nll;
  const mean = nll.reduce((sum, x) => sum + x, 0) / nll.length;
  assert.ok(
    Math.abs(Math.exp(ours - mean) - 1) < 0.01,
    `ours ${Math.exp(ours)}, llama.cpp ${Math.exp(mean)}`,
  );
  const exact = golden('exact.json').mean_nll;
  assert.ok(
    Math.abs(Math.exp(ours - exact) - 1) < 0.01,
    `ours ${Math.exp(ours)}, exact ${Math.exp(exact)}`,
  );
});
