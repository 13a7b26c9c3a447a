/* The engine's worker, whose requests below one address are answered by files of the user's instead of a server: that
 * is how a file gets into the browser's storage by the package's own models.download(), with its hashes, its locks and
 * its errors. The page says in the worker's address which channel the files come by. */
import 'pocketphi/engine-worker';
import { answerOf } from './file-answer.js';

const query = new URL(location.href).searchParams;
const base = query.get('base') ?? '';
const fromNetwork = globalThis.fetch.bind(globalThis);

const files = new Promise((resolve) => {
  const channel = new BroadcastChannel(query.get('channel') ?? '');
  channel.onmessage = ({ data }) => {
    if (!Array.isArray(data)) return;
    channel.close();
    resolve(new Map(data.map((file) => [file.name, file])));
  };
  channel.postMessage('ready');
});

globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  if (base === '' || !request.url.startsWith(base)) return await fromNetwork(input, init);
  const name = decodeURIComponent(new URL(request.url).pathname.split('/').at(-1) ?? '');
  const answer = answerOf((await files).get(name), request.headers.get('range'));
  request.signal.throwIfAborted();
  return answer;
};
