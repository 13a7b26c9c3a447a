/* A static server for the site: what a page of this project needs from any server, in one small file.
 *
 *   node demo/serve.mjs [--port 8080] [--host 127.0.0.1] [--no-isolation] [--model FILE]...
 *
 * It serves the site (build/site) at /, dist/ of this repository at /dist/, and each --model file as /models/<name>.
 * With COOP and COEP the page is cross-origin isolated and may share memory between threads; --no-isolation leaves them
 * out, as a host does that sends no headers. Byte ranges (206) let the engine read a model piece by piece.
 *
 * Tests import `serve()`; it never reads outside the folders that it was given. */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const REPOSITORY = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const PORT_DEFAULT = 8080;
const PORTS_TRIED = 20;

const MIME_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.ts': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};

class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The file that a URL path names, or a redirect. Folders are the only way in: '/dist/' → a folder on disk. */
async function locate(path, { folders, files }) {
  if (Object.hasOwn(files, path)) return { file: files[path] };
  const prefix = Object.keys(folders)
    .filter((p) => path.startsWith(p))
    .sort((a, b) => b.length - a.length)[0];
  if (prefix === undefined) {
    if (folders[`${path}/`]) return { redirect: `${path}/` };
    throw new HttpError(404, `nothing is served at ${path}`);
  }
  const root = await realpath(folders[prefix]).catch(() => {
    throw new HttpError(404, `${prefix} is not there yet; run \`npm run build\``);
  });
  const file = await realpath(join(root, path.slice(prefix.length))).catch(() => {
    throw new HttpError(404, `no file ${path}`);
  });
  if (file !== root && !file.startsWith(root + sep)) throw new HttpError(404, `no file ${path}`);
  if (!(await stat(file)).isDirectory()) return { file };
  if (!path.endsWith('/')) return { redirect: `${path}/` };
  return { file: join(file, 'index.html') };
}

/** [first, last] of a single `bytes=` range; undefined when the whole file is to be sent (no range, or several). */
function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const isSuffix = match[1] === '';
  const first = isSuffix ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const last = isSuffix || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (first > last)
    throw new HttpError(416, `range ${header} is outside the file of ${size} bytes`);
  return [first, last];
}

function commonHeaders({ isolated, headers: own }) {
  const headers = {
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-cache',
    'X-Content-Type-Options': 'nosniff',
  };
  if (isolated) {
    headers['Cross-Origin-Opener-Policy'] = 'same-origin';
    headers['Cross-Origin-Embedder-Policy'] = 'require-corp';
  }
  return { ...headers, ...own };
}

async function sendFile(request, response, file, headers) {
  const info = await stat(file).catch(() => undefined);
  if (!info?.isFile()) throw new HttpError(404, `no file ${request.url}`);
  const etag = `"${info.size.toString(16)}-${Math.trunc(info.mtimeMs).toString(16)}"`;
  const common = {
    ...headers,
    'Accept-Ranges': 'bytes',
    'Content-Type': MIME_TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream',
    ETag: etag,
    'Last-Modified': info.mtime.toUTCString(),
  };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, common).end();
    return;
  }
  const ifRange = request.headers['if-range'];
  const wantsRange = ifRange === undefined || ifRange === etag;
  let range;
  try {
    range = wantsRange ? parseRange(request.headers.range, info.size) : undefined;
  } catch (error) {
    response.setHeader('Content-Range', `bytes */${info.size}`);
    throw error;
  }
  const [start, end] = range ?? [0, info.size - 1];
  if (range) common['Content-Range'] = `bytes ${start}-${end}/${info.size}`;
  common['Content-Length'] = end - start + 1;
  response.writeHead(range ? 206 : 200, common);
  if (request.method === 'HEAD' || info.size === 0) {
    response.end();
    return;
  }
  const stream = createReadStream(file, { start, end, highWaterMark: 1 << 20 });
  stream.on('error', (error) => response.destroy(error));
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

function decodePath(url) {
  try {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    if (path.includes('\0')) throw new HttpError(400, 'a NUL byte in the path');
    return path;
  } catch (error) {
    throw error instanceof HttpError ? error : new HttpError(400, `${url} is not a valid path`);
  }
}

async function answer(request, response, options) {
  const headers = commonHeaders(options);
  try {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new HttpError(405, `${request.method} is not served; use GET`);
    }
    const place = await locate(decodePath(request.url), options);
    if (place.redirect) response.writeHead(302, { ...headers, Location: place.redirect }).end();
    else await sendFile(request, response, place.file, headers);
  } catch (error) {
    const status = error instanceof HttpError ? error.status : 500;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.writeHead(status, { ...headers, 'Content-Type': MIME_TYPES['.txt'] });
    response.end(`${status}: ${error.message}\n`);
  }
}

function listen(server, host, port) {
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(port, host, () => {
      server.removeListener('error', failed);
      done(server.address().port);
    });
  });
}

/** Starts a server; port 0 takes a free one. `folders` adds {'/prefix/': folder}, `files` {'/path': file}, `headers`
 *  are sent with every answer.
 *  Returns {url, port, close}. */
export async function serve({
  port = 0,
  host = '127.0.0.1',
  isolated = true,
  folders = {},
  files = {},
  headers = {},
} = {}) {
  const served = {
    '/': join(REPOSITORY, 'build/site'),
    '/dist/': join(REPOSITORY, 'dist'),
    ...folders,
  };
  const options = { isolated, folders: served, files, headers };
  const server = createServer((request, response) => void answer(request, response, options));
  const bound = await listen(server, host, port);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** serve() on the port asked for; without one, on the first free port from 8080 on. */
export async function serveOnUsualPort({ port, ...rest }) {
  for (let tried = port ?? PORT_DEFAULT; ; tried++) {
    try {
      return await serve({ ...rest, port: tried });
    } catch (error) {
      const isBusy = error.code === 'EADDRINUSE';
      if (isBusy && port === undefined && tried < PORT_DEFAULT + PORTS_TRIED) continue;
      if (isBusy) throw new Error(`port ${tried} is in use; choose another with --port`);
      throw error;
    }
  }
}

export const SERVE_HELP = `  --port N         the port (default: the first free one from ${PORT_DEFAULT} on)
  --host NAME      the address to listen on (default: 127.0.0.1, this machine only)
  --no-isolation   without COOP and COEP, as a host that sends no headers
  --model FILE     also serves FILE as /models/<its name>; may be given several times
  --help           this text`;

/** Options from command-line arguments; throws on one that it does not know. `isHelp`: SERVE_HELP was asked for. */
export function parseServeArguments(args) {
  const options = { isolated: true, files: {}, isHelp: false };
  const rest = [...args];
  while (rest.length > 0) {
    const arg = rest.shift();
    if (arg === '--no-isolation') options.isolated = false;
    else if (arg === '--help' || arg === '-h') options.isHelp = true;
    else if (arg === '--host' && rest[0]) options.host = rest.shift();
    else if (arg === '--port' && /^\d+$/.test(rest[0] ?? '')) options.port = Number(rest.shift());
    else if (arg === '--model' && rest[0]) {
      const file = resolve(rest.shift());
      options.files[`/models/${basename(file)}`] = file;
    } else {
      throw new Error(`unknown or incomplete argument ${arg}; known:\n${SERVE_HELP}`);
    }
  }
  return options;
}

async function main(args) {
  const options = parseServeArguments(args);
  if (options.isHelp) {
    console.log(
      `node demo/serve.mjs [options]: serves the site that \`npm run build\` made\n\n${SERVE_HELP}`,
    );
    return;
  }
  const { url } = await serveOnUsualPort(options);
  console.log(`serving ${url}/${options.isolated ? '' : ' (without cross-origin isolation)'}`);
  for (const path of Object.keys(options.files)) console.log(`  model: ${url}${path}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(process.argv.slice(2)).catch((error) => {
    console.error(`serve: ${error.message}`);
    process.exitCode = 1;
  });
}
