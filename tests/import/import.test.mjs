/* Hugging Face folders, written by transformers (tools/models/make_hf_folders.py): they hold the numbers of the GGUF
 * files of the same name, so the goldens of those are theirs, and what the engine computes is equal bit by bit. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const PHI = process.env.POCKETPHI_PHI ?? join(ROOT, 'build/native-release/phi');
const FOLDERS = join(ROOT, 'tests/models/hf');
const VISION = 'vision-longrope';
const IDS = readdirSync(FOLDERS).filter((id) => id !== VISION);
const scratch = mkdtempSync(join(tmpdir(), 'pocketphi-import-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

function goldenOf(id) {
  return JSON.parse(readFileSync(join(ROOT, 'tests/golden', id, 'manifest.json'), 'utf8'));
}

function floats(path) {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

function phi(...args) {
  return execFileSync(PHI, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Logits behind the first so many tokens of the golden text. */
function logits(model, tokens, lengths, ...extra) {
  const out = join(scratch, 'logits.bin');
  const args = ['--tokens', tokens.join(','), '--lengths', lengths.join(','), '--top', '0'];
  phi('logits', '--model', model, ...args, '--fresh', '--out', out, ...extra);
  return floats(out);
}

function maxDifference(a, b) {
  return a.reduce((worst, x, i) => Math.max(worst, Math.abs(x - b[i])), 0);
}

for (const id of IDS) {
  const folder = join(FOLDERS, id);
  const { tokens, cases, tolerance, model } = goldenOf(id);
  const whole = cases.find(({ n_prefill, rope }) => n_prefill === 0 && rope === 'auto');

  test(`${id}: the folder's logits are those of transformers`, () => {
    const expected = floats(join(ROOT, 'tests/golden', id, whole.logits_kv_f16.file));
    const got = logits(folder, tokens, whole.lengths, '--weights', 'file', '--accuracy-level', '1');
    assert.equal(got.length, expected.length);
    const worst = maxDifference(got, expected);
    assert.ok(
      worst <= tolerance.kv_f16,
      `largest difference ${worst}, tolerance ${tolerance.kv_f16}`,
    );
  });

  test(`${id}: and bit by bit those of the GGUF file with the same numbers`, () => {
    const ours = logits(folder, tokens, whole.lengths, '--weights', 'file');
    assert.deepEqual(ours, logits(join(ROOT, model), tokens, whole.lengths));
  });

  for (const type of ['q4_0', 'q8_0', 'f16', 'file']) {
    test(`${id}: converted to ${type}, whole and split, it is read as it is served`, () => {
      const file = join(scratch, `${id}-${type}.gguf`);
      phi('convert', folder, file, '--type', type);
      assert.deepEqual(
        readdirSync(scratch).filter((name) => name.endsWith('.part')),
        [],
      );
      const expected = logits(file, tokens, [40]);
      phi('convert', folder, file, '--type', type, '--split-bytes', '30000');
      const parts = readdirSync(scratch).filter((name) => name.startsWith(`${id}-${type}-0`));
      assert.ok(parts.length > 1, parts.join());
      assert.deepEqual(logits(join(scratch, parts.sort()[0]), tokens, [40]), expected);
      if (type === 'q4_0')
        assert.deepEqual(logits(folder, tokens, [40]), expected, 'not converted');
      if (type === 'file')
        assert.deepEqual(
          logits(folder, tokens, [40], '--weights', 'file'),
          expected,
          'not converted',
        );
    });
  }

  test(`${id}: a GGUF file becomes the same one`, () => {
    const fromFolder = join(scratch, `${id}-folder.gguf`);
    const fromFile = join(scratch, `${id}-file.gguf`);
    phi('convert', folder, fromFolder, '--type', 'q4_0');
    phi('convert', join(ROOT, model), fromFile, '--type', 'q4_0');
    assert.deepEqual(logits(fromFile, tokens, [40]), logits(fromFolder, tokens, [40]));
  });
}

test(`${VISION}: pictures give the vectors and logits of the GGUF file with the same numbers`, () => {
  const picture = join(scratch, 'picture.ppm');
  const pixels = Buffer.alloc(56 * 112 * 3, 0).map((_, i) => (i * 37) & 255);
  writeFileSync(picture, Buffer.concat([Buffer.from('P6\n112 56\n255\n'), pixels]));
  const converted = join(scratch, `${VISION}.gguf`);
  phi('convert', join(FOLDERS, VISION), converted, '--type', 'file');
  const run = (command, model, ...extra) => {
    const out = join(scratch, 'vision.bin');
    phi(command, '--model', model, '--image', picture, '--out', out, ...extra);
    return floats(out);
  };
  const reference = join(ROOT, 'tests/models', `${VISION}.gguf`);
  const text = ['--tokens', '1,270,-1,1,265,280', '--top', '0'];
  for (const model of [converted, join(FOLDERS, VISION)]) {
    const weights = ['--weights', 'file'];
    assert.deepEqual(run('image', model, ...weights), run('image', reference));
    assert.deepEqual(run('logits', model, ...text, ...weights), run('logits', reference, ...text));
  }
  const quantised = join(scratch, `${VISION}-q4.gguf`);
  phi('convert', join(FOLDERS, VISION), quantised);
  assert.deepEqual(
    run('logits', quantised, ...text),
    run('logits', join(FOLDERS, VISION), ...text),
  );
});

/** A copy of a folder with one of its files changed. */
function changed(id, file, change) {
  const copy = mkdtempSync(join(scratch, 'changed-'));
  cpSync(join(FOLDERS, id), copy, { recursive: true });
  const path = join(copy, file);
  const after = change(existsSync(path) ? readFileSync(path) : undefined);
  if (after === undefined) rmSync(path);
  else writeFileSync(path, after);
  return copy;
}

function editJson(change) {
  return (bytes) => {
    const value = JSON.parse(bytes.toString());
    return JSON.stringify(change(value) ?? value);
  };
}

test('configurations as older transformers wrote them mean the same', () => {
  const { tokens } = goldenOf('phi3-longrope');
  const expected = logits(join(FOLDERS, 'phi3-longrope'), tokens, [40, 80]);
  for (const type of ['su', 'longrope']) {
    const copy = changed(
      'phi3-longrope',
      'config.json',
      editJson((config) => {
        const { rope_parameters: rope, ...rest } = config;
        const { short_factor, long_factor, rope_theta } = rope;
        return { ...rest, rope_theta, rope_scaling: { type, short_factor, long_factor } };
      }),
    );
    assert.deepEqual(logits(copy, tokens, [40, 80]), expected, type);
  }
});

/* What is wrong with a folder is said in one line that names the file or the tensor. */
const BROKEN = [
  ['no config.json', 'config.json', () => undefined, /config\.json: No such file/],
  [
    'half a tokenizer.json',
    'tokenizer.json',
    (b) => b.subarray(0, b.length - 20),
    /tokenizer\.json: (the text ends|byte)/,
  ],
  [
    'another family',
    'config.json',
    editJson((c) => ({ ...c, model_type: 'phimoe' })),
    /model_type 'phimoe'/,
  ],
  [
    'quantised weights',
    'config.json',
    editJson((c) => ({ ...c, quantization_config: {} })),
    /quantised already/,
  ],
  ['biases', 'config.json', editJson((c) => ({ ...c, attention_bias: true })), /attention_bias/],
  [
    'unknown scaling',
    'config.json',
    editJson((c) => ({ ...c, rope_parameters: undefined, rope_scaling: { type: 'dynamic' } })),
    /rope scaling 'dynamic'/,
  ],
  [
    'too few factors',
    'config.json',
    editJson((c) => {
      c.rope_parameters.long_factor.pop();
    }),
    /long_factor has 15 numbers, expected 16/,
  ],
  [
    'a huge number',
    'config.json',
    (b) => b.toString().replace('"vocab_size": 320', '"vocab_size": 99999999999999999999'),
    /whole number below 2\^63/,
  ],
  [
    'a number that is infinite',
    'config.json',
    (b) => b.toString().replace('1e-05', '1e999'),
    /finite in 64 bits/,
  ],
  [
    'deep nesting',
    'config.json',
    (b) => `{"x":${'['.repeat(100)}${']'.repeat(100)},${b.toString().slice(1)}`,
    /more than 64 levels/,
  ],
  [
    'a shard that is missing',
    'model-00002-of-00003.safetensors',
    () => undefined,
    /model-00002-of-00003\.safetensors: No such file/,
  ],
  [
    'a shard that is cut',
    'model-00002-of-00003.safetensors',
    (b) => b.subarray(0, b.length - 100),
    /has bytes \d+ to \d+ of the data/,
  ],
  [
    'a header longer than its file',
    'model-00001-of-00003.safetensors',
    (b) => {
      b.writeUInt32LE(1 << 24, 0);
      return b;
    },
    /a header of 16777216 bytes/,
  ],
  [
    'another dtype',
    'model-00001-of-00003.safetensors',
    (b) => Buffer.from(b.toString('latin1').replace('"F16"', '"I16"'), 'latin1'),
    /is of type I16/,
  ],
  [
    'a dtype of another size',
    'model-00001-of-00003.safetensors',
    (b) => Buffer.from(b.toString('latin1').replace('"F16"', '"F32"'), 'latin1'),
    /shape and type F32 make/,
  ],
  [
    'a path in the index',
    'model.safetensors.index.json',
    (b) => b.toString().replaceAll('model-00001', '../model-00001'),
    /not the plain name of a file/,
  ],
  [
    'a tensor elsewhere than the index says',
    'model.safetensors.index.json',
    editJson((i) => {
      i.weight_map['model.norm.weight'] = 'model-00001-of-00003.safetensors';
    }),
    /'model\.norm\.weight' is not in model-00001/,
  ],
  [
    'a word-level vocabulary',
    'tokenizer.json',
    editJson((t) => {
      t.model.type = 'WordLevel';
    }),
    /type 'WordLevel'/,
  ],
  [
    'merges of no SentencePiece model',
    'tokenizer.json',
    editJson((t) => {
      t.model.merges.pop();
    }),
    /not those of a SentencePiece model/,
  ],
  [
    'an unknown normaliser',
    'tokenizer.json',
    editJson((t) => {
      t.normalizer = { type: 'NFKC' };
    }),
    /normaliser 'NFKC'/,
  ],
  [
    'a stop id that is no token',
    'generation_config.json',
    editJson((g) => {
      g.eos_token_id = [5, 4000];
    }),
    /eos_token_id 4000/,
  ],
];

for (const [what, file, change, expected] of BROKEN) {
  test(`refused: ${what}`, () => {
    const done = spawnSync(PHI, ['info', '--model', changed('phi3-longrope', file, change)], {
      encoding: 'utf8',
    });
    assert.equal(done.status, 1, done.stderr);
    assert.match(done.stderr, expected);
  });
}

test('a weight that is not finite is refused by name', () => {
  const copy = changed('phi3-gqa', 'model.safetensors', (b) => {
    const start = 8 + Number(b.readBigUInt64LE(0));
    const header = JSON.parse(b.subarray(8, start).toString());
    const [begin] = header['model.layers.1.self_attn.o_proj.weight'].data_offsets;
    b.writeUInt16LE(0x7fc0, start + begin + 2 * (3 * 96 + 5));
    return b;
  });
  const out = join(scratch, 'not-finite.gguf');
  const done = spawnSync(PHI, ['convert', copy, out], { encoding: 'utf8' });
  assert.equal(done.status, 1);
  assert.match(done.stderr, /'blk\.1\.attn_output\.weight', row 3, column 5: -?nan/);
  assert.ok(!existsSync(out) && !existsSync(`${out}.part`), 'nothing is left behind');
});

/** The folder with inner layers so wide, and so many, that converting takes seconds; on a disk with holes its 6.4 GB of
 * zeros take no room. */
function widened(id) {
  const copy = changed(
    id,
    'config.json',
    editJson((c) => Object.assign(c, { num_hidden_layers: 48, intermediate_size: 1 << 18 })),
  );
  const file = join(copy, 'model.safetensors');
  const bytes = readFileSync(file);
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
  const tensors = {};
  let end = 0;
  const add = (name, { dtype, shape }) => {
    const begin = end;
    end += shape.reduce((n, side) => n * side, dtype === 'F32' ? 4 : 2);
    tensors[name] = { dtype, shape, data_offsets: [begin, end] };
  };
  for (const [name, tensor] of Object.entries(header)) {
    if (name.includes('gate_up_proj')) tensor.shape[0] = 2 << 18;
    if (name.includes('down_proj')) tensor.shape[1] = 1 << 18;
    if (name.includes('.layers.1.') || name === '__metadata__') continue;
    const n = name.includes('.layers.0.') ? 48 : 1;
    for (let k = 0; k < n; k++) add(name.replace('.layers.0.', `.layers.${k}.`), tensor);
  }
  const text = Buffer.from(JSON.stringify(tensors));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(file, Buffer.concat([length, text]));
  truncateSync(file, 8 + text.length + end);
  return copy;
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`${signal}: a conversion ends, and leaves neither halves nor parts behind`, async () => {
    const folder = join(scratch, signal);
    mkdirSync(folder);
    const out = join(folder, 'wide.gguf');
    const args = ['convert', widened('phi3-gqa'), out, '--split-bytes', '100000000'];
    const program = spawn(PHI, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    program.stderr.on('data', (text) => {
      said += text;
    });
    const ends = once(program, 'close');
    /* In the middle of the second file. */
    const isBetween = () =>
      readdirSync(folder).length === 2 &&
      readdirSync(folder).some(
        (name) =>
          /-00002-.*part$/.test(name) &&
          statSync(join(folder, name), { throwIfNoEntry: false })?.size > 0,
      );
    while (program.exitCode === null && program.signalCode === null && !isBetween())
      await new Promise(setImmediate);
    program.kill(signal);
    const [code] = await ends;
    assert.equal(code, 1, said);
    assert.match(said, /interrupted; nothing is left behind/);
    assert.deepEqual(readdirSync(folder), []);
  });
}
