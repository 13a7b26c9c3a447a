// tests/bench/kernels/bench_kernels.c, linked with the engine's library of the relaxed variant, as a module for a page.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { buildWasm } from '../../../tools/build/wasm.mjs';
import { ensureEmscripten } from '../../../tools/setup/emscripten.mjs';
import { run } from '../../../tools/setup/report.mjs';
import { REPOSITORY } from '../../../tools/setup/workspace.mjs';

const SOURCE = path.join(REPOSITORY, 'tests/bench/kernels/bench_kernels.c');
const HEADERS = ['src/base', 'src/weights', 'wasm_kernels'];
const OPTIONS = [
  '-O2',
  '-std=gnu11',
  '-msimd128',
  '-sMODULARIZE=1',
  '-sEXPORT_ES6=1',
  '-sENVIRONMENT=web',
  '-sALLOW_MEMORY_GROWTH=1',
  '-sEXPORTED_RUNTIME_METHODS=callMain',
  '-sINVOKE_RUN=0',
];

export const KERNELS_FOLDER = path.join(REPOSITORY, 'build/bench-kernels');

/** Builds KERNELS_FOLDER/bench_kernels.mjs; returns why not, or undefined when it is there. */
export function buildKernelProgram() {
  if (!existsSync(SOURCE)) return `no ${path.relative(REPOSITORY, SOURCE)}`;
  try {
    const library = path.join(buildWasm('relaxed-st', 'pocketphi'), 'libpocketphi.a');
    const { emcc, env } = ensureEmscripten();
    mkdirSync(KERNELS_FOLDER, { recursive: true });
    const headers = HEADERS.map((folder) => `-I${path.join(REPOSITORY, folder)}`);
    const output = path.join(KERNELS_FOLDER, 'bench_kernels.mjs');
    run(emcc, [...OPTIONS, ...headers, SOURCE, library, '-o', output], { env });
    return undefined;
  } catch (error) {
    return error.message.split('\n').slice(0, 2).join(' ');
  }
}
