/* Files of the user's as a server would send them: whole, or a range of bytes. */

function headersOf(file) {
  return {
    'Accept-Ranges': 'bytes',
    'Content-Type': 'application/octet-stream',
    ETag: `"${file.size.toString(16)}-${file.lastModified.toString(16)}"`,
  };
}

/** The Response to a request for `file` (undefined: there is none) with this Range header, or null. */
export function answerOf(file, range) {
  if (file === undefined) return new Response(null, { status: 404 });
  const { size } = file;
  const headers = headersOf(file);
  const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
  if (match === null)
    return new Response(file.stream(), { headers: { ...headers, 'Content-Length': String(size) } });
  const first = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (first > last) {
    const beyond = { ...headers, 'Content-Range': `bytes */${size}` };
    return new Response(null, { status: 416, headers: beyond });
  }
  const part = {
    ...headers,
    'Content-Length': String(last - first + 1),
    'Content-Range': `bytes ${first}-${last}/${size}`,
  };
  return new Response(file.slice(first, last + 1).stream(), { status: 206, headers: part });
}
