/* Byte ranges out of a whole answer: caches keep whole files only, the engine asks for parts. */

/** [first, last] of one range; undefined when the whole is to be sent; null when the file ends before it. */
export function parseRange(header, bytes) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (match === null) return undefined;
  const [, from, to] = match;
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const count = Math.min(Number(to), bytes);
    return count === 0 ? null : [bytes - count, bytes - 1];
  }
  const first = Number(from);
  const last = to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1);
  if (to !== '' && Number(to) < first) return undefined;
  return first >= bytes ? null : [first, last];
}

/** Whether If-Range names the file that is here; a weak tag never does. */
function isSameFile(ifRange, headers) {
  if (ifRange === null) return true;
  const tag = headers.get('etag');
  return ifRange === (ifRange.startsWith('"') ? tag : headers.get('last-modified'));
}

/** The answer to a request for which `whole`, a 200, is kept. */
export async function partOf(request, whole) {
  const range = request.headers.get('range');
  if (range === null || !isSameFile(request.headers.get('if-range'), whole.headers)) return whole;
  const body = await whole.blob();
  const headers = new Headers(whole.headers);
  const place = parseRange(range, body.size);
  if (place === undefined) return new Response(body, { headers });
  if (place === null) {
    headers.set('Content-Range', `bytes */${body.size}`);
    headers.set('Content-Length', '0');
    return new Response(null, { status: 416, headers });
  }
  const [first, last] = place;
  headers.set('Content-Range', `bytes ${first}-${last}/${body.size}`);
  headers.set('Content-Length', String(last - first + 1));
  return new Response(body.slice(first, last + 1), { status: 206, headers });
}
