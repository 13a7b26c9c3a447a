/* The models that come with the site: EMBEDDED, the tutor, and EMBEDDED_VISION, which sees pictures.
 *
 *     const engine = await panel.load({ model: EMBEDDED.url, name: EMBEDDED.name });
 *
 * `url` is absolute, or null on a site that was built without it; `bytes` is null when it is not known. For tests and
 * trials, ?embedded=/models/x.gguf takes another file of this origin, as the page's own one. The service worker keeps
 * the files with the other files of the site, so that the engine need not store them a second time: load them with
 * optionsFor() (LoadPanel does so by itself). */
import { embeddedFiles } from 'site:build';
import { SITE_ROOT } from './root.js';

function fromQuery() {
  const path = new URLSearchParams(location.search).get('embedded');
  if (path === null) return undefined;
  const url = new URL(path, location.href);
  if (url.origin === location.origin) return { url: url.href, bytes: null };
  console.warn(`?embedded=${path} is of another origin and was not taken`);
  return undefined;
}

function fromSite(file) {
  if (!file) return { url: null, bytes: null };
  return { url: new URL(file.path, SITE_ROOT).href, bytes: file.bytes };
}

const embedded = (key, name) =>
  Object.freeze({ name, ...(fromQuery() ?? fromSite(embeddedFiles[key])) });

export const EMBEDDED = embedded('tutor', 'PocketPhi Tutor');
export const EMBEDDED_VISION = embedded('tiny-vision', 'PocketPhi Tiny Vision');

/** Options of Engine.create() for a model of the site; none for another one. */
export function optionsFor(model) {
  const isOurs = [EMBEDDED, EMBEDDED_VISION].some(({ url }) => url !== null && url === model);
  return isOurs ? { storage: 'none' } : {};
}
