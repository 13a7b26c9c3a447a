/* A local HTTP server of one file whose every answer a test may spoil. Left alone, it behaves as a good static server
 * does: ranges, If-Range, a strong tag, a date. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request, as the test sees it. */
export interface Ask {
  readonly path: string;
  /** From 0, of all requests. */
  readonly nth: number;
  /** From 0, of the requests with this path and range. */
  readonly again: number;
  /** undefined: no Range header; `last` undefined: an open range. */
  readonly range: { readonly first: number; readonly last: number | undefined } | undefined;
  readonly headers: IncomingMessage['headers'];
}

/** What is done instead of the right thing; what is left out stays right. */
export interface Deed {
  readonly status?: number;
  /** undefined removes one. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: Buffer;
  /** What is at this path, in place of the one file. */
  readonly file?: Buffer;
  /** The Range header is ignored. */
  readonly isWhole?: boolean;
  /** Without Content-Length. */
  readonly isChunked?: boolean;
  /** The connection ends after so many bytes of the body; without Content-Length, cleanly if `isClean`. */
  readonly dropAfter?: number;
  readonly isClean?: boolean;
  /** Nothing more comes after so many bytes; the connection stays. */
  readonly hangAfter?: number;
  /** No answer at all: the connection is closed before the head. */
  readonly isDead?: boolean;
  /** The body in pieces of so many bytes, each in a turn of its own. */
  readonly pieceBytes?: number;
  /** Waited for before the head. */
  readonly until?: Promise<unknown>;
}

export interface BadServer {
  /** Of the file. */
  readonly url: string;
  readonly asks: Ask[];
  /** Another file takes the place of the first, with a tag and date of its own. */
  replace(file: Buffer): void;
  /** Resolves when no request is being answered and no connection is busy. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

interface State {
  file: Buffer;
  version: number;
}

const DATES = ['Mon, 01 Jul 2024 10:00:00 GMT', 'Tue, 02 Jul 2024 10:00:00 GMT'];

export const tagOf = (version: number): string => `"version-${version}"`;
export const dateOf = (version: number): string =>
  DATES[version] ?? 'Wed, 03 Jul 2024 10:00:00 GMT';

function rangeOf(request: IncomingMessage): Ask['range'] {
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (match === null) return undefined;
  return { first: Number(match[1]), last: match[2] === '' ? undefined : Number(match[2]) };
}

interface Plan {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  readonly body: Buffer;
}

/** What a good server answers. */
function rightAnswer({ file, version }: State, ask: Ask, isWhole: boolean): Plan {
  const headers = {
    ETag: tagOf(version),
    'Last-Modified': dateOf(version),
    'Accept-Ranges': 'bytes',
  };
  const validator = ask.headers['if-range'];
  const isStale =
    validator !== undefined && validator !== tagOf(version) && validator !== dateOf(version);
  if (ask.range === undefined || isWhole || isStale) return { status: 200, headers, body: file };
  const { first, last } = ask.range;
  if (first >= file.length) {
    const range = { ...headers, 'Content-Range': `bytes */${file.length}` };
    return { status: 416, headers: range, body: Buffer.alloc(0) };
  }
  const end = Math.min(file.length, (last ?? file.length) + 1);
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': `bytes ${first}-${end - 1}/${file.length}` },
    body: file.subarray(first, end),
  };
}

function applyDeed(plan: Plan, deed: Deed): Plan {
  const body = deed.body ?? plan.body;
  const length = deed.isChunked === true ? undefined : String(body.length);
  return {
    status: deed.status ?? plan.status,
    headers: { ...plan.headers, 'Content-Length': length, ...deed.headers },
    body,
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Resolves once the bytes are with the system, or the connection is gone. */
function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (bytes.length === 0 || response.destroyed) return resolve();
    response.once('close', resolve);
    response.write(bytes, () => {
      response.removeListener('close', resolve);
      resolve();
    });
  });
}

async function send(response: ServerResponse, plan: Plan, deed: Deed): Promise<void> {
  const headers = Object.entries(plan.headers).filter(([, value]) => value !== undefined);
  response.writeHead(plan.status, Object.fromEntries(headers) as Record<string, string>);
  response.flushHeaders();
  const limit = Math.min(plan.body.length, deed.dropAfter ?? deed.hangAfter ?? plan.body.length);
  const pieceBytes = deed.pieceBytes ?? limit;
  for (let at = 0; at < limit && !response.destroyed; at += pieceBytes) {
    await write(response, plan.body.subarray(at, Math.min(limit, at + pieceBytes)));
    if (deed.pieceBytes !== undefined) await turn();
  }
  if (deed.hangAfter !== undefined) return;
  if (deed.dropAfter !== undefined && deed.isClean !== true) response.destroy();
  else response.end();
}

class Requests {
  readonly asks: Ask[] = [];
  readonly #seen = new Map<string, number>();
  #open = 0;
  #idle: (() => void)[] = [];

  begin(request: IncomingMessage, response: ServerResponse): Ask {
    const path = request.url ?? '';
    const key = `${path} ${request.headers.range}`;
    const again = this.#seen.get(key) ?? 0;
    this.#seen.set(key, again + 1);
    const { headers } = request;
    const ask = { path, nth: this.asks.length, again, range: rangeOf(request), headers };
    this.asks.push(ask);
    this.#open++;
    response.once('close', () => {
      this.#open--;
      if (this.#open === 0) for (const resolve of this.#idle.splice(0)) resolve();
    });
    return ask;
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#open === 0) resolve();
      else this.#idle.push(resolve);
    });
  }
}

/** `behave` says for each request what goes wrong; undefined: nothing. */
export async function openBadServer(
  file: Buffer,
  behave: (ask: Ask) => Deed | undefined = () => undefined,
): Promise<BadServer> {
  const state: State = { file, version: 0 };
  const requests = new Requests();
  const stateOf = ({ file: other = state.file }: Deed): State => ({ ...state, file: other });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const ask = requests.begin(request, response);
    const deed = behave(ask) ?? {};
    await deed.until;
    if (deed.isDead === true) response.destroy();
    else
      await send(
        response,
        applyDeed(rightAnswer(stateOf(deed), ask, deed.isWhole === true), deed),
        deed,
      );
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/model.gguf`,
    asks: requests.asks,
    replace(other) {
      state.file = other;
      state.version++;
    },
    idle: () => requests.idle(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
