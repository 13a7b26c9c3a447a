// What native llama.cpp makes of SmolLM2-135M-Instruct (Q4_1):
//   tests/golden/smollm2/greedy.json      ten questions, greedy answers of 64 tokens, margin of every choice
//   tests/golden/smollm2/perplexity.json  ids and negative log likelihoods of paragraphs.txt
// A margin is the best logit minus the second best; where it is small, rounding may change the choice.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { load, openLlama, repository, sha256, toJson } from './runtime.mjs';

const HELP = `usage: node goldens_smollm2.mjs [options]

  --date YYYY-MM-DD   recorded in the files
  --questions FILE    default questions.json beside this script, which check_smollm2.py --choose took from
                      candidates.json
  --answers-only FILE write the answers to FILE and leave the goldens alone
`;
const N_TOKENS = 64;
const FOLDER = join(repository, 'tests', 'golden', 'smollm2');
const wantedTop = { generateNext: { logits: { filter: { tokens: [], includeTop: 2 } } } };
const wantedAll = { generateNext: { logits: true } };

/** -ln p(id) from all logits, which come sorted, best first. */
function negativeLog(logits, id) {
  const [[, best]] = logits;
  let sum = 0;
  for (const logit of logits.values()) sum += Math.exp(logit - best);
  return best + Math.log(sum) - logits.get(id);
}

async function answer(sequence, model, render, question) {
  const text = render([{ role: 'user', content: question }]);
  const promptIds = [...model.tokenize(text, true)];
  await sequence.clearHistory();
  const ids = [];
  const margins = [];
  let items = promptIds.map((token, i) =>
    i === promptIds.length - 1 ? [token, wantedTop] : token,
  );
  while (ids.length < N_TOKENS) {
    const results = await sequence.controlledEvaluate(items);
    const [[id, best], [, second]] = results.at(-1).next.logits;
    if (model.isEogToken(id)) break;
    ids.push(id);
    margins.push(Number((best - second).toFixed(5)));
    items = [[id, wantedTop]];
  }
  return { question, text, prompt_ids: promptIds, ids, margins, answer: model.detokenize(ids) };
}

async function likelihoods(sequence, ids) {
  await sequence.clearHistory();
  const out = [];
  const step = 64; // a map of 49152 logits a position: keep few of them at once
  for (let at = 0; at < ids.length - 1; at += step) {
    const part = ids.slice(at, Math.min(at + step, ids.length - 1));
    const results = await sequence.controlledEvaluate(part.map((token) => [token, wantedAll]));
    results.forEach(({ next }, i) => {
      out.push(Number(negativeLog(next.logits, ids[at + i + 1]).toFixed(5)));
    });
  }
  return out;
}

async function main() {
  const { values: options } = parseArgs({
    options: {
      date: { type: 'string', default: new Date().toISOString().slice(0, 10) },
      questions: {
        type: 'string',
        default: fileURLToPath(new URL('questions.json', import.meta.url)),
      },
      'answers-only': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  const answersFile = options['answers-only'] ?? join(FOLDER, 'greedy.json');
  const { date } = options;
  const questions = JSON.parse(readFileSync(options.questions, 'utf8'));
  const script = join(repository, 'tools', 'models', 'smollm2.py');
  const file = execFileSync('python3', [script], { encoding: 'utf8' }).trim();
  const { Template } = await load('@huggingface/jinja');
  const { llama, versions } = await openLlama({ threads: 1 });
  const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
  const context = await model.createContext({ contextSize: 2048, batchSize: 512, threads: 1 });
  const sequence = context.getSequence();
  const template = new Template(model.fileInfo.metadata.tokenizer.chat_template);
  const render = (messages) => template.render({ messages, add_generation_prompt: true });
  const provenance = {
    script: 'tools/reference/llama_cpp/goldens_smollm2.mjs',
    date,
    versions,
    threads: 1,
    kv_cache: 'f16',
    model: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    model_sha256: await sha256(file),
  };

  const answers = [];
  for (const question of questions) {
    answers.push(await answer(sequence, model, render, question));
    process.stdout.write(
      `${answers.at(-1).ids.length} tokens: ${JSON.stringify(answers.at(-1).answer)}\n`,
    );
  }
  writeFileSync(answersFile, toJson({ provenance, n_tokens: N_TOKENS, answers }));
  if (options['answers-only'] === undefined) await writePerplexity(model, sequence, provenance);
  await llama.dispose();
}

async function writePerplexity(model, sequence, provenance) {
  const paragraphs = join(FOLDER, 'paragraphs.txt');
  const ids = [...model.tokenize(readFileSync(paragraphs, 'utf8'), false)];
  const nll = await likelihoods(sequence, ids);
  const mean = nll.reduce((sum, value) => sum + value, 0) / nll.length;
  writeFileSync(
    join(FOLDER, 'perplexity.json'),
    toJson({
      provenance: { ...provenance, text: 'paragraphs.txt', text_sha256: await sha256(paragraphs) },
      about: 'nll[i] = -ln p(ids[i + 1] | ids[0..i]); the whole text is one sequence without BOS',
      ids,
      nll,
      mean_nll: mean,
      perplexity: Math.exp(mean),
    }),
  );
  process.stdout.write(
    `${ids.length} tokens, mean nll ${mean.toFixed(4)}, perplexity ${Math.exp(mean).toFixed(3)}\n`,
  );
}

await main();
