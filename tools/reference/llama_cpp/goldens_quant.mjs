// Logits of native llama.cpp for the tiny models that it computes as Hugging Face does, beside the goldens that
// make_golden_logits.py wrote: tests/golden/<id>/llama_cpp.{bin,json}. Run it after that script.
//
// llama.cpp rounds activations to int8 (Q8_0 per 32, Q8_K per 256) and its KV cache to f16, so its logits are no
// oracle for exact arithmetic: <case>.bin of the same folder is. They bound what a good implementation with int8
// activations deviates, and catch a misread block type that both would not share.

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLlama, repository, toJson } from './runtime.mjs';

// Not the LongRoPE models (llama.cpp fixes the factors by the context's size) and not the window (switched off there).
const IDS = [
  'phi3-mha',
  'phi3-gqa',
  'phi3-hd96',
  'llama-gqa-rope3',
  'llama-mha',
  'quant-q4_0',
  'quant-q4_1',
  'quant-q5_0',
  'quant-q5_1',
  'quant-q8_0',
  'quant-iq4_nl',
  'quant-q4_k',
  'quant-q5_k',
  'quant-q6_k',
];
const CASE = 'whole';

const HELP = `usage: node goldens_quant.mjs [--date YYYY-MM-DD] [id ...]
ids: ${IDS.join(' ')}
`;

function readRows(file, [rows, columns]) {
  const bytes = readFileSync(file);
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, rows * columns);
  return Array.from({ length: rows }, (_, i) => all.subarray(i * columns, (i + 1) * columns));
}

/** One row of logits a length, from one pass over the longest text. */
async function logitsOf(llama, file, tokens, lengths, nVocabulary) {
  const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
  const context = await model.createContext({ contextSize: 256, batchSize: 256, threads: 1 });
  const wanted = { generateNext: { logits: true } };
  const longest = Math.max(...lengths);
  const items = tokens
    .slice(0, longest)
    .map((token, i) => (lengths.includes(i + 1) ? [token, wanted] : token));
  const results = await context.getSequence().controlledEvaluate(items);
  const rows = lengths.map((length) => {
    const row = new Float32Array(nVocabulary).fill(Number.NaN);
    for (const [id, logit] of results[length - 1].next.logits) row[id] = logit;
    if (row.some(Number.isNaN))
      throw new Error(`${file}: llama.cpp left out logits at length ${length}`);
    return row;
  });
  await model.dispose();
  return rows;
}

function deviation(rows, expected) {
  let max = 0;
  let squares = 0;
  let n = 0;
  for (const [i, row] of rows.entries()) {
    for (const [j, value] of row.entries()) {
      const difference = Math.abs(value - expected[i][j]);
      max = Math.max(max, difference);
      squares += difference * difference;
      n += 1;
    }
  }
  return { max, rms: Math.sqrt(squares / n) };
}

async function writeGolden({ llama, versions, date }, id) {
  const folder = join(repository, 'tests', 'golden', id);
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const golden = manifest.cases.find((entry) => entry.name === CASE);
  const rows = await logitsOf(
    llama,
    join(repository, manifest.model),
    manifest.tokens,
    golden.lengths,
    manifest.vocab_size,
  );
  const data = Buffer.concat(rows.map((row) => Buffer.from(row.buffer)));
  writeFileSync(join(folder, 'llama_cpp.bin'), data);
  const measured = deviation(rows, readRows(join(folder, golden.logits.file), golden.logits.shape));
  writeFileSync(
    join(folder, 'llama_cpp.json'),
    toJson({
      id,
      case: CASE,
      model_sha256: manifest.model_sha256,
      lengths: golden.lengths,
      logits: {
        file: 'llama_cpp.bin',
        shape: golden.logits.shape,
        sha256: createHash('sha256').update(data).digest('hex'),
      },
      deviation_from_transformers: measured,
      tolerance: {
        level_4: measured.max + manifest.tolerance.level_4,
        level_1: measured.max + manifest.tolerance.kv_f16 + manifest.spread.f16_cache,
      },
      notes:
        "tolerance = llama.cpp's own deviation from the exact logits (transformers, same weights) + the tolerance " +
        'that ours has against the exact ones (level_4; kv_f16 plus the effect of an f16 cache for level_1)',
      provenance: {
        script: 'tools/reference/llama_cpp/goldens_quant.mjs',
        date,
        versions,
        threads: 1,
      },
    }),
  );
  process.stdout.write(
    `${id}  max ${measured.max.toExponential(2)}  rms ${measured.rms.toExponential(2)}  ` +
      `level_4 spread ${manifest.spread.level_4.toExponential(2)} ` +
      `rms ${manifest.spread.level_4_rms.toExponential(2)}\n`,
  );
}

async function main() {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    process.stdout.write(HELP);
    return;
  }
  const at = args.indexOf('--date');
  const date = at >= 0 ? args.splice(at, 2)[1] : new Date().toISOString().slice(0, 10);
  const unknown = args.filter((id) => !IDS.includes(id));
  if (unknown.length > 0)
    throw new Error(`unknown id ${unknown.join(' ')}; expected of ${IDS.join(' ')}`);
  const { llama, versions } = await openLlama();
  for (const id of args.length > 0 ? args : IDS) await writeGolden({ llama, versions, date }, id);
  await llama.dispose();
}

await main();
