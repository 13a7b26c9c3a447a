/* What a user may give for a model, and where it is:
 *
 *   a URL, absolute or relative to the page          https://host/phi.gguf, models/phi.gguf
 *   hf:owner/repository[@revision]/path/to/file      on the hub
 *   hf:owner/repository[@revision]                   a folder on the hub: config.json, tokenizer.json, safetensors
 *   a URL that ends in "/" or "/config.json"         such a folder
 *   an id of registry.ts                             phi-3-mini-4k-q4
 *   a manifest: its URL (ends in .json), or the object itself
 */
import { EngineError } from '../base/errors.ts';
import { invalid, isObject } from '../base/options.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { findModel, MODELS, type RegistryModel } from './registry.ts';

export type ModelPlace =
  | { readonly kind: 'file'; readonly url: string; readonly model: RegistryModel | undefined }
  /** Of a Hugging Face folder; ends in "/". */
  | { readonly kind: 'folder'; readonly url: string }
  | { readonly kind: 'manifest-url'; readonly url: string }
  | { readonly kind: 'manifest'; readonly manifest: Manifest };

export interface PlaceOptions {
  /** http or https; without a slash at its end or with one. */
  readonly hubBase?: string | undefined;
  /** Relative URLs are resolved against it; the page's or worker's own by default. */
  readonly base?: string | undefined;
}

export const HUB_BASE = 'https://huggingface.co';

const EXPECTED = 'a URL, "hf:owner/repository[/file.gguf]", the id of a model, or a manifest';
/** Why, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  blob: 'pass the Blob or File itself',
  data: 'pass a Blob',
  file: 'a page cannot read files by their URL; let the user choose one and pass the File',
};

function refuse(text: string): EngineError {
  return new EngineError('PHI_EINVAL', `model: ${text}`, { where: 'model' });
}

/** owner/repository[@revision][/path] as the parts of a URL's path; without a path, that of a folder. */
function hubParts(given: string): string[] {
  const wrong = (why: string): EngineError =>
    refuse(
      `"hf:${given.slice(0, 200)}": ${why}; expected hf:owner/repository[@revision][/path/to/file]`,
    );
  const parts = given.split('/');
  const [owner = '', repository = '', ...path] = parts;
  if (parts.length < 2) throw wrong('it names no repository');
  if (parts.includes('')) throw wrong('a part of it is empty');
  if (parts.some((part) => part === '.' || part === '..'))
    throw wrong('"." and ".." are not allowed');
  const [name = '', revision = 'main', more] = repository.split('@');
  if (!/^[\w.-]+$/.test(owner)) throw wrong('the owner may have letters, digits, ".", "-" and "_"');
  if (!/^[\w.-]*\w[\w.-]*$/.test(name))
    throw wrong('the repository may have letters, digits, ".", "-" and "_"');
  /* A branch with slashes is written with %2F, which is how the hub wants it. */
  const isRevision =
    more === undefined && /^(?:[\w.-]|%2F)*\w$/i.test(revision) && !revision.includes('..');
  if (!isRevision) throw wrong('the revision may have letters, digits, ".", "-", "_" and %2F');
  for (const part of path) {
    if (hasForbidden(part))
      throw wrong('the path may not have "\\", "?", "#" or control characters');
  }
  const rest = path.length === 0 ? [''] : path.map((part) => encodeURIComponent(part));
  return [owner, name, 'resolve', revision, ...rest];
}

function hasForbidden(part: string): boolean {
  return Array.from(part).some((c) => c < ' ' || c === '\x7f' || '\\?#'.includes(c));
}

function hubUrl(given: string, hubBase: string = HUB_BASE): string {
  const base = URL.canParse(hubBase) ? new URL(hubBase) : undefined;
  if (
    base === undefined ||
    !/^https?:$/.test(base.protocol) ||
    base.search !== '' ||
    base.hash !== ''
  )
    throw invalid('hubBase', 'an http or https URL without query', hubBase);
  return `${base.href.replace(/\/+$/, '')}/${hubParts(given).join('/')}`;
}

function isManifestUrl(url: string): boolean {
  return /\.json$/i.test(new URL(url).pathname);
}

function placeOf(url: string, model?: RegistryModel): ModelPlace {
  const isFolder = /\/(?:config\.json)?$/.test(new URL(url).pathname);
  if (isFolder) return { kind: 'folder', url: new URL('.', url).href };
  return isManifestUrl(url) ? { kind: 'manifest-url', url } : { kind: 'file', url, model };
}

function placeOfUrl(url: URL): ModelPlace {
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'http' && scheme !== 'https') {
    const hint = REFUSED[scheme];
    throw refuse(
      `the scheme "${scheme}:" is not supported${hint === undefined ? '; expected http or https' : `: ${hint}`}`,
    );
  }
  return placeOf(url.href);
}

function placeOfId(model: RegistryModel, hubBase: string | undefined): ModelPlace {
  if (model.state === 'planned') {
    throw new EngineError('PHI_EUNSUPPORTED', `model: ${model.name} is not supported yet`, {
      where: 'model',
    });
  }
  if (model.hf === null) {
    throw refuse(
      `no file is recorded for ${model.id}; give the URL of a GGUF conversion of ${model.name}`,
    );
  }
  return placeOf(hubUrl(model.hf, hubBase), model);
}

function placeOfText(text: string, { hubBase, base }: PlaceOptions): ModelPlace {
  const model = findModel(text);
  if (model !== undefined) return placeOfId(model, hubBase);
  if (/^hf:/i.test(text)) return placeOf(hubUrl(text.slice(3), hubBase));
  /* Neither a scheme, nor a folder, nor a suffix: meant as an id, and not one of ours. */
  if (/^[\w.-]+$/.test(text) && !/\.(gguf|json)$/i.test(text)) {
    const ids = MODELS.map(({ id }) => id).join(', ');
    throw refuse(
      `there is no model "${text.slice(0, 100)}"; known: ${ids}. A relative URL may begin with "./"`,
    );
  }
  const page = base ?? globalThis.location?.href;
  if (text === '' || !URL.canParse(text, page)) throw invalid('model', EXPECTED, text);
  return placeOfUrl(new URL(text, page));
}

/** Throws PHI_EINVAL for what is none of these, PHI_EUNSUPPORTED for a model that is planned, PHI_ECORRUPT for a
 * manifest that is wrong. */
export function resolveModel(source: unknown, options: PlaceOptions = {}): ModelPlace {
  if (typeof source === 'string') return placeOfText(source.trim(), options);
  if (source instanceof URL) return placeOfUrl(source);
  if (!isPlain(source)) throw invalid('model', EXPECTED, source);
  const base = options.base ?? globalThis.location?.href;
  return { kind: 'manifest', manifest: parseManifest(source, base) };
}

/** Written as a literal or parsed from JSON, and not an object of some class (a Response, an ArrayBuffer). */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** The place of a file among those of a split model. */
export interface SplitName {
  /** From 0. */
  readonly idx: number;
  readonly count: number;
}

const SPLIT = /-(\d{5})-of-(\d{5})(\.gguf)$/i;

/** The file name at the end of a URL, decoded. */
export function fileNameOf(url: string): string {
  const { pathname } = new URL(url);
  const name = pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name; /* a stray %, which servers of static files accept */
  }
}

/** What "name-00002-of-00005.gguf" says; undefined for a model in one file. */
export function splitOf(url: string): SplitName | undefined {
  const match = SPLIT.exec(new URL(url).pathname);
  const idx = Number(match?.[1]) - 1;
  const count = Number(match?.[2]);
  return idx >= 0 && idx < count ? { idx, count } : undefined;
}

/** The URL of another file of a split model, query and all. Throws PHI_EINVAL when the name or the number does not
 * fit. */
export function splitUrl(url: string, idx: number): string {
  const split = splitOf(url);
  if (split === undefined)
    throw invalid('model', 'a URL that ends in "-00001-of-0000N.gguf"', fileNameOf(url));
  if (!Number.isInteger(idx) || idx < 0 || idx >= split.count)
    throw invalid('file', `an integer from 0 to ${split.count - 1}`, idx);
  const other = new URL(url);
  const number = String(idx + 1).padStart(5, '0');
  other.pathname = other.pathname.replace(SPLIT, `-${number}-of-$2$3`);
  return other.href;
}
