/* A local HTTP server that misbehaves on command: the first part of a path says how, the second which file. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestServer {
  readonly url: string;
  /** "<path> <Range header>" of every request so far. */
  readonly requests: string[];
  close(): Promise<void>;
}

type Behaviour = (file: Buffer, request: IncomingMessage, response: ServerResponse) => void;

/** First byte that the request asks for, and the one behind the last; undefined: to the end. */
function rangeOf(request: IncomingMessage): { first: number; end: number | undefined } {
  const [, first = 0, last = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  return { first: Number(first), end: last === '' ? undefined : Number(last) + 1 };
}

function sendRange(
  file: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
  claimed = file.length,
): void {
  const { first, end = claimed } = rangeOf(request);
  const last = Math.min(end, claimed) - 1;
  const hasRange = request.headers.range !== undefined;
  response.writeHead(hasRange ? 206 : 200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': last + 1 - first,
    ...(hasRange && { 'Content-Range': `bytes ${first}-${last}/${claimed}` }),
  });
  response.end(file.subarray(first, last + 1));
}

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  ranges: (file, request, response) => sendRange(file, request, response),
  plain: (file, _request, response) => {
    response.writeHead(200, { 'Content-Length': file.length }).end(file);
  },
  unsized: (file, _request, response) => {
    response.writeHead(200);
    response.write(file.subarray(0, file.length >> 1));
    response.end(file.subarray(file.length >> 1));
  },
  html: (_file, _request, response) => {
    response
      .writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' })
      .end('<!doctype html><p>Please log in');
  },
  broken: (file, _request, response) => {
    response.writeHead(200, { 'Content-Length': file.length });
    response.write(file.subarray(0, file.length - 100), () => response.destroy());
  },
  /* The header comes whole; every later request begins somewhere else. */
  misplaced: (file, request, response) => {
    if (request.headers.range === undefined) {
      sendRange(file, request, response);
      return;
    }
    const first = rangeOf(request).first + 1;
    response.writeHead(206, {
      'Content-Range': `bytes ${first}-${file.length - 1}/${file.length}`,
    });
    response.end(file.subarray(first));
  },
  stuck: (file, _request, response) => {
    response.writeHead(200, { 'Content-Length': file.length });
    response.write(file.subarray(0, file.length >> 1));
  },
};

export async function openServer(files: Readonly<Record<string, Buffer>>): Promise<TestServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const [, how = '', name = ''] = decodeURIComponent(request.url ?? '').split('/');
    requests.push(`${request.url} ${request.headers.range ?? '-'}`);
    const status = Number(how);
    const file = files[name];
    const behave = BEHAVIOURS[how];
    if (status >= 400) response.writeHead(status).end('no');
    else if (file === undefined || behave === undefined) response.writeHead(404).end('no');
    else behave(file, request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
