/* What is in a Hugging Face folder on the network: a part of dist/pocketphi-import.js. */
import { EngineError, messageOf } from '../base/errors.ts';
import { PATIENCE_DEFAULT } from '../base/limits.ts';
import { isObject } from '../base/options.ts';
import { networkError, refusalOf, Setback } from '../net/http-answer.ts';
import { Patience, type PatienceOptions } from '../net/patience.ts';
import { RemoteFile, readWhole } from '../net/remote-file.ts';
import { realSurroundings, type Surroundings } from '../net/surroundings.ts';
import type { RemoteModel } from './remote-model.ts';

const INDEX = 'model.safetensors.index.json';
const ONE_FILE = 'model.safetensors';
/** What is read besides weights. The first two are needed. */
export const SMALL_FILES = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'generation_config.json',
  'preprocessor_config.json',
  'chat_template.jinja',
  INDEX,
] as const;
const N_NEEDED = 2;
/** Of one of them. */
export const SMALL_BYTES_MAX = 256 << 20;

export interface FolderRequest {
  readonly signal: AbortSignal;
  /** As downloads have it. */
  readonly patience?: number | 'endless' | undefined;
  readonly onWait?: ((ms: number, reason: string) => void) | undefined;
  readonly surroundings?: Surroundings | undefined;
}

/** What a server says of the files of one folder. */
class FolderServer {
  readonly #folder: string;
  readonly #signal: AbortSignal;
  readonly #options: Pick<PatienceOptions, 'patience' | 'surroundings' | 'onWait'>;

  constructor(folder: string, request: FolderRequest, signal: AbortSignal) {
    const { patience = PATIENCE_DEFAULT, surroundings = realSurroundings, onWait } = request;
    this.#folder = folder;
    this.#signal = signal;
    this.#options = { patience, surroundings, onWait };
  }

  /** False: the server says that there is none. Of a file that is not needed 403 says so too: stores that let nobody
   * list their keys answer it for one that they do not have; where everything is refused, what is needed is as well. */
  isThere(name: string, isNeeded: boolean): Promise<boolean> {
    return this.#patiently(name, async (url) => {
      const response = await this.#head(url);
      const { ok, status } = response;
      if (ok || status === 404 || status === 410) return ok;
      if (status === 403 && !isNeeded) return false;
      const now = this.#options.surroundings.now();
      throw refusalOf(response, { url, what: 'an answer whether it is there' }, now);
    });
  }

  /** All of a small file. */
  text(name: string): Promise<string> {
    return this.#patiently(name, async (url) => {
      const remote = new RemoteFile({ url, surroundings: this.#options.surroundings });
      const answer = await remote.request(undefined, this.#signal, 'a list of files');
      return new TextDecoder().decode(await readWhole(answer, url, SMALL_BYTES_MAX));
    });
  }

  async #patiently<T>(name: string, work: (url: string) => Promise<T>): Promise<T> {
    const url = this.#folder + name;
    const waiting = new Patience({ url, ...this.#options }, this.#signal);
    for (;;) {
      try {
        return await work(url);
      } catch (error) {
        await waiting.after(error, false, true);
      }
    }
  }

  async #head(url: string): Promise<Response> {
    try {
      return await fetch(url, { method: 'HEAD', signal: this.#signal });
    } catch (cause) {
      const text =
        `the request failed (${messageOf(cause)}): no connection, or the server does not ` +
        'allow this page to read it (CORS)';
      throw new Setback(text, { cause });
    }
  }
}

function filesOfIndex(index: unknown): string[] {
  const map = isObject(index) && isObject(index.weight_map) ? index.weight_map : {};
  const names = new Set(Object.values(map).filter((name) => typeof name === 'string'));
  /* The module checks the names as well: here they become addresses. */
  const isPlain = [...names].every((name) => /^[\w-][\w.-]*$/.test(name));
  if (names.size > 0 && isPlain) return [...names].sort();
  throw new EngineError('PHI_ECORRUPT', `${INDEX}: no weight_map with plain names of files`);
}

async function weightFiles(server: FolderServer): Promise<string[]> {
  const text = await server.text(INDEX);
  try {
    return filesOfIndex(JSON.parse(text));
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('PHI_ECORRUPT', `${INDEX}: ${messageOf(error)}`, { cause: error });
  }
}

/** owner/name on the hub, else the folder's name, else the host's. */
function nameOfFolder(url: string): string {
  const { pathname, host } = new URL(url);
  const parts = pathname.split('/').filter((part) => part !== '');
  const at = parts.indexOf('resolve');
  const name = (at === 2 ? parts.slice(0, 2) : parts.slice(-1)).join('/') || host;
  try {
    return decodeURIComponent(name);
  } catch {
    return name; /* a stray %, which servers of static files accept */
  }
}

async function namesIn(url: string, server: FolderServer): Promise<string[]> {
  const asked = SMALL_FILES.map((name, i) => server.isThere(name, i < N_NEEDED));
  const found = await Promise.all(asked);
  const missing = SMALL_FILES.slice(0, N_NEEDED).find((_, i) => !found[i]);
  if (missing !== undefined) {
    const text = `no ${missing} is there; expected a Hugging Face folder, or the address of a GGUF file`;
    throw networkError(url, text);
  }
  const small = SMALL_FILES.filter((_, i) => found[i]);
  return [...small, ...(found.at(-1) === true ? await weightFiles(server) : [ONE_FILE])];
}

/** The files of the folder at `url`. PHI_ENETWORK when it has no config.json. */
export async function listFolder(url: string, request: FolderRequest): Promise<RemoteModel> {
  /* Questions that wait for their next attempt end with the first that fails. */
  const end = new AbortController();
  const signal = AbortSignal.any([request.signal, end.signal]);
  const server = new FolderServer(url, request, signal);
  const names = await namesIn(url, server).finally(() => end.abort());
  return {
    id: url,
    name: nameOfFolder(url),
    licence: null,
    files: names.map((name) => ({
      name,
      url: url + name,
      bytes: undefined,
      chunkBytes: undefined,
      hashes: undefined,
    })),
  };
}
