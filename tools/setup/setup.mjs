/* npm run setup: everything that building, testing and formatting need, now instead of on first use. */
import { ensureChromium } from './chromium.mjs';
import { ensureDebs, ensureProgram } from './debs.mjs';
import { ensureEmscripten } from './emscripten.mjs';
import { ensureModernNode } from './modern-node.mjs';
import { MissingError, runMain, say } from './report.mjs';
import { ensureNodeModules } from './workspace.mjs';

const NEEDS = {
  'npm packages': () => ensureNodeModules(),
  'C compiler': () => ensureProgram('cc', 'build-essential').file,
  CMake: () => ensureProgram('cmake').file,
  Ninja: () => ensureProgram('ninja', 'ninja-build').file,
  'SIMD Everywhere headers': () => ensureDebs(['libsimde-dev']).root,
  'stb_image header': () => ensureDebs(['libstb-dev']).root,
  Emscripten: () => ensureEmscripten().emcc,
  'Node with relaxed SIMD': () => ensureModernNode(),
  Chromium: () => ensureChromium().file,
  'clang with libFuzzer': () => ensureDebs(['clang-14', 'libclang-rt-14-dev']).root,
  'clang-format': () => ensureProgram('clang-format-14').file,
};

await runMain(() => {
  for (const [what, ensure] of Object.entries(NEEDS)) {
    try {
      const where = ensure();
      say(`${what}: ${where && where !== '/' ? where : 'present'}`);
    } catch (error) {
      if (!(error instanceof MissingError)) throw error;
      say(`${what}: MISSING. ${error.message}`);
      process.exitCode = 1;
    }
  }
});
