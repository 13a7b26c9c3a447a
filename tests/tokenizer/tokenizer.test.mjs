/* Token ids against Hugging Face tokenizers and tiktoken, exactly: the committed goldens, and random texts where the
 * reference environment is installed. The vocabularies are not committed; tools/models makes them in the cache. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const GOLDEN = join(ROOT, 'tests/golden/tokenizer');
const PHI = process.env.POCKETPHI_PHI ?? join(ROOT, 'build/native-release/phi');
const ENCODE = process.env.POCKETPHI_ENCODE ?? join(dirname(PHI), 'phi_encode');
const CACHE =
  process.env.POCKETPHI_CACHE ??
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pocketphi');
const RANDOM_TEXTS = 500;
/* SmolLM2's digits are cut out by Rust's char::is_numeric, of Unicode 17 in tokenizers 0.23.3; every pattern, there and
 * in tiktoken, is matched by Unicode 16, and so is ours. These numbers are new in 17. */
const NUMBERS_OF_UNICODE_17 = /[\u{11de0}-\u{11de9}\u{16ff4}-\u{16ff6}]/u;
const PARSES_SPECIAL = 1;
const ADDS_SPECIAL = 2;

const VOCABULARIES = {
  phi3: ['tools/models/make_vocab.py', 'phi3'],
  'phi4-mini': ['tools/models/make_vocab.py', 'phi4-mini'],
  phi4: ['tools/models/make_vocab.py', 'phi4'],
  smollm2: ['tools/models/smollm2.py', '--cached-only'],
};
/* `written` gives the text that decoding returns: U+2581 is how SentencePiece writes a space, and SmolLM2 has no token
 * for most control characters, which the reference drops as well. */
const spaceMarks = (text) => text.replaceAll('\u2581', ' ');
const sameText = (text) => text;
const FAMILIES = [
  { name: 'phi3-none', vocabulary: 'phi3', strip: 'none', written: spaceMarks },
  { name: 'phi3-all', vocabulary: 'phi3', strip: 'all', written: spaceMarks },
  { name: 'phi3-vision', vocabulary: 'phi3', strip: 'vision', written: spaceMarks },
  { name: 'phi4-mini', vocabulary: 'phi4-mini', strip: 'none', written: sameText },
  { name: 'phi4', vocabulary: 'phi4', strip: 'none', written: sameText },
  { name: 'smollm2', vocabulary: 'smollm2', strip: 'none', written: null },
];

const vocabularyPaths = new Map();

/** Path of a vocabulary file, or why there is none: {path} or {missing}. */
function findVocabulary(name) {
  if (!vocabularyPaths.has(name)) {
    const done = spawnSync('python3', VOCABULARIES[name], { cwd: ROOT, encoding: 'utf8' });
    const path = done.stdout?.split('\n')[0]?.split('  sha256')[0] ?? '';
    const reason = done.stderr?.trim().split('\n').at(-1) || 'not in the cache';
    vocabularyPaths.set(
      name,
      done.status === 0 && existsSync(path) ? { path } : { missing: `${name}: ${reason}` },
    );
  }
  return vocabularyPaths.get(name);
}

/** The GGUF file that `phi convert` makes of a Hugging Face folder with this vocabulary; or why there is none. */
function importVocabulary(name) {
  if (!existsSync(ENCODE)) return { missing: `${ENCODE} is not built` };
  if (!existsSync(join(CACHE, 'venv/ready-reference')))
    return {
      missing: 'reference environment: python3 tools/reference/setup_venv.py --group reference',
    };
  const made = spawnSync('python3', ['tools/models/make_hf_vocab.py', name], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.equal(made.status, 0, made.stderr);
  const folder = made.stdout.trim().split('\n').at(-1);
  const path = `${folder}.gguf`;
  execFileSync(PHI, ['convert', folder, path], { stdio: 'pipe' });
  return { path };
}

/** [{ids, bytes}] of [{flags, bytes}]. */
function encodeAll(path, strip, requests) {
  const parts = [];
  for (const { flags, bytes } of requests) {
    const head = Buffer.alloc(5);
    head.writeUInt8(flags, 0);
    head.writeUInt32LE(bytes.length, 1);
    parts.push(head, bytes);
  }
  const output = execFileSync(ENCODE, [path, strip], {
    input: Buffer.concat(parts),
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 30,
    encoding: 'utf8',
  });
  const lines = output.split('\n').slice(0, -1);
  assert.equal(lines.length, requests.length, 'one answer a request');
  return lines.map((line) => {
    const [ids, hex] = line.split('\t');
    return {
      ids: ids ? ids.split(' ').map(Number) : [],
      bytes: Buffer.from(hex, 'hex'),
    };
  });
}

/** Compares rows {text, special, plain} of a family, and that plain texts come back. */
function compareRows(family, path, rows) {
  const requests = rows.flatMap(({ text }) => [
    { flags: PARSES_SPECIAL, bytes: Buffer.from(text) },
    { flags: 0, bytes: Buffer.from(text) },
  ]);
  const answers = encodeAll(path, family.strip, requests);
  for (const [i, { text, special, plain }] of rows.entries()) {
    const shown = JSON.stringify(text);
    assert.deepEqual(
      answers[2 * i].ids,
      special,
      `${family.name}, special strings parsed: ${shown}`,
    );
    assert.deepEqual(answers[2 * i + 1].ids, plain, `${family.name}, plain: ${shown}`);
    if (family.written) {
      const decoded = answers[2 * i + 1].bytes.toString('utf8');
      assert.equal(decoded, family.written(text), `${family.name}, decoded: ${shown}`);
    }
  }
}

function skipReason(family) {
  if (!existsSync(ENCODE)) return `${ENCODE} is not built`;
  return findVocabulary(family.vocabulary).missing;
}

for (const family of FAMILIES) {
  test(`${family.name} gives the golden ids`, (t) => {
    const missing = skipReason(family);
    if (missing) return t.skip(missing);
    const texts = readFileSync(join(GOLDEN, 'corpus.jsonl'), 'utf8').trimEnd().split('\n');
    const golden = JSON.parse(readFileSync(join(GOLDEN, `${family.name}.json`), 'utf8'));
    assert.equal(golden.rows.length, texts.length);
    const rows = texts.map((line, i) => {
      const { ids, plain } = golden.rows[i];
      return { text: JSON.parse(line).text, special: ids, plain: plain ?? ids };
    });
    compareRows(family, findVocabulary(family.vocabulary).path, rows);
  });

  test(`${family.name} gives the ids of the reference on random texts`, (t) => {
    const missing = skipReason(family);
    if (missing) return t.skip(missing);
    if (!existsSync(join(CACHE, 'venv/ready-reference')))
      return t.skip(
        'reference environment: python3 tools/reference/setup_venv.py --group reference',
      );
    const script = ['tools/reference/tokenizer_reference.py', '--random', String(RANDOM_TEXTS)];
    script.push('--family', family.name, '--seed', '20261123');
    const lines = execFileSync('python3', script, {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const rows = lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(rows.length, RANDOM_TEXTS);
    const comparable = rows.filter(({ text }) => !NUMBERS_OF_UNICODE_17.test(text));
    compareRows(family, findVocabulary(family.vocabulary).path, comparable);
  });
}

/* The reference of Phi-4 and -mini is tiktoken, which writes no tokenizer.json. */
for (const family of FAMILIES.filter(({ vocabulary }) => !vocabulary.startsWith('phi4'))) {
  test(`${family.name} gives the golden ids out of a tokenizer.json`, (t) => {
    const found = importVocabulary(family.name);
    if (found.missing) return t.skip(found.missing);
    const texts = readFileSync(join(GOLDEN, 'corpus.jsonl'), 'utf8').trimEnd().split('\n');
    const golden = JSON.parse(readFileSync(join(GOLDEN, `${family.name}.json`), 'utf8'));
    const rows = texts.map((line, i) => {
      const { ids, plain } = golden.rows[i];
      return { text: JSON.parse(line).text, special: ids, plain: plain ?? ids };
    });
    compareRows({ ...family, strip: 'auto' }, found.path, rows);
  });
}

/* Phi-3's published rules for the white space behind its special tokens, with the ids that Hugging
 * Face's tokenizer gives for each of them; and texts that no rule touches. */
const CHAT = '<|user|>\nHello<|end|>\n<|assistant|>\n';
const SYSTEM =
  '<|system|>\nYou are a helpful assistant.<|end|>\n<|user|>\nWhat is the capital of France?<|end|>\n<|assistant|>\n';
const ASSISTANT = [526, 263, 8444, 20255, 29889, 32007];
const FRANCE = [338, 278, 7483, 310, 3444, 29973, 32007];
const VECTORS = [
  ['none', 'Hello world', [15043, 3186]],
  ['none', ' Hello', [29871, 15043]],
  ['none', CHAT, [32010, 29871, 13, 10994, 32007, 29871, 13, 32001, 29871, 13]],
  ['all', CHAT, [32010, 15043, 32007, 32001]],
  ['vision', CHAT, [32010, 29871, 13, 10994, 32007, 29871, 13, 32001]],
  ['all', SYSTEM, [32006, 887, ...ASSISTANT, 32010, 1724, ...FRANCE, 32001]],
  [
    'vision',
    SYSTEM,
    [
      32006,
      29871,
      13,
      3492,
      ...ASSISTANT,
      29871,
      13,
      32010,
      29871,
      13,
      5618,
      ...FRANCE,
      29871,
      13,
      32001,
    ],
  ],
  [
    'auto', // by the name that the file states
    '😀 café\n\n3333+7777',
    [
      29871,
      243,
      162,
      155,
      131,
      274,
      28059,
      13,
      13,
      ...Array(4).fill(29941),
      29974,
      ...Array(4).fill(29955),
    ],
  ],
];

test('phi3 gives the published ids under each strip rule', (t) => {
  const missing = skipReason({ vocabulary: 'phi3' });
  if (missing) return t.skip(missing);
  for (const [strip, text, ids] of VECTORS) {
    const request = { flags: PARSES_SPECIAL | ADDS_SPECIAL, bytes: Buffer.from(text) };
    const [answer] = encodeAll(findVocabulary('phi3').path, strip, [request]);
    assert.deepEqual(answer.ids, [1, ...ids], `${strip}: ${JSON.stringify(text)}`);
  }
});

/* Quadratic time would be minutes for each text; all of them together take 5 s on a busy machine. */
test('a long text of any kind is encoded in linear time, and comes back', {
  timeout: 120_000,
}, (t) => {
  const bytes = 1 << 18;
  const texts = ['a', ' ', '<|', '\n', '\u00ff', 'A\u3131', '\u0301', '1', "'s", 'ab '].map(
    (unit) => Buffer.from(unit.repeat(Math.floor(bytes / Buffer.byteLength(unit)))),
  );
  texts.push(Buffer.alloc(bytes, 0), Buffer.alloc(bytes, 0xff));
  for (const name of ['phi3', 'phi4-mini', 'phi4']) {
    const missing = skipReason({ vocabulary: name });
    if (missing) return t.skip(missing);
    const requests = texts.map((text) => ({ flags: 0, bytes: text }));
    const answers = encodeAll(findVocabulary(name).path, 'none', requests);
    for (const [i, { bytes: decoded }] of answers.slice(0, -1).entries())
      assert.ok(decoded.equals(texts[i]), `${name}: text ${i} does not come back`);
  }
});
