/* Bundles come with the licences of what is in them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinLicences, licencesOf } from '../../tools/build/licences.mjs';

const metafile = (...files) => ({
  outputs: { 'a.js': { inputs: Object.fromEntries(files) } },
});

test('each package that has a part in a bundle is named with its licence, once', () => {
  const one = metafile(
    ['node_modules/marked/lib/marked.esm.js', { bytesInOutput: 10 }],
    ['node_modules/marked/lib/other.js', { bytesInOutput: 1 }],
    ['node_modules/katex/dist/katex.mjs', { bytesInOutput: 0 }],
    ['demo/chat/chat.js', { bytesInOutput: 10 }],
  );
  const two = metafile(['node_modules/@huggingface/jinja/dist/index.js', { bytesInOutput: 3 }]);
  const licences = licencesOf([one, two]);
  assert.equal(licences.length, 2);
  assert.match(
    licences[0],
    /^@huggingface\/jinja [\d.]+\nLicence: MIT\n[\s\S]*Permission is hereby granted/,
  );
  assert.match(licences[1], /^marked [\d.]+\nLicence: MIT\n/);
  assert.match(joinLicences(licences), /\n-{80}\n\nmarked/);
});
