/* The model that comes with the site.
 *
 *     const engine = await panel.load({ model: EMBEDDED.url, name: EMBEDDED.name });
 *
 * `url` is absolute, or null on a site that was built without it; `bytes` is null when it is not known. For tests and
 * trials, ?embedded=/models/x.gguf takes another file of this origin. The service worker keeps the file with the other
 * files of the site, so that the engine need not store it a second time: load it with EMBEDDED.options (LoadPanel
 * does so by itself). */
import { embeddedFile } from 'site:build';
import { SITE_ROOT } from './root.js';

const NAME = 'PocketPhi Tutor';

function fromQuery() {
  const path = new URLSearchParams(location.search).get('embedded');
  if (path === null) return undefined;
  const url = new URL(path, location.href);
  if (url.origin === location.origin) return { url: url.href, name: NAME, bytes: null };
  console.warn(`?embedded=${path} is of another origin and was not taken`);
  return undefined;
}

function fromSite() {
  if (embeddedFile === null) return { url: null, name: NAME, bytes: null };
  const { path, bytes } = embeddedFile;
  return { url: new URL(path, SITE_ROOT).href, name: NAME, bytes };
}

export const EMBEDDED = Object.freeze({
  ...(fromQuery() ?? fromSite()),
  options: Object.freeze({ storage: 'none' }),
});
