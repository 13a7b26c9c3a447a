/* A tiny model with a longer context than it was made with: what it says is noise either way. */
import { readFileSync } from 'node:fs';
import { tinyModel } from './models.ts';

const KEY = 'phi3.context_length';
const TYPE_UINT32 = 4;

/** The file's bytes with another context length in the metadata. */
export function tinyWithContext(tokens: number): Buffer {
  const file = Buffer.from(readFileSync(tinyModel('phi3-mha')));
  const at = file.indexOf(KEY) + KEY.length;
  if (at < KEY.length || file.readUInt32LE(at) !== TYPE_UINT32)
    throw new Error(`expected ${KEY} as uint32`);
  file.writeUInt32LE(tokens, at + 4);
  return file;
}
