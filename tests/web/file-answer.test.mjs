/* Files of the user's, answered as a server answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf } from '../../demo/models/file-answer.js';

const file = new File(['0123456789'], 'a.gguf', { lastModified: 255 });

async function read(range) {
  const response = answerOf(file, range);
  const { status, headers } = response;
  return [
    status,
    headers.get('content-range'),
    headers.get('content-length'),
    await response.text(),
  ];
}

test('a file is answered whole, or by the range that is asked for', async () => {
  assert.deepEqual(await read(null), [200, null, '10', '0123456789']);
  assert.deepEqual(await read('bytes=2-4'), [206, 'bytes 2-4/10', '3', '234']);
  assert.deepEqual(await read('bytes=8-'), [206, 'bytes 8-9/10', '2', '89']);
  assert.deepEqual(await read('bytes=8-99'), [206, 'bytes 8-9/10', '2', '89']);
  assert.deepEqual(await read('bytes=10-'), [416, 'bytes */10', null, '']);
  assert.deepEqual(await read('bytes=4-2'), [416, 'bytes */10', null, '']);
  assert.deepEqual(await read('nonsense'), [200, null, '10', '0123456789']);
});

test('the tag changes with the file; a file that was not given is not found', () => {
  assert.equal(answerOf(file, null).headers.get('etag'), '"a-ff"');
  assert.equal(answerOf(undefined, null).status, 404);
});
