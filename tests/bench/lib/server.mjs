// A local static server: byte ranges, cross-origin isolation, bodies streamed from disk in small pieces.
// Routes map a URL prefix to a folder or a single file; a request never leaves the route's folder.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.gguf': 'application/octet-stream',
};
const READ_BYTES = 1 << 20;

/** Starts a server for `routes`: [{prefix: '/peers/', folder}] or [{prefix: '/model.gguf', file}]. */
export async function startServer(routes) {
  const server = createServer((request, response) => {
    answer(routes, request, response).catch((error) => fail(response, error));
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    add: (route) => routes.unshift(route),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  };
}

async function answer(routes, request, response) {
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Cache-Control', 'no-store');
  const file = locate(routes, decodeURIComponent(new URL(request.url, 'http://host').pathname));
  const info = file === undefined ? undefined : await stat(file).catch(() => undefined);
  if (info === undefined || !info.isFile()) {
    response.writeHead(404).end(`not found: ${request.url}`);
    return;
  }
  const range = parseRange(request.headers.range, info.size);
  if (range === 'invalid') {
    response.writeHead(416, { 'Content-Range': `bytes */${info.size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: info.size - 1 };
  response.setHeader('Content-Type', TYPES[path.extname(file)] ?? 'application/octet-stream');
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Length', Math.max(0, end - start + 1));
  if (range !== undefined)
    response.setHeader('Content-Range', `bytes ${start}-${end}/${info.size}`);
  response.writeHead(range === undefined ? 200 : 206);
  if (request.method === 'HEAD' || info.size === 0) {
    response.end();
    return;
  }
  await pipeline(createReadStream(file, { start, end, highWaterMark: READ_BYTES }), response);
}

function locate(routes, urlPath) {
  for (const route of routes) {
    if (route.file !== undefined && urlPath === route.prefix) return route.file;
    if (route.folder === undefined || !urlPath.startsWith(route.prefix)) continue;
    const file = path.join(route.folder, urlPath.slice(route.prefix.length));
    if (file.startsWith(route.folder + path.sep)) return file;
  }
  return undefined;
}

function parseRange(header, size) {
  if (header === undefined) return undefined;
  const match = /^bytes=(\d*)-(\d*)$/.exec(header);
  if (match === null || (match[1] === '' && match[2] === '')) return 'invalid';
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(size - 1, Number(match[2]));
  return start > end ? 'invalid' : { start, end };
}

// A page that navigates away or a reader that cancels ends its request early: that is not an error.
function fail(response, error) {
  const isAbort = error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'ECONNRESET';
  if (!isAbort) process.stderr.write(`bench server: ${error.message}\n`);
  response.destroy();
}
