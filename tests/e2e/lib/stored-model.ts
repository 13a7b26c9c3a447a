/* A tiny model whose manifest has small chunks, so that it is stored in many of them; and the headers with which
 * another origin gives it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { EngineOptions } from '../../../web/index.ts';
import { tinyModel } from './models.ts';

export const FILE = readFileSync(tinyModel('phi3-mha'));
export const CHUNK_BYTES = 1 << 16;
export const TOKENS = [1, 5, 9, 30];
export const CORS = {
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
