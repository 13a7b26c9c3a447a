/* A file that the user chose, as text. */
import { UnreadableText } from './decode.js';
import workerPath from './read-worker.js?worker';

/** Throws UnreadableText. */
export function readTextFile(file) {
  const worker = new Worker(new URL(workerPath, import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.text === undefined) reject(new UnreadableText(data.reason, data.message));
      else resolve(data.text);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(
        new UnreadableText('unread', event.message || 'the file’s reader could not be loaded'),
      );
    };
    worker.postMessage(file);
  }).finally(() => worker.terminate());
}
