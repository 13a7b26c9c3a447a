/* The commands that serve the site: their arguments and their help. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseServeArguments, SERVE_HELP } from '../../demo/serve.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

test('arguments: known ones are taken, others refused with the list', () => {
  const options = parseServeArguments(['--port', '81', '--no-isolation', '--model', 'a/b.gguf']);
  assert.deepEqual([options.port, options.isolated], [81, false]);
  assert.deepEqual(options.files, { '/models/b.gguf': resolve('a/b.gguf') });
  assert.deepEqual(parseServeArguments([]).isHelp, false);
  for (const wrong of [['--prot', '1'], ['--port'], ['--port', 'x'], ['--model']])
    assert.throws(() => parseServeArguments(wrong), /unknown or incomplete argument --.*--port N/s);
});

for (const script of ['tools/build/start.mjs', 'demo/serve.mjs']) {
  test(`${script} --help builds and serves nothing, and tells each option`, () => {
    const out = execFileSync(process.execPath, [join(ROOT, script), '--help'], {
      encoding: 'utf8',
    });
    assert.ok(out.includes(SERVE_HELP), out);
    for (const option of ['--port', '--host', '--no-isolation', '--model', '--help'])
      assert.ok(out.includes(option), option);
  });
}
