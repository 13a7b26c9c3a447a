/* The files of one version of the site, in the browser's cache: what the service worker answers with.
 *
 * Every version has a cache of its own, `pocketphi:<scope>:<version>`. A path that has a hash of its content in it
 * names the same bytes for ever: such a file is taken over from an older version's cache, and is found in every cache,
 * so that a page of an older version gets what it was built with for as long as it is open. The pages themselves come
 * last into the cache: a page that is there has all that it names. */

const FETCHED_AT_ONCE = 4;
const NOT_KEPT = ['content-encoding', 'content-length', 'transfer-encoding', 'vary'];

/** The name of a version's cache, and of the lock that each page of it holds. */
export function versionName(scope, version) {
  return `pocketphi:${new URL(scope).pathname}:${version}`;
}

/** As the site build names files: a hash before the suffix, or in the folder's name. */
export function isHashed(path) {
  return /^(assets\/.+-[A-Z0-9]{8}\.\w+|engine-[0-9a-f]{8}\/.+|models\/.+-[0-9a-f]{8}\.gguf)$/.test(
    path,
  );
}

const isPage = (path) => path.endsWith('.html');

/** A page's address is its folder's. */
export const addressOf = (path) => path.replace(/(^|\/)index\.html$/, '$1');

const isPageAddress = (address) => address === '' || address.endsWith('/') || isPage(address);

/** An answer as it is kept: the browser has unpacked the body already, and its length is known. `prepare` is for
 * documents and scripts. */
async function storable(address, response, prepare) {
  const body = await response.blob();
  const headers = new Headers(response.headers);
  for (const name of NOT_KEPT) headers.delete(name);
  headers.set('Content-Length', String(body.size));
  headers.set('Accept-Ranges', 'bytes');
  const kept = new Response(body, { headers });
  return isPageAddress(address) || address.endsWith('.js') ? prepare(kept) : kept;
}

export class SiteFiles {
  #scope;
  #name;
  /** Path → integrity ('sha256-…'), the pages last. */
  #files;
  #caches;
  #fetch;
  #prepare;
  #filling;
  /** Files on their way into the cache, by address. */
  #coming = new Map();
  /** False once the browser had no room, until the next fill(). */
  #hasRoom = true;

  /** `scope`: URL of the site's root. `files`: { path, integrity } each. `caches` and `fetch` as a worker has them.
   *  `prepare(response)` gives the answer as which a document or a script is kept. Once, then: a worker that wraps a
   *  body at each request is at work until that is read, and no new version can take over meanwhile. */
  constructor({ scope, version, files, caches, fetch, prepare = (response) => response }) {
    this.#scope = scope;
    this.#name = versionName(scope, version);
    const inOrder = [...files].sort((a, b) => Number(isPage(a.path)) - Number(isPage(b.path)));
    this.#files = new Map(inOrder.map(({ path, integrity }) => [addressOf(path), integrity]));
    this.#caches = caches;
    this.#fetch = fetch;
    this.#prepare = prepare;
  }

  /** The address from the root that a URL names, without query; undefined outside the site. */
  addressIn(url) {
    const { origin, pathname } = new URL(url);
    const whole = origin + pathname;
    return whole.startsWith(this.#scope) ? addressOf(whole.slice(this.#scope.length)) : undefined;
  }

  /** Whether it is one of the site's files, of this version or of another. */
  mayHold(address) {
    return this.#files.has(address) || isHashed(address);
  }

  /** Whether `address` is a page's but for its last slash. */
  isPageWithoutSlash(address) {
    return address !== '' && !this.#files.has(address) && this.#files.has(`${address}/`);
  }

  /** What is kept under this address: of this version, or of any if the name has a hash. */
  async match(address) {
    const url = this.#urlOf(address);
    const own = await this.#caches.match(url, { cacheName: this.#name });
    if (own !== undefined || !isHashed(address)) return own;
    for (const cacheName of await this.#versions()) {
      const found = await this.#caches.match(url, { cacheName });
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** As match(); a file of this version that is not there yet is fetched, kept, and shared with fill(): the first page
   *  and the cache do not fetch the model twice. undefined: not to be had here, the network may know. */
  async get(address) {
    const kept = await this.match(address);
    const isKeepable = this.#hasRoom && this.#files.has(address) && isHashed(address);
    if (kept !== undefined || !isKeepable) return kept;
    try {
      await this.#keep(address);
    } catch {
      return undefined; /* the server has another file, or there is no room: fill() tells which */
    }
    return await this.match(address);
  }

  /** Fetches what is missing. Rejects when one file cannot be had as it was built; what came is kept for the next
   *  attempt, unless there is no room. */
  fill() {
    this.#filling ??= this.#fillOnce().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  async #fillOnce() {
    const cache = await this.#caches.open(this.#name);
    const there = new Set((await cache.keys()).map(({ url }) => url));
    const missing = [...this.#files.keys()].filter((address) => !there.has(this.#urlOf(address)));
    const [pages, others] = [true, false].map((kind) =>
      missing.filter((address) => isPageAddress(address) === kind),
    );
    this.#hasRoom = true;
    try {
      await this.#keepAll(others);
      await this.#keepAll(pages);
    } catch (error) {
      if (error.name === 'QuotaExceededError') await this.#giveBack();
      throw error;
    }
  }

  async #giveBack() {
    this.#hasRoom = false;
    await Promise.allSettled(this.#coming.values());
    await this.#caches.delete(this.#name);
  }

  /** Deletes the caches of versions that no page shows. `inUse`: names of versions. */
  async deleteOthers(inUse) {
    for (const name of await this.#versions()) {
      if (name !== this.#name && !inUse.includes(name)) await this.#caches.delete(name);
    }
  }

  #urlOf(address) {
    return this.#scope + address;
  }

  async #versions() {
    const prefix = versionName(this.#scope, '');
    return (await this.#caches.keys()).filter((name) => name.startsWith(prefix));
  }

  async #keepAll(addresses) {
    const queue = [...addresses];
    const connection = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        try {
          await this.#keep(next);
        } catch (error) {
          queue.length = 0; /* the others need not go on */
          throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: FETCHED_AT_ONCE }, connection));
  }

  #keep(address) {
    const coming =
      this.#coming.get(address) ??
      this.#keepOnce(address).finally(() => this.#coming.delete(address));
    this.#coming.set(address, coming);
    return coming;
  }

  async #keepOnce(address) {
    const response = await this.#obtain(address);
    const cache = await this.#caches.open(this.#name);
    await cache.put(this.#urlOf(address), response);
  }

  async #obtain(address) {
    const kept = isHashed(address) ? await this.match(address) : undefined;
    if (kept !== undefined) return kept;
    const url = this.#urlOf(address);
    const integrity = this.#files.get(address);
    /* What has a hash in its name may come from the browser's own cache: the page has just loaded it. */
    const cache = isHashed(address) ? 'default' : 'reload';
    const response = await this.#fetch(url, { integrity, cache });
    if (response.status !== 200) throw new Error(`${url}: HTTP status ${response.status}`);
    return await storable(address, response, this.#prepare);
  }
}
