/* The C files of this repository that are formatted, and the program that formats them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureProgram } from '../setup/debs.mjs';
import { run } from '../setup/report.mjs';
import { REPOSITORY } from '../setup/workspace.mjs';

const FOLDERS = ['src', 'wasm_kernels', 'tests', 'tools'];

export function listCSources() {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true })
      .filter((name) => /\.[ch]$/.test(name) && !name.includes('node_modules'))
      .map((name) => join(folder, name)),
  ).sort();
}

/** One version for everybody: the output of clang-format changes between versions. */
export function ensureClangFormat() {
  return ensureProgram('clang-format-14');
}

/** The files that formatting would change. */
export function listUnformatted() {
  const { file: program, env } = ensureClangFormat();
  return listCSources().filter((file) => {
    const formatted = run(program, [file], { cwd: REPOSITORY, env });
    return formatted !== readFileSync(join(REPOSITORY, file), 'utf8');
  });
}
