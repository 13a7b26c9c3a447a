/* Hugging Face folders as the GGUF file that each stands for: fetched with the first of them, as dist/pocketphi-
 * import.js. The folder's own files are what is fetched and stored; their weights are quantised whenever they are
 * read. */
import { IMPORT_TYPES, ImportModule } from '../abi/import-module.ts';
import { EngineError } from '../base/errors.ts';
import type { OpenModel } from './library.ts';
import { SMALL_BYTES_MAX, SMALL_FILES } from './list-folder.ts';
import { BlobFile, type ModelFile, type ModelFiles, type ReadTarget } from './model-file.ts';
import type { WeightsChoice } from './protocol.ts';
import type { RemoteModel } from './remote-model.ts';

export { listFolder } from './list-folder.ts';

const LENGTH_BYTES = 8;
const PIECE_BYTES = 1 << 20;

async function readWhole(file: ModelFile): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let held = 0;
  for (;;) {
    const piece = new Uint8Array(PIECE_BYTES);
    const got = await file.read(held, PIECE_BYTES, (at, n) => piece.subarray(at, at + n));
    pieces.push(piece.subarray(0, got));
    held += got;
    if (got < PIECE_BYTES) break;
    if (held > SMALL_BYTES_MAX)
      throw new EngineError('PHI_ECORRUPT', `${file.name}: more than ${SMALL_BYTES_MAX} bytes`);
  }
  const whole = new Uint8Array(held);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Reads a file of weights up to its data: first the header's length, then the header, and not a byte more, for offsets
 * never go back. */
async function describe(module: ImportModule, file: ModelFile): Promise<void> {
  let head: Uint8Array = new Uint8Array(0);
  let wanted: number | undefined = LENGTH_BYTES;
  while (wanted !== undefined) {
    const grown: Uint8Array = new Uint8Array(wanted);
    grown.set(head);
    const held = head.length;
    const got = await file.read(held, wanted - held, (at, n) =>
      grown.subarray(held + at, held + at + n),
    );
    head = grown.subarray(0, held + got);
    const size = head.length < wanted ? head.length : file.bytes;
    wanted = module.describe(head, size);
    if (wanted !== undefined && wanted <= head.length)
      throw new EngineError('PHI_ECORRUPT', `${file.name}: the file ends in its header`);
  }
}

/** The GGUF file that the folder stands for. */
class ImportedFile implements ModelFile {
  readonly name: string;
  readonly #module: ImportModule;
  readonly #files: readonly ModelFile[];

  constructor(name: string, module: ImportModule, files: readonly ModelFile[]) {
    this.name = name;
    this.#module = module;
    this.#files = files;
  }

  get bytes(): number {
    return this.#module.outputBytes;
  }

  async read(offset: number, bytes: number, target: ReadTarget): Promise<number> {
    const end = Math.min(offset + bytes, this.bytes);
    let at = offset;
    while (at < end) {
      await this.#fill(at, end - at);
      const made = this.#module.take();
      target(at - offset, made.length).set(made);
      at += made.length;
    }
    return Math.max(0, at - offset);
  }

  async #fill(at: number, wanted: number): Promise<void> {
    const { fileIdx, offset, bytes } = this.#module.ask(at, wanted);
    if (bytes === 0) return;
    const file = this.#files[fileIdx];
    const got = (await file?.read(offset, bytes, (from, n) => this.#module.view(from, n))) ?? 0;
    if (got === bytes) return;
    const name = file?.name ?? 'a file';
    throw new EngineError(
      'PHI_ECORRUPT',
      `${name}: the file ends at byte ${offset + got}, expected ${bytes} bytes from ${offset} on`,
      { where: name },
    );
  }

  /* The folder's files are others' to finish and close. */
  finish(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export interface ImportOptions {
  readonly wasm: string;
  readonly weights: WeightsChoice;
}

/** `names`: of the folder's files, in the order in which `model` opens them. */
async function importFiles(
  model: ModelFiles,
  names: readonly string[],
  name: string,
  { wasm, weights }: ImportOptions,
): Promise<ModelFile> {
  const type = weights === 'file' ? IMPORT_TYPES.file : IMPORT_TYPES.auto;
  const module = await ImportModule.load(wasm, type);
  const open = async (file: string): Promise<ModelFile> => {
    const idx = names.indexOf(file);
    if (idx >= 0) return await model.open(idx, file);
    throw new EngineError('PHI_ECORRUPT', `${name}: the folder has no ${file}`, { where: name });
  };
  for (const file of SMALL_FILES)
    if (names.includes(file)) module.add(file, await readWhole(await open(file)));
  module.add('name', new TextEncoder().encode(name));
  const weightNames = module.fileNames;
  const files = await Promise.all(weightNames.map(open));
  for (const file of files) await describe(module, file);
  module.finish();
  return new ImportedFile(name, module, files);
}

/** A folder that is open, as a model of one file. */
export async function readFolder(
  model: OpenModel,
  { name, files }: Pick<RemoteModel, 'name' | 'files'>,
  options: ImportOptions,
): Promise<OpenModel> {
  const names = files.map((file) => file.name);
  const imported = await importFiles(model, names, name, options);
  return {
    firstName: name,
    open: async () => imported,
    openAll: () => model.openAll(),
    finish: () => model.finish(),
  };
}

/** Files that the page gave. */
export async function readFiles(
  { name, files: blobs }: { readonly name: string; readonly files: readonly File[] },
  onBytes: (bytes: number) => void,
  options: ImportOptions,
): Promise<ModelFiles> {
  const files = blobs.map((blob) => new BlobFile(blob, onBytes));
  const model: ModelFiles = {
    firstName: name,
    open: async (idx) => {
      const file = files[idx];
      if (file === undefined) throw new EngineError('PHI_EINVAL', 'model: no such file');
      return file;
    },
  };
  const names = files.map((file) => file.name);
  const imported = await importFiles(model, names, name, options);
  return { firstName: name, open: async () => imported };
}
