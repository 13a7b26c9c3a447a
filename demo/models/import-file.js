/* A GGUF file from the user's disk into the browser's storage, and what tells such a model from others: its address
 * lies below models/imported/ of this site, where no server has anything. */
import { models } from 'pocketphi';
import { siteUrl } from '../site/root.js';
import workerPath from './import-worker.js?worker';

const BASE = siteUrl('models/imported/');
const MAGIC = 'GGUF';

export function isImported({ id }) {
  return id.startsWith(BASE);
}

/** The address that a model gets whose (first) file has this name. */
export function importedUrl(name) {
  return `${BASE}${encodeURIComponent(name)}`;
}

export async function isGguf(file) {
  const head = new Uint8Array(await file.slice(0, MAGIC.length).arrayBuffer());
  return String.fromCharCode(...head) === MAGIC;
}

/** The files of one model, first one first. */
export function inOrder(files) {
  return [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** As models.download(); `model` is the address that importedUrl() gives. */
export async function importFiles(files, { model, ...options }) {
  const name = `pocketphi-import-${crypto.randomUUID()}`;
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => {
    if (data === 'ready') channel.postMessage(files);
  };
  const workerUrl = new URL(workerPath, import.meta.url);
  workerUrl.search = new URLSearchParams({ channel: name, base: BASE });
  try {
    /* One connection: the files are on this disk. */
    return await models.download(model, { ...options, connections: 1, workerUrl });
  } finally {
    channel.close();
  }
}
