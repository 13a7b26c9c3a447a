/* Native builds through the presets of CMakePresets.json, with whatever of their needs is missing fetched first. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDebs, ensureProgram } from '../setup/debs.mjs';
import { run, SetupError, step } from '../setup/report.mjs';
import { REPOSITORY } from '../setup/workspace.mjs';

const JOBS = '2';

export function buildFolder(preset) {
  return join(REPOSITORY, 'build', preset);
}

/** cmake and ninja: {cmake, env}. */
export function ensureCmake() {
  const cmake = ensureProgram('cmake');
  const ninja = ensureProgram('ninja', 'ninja-build');
  const env = { ...cmake.env, PATH: `${cmake.env.PATH}:${ninja.env.PATH}` };
  if (ninja.env.LD_LIBRARY_PATH) env.LD_LIBRARY_PATH = ninja.env.LD_LIBRARY_PATH;
  return { cmake: cmake.file, env };
}

/** Where stb_image.h is, as a CMake setting. */
export function stbSetting() {
  return `-DPHI_STB_DIR=${join(ensureDebs(['libstb-dev']).root, 'usr/include/stb')}`;
}

/** Headers that native builds take from the system, as CMake settings. */
function headerSettings() {
  const simde = ensureDebs(['libsimde-dev']).root;
  const simdeSettings = simde === '/' ? [] : [`-DPHI_SIMDE_DIR=${join(simde, 'usr/include')}`];
  return [stbSetting(), ...simdeSettings];
}

function fuzzTools() {
  const { root, env } = ensureDebs(['clang-14', 'libclang-rt-14-dev']);
  return { env, settings: [`-DCMAKE_C_COMPILER=${join(root, 'usr/bin/clang-14')}`] };
}

/** Configures and builds a native preset; returns its folder. */
export function buildNative(preset, targets = []) {
  const { cmake, env: cmakeEnv } = ensureCmake();
  let env = cmakeEnv;
  const settings = headerSettings();
  if (preset === 'fuzz') {
    const tools = fuzzTools();
    env = {
      ...env,
      ...(tools.env.LD_LIBRARY_PATH ? { LD_LIBRARY_PATH: tools.env.LD_LIBRARY_PATH } : {}),
    };
    settings.push(...tools.settings);
  } else if (!process.env.CC) {
    ensureProgram('cc', 'build-essential');
  }
  const folder = buildFolder(preset);
  const only = targets.flatMap((target) => ['--target', target]);
  const stamp = join(folder, 'settings.txt');
  const isConfigured = existsSync(stamp) && readFileSync(stamp, 'utf8') === settings.join('\n');
  step(`build ${preset}`, () => {
    if (!isConfigured) {
      run(cmake, ['--preset', preset, ...settings], { cwd: REPOSITORY, env });
      writeFileSync(stamp, settings.join('\n'));
    }
    run(cmake, ['--build', folder, '-j', JOBS, ...only], { cwd: REPOSITORY, env });
  });
  return folder;
}

/** The programs that ctest knows in a build folder: [{name, command}]. */
export function listTests(folder) {
  const { cmake, env } = ensureCmake();
  const ctest = existsSync(join(cmake, '..', 'ctest')) ? join(cmake, '..', 'ctest') : 'ctest';
  const text = run(ctest, ['--test-dir', folder, '--show-only=json-v1'], { env });
  const tests = JSON.parse(text).tests ?? [];
  const unbuilt = tests.find((test) => !test.command);
  if (unbuilt) throw new SetupError(`${unbuilt.name} is a test of ${folder}, but it was not built`);
  return tests.map(({ name, command }) => ({ name, command }));
}
