/* Types of sw-files.js. */
export function versionName(scope: string, version: string): string;
export function isHashed(path: string): boolean;
export function addressOf(path: string): string;

/** What is used of a Cache and of CacheStorage. */
interface FileCache {
  put(url: string, response: Response): Promise<void>;
  keys(): Promise<readonly { readonly url: string }[]>;
}

interface FileCaches {
  open(name: string): Promise<FileCache>;
  match(url: string, options: { cacheName: string }): Promise<Response | undefined>;
  keys(): Promise<readonly string[]>;
  delete(name: string): Promise<boolean>;
}

export class SiteFiles {
  constructor(site: {
    scope: string;
    version: string;
    files: readonly { readonly path: string; readonly integrity: string }[];
    caches: FileCaches;
    fetch: (url: string, options: RequestInit) => Promise<Response>;
    prepare?: (response: Response) => Response;
  });
  addressIn(url: string): string | undefined;
  mayHold(address: string): boolean;
  isPageWithoutSlash(address: string): boolean;
  match(address: string): Promise<Response | undefined>;
  get(address: string): Promise<Response | undefined>;
  fill(): Promise<void>;
  deleteOthers(inUse: readonly string[]): Promise<void>;
}
