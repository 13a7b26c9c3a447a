// Fetching the model's bytes and nothing else: what every loader is measured against.
export async function fetchOnly(url) {
  const start = performance.now();
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  const reader = response.body.getReader();
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
  }
  return { ms: performance.now() - start, bytes };
}

/** The same bytes as a Blob, the form wllama wants (Chromium spills large ones to disk). */
export async function fetchBlob(url) {
  const start = performance.now();
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  const blob = await response.blob();
  return { ms: performance.now() - start, blob };
}
