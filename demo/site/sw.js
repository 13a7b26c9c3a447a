/* The site's one service worker: it keeps every file of the site, answers with them, and adds the headers of
 * cross-origin isolation where the server sends none.
 *
 *   first visit    active at once, so that the page is isolated soon; files are fetched when the page says 'fill'
 *   later visit    pages and files come from the cache, with or without a network
 *   new version    its files are fetched before it is installed; it waits until all tabs are closed, or 'activate'
 *
 * Which files a page gets is decided by their names, not by which worker answers (sw-files.js): an update in one tab
 * changes nothing in another. Models that users load do not pass through here; the engine stores them. */

import { files, version } from 'site:files';
import { isolated, wantsIsolation } from 'pocketphi/isolation';
import { SiteFiles } from './sw-files.js';
import { partOf } from './sw-range.js';

const { registration, clients, caches, location, navigator } = globalThis;
const scope = registration.scope;
const site = new SiteFiles({
  scope,
  version,
  files,
  caches,
  fetch: (url, options) => fetch(url, options),
  prepare: isolated,
});

async function answer(request, address) {
  if (request.mode === 'navigate' && site.isPageWithoutSlash(address)) {
    return Response.redirect(`${scope}${address}/${new URL(request.url).search}`);
  }
  const kept = await site.get(address);
  if (kept !== undefined) return await partOf(request, kept);
  const response = await fetch(request);
  return wantsIsolation(request, location.origin) ? isolated(response) : response;
}

/** Only when no other version is about to take over: its cache is not ours to judge. */
async function deleteOldVersions() {
  if (registration.waiting !== null || registration.installing !== null) return;
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  await site.deleteOthers(held.map(({ name }) => name));
}

async function fill(client) {
  try {
    await site.fill();
    client?.postMessage({ type: 'filled', version });
    await deleteOldVersions();
  } catch (error) {
    client?.postMessage({ type: 'not-filled', version, reason: error.message });
  }
}

addEventListener('install', (event) => {
  if (registration.active !== null) event.waitUntil(site.fill());
});

addEventListener('activate', (event) => event.waitUntil(clients.claim()));

addEventListener('message', (event) => {
  if (event.data?.type === 'fill') event.waitUntil(fill(event.source));
  if (event.data?.type === 'activate') event.waitUntil(globalThis.skipWaiting());
});

addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  const address = site.addressIn(request.url);
  const isOurs =
    address !== undefined && (site.mayHold(address) || site.isPageWithoutSlash(address));
  if (isOurs) event.respondWith(answer(request, address));
  else if (wantsIsolation(request, location.origin))
    event.respondWith(fetch(request).then(isolated));
});
