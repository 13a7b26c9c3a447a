/* What comes out under a constraint satisfies it, as an independent validator sees it: random schemas and expressions,
 * random logits, temperature 1.5 (obey_main.c); and a real model for a few schemas. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { SchemaMaker } from './random-schema.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const PHI = process.env.POCKETPHI_PHI ?? join(ROOT, 'build/native-release/phi');
const OBEY = join(dirname(PHI), 'phi_obey');
const SEED = 20261125;
const SCHEMAS = 1000;
const REFUSED_MAX = 0.1; /* of the random schemas: contradictions, oneOf that may overlap */
/* A step of Phi-3-mini takes about 60 ms on two threads; 2 % of it. */
const MASK_MEAN_US_MAX = 1200;

/** Answers of phi_obey to requests {kind, text}: [{ok, text | message, status}], and what it says of itself. */
function obey(vocabulary, requests, seed) {
  const parts = requests.flatMap(({ kind, text }) => {
    const bytes = Buffer.from(text);
    const head = Buffer.alloc(5);
    head.write(kind, 0);
    head.writeUInt32LE(bytes.length, 1);
    return [head, bytes];
  });
  const done = spawnSync(OBEY, [vocabulary, String(seed)], {
    input: Buffer.concat(parts),
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  assert.equal(done.status, 0, done.stderr);
  const lines = done.stdout.split('\n').slice(0, -1);
  assert.equal(lines.length, requests.length, 'one answer a request');
  const answers = lines.map((line) => {
    const [outcome, first, second] = line.split('\t');
    if (outcome !== 'ok') return { ok: false, status: first, message: second };
    return { ok: true, text: Buffer.from(first, 'hex').toString('utf8') };
  });
  return { answers, report: done.stderr };
}

function makeAjv() {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  return ajv;
}

function checkOutput(ajv, schema, text) {
  const shown = `${JSON.stringify(schema)}\n${text}`;
  let value;
  assert.doesNotThrow(() => {
    value = JSON.parse(text);
  }, shown);
  assert.ok(ajv.validate(schema, value), `${shown}\n${ajv.errorsText()}`);
}

function checkSchemas(vocabulary, seed, wanted) {
  const maker = new SchemaMaker(seed);
  const schemas = Array.from({ length: Math.ceil(wanted * (1 + 2 * REFUSED_MAX)) }, () =>
    maker.make(),
  );
  const requests = schemas.map((schema) => ({ kind: 's', text: JSON.stringify(schema) }));
  const { answers, report } = obey(vocabulary, requests, seed);
  const ajv = makeAjv();
  let valid = 0;
  const refused = new Map();
  for (const [i, answer] of answers.entries()) {
    if (answer.ok) {
      checkOutput(ajv, schemas[i], answer.text);
      valid++;
      continue;
    }
    const shown = `${answer.status} ${answer.message}\n${requests[i].text}`;
    assert.match(answer.status, /^PHI_(EINVAL|EUNSUPPORTED)$/, shown);
    assert.match(
      answer.message,
      /no value satisfies|branches \d+ and \d+|beside enum|over the number/,
      shown,
    );
    refused.set(answer.message, (refused.get(answer.message) ?? 0) + 1);
  }
  assert.ok(
    valid >= wanted,
    `${valid} of ${answers.length} valid; refused: ${JSON.stringify([...refused])}`,
  );
  return { valid, refused: answers.length - valid, report };
}

/** A vocabulary of the cache, made if it can be, or why not: {path} or {missing}. */
function findVocabulary(name) {
  const done = spawnSync('python3', ['tools/models/make_vocab.py', name], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const path = done.stdout?.split('\n')[0]?.split('  sha256')[0] ?? '';
  if (done.status === 0 && existsSync(path)) return { path };
  return { missing: `vocabulary ${name}: ${done.stderr?.trim().split('\n').at(-1)}` };
}

function meanOf(report) {
  return Number(/mean ([\d.]+) us/.exec(report)?.[1]);
}

/* Sampling from 200,064 tokens takes most of the time. */
const VOCABULARIES = { phi3: SCHEMAS, 'phi4-mini': 200 };

test(`outputs of ${SCHEMAS} random schemas validate: a tiny vocabulary`, (t) => {
  if (!existsSync(OBEY)) return t.skip(`${OBEY} is not built`);
  const { valid, refused, report } = checkSchemas(
    join(ROOT, 'tests/models/phi3-mha.gguf'),
    SEED,
    SCHEMAS,
  );
  t.diagnostic(`${valid} valid, ${refused} refused; ${report.trim().replaceAll('\n', '; ')}`);
});

for (const [i, [name, wanted]] of Object.entries(VOCABULARIES).entries()) {
  test(`outputs of ${wanted} random schemas validate: ${name}, and masks are cheap`, (t) => {
    if (!existsSync(OBEY)) return t.skip(`${OBEY} is not built`);
    const { path, missing } = findVocabulary(name);
    if (missing) return t.skip(missing);
    const { valid, refused, report } = checkSchemas(path, SEED + 1 + i, wanted);
    t.diagnostic(`${valid} valid, ${refused} refused; ${report.trim().replaceAll('\n', '; ')}`);
    assert.ok(meanOf(report) < MASK_MEAN_US_MAX, report);
  });
}

const EXPRESSIONS = [
  'yes|no',
  '\\d{3}-\\d{4}',
  '(?:[a-z]{1,8} ){1,5}end',
  '[^\\x00-\\x7f]{2,4}',
  '(?<key>[A-Z_]{1,6})=(?:"[^"]{0,9}"|\\d{1,4})',
  'é{1,3}[😀-😎]?',
  '(?:0|[1-9]\\d{0,2})(?:,\\d{3}){0,3}',
  '.{5,40}',
  '\\s{1,3}\\S\\W\\w',
];

test('outputs match their expressions', (t) => {
  if (!existsSync(OBEY)) return t.skip(`${OBEY} is not built`);
  const { path, missing } = findVocabulary('phi3');
  if (missing) return t.skip(missing);
  const requests = EXPRESSIONS.flatMap((text) =>
    Array.from({ length: 20 }, () => ({ kind: 'r', text })),
  );
  const { answers } = obey(path, requests, SEED);
  for (const [i, answer] of answers.entries()) {
    assert.ok(answer.ok, `${requests[i].text}: ${answer.message}`);
    assert.match(answer.text, new RegExp(`^(?:${requests[i].text})$`, 'u'));
  }
});

/* ------------------------------------------------------------------ a real model */

function findModel() {
  const done = spawnSync('python3', [join(ROOT, 'tools/models/smollm2.py')], { encoding: 'utf8' });
  return done.status === 0 ? done.stdout.trim().split('\n').at(-1) : undefined;
}

const CITY = {
  type: 'object',
  properties: {
    city: { type: 'string', maxLength: 30 },
    population: { type: 'integer', minimum: 0 },
    coastal: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string', maxLength: 15 }, maxItems: 3 },
  },
  required: ['city', 'population', 'coastal'],
  additionalProperties: false,
};
const MODEL_SCHEMAS = [
  CITY,
  { type: 'array', items: { enum: ['red', 'green', 'blue'] }, minItems: 2, maxItems: 4 },
  {
    type: 'object',
    properties: {
      born: { type: 'string', format: 'date' },
      score: { type: 'number', minimum: 0, maximum: 1 },
    },
    required: ['born', 'score'],
    additionalProperties: false,
  },
];
const PROMPT = '<|im_start|>user\nDescribe Lisbon as JSON.<|im_end|>\n<|im_start|>assistant\n';

test('SmolLM2 obeys schemas, greedy and at temperature 1.5', (t) => {
  const model = findModel();
  if (model === undefined)
    return t.skip('SmolLM2 could not be fetched: the real model was NOT tested');
  const folder = mkdtempSync(join(tmpdir(), 'pocketphi-constrain-'));
  const ajv = makeAjv();
  for (const [i, schema] of MODEL_SCHEMAS.entries()) {
    const file = join(folder, `${i}.json`);
    writeFileSync(file, JSON.stringify(schema));
    for (const temperature of ['0', '1.5']) {
      const args = [
        'generate',
        '--model',
        model,
        '--threads',
        '2',
        '--prompt',
        PROMPT,
        '--json-schema',
        file,
      ];
      const text = execFileSync(
        PHI,
        [...args, '--temperature', temperature, '--max-tokens', '400'],
        {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      );
      checkOutput(ajv, schema, text.trimEnd());
    }
  }
  rmSync(folder, { recursive: true });
});

test('SmolLM2 obeys an expression', (t) => {
  const model = findModel();
  if (model === undefined)
    return t.skip('SmolLM2 could not be fetched: the real model was NOT tested');
  const expression = 'The (?:city|town) of [A-Z][a-z]{2,12} has \\d{1,3}(?:,\\d{3}){0,2} people\\.';
  const args = [
    'generate',
    '--model',
    model,
    '--prompt',
    PROMPT,
    '--regex',
    expression,
    '--max-tokens',
    '100',
  ];
  const text = execFileSync(PHI, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  assert.match(text.trimEnd(), new RegExp(`^${expression}$`, 'u'));
});
