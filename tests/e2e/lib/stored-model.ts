/* A tiny model whose manifest has small chunks, so that it is stored in many of them; and the headers with which
 * another origin gives it. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineOptions } from '../../../web/index.ts';
import { type Ask, type BadServer, type Deed, openBadServer } from '../../web/lib/bad-server.ts';
import { tinyModel } from './models.ts';

export const FILE = readFileSync(tinyModel('phi3-mha'));
export const CHUNK_BYTES = 1 << 16;
export const TOKENS = [1, 5, 9, 30];
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Content-Range, ETag, Accept-Ranges, Content-Length',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

/** Options that can be handed into a page. */
export type PlainOptions = Pick<EngineOptions, 'storage' | 'connections' | 'patience'>;

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A file of a manifest, in chunks of CHUNK_BYTES. */
export function manifestFile(url: string, file: Buffer = FILE): Record<string, unknown> {
  const chunks = [];
  for (let at = 0; at < file.length; at += CHUNK_BYTES)
    chunks.push(hashOf(file.subarray(at, at + CHUNK_BYTES)));
  return { url, bytes: file.length, sha256: hashOf(file), chunkBytes: CHUNK_BYTES, chunks };
}

export function manifestOf(...files: Record<string, unknown>[]): Record<string, unknown> {
  return { format: 'pocketphi-manifest/1', name: 'tiny', licence: 'MIT', files };
}

/** The model, or what a test has in its place, on a server of another origin, which misbehaves as the test wants. */
export class ModelSource {
  readonly server: BadServer;
  /** The manifest as a file, for a site to serve. */
  readonly manifest: string;
  readonly #folder: string;
  behave: (ask: Ask) => Deed | undefined = () => undefined;

  /** `answer`: what is right, where that is not the model's file. */
  static async open(answer: (ask: Ask) => Deed = () => ({})): Promise<ModelSource> {
    let source: ModelSource | undefined;
    const server = await openBadServer(FILE, (ask) => {
      const deed = source?.behave(ask);
      return { ...answer(ask), ...deed, headers: { ...CORS, ...deed?.headers } };
    });
    source = new ModelSource(server);
    return source;
  }

  private constructor(server: BadServer) {
    this.server = server;
    this.#folder = mkdtempSync(join(tmpdir(), 'pocketphi-source-'));
    this.manifest = join(this.#folder, 'tiny.json');
    writeFileSync(this.manifest, JSON.stringify(manifestOf(manifestFile(server.url))));
  }

  async close(): Promise<void> {
    await this.server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
