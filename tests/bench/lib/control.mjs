// The bench's end of control.js: an address where a page asks for calls and tells their results. One call at a time.
import { createServer } from 'node:http';

const LOG_LINES_MAX = 200;
const HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Cache-Control': 'no-store',
};

function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  made.promise.catch(() => undefined); // whoever waits for it sees it
  return made;
}

async function readBody(request) {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece;
  return JSON.parse(text);
}

class Control {
  /** What the page has said; its last lines. */
  log = [];
  #ready = deferred();
  /** The page waits for a call: its open request. */
  #asking = deferred();
  #result = deferred();

  /** Rejects when the page does not say in time that it can be called. */
  async ready(ms) {
    const late = setTimeout(() => this.fail(new Error(`no word from the page in ${ms} ms`)), ms);
    try {
      await this.#ready.promise;
    } finally {
      clearTimeout(late);
    }
  }

  call = async (name, argument) => {
    const response = await this.#asking.promise;
    this.#asking = deferred();
    this.#result = deferred();
    response.writeHead(200, HEADERS).end(JSON.stringify({ name, argument }));
    return await this.#result.promise;
  };

  /** Nothing more comes of it: whatever is waited for fails with this. */
  fail(error) {
    for (const each of [this.#ready, this.#asking, this.#result]) each.reject(error);
  }

  answer = async (request, response) => {
    if (request.method === 'GET') {
      this.#asking.resolve(response);
      return;
    }
    this.#take(await readBody(request));
    response.writeHead(204, HEADERS).end();
  };

  #take({ said, failed, ready, error, value }) {
    const line = said ?? failed ?? error;
    if (line !== undefined) this.log.push(line);
    if (this.log.length > LOG_LINES_MAX) this.log.shift();
    if (failed !== undefined) this.#ready.reject(new Error(failed));
    else if (ready) this.#ready.resolve();
    else if (error !== undefined) this.#result.reject(new Error(error));
    else if (said === undefined) this.#result.resolve(value);
  }
}

/** {url, log, ready(ms), call(name, argument), fail(error), close()} */
export async function openControl() {
  const control = new Control();
  const server = createServer((request, response) => {
    control.answer(request, response).catch((error) => control.fail(error));
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    log: control.log,
    ready: (ms) => control.ready(ms),
    call: control.call,
    fail: (error) => control.fail(error),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  };
}
