/* What a user may give for a model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileNameOf, resolveModel, splitOf, splitUrl } from '../../web/net/model-url.ts';
import { findModel, MODELS } from '../../web/net/registry.ts';

const BASE = 'https://page.example/app/index.html';
const url = (source: unknown, hubBase?: string): string => {
  const place = resolveModel(source, { base: BASE, hubBase });
  assert.ok(place.kind !== 'manifest');
  return place.url;
};

test('URLs are themselves, relative ones against the page', () => {
  const absolute = 'https://h.example/a%20b/phi.gguf?download=true#x';
  assert.equal(url(absolute), absolute);
  assert.equal(url(new URL(absolute)), absolute);
  assert.equal(url(' models/phi.gguf '), 'https://page.example/app/models/phi.gguf');
  assert.equal(url('phi.gguf'), 'https://page.example/app/phi.gguf');
  assert.equal(url('./phi'), 'https://page.example/app/phi');
  assert.equal(url('//h.example/phi.gguf'), 'https://h.example/phi.gguf');
});

test('hf: is a file on the hub, of a revision if one is given', () => {
  const path = 'owner/repo-1.0/resolve';
  assert.equal(url('hf:owner/repo-1.0/m.gguf'), `https://huggingface.co/${path}/main/m.gguf`);
  assert.equal(
    url('HF:owner/repo-1.0@v1.2/sub dir/m.gguf'),
    `https://huggingface.co/${path}/v1.2/sub%20dir/m.gguf`,
  );
  assert.equal(
    url('hf:owner/repo-1.0@refs%2Fpr%2F1/m.gguf'),
    `https://huggingface.co/${path}/refs%2Fpr%2F1/m.gguf`,
  );
  assert.equal(url('hf:o/r/100%.gguf'), 'https://huggingface.co/o/r/resolve/main/100%25.gguf');
});

test('a repository, or an address that ends like one, is a folder', () => {
  const folderOf = (source: string): string => {
    const place = resolveModel(source, { base: BASE });
    assert.equal(place.kind, 'folder', source);
    return url(source);
  };
  assert.equal(folderOf('hf:o/r'), 'https://huggingface.co/o/r/resolve/main/');
  assert.equal(folderOf('hf:o/r@v1'), 'https://huggingface.co/o/r/resolve/v1/');
  assert.equal(folderOf('hf:o/r/config.json'), 'https://huggingface.co/o/r/resolve/main/');
  assert.equal(folderOf('hf:o/r/sub/config.json'), 'https://huggingface.co/o/r/resolve/main/sub/');
  assert.equal(folderOf('models/phi/'), 'https://page.example/app/models/phi/');
  assert.equal(folderOf('https://h.example/phi/config.json?x'), 'https://h.example/phi/');
  assert.equal(folderOf('https://h.example//other.example/'), 'https://h.example//other.example/');
  assert.equal(
    folderOf('https://h.example//other.example/config.json'),
    'https://h.example//other.example/',
  );
  assert.equal(resolveModel('https://h.example/phi', { base: BASE }).kind, 'file');
});

test('the hub may be another one', () => {
  const expected = 'https://mirror.example/hub/o/r/resolve/main/m.gguf';
  for (const base of ['https://mirror.example/hub', 'https://mirror.example/hub/'])
    assert.equal(url('hf:o/r/m.gguf', base), expected);
  for (const base of ['mirror', 'ftp://m.example', 'https://m.example/?q'])
    assert.throws(() => url('hf:o/r/m.gguf', base), { code: 'PHI_EINVAL', message: /^hubBase: / });
});

for (const [source, text] of [
  ['hf:', /it names no repository/],
  ['hf:owner', /it names no repository/],
  ['hf:owner/repo/', /a part of it is empty/],
  ['hf:/repo/m.gguf', /a part of it is empty/],
  ['hf:owner//m.gguf', /a part of it is empty/],
  ['hf:owner/repo/a//m.gguf', /a part of it is empty/],
  ['hf:owner/repo/../m.gguf', /"\." and "\.\." are not allowed/],
  ['hf:../repo/m.gguf', /"\." and "\.\." are not allowed/],
  ['hf:owner/./m.gguf', /"\." and "\.\." are not allowed/],
  ['hf:ow ner/repo/m.gguf', /the owner may have/],
  ['hf:owner/re?po/m.gguf', /the repository may have/],
  ['hf:owner/...@v1/m.gguf', /the repository may have/],
  ['hf:owner/repo@/m.gguf', /the revision may have/],
  ['hf:owner/repo@a@b/m.gguf', /the revision may have/],
  ['hf:owner/repo@..%2F../m.gguf', /the revision may have/],
  ['hf:owner/repo/m.gguf?x', /the path may not have/],
  ['hf:owner/repo/a\\b.gguf', /the path may not have/],
  ['hf:owner/repo/a\u0001.gguf', /the path may not have/],
] as const) {
  test(`"${source}" is refused with its reason`, () => {
    assert.throws(() => url(source), { code: 'PHI_EINVAL', where: 'model', message: text });
  });
}

test('an encoded way up stays what it is: a strange name', () => {
  const expected = 'https://huggingface.co/o/r/resolve/main/%252e%252e/m.gguf';
  assert.equal(new URL(url('hf:o/r/%2e%2e/m.gguf')).href, expected);
});

for (const [source, text] of [
  ['file:///home/me/phi.gguf', /the scheme "file:" is not supported: .* pass the File/],
  [
    'blob:https://h.example/1-2',
    /the scheme "blob:" is not supported: pass the Blob or File itself/,
  ],
  ['data:,x', /the scheme "data:" is not supported: pass a Blob/],
  ['FTP://h.example/phi.gguf', /the scheme "ftp:" is not supported; expected http or https/],
  ['javascript:alert(1)', /the scheme "javascript:" is not supported/],
] as const) {
  test(`${source} is refused by the name of its scheme`, () => {
    assert.throws(() => url(source), { code: 'PHI_EINVAL', message: text });
    assert.throws(() => url(new URL(source)), { code: 'PHI_EINVAL', message: text });
  });
}

test('what is none of these is refused', () => {
  for (const source of ['', 7, null, undefined, ['x'], new Response(), 'http://'])
    assert.throws(() => resolveModel(source, { base: BASE }), {
      code: 'PHI_EINVAL',
      message: /^model: /,
    });
  assert.throws(() => resolveModel('models/phi.gguf'), { code: 'PHI_EINVAL', message: /^model: / });
});

test('.json is a manifest, and so is a plain object', () => {
  assert.deepEqual(resolveModel('m/model.JSON?x', { base: BASE }), {
    kind: 'manifest-url',
    url: 'https://page.example/app/m/model.JSON?x',
  });
  assert.equal(resolveModel('hf:o/r/model.json').kind, 'manifest-url');
  const file = { url: 'm/phi.gguf', bytes: 5, sha256: '0'.repeat(64) };
  const manifest = { format: 'pocketphi-manifest/1', name: 'x', licence: 'MIT', files: [file] };
  const place = resolveModel(manifest, { base: BASE });
  assert.ok(place.kind === 'manifest');
  assert.equal(place.manifest.files[0]?.url, 'https://page.example/app/m/phi.gguf');
  assert.throws(() => resolveModel({}), { code: 'PHI_ECORRUPT', message: /format: expected/ });
});

test('ids of the registry: a file, no file, a plan, a typing error', () => {
  const place = resolveModel('phi-3-mini-4k-q4', { hubBase: 'https://hub.example' });
  assert.ok(place.kind === 'file');
  assert.equal(place.model?.id, 'phi-3-mini-4k-q4');
  assert.match(place.url, /^https:\/\/hub\.example\/microsoft\/.*\/resolve\/main\/.*-q4\.gguf$/);
  assert.throws(() => resolveModel('phi-3.5-mini'), {
    code: 'PHI_EINVAL',
    message: /no file is recorded for phi-3\.5-mini; give the URL/,
  });
  assert.throws(() => resolveModel('phi-3.5-moe'), { code: 'PHI_EUNSUPPORTED' });
  assert.throws(() => resolveModel('phi-3-mini', { base: BASE }), {
    code: 'PHI_EINVAL',
    message: /there is no model "phi-3-mini"; known: phi-3-mini-4k-q4, /,
  });
});

test('the registry is consistent', () => {
  assert.equal(new Set(MODELS.map((model) => model.id)).size, MODELS.length);
  for (const model of MODELS) {
    assert.equal(findModel(model.id), model);
    assert.match(model.id, /^[a-z0-9.-]+$/);
    if (model.hf !== null) assert.match(url(`hf:${model.hf}`), /\.gguf$/);
    assert.equal(model.bytes !== null && model.hf === null, false);
    const isLarge = model.needs.weightBytes > 4 * 2 ** 30;
    if (model.state !== 'planned') assert.equal(model.state === 'needs memory64', isLarge);
  }
  assert.equal(findModel('phi-3-mini-4k-q4')?.needs.kvBytesPerToken, 393_216);
  assert.equal(findModel('phi-3-medium-4k')?.needs.kvBytesPerToken, 204_800);
  assert.equal(findModel('phi-4-mini')?.needs.kvBytesPerToken, 131_072);
  assert.equal(findModel('constructor'), undefined);
});

test('files of a split model keep folder and query', () => {
  const first = 'https://h.example/a%20b/phi-00001-of-00012.gguf?sig=1-00001-of-00002.gguf';
  assert.deepEqual(splitOf(first), { idx: 0, count: 12 });
  assert.equal(
    splitUrl(first, 11),
    'https://h.example/a%20b/phi-00012-of-00012.gguf?sig=1-00001-of-00002.gguf',
  );
  assert.equal(splitUrl(first, 0), first);
  assert.equal(fileNameOf(first), 'phi-00001-of-00012.gguf');
  for (const idx of [-1, 12, 0.5])
    assert.throws(() => splitUrl(first, idx), {
      message: /^file: expected an integer from 0 to 11/,
    });
});

test('names that are not of a split model', () => {
  for (const name of [
    'phi.gguf',
    'phi-00003-of-00002.gguf',
    'phi-00000-of-00002.gguf',
    'phi-1-of-2.gguf',
  ]) {
    assert.equal(splitOf(`https://h.example/${name}`), undefined);
    assert.throws(() => splitUrl(`https://h.example/${name}`, 0), { code: 'PHI_EINVAL' });
  }
  assert.equal(fileNameOf('https://h.example/100%25%20phi.gguf'), '100% phi.gguf');
  assert.equal(fileNameOf('https://h.example/100%.gguf'), '100%.gguf');
});
