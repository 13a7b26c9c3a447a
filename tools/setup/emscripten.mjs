/* An Emscripten that works: the one on PATH (or under $EMSDK) when it is new enough, otherwise one fetched from
 * Debian testing into the cache folder, which touches nothing else on the machine.
 *
 *   node tools/setup/emscripten.mjs            makes sure that there is one, and says which
 *   node tools/setup/emscripten.mjs --print-env   the same, last lines are `export ...` for a shell
 *
 * Debian 12's own Emscripten (3.1.6, LLVM 14) cannot be used: its relaxed-SIMD opcodes are older than the standard
 * and its JavaScript breaks on Node >= 18. Debian testing's needs a newer libc than Debian 12 has; so its packages
 * are unpacked into a prefix of their own together with their libc, and the executables are told (patchelf) to load
 * that one. */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  downloadPackages,
  hasApt,
  privateAptOptions,
  simulateInstall,
  sourceLineForSuite,
  unpackPackages,
} from './apt.mjs';
import { cacheFolder, fillAtomically, logFile, withLock } from './cache.mjs';
import { ensureDebs } from './debs.mjs';
import {
  formatBytes,
  MissingError,
  run,
  runMain,
  SetupError,
  say,
  step,
  which,
} from './report.mjs';

export const EMCC_VERSION_MIN = '4.0.0';
const SUITE = 'forky';
const BY_HAND = `install emsdk ${EMCC_VERSION_MIN} or newer and put emcc on PATH`;

/* Of everything that `apt-get install emscripten` would add to an empty system, what the compiler needs at run time.
 * Version numbers inside names (clang-21, libllvm21) change with the suite, so these are patterns. Python and Node
 * are the machine's own. */
const NEEDED = new RegExp(
  `^(${[
    'libc6',
    'libstdc\\+\\+6',
    'libgcc-s1',
    'libllvm.*',
    'libclang-cpp.*',
    'libclang1-.*',
    'libclang-common-.*',
    'clang-.*',
    'lld-.*',
    'llvm-.*',
    'binaryen',
    'emscripten',
    'node-acorn',
    'node-xtend',
    'libxml2.*',
    'libedit2',
    'libz3-4',
    'libzstd1',
    'zlib1g',
    'libffi8',
    'libtinfo6',
    'libbsd0',
    'libmd0',
    'libicu.*',
    'liblzma5',
    'libpfm4',
    'libcurl4t64',
  ].join('|')})$`,
);

function compareVersions(a, b) {
  const [x, y] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    if ((x[i] ?? 0) !== (y[i] ?? 0)) return (x[i] ?? 0) - (y[i] ?? 0);
  }
  return 0;
}

/** The version that `emcc --version` prints, or undefined when the program does not work. */
function emccVersion(emcc, env) {
  try {
    return /\b(\d+\.\d+\.\d+)/.exec(run(emcc, ['--version'], { env }).split('\n')[0])?.[1];
  } catch (error) {
    if (error instanceof SetupError) return undefined;
    throw error;
  }
}

function findOnMachine() {
  const folders = [process.env.PATH ?? ''];
  if (process.env.EMSDK) folders.push(join(process.env.EMSDK, 'upstream', 'emscripten'));
  for (const path of folders) {
    const emcc = which('emcc', path);
    const version = emcc && emccVersion(emcc, process.env);
    if (!version) continue;
    if (compareVersions(version, EMCC_VERSION_MIN) < 0) {
      say(`emcc ${version} at ${emcc} is older than ${EMCC_VERSION_MIN}: not used`);
      continue;
    }
    return { version, folder: join(emcc, '..'), vars: {} };
  }
  return undefined;
}

function multiarchFolder(prefix) {
  const lib = join(prefix, 'usr', 'lib');
  return join(
    'usr',
    'lib',
    readdirSync(lib).find((name) => /-linux-gnu$/.test(name)) ?? 'x86_64-linux-gnu',
  );
}

/** The newest complete compiler in the cache folder, or undefined. */
function findInCache() {
  const folder = cacheFolder();
  const versions = (existsSync(folder) ? readdirSync(folder) : [])
    .map((name) => /^emscripten-(\d+\.\d+\.\d+)$/.exec(name)?.[1])
    .filter((version) => version && compareVersions(version, EMCC_VERSION_MIN) >= 0)
    .sort(compareVersions);
  const version = versions.at(-1);
  if (!version) return undefined;
  const prefix = join(folder, `emscripten-${version}`);
  return {
    version,
    prefix,
    folder: join(prefix, 'usr', 'share', 'emscripten'),
    vars: { EM_CONFIG: join(prefix, 'em_config.py') },
  };
}

function isElf(file) {
  const stat = lstatSync(file);
  if (!stat.isFile() || stat.size < 64) return false;
  return run('head', ['-c', '4', file]).startsWith('\x7fELF');
}

/** Executables of LLVM and Binaryen, and the two LLVM libraries whose own RUNPATH would hide the one set here. */
function filesToPatch(prefix, libraries) {
  const files = [];
  const folders = [join(prefix, 'usr', 'bin')];
  const lib = join(prefix, 'usr', 'lib');
  for (const name of readdirSync(lib)) {
    if (/^llvm-\d+$/.test(name)) folders.push(join(lib, name, 'bin'));
  }
  for (const folder of folders) {
    for (const name of readdirSync(folder)) {
      if (isElf(join(folder, name))) files.push({ file: join(folder, name), isProgram: true });
    }
  }
  for (const folder of [
    join(prefix, libraries),
    ...folders.slice(1).map((bin) => join(bin, '..', 'lib')),
  ]) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      if (/^lib(LLVM|clang-cpp|clang).*\.so/.test(name) && isElf(join(folder, name))) {
        files.push({ file: join(folder, name), isProgram: false });
      }
    }
  }
  return files;
}

function patchFiles(prefix, target, log) {
  const { root, env } = ensureDebs(['patchelf']);
  const patchelf = join(root, 'usr/bin/patchelf');
  const libraries = multiarchFolder(prefix);
  const loader = readdirSync(join(prefix, libraries)).find((name) => /^ld-linux.*\.so/.test(name));
  if (!loader) throw new SetupError(`the unpacked libc6 has no loader in ${libraries}; ${BY_HAND}`);
  const files = filesToPatch(prefix, libraries);
  for (const { file, isProgram } of files) {
    const interpreter = isProgram ? ['--set-interpreter', join(target, libraries, loader)] : [];
    run(patchelf, [...interpreter, '--force-rpath', '--set-rpath', join(target, libraries), file], {
      log,
      env,
    });
  }
  return `${files.length} files`;
}

function writeConfig(prefix, target) {
  const llvm = readdirSync(join(prefix, 'usr', 'lib')).find((name) => /^llvm-\d+$/.test(name));
  if (!llvm) throw new SetupError(`the unpacked packages have no LLVM; ${BY_HAND}`);
  const lines = [
    '# Written by tools/setup/emscripten.mjs of pocketphi.',
    'import shutil',
    `EMSCRIPTEN_ROOT = '${join(target, 'usr', 'share', 'emscripten')}'`,
    `LLVM_ROOT = '${join(target, 'usr', 'lib', llvm, 'bin')}'`,
    `BINARYEN_ROOT = '${join(target, 'usr')}'`,
    "NODE_JS = shutil.which('node')",
    "LLVM_ADD_VERSION = ''",
    "CLANG_ADD_VERSION = ''",
    `CACHE = '${join(target, 'cache')}'`,
  ];
  writeFileSync(join(prefix, 'em_config.py'), `${lines.join('\n')}\n`);
}

/** Downloads, unpacks and patches the compiler in `folder`; returns its version. */
function fillPrefix(folder, log) {
  const state = join(folder, 'apt');
  mkdirSync(state);
  const options = privateAptOptions(state, { sourceLine: sourceLineForSuite(SUITE) });
  step(
    `list of packages of Debian ${SUITE}`,
    () => void run('apt-get', [...options, 'update'], { log }),
  );
  const wanted = simulateInstall(options, ['emscripten'], log).filter((p) => NEEDED.test(p.name));
  const version = /(\d+\.\d+\.\d+)/.exec(
    wanted.find((p) => p.name === 'emscripten')?.version ?? '',
  )?.[1];
  if (!version || compareVersions(version, EMCC_VERSION_MIN) < 0) {
    throw new SetupError(
      `Debian ${SUITE} offers emscripten ${version ?? '(none)'}, ${EMCC_VERSION_MIN} is needed; ${BY_HAND}`,
    );
  }
  let packages;
  step(`download emscripten ${version}`, () => {
    packages = downloadPackages(
      options,
      wanted.map((p) => p.name),
      join(folder, 'debs'),
      log,
    );
    return `${packages.files.length} packages, ${formatBytes(packages.bytes)}`;
  });
  step('unpack', () => unpackPackages(packages.files, folder, log));
  rmSync(join(folder, 'debs'), { recursive: true });
  rmSync(state, { recursive: true });
  const target = join(cacheFolder(), `emscripten-${version}`);
  step('patch executables to load their own libraries', () => patchFiles(folder, target, log));
  /* A copy, not a link: Emscripten's JS optimiser resolves acorn from the real path of its own files. */
  cpSync(join(folder, 'usr/share/nodejs'), join(folder, 'usr/share/emscripten/node_modules'), {
    recursive: true,
    dereference: true,
  });
  writeConfig(folder, target);
  return version;
}

function toolchain({ version, folder, vars, prefix }) {
  const path = [folder, process.env.PATH].join(':');
  const all = { PATH: path, ...vars };
  return {
    version,
    prefix,
    vars: all,
    env: { ...process.env, ...all },
    emcc: join(folder, 'emcc'),
    emcmake: join(folder, 'emcmake'),
  };
}

const FIRST_PROGRAM = `
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
    void *block = malloc((size_t)argc);
    printf("%p %s %f\\n", block, argv[0], exp((double)argc));
    free(block);
    return 0;
}
`;

/** Emscripten builds libc and friends at the first link of each kind: done here once, where it is announced. */
function buildSystemLibraries(prefix, { emcc, env }, log) {
  const flags = [
    '-O3',
    '-sMODULARIZE=1',
    '-sEXPORT_ES6=1',
    '-sALLOW_MEMORY_GROWTH=1',
    '-sMALLOC=emmalloc',
    '-sENVIRONMENT=web,worker,node',
    '-msimd128',
  ];
  const kinds = { 'one thread': [], threads: ['-pthread'] };
  const scratch = join(prefix, 'first-link');
  mkdirSync(scratch, { recursive: true });
  writeFileSync(join(scratch, 'first.c'), FIRST_PROGRAM);
  for (const [kind, extra] of Object.entries(kinds)) {
    step(`build Emscripten's system libraries (wasm32, ${kind}; about a minute)`, () => {
      run(emcc, [...flags, ...extra, 'first.c', '-o', 'first.mjs'], { log, env, cwd: scratch });
    });
  }
  rmSync(scratch, { recursive: true });
}

function fetchIntoCache() {
  const log = logFile('emscripten');
  if (!hasApt())
    throw new MissingError(
      `no emcc ${EMCC_VERSION_MIN} or newer, and no apt to fetch one with; ${BY_HAND}`,
    );
  say(
    `no emcc ${EMCC_VERSION_MIN} or newer on PATH: fetching one from Debian ${SUITE} into ${cacheFolder()}`,
  );
  say(
    `  about 110 MB to download, 550 MB on disk, 2 to 4 minutes; to undo: rm -r ${cacheFolder()}/emscripten-*`,
  );
  let target;
  try {
    target = fillAtomically(
      (folder) => fillPrefix(folder, log),
      (version) => join(cacheFolder(), `emscripten-${version}`),
    );
    const tools = toolchain(findInCache());
    if (!emccVersion(tools.emcc, tools.env))
      run(tools.emcc, ['--version'], { env: tools.env, log });
    buildSystemLibraries(target, tools, log);
  } catch (error) {
    if (target) renameSync(target, join(tmpdir(), `pocketphi-broken-emscripten-${process.pid}`));
    if (!(error instanceof SetupError)) throw error;
    throw new MissingError(`Emscripten could not be fetched; ${BY_HAND}\n  ${error.message}`);
  }
}

/** {version, emcc, emcmake, env, vars, prefix?}: `env` is the whole environment for emcc, `vars` what it adds. */
export function ensureEmscripten() {
  const present = findOnMachine() ?? findInCache();
  if (present) return toolchain(present);
  return withLock('emscripten', () => {
    if (!findInCache()) fetchIntoCache();
    return toolchain(findInCache());
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runMain(() => {
    const tools = ensureEmscripten();
    say(`emcc ${tools.version}: ${tools.emcc}`);
    if (process.argv.includes('--print-env')) {
      for (const [key, value] of Object.entries(tools.vars)) say(`export ${key}='${value}'`);
    }
  });
}
