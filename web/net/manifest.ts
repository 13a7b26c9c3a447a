/* The description of a model that its host puts beside the weights: files with lengths and hashes, what it is, its
 * licence. manifest.schema.json says the same as JSON Schema; tools/models/make_manifest.py writes one. */
import { EngineError } from '../base/errors.ts';
import {
  CHUNK_BYTES_MAX,
  FILE_BYTES_MAX,
  MANIFEST_BYTES_MAX,
  MANIFEST_CHUNK_BYTES_MIN,
  MANIFEST_FILES_MAX,
  MANIFEST_TEXT_MAX,
  PATIENCE_DEFAULT,
} from '../base/limits.ts';
import { isObject } from '../base/options.ts';
import { corruptError } from './http-answer.ts';
import { Patience } from './patience.ts';
import { RemoteFile, readWhole } from './remote-file.ts';
import { realSurroundings, type Surroundings } from './surroundings.ts';

export const MANIFEST_FORMAT = 'pocketphi-manifest/1';

export interface ManifestFile {
  /** Absolute. */
  readonly url: string;
  readonly bytes: number;
  /** Of the whole file, as are all hashes 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  readonly chunkBytes: number | undefined;
  /** One hash for each chunkBytes of the file. Without them only the length of what is downloaded is checked. */
  readonly chunks: readonly string[] | undefined;
}

export interface Manifest {
  readonly name: string;
  /** An SPDX identifier or text. */
  readonly licence: string;
  readonly licenceUrl: string | undefined;
  /** In the order of a split model. */
  readonly files: readonly ManifestFile[];
  readonly architecture: string | undefined;
  readonly quantisation: string | undefined;
  readonly parameters: number | undefined;
  /** Tokens. */
  readonly contextLength: number | undefined;
  /** Jinja source. */
  readonly chatTemplate: string | undefined;
}

const FIELDS = [
  'format',
  'name',
  'licence',
  'licenceUrl',
  'files',
  'architecture',
  'quantisation',
  'parameters',
  'contextLength',
  'chatTemplate',
];
const FILE_FIELDS = ['url', 'bytes', 'sha256', 'chunkBytes', 'chunks'];
const NAME_CHARACTERS_MAX = 200;
const URL_CHARACTERS_MAX = 2000;
const HASH_WORDS = '64 lower-case hexadecimal digits';

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Reads fields by their path, each with one clear error. */
class ManifestReader {
  readonly #where: string;

  constructor(where: string) {
    this.#where = where;
  }

  wrong(path: string, expected: string, got: unknown): EngineError {
    return corruptError(this.#where, `${path}: expected ${expected}, got ${show(got)}`);
  }

  object(path: string, value: unknown, known: readonly string[]): Record<string, unknown> {
    if (!isObject(value)) throw this.wrong(path, 'an object', value);
    for (const name of Object.keys(value)) {
      if (known.includes(name) || name.startsWith('x-')) continue;
      const field = name.length > 80 ? `${name.slice(0, 80)}…` : name;
      throw corruptError(
        this.#where,
        `${path}: unknown field "${field}"; known: ${known.join(', ')}, and any x-…`,
      );
    }
    return value;
  }

  array(path: string, value: unknown, max: number): readonly unknown[] {
    if (!Array.isArray(value) || value.length < 1 || value.length > max)
      throw this.wrong(path, `an array of 1 to ${max}`, value);
    return value;
  }

  text(path: string, value: unknown, max: number): string {
    if (typeof value !== 'string' || value === '' || value.length > max)
      throw this.wrong(path, `text of 1 to ${max} characters`, value);
    return value;
  }

  integer(path: string, value: unknown, min: number, max: number): number {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
      throw this.wrong(path, `an integer from ${min} to ${max}`, value);
    return value;
  }

  hash(path: string, value: unknown): string {
    if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value))
      throw this.wrong(path, HASH_WORDS, value);
    return value;
  }

  /** An http or https URL, relative ones against the manifest's own; these stay below its folder. */
  url(path: string, value: unknown, base: string | undefined): string {
    const text = this.text(path, value, URL_CHARACTERS_MAX);
    if (/^[a-z][a-z0-9+.-]*:/i.test(text)) {
      const isWeb = /^https?:\/\//i.test(text) && URL.canParse(text);
      if (!isWeb) throw this.wrong(path, 'a relative, http or https URL', text);
      return new URL(text).href;
    }
    const [place = ''] = text.split(/[?#]/);
    const parts = place.split('/');
    const isDown = parts.every((part) => part !== '' && !isUpward(part)) && !text.includes('\\');
    if (!isDown)
      throw this.wrong(path, 'a URL below the manifest, without "..", "." or empty parts', text);
    if (base === undefined)
      throw this.wrong(path, 'an absolute URL, as the manifest has none of its own', text);
    return new URL(text, base).href;
  }

  optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
    return value === undefined ? undefined : read(value);
  }
}

/** "." and "..", also as URLs spell them. */
function isUpward(part: string): boolean {
  const plain = part.replaceAll(/%2e/gi, '.');
  return plain === '.' || plain === '..';
}

function readFile(
  reader: ManifestReader,
  path: string,
  value: unknown,
  base: string | undefined,
): ManifestFile {
  const file = reader.object(path, value, FILE_FIELDS);
  const bytes = reader.integer(`${path}.bytes`, file.bytes, 1, FILE_BYTES_MAX);
  const chunkBytes = reader.optional(file.chunkBytes, (value) =>
    reader.integer(`${path}.chunkBytes`, value, MANIFEST_CHUNK_BYTES_MIN, CHUNK_BYTES_MAX),
  );
  const chunks = reader.optional(file.chunks, (value) => {
    if (chunkBytes === undefined)
      throw reader.wrong(`${path}.chunkBytes`, 'an integer, as there are chunks', undefined);
    const count = Math.ceil(bytes / chunkBytes);
    const hashes = reader.array(`${path}.chunks`, value, count);
    if (hashes.length !== count)
      throw reader.wrong(
        `${path}.chunks`,
        `${count} hashes, one for each ${chunkBytes} bytes`,
        value,
      );
    return hashes.map((hash, i) => reader.hash(`${path}.chunks[${i}]`, hash));
  });
  return {
    url: reader.url(`${path}.url`, file.url, base),
    bytes,
    sha256: reader.hash(`${path}.sha256`, file.sha256),
    chunkBytes,
    chunks,
  };
}

/** Checks all of a manifest. `base` is its own URL: relative ones are resolved against it, and errors name it. Throws
 * PHI_ECORRUPT with the path of the field, what was expected and what was found. */
export function parseManifest(value: unknown, base?: string): Manifest {
  const reader = new ManifestReader(base ?? 'manifest');
  const root = reader.object('the manifest', value, FIELDS);
  if (root.format !== MANIFEST_FORMAT)
    throw reader.wrong('format', `"${MANIFEST_FORMAT}"`, root.format);
  const text = (name: string, max: number): string | undefined =>
    reader.optional(root[name], (value) => reader.text(name, value, max));
  const count = (name: string): number | undefined =>
    reader.optional(root[name], (value) => reader.integer(name, value, 1, Number.MAX_SAFE_INTEGER));
  return {
    name: reader.text('name', root.name, NAME_CHARACTERS_MAX),
    licence: reader.text('licence', root.licence, MANIFEST_TEXT_MAX),
    licenceUrl: reader.optional(root.licenceUrl, (value) => reader.url('licenceUrl', value, base)),
    files: reader
      .array('files', root.files, MANIFEST_FILES_MAX)
      .map((file, i) => readFile(reader, `files[${i}]`, file, base)),
    architecture: text('architecture', NAME_CHARACTERS_MAX),
    quantisation: text('quantisation', NAME_CHARACTERS_MAX),
    parameters: count('parameters'),
    contextLength: count('contextLength'),
    chatTemplate: text('chatTemplate', MANIFEST_TEXT_MAX),
  };
}

/** What downloadFile() needs of a file of the manifest. Chunks of another size than `chunkBytes` when the manifest
 * has its own; a file of a single chunk is guarded by its own hash. */
export function chunkingOf(
  file: ManifestFile,
  chunkBytes: number,
): { chunkBytes: number; hashes: readonly string[] | undefined; expectedBytes: number } {
  const size = file.chunkBytes ?? chunkBytes;
  const whole = file.bytes <= size ? [file.sha256] : undefined;
  return { chunkBytes: size, hashes: file.chunks ?? whole, expectedBytes: file.bytes };
}

export interface ManifestRequest {
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly credentials?: RequestCredentials | undefined;
  readonly patience?: number | 'endless' | undefined;
  readonly surroundings?: Surroundings | undefined;
}

function parseJson(url: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const why = error instanceof Error ? error.message : 'no JSON';
    throw new EngineError('PHI_ECORRUPT', `${url}: expected a manifest in JSON: ${why}`, {
      where: url,
      cause: error,
    });
  }
}

/** Fetches and parses a manifest of at most MANIFEST_BYTES_MAX. Errors as downloadFile() has them. */
export async function fetchManifest(url: string, request: ManifestRequest): Promise<Manifest> {
  const { signal, headers, credentials, patience = PATIENCE_DEFAULT } = request;
  const surroundings = request.surroundings ?? realSurroundings;
  const remote = new RemoteFile({ url, headers, credentials, surroundings });
  const waiting = new Patience({ url, patience, surroundings }, signal);
  for (;;) {
    try {
      const answer = await remote.request(undefined, signal, 'a manifest');
      const bytes = await readWhole(answer, url, MANIFEST_BYTES_MAX);
      return parseManifest(parseJson(url, bytes), url);
    } catch (error) {
      await waiting.after(error, false, true);
    }
  }
}
