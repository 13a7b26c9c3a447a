/* The wasm variants: {simd128, relaxed} x {st: one thread, mt: threads}, each a CMake preset configured by emcmake. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureEmscripten } from '../setup/emscripten.mjs';
import { run, step } from '../setup/report.mjs';
import { REPOSITORY } from '../setup/workspace.mjs';
import { buildFolder, ensureCmake, stbSetting } from './native.mjs';

export const VARIANTS = ['simd128-st', 'simd128-mt', 'relaxed-st', 'relaxed-mt'];
const JOBS = '2';

/** Builds a target (all without one) of one variant; returns its build folder. */
export function buildWasm(variant, target) {
  const { cmake, env: cmakeEnv } = ensureCmake();
  const tools = ensureEmscripten();
  const env = { ...cmakeEnv, ...tools.vars, PATH: `${tools.vars.PATH}:${cmakeEnv.PATH}` };
  const folder = buildFolder(`wasm-${variant}`);
  const stb = stbSetting();
  const stamp = join(folder, 'tools.txt');
  const toolsUsed = `${tools.emcc}\n${stb}`;
  step(`build wasm ${variant}${target ? ` (${target})` : ''}`, () => {
    const isConfigured = existsSync(stamp) && readFileSync(stamp, 'utf8') === toolsUsed;
    if (!isConfigured) {
      rmSync(folder, { recursive: true, force: true }); /* another compiler made it, perhaps */
      run(tools.emcmake, [cmake, '--preset', `wasm-${variant}`, stb], { cwd: REPOSITORY, env });
      /* Test programs are CommonJS scripts; the nearest package.json would make them modules. */
      writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
      writeFileSync(stamp, toolsUsed);
    }
    const only = target ? ['--target', target] : [];
    run(cmake, ['--build', folder, '-j', JOBS, ...only], { cwd: REPOSITORY, env });
  });
  return folder;
}
