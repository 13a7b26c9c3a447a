/* Which of a page's Files are a Hugging Face folder. Chosen on the page: nothing says that a File's path comes through
 * postMessage. */
import { EngineError } from '../base/errors.ts';

export interface FolderFiles {
  /** What the folder is called. */
  readonly name: string;
  readonly files: readonly File[];
}

/** With a slash at its end; empty: the File does not say. */
function folderOf({ webkitRelativePath: path = '' }: File): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

const depthOf = (folder: string): number => folder.split('/').length;

/** <input webkitdirectory> gives the Files of all folders below the chosen one: those that lie right in the shallowest
 * one with a config.json. Files without paths, and those of which none is a config.json, are left as they are. Throws
 * PHI_EINVAL for two such folders. */
export function filesOfFolder(given: readonly File[]): FolderFiles {
  const configs = given.filter(({ name }) => name === 'config.json');
  const folders = [...new Set(configs.map(folderOf))].sort((a, b) => depthOf(a) - depthOf(b));
  const [folder, next] = folders;
  if (folder !== undefined && next !== undefined && depthOf(folder) === depthOf(next)) {
    const text = `model: a config.json is in ${folder} and in ${next}; give the Files of one of them`;
    throw new EngineError('PHI_EINVAL', text, { where: 'model' });
  }
  const files = given.filter((file) => folder === undefined || folderOf(file) === folder);
  const name = files.map(folderOf)[0]?.split('/').at(-2) ?? 'the given files';
  return { name, files };
}
