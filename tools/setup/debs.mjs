/* Makes the files of a Debian package available: installed → as they are; root → apt-get install; otherwise the
 * package and what it needs are downloaded and unpacked into the cache folder, which needs no rights.
 *
 *   node tools/setup/debs.mjs libsimde-dev     prints the folder that stands for `/`
 *
 * $POCKETPHI_IGNORE_SYSTEM names packages (blanks between them, or `all`) that are treated as if this machine did not
 * have them. It is for trying what a user without rights meets; nothing is installed or removed.
 *
 * Headers and programs of an unpacked package are found under the returned root; programs that load libraries of the
 * same tree need the returned `env`. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  downloadPackages,
  hasApt,
  isRoot,
  privateAptOptions,
  simulateInstall,
  unpackPackages,
} from './apt.mjs';
import { cacheFolder, fillAtomically, logFile, withLock } from './cache.mjs';
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

const LIBRARY_FOLDERS = [
  'usr/lib/x86_64-linux-gnu',
  'lib/x86_64-linux-gnu',
  'usr/lib/aarch64-linux-gnu',
];

/** A file that shows that the package is there, and what a person types who must get it by hand. */
export const PACKAGES = {
  python3: { file: 'usr/bin/python3', use: 'Emscripten and scripts', needsRoot: true },
  /* Unpacked elsewhere, a compiler does not find the C library's headers and start files. */
  'build-essential': { file: 'usr/bin/gcc', use: 'the native C compiler', needsRoot: true },
  cmake: { file: 'usr/bin/cmake', use: 'the native and wasm builds' },
  'ninja-build': { file: 'usr/bin/ninja', use: 'the native and wasm builds' },
  patchelf: { file: 'usr/bin/patchelf', use: 'running the fetched compiler' },
  'libsimde-dev': {
    file: 'usr/include/simde/wasm/simd128.h',
    use: 'wasm SIMD kernels in native tests',
  },
  'libstb-dev': { file: 'usr/include/stb/stb_image.h', use: 'decoding images' },
  'clang-14': { file: 'usr/bin/clang-14', use: 'libFuzzer targets' },
  'libclang-rt-14-dev': {
    file: 'usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a',
    use: 'libFuzzer targets',
  },
  'clang-format-14': { file: 'usr/bin/clang-format-14', use: 'formatting C' },
  'python3-venv': { file: 'usr/share/doc/python3-venv', use: 'reference models in Python' },
  chromium: { file: 'usr/lib/chromium/chromium', use: 'browser tests' },
};

/** Whether the machine's own copy of a package is to be overlooked. */
export function isIgnored(name) {
  const ignored = (process.env.POCKETPHI_IGNORE_SYSTEM ?? '').split(/\s+/);
  return (ignored.includes(name) || ignored.includes('all')) && !PACKAGES[name].needsRoot;
}

function installAsRoot(names) {
  const log = logFile('apt-install');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = [
    '-y',
    '-o',
    'Acquire::Retries=3',
    'install',
    '--no-install-recommends',
    ...names,
  ];
  say(
    `${names.join(' ')} (${names.map((n) => PACKAGES[n].use).join('; ')}) missing: installing with apt-get`,
  );
  say(`  to undo: apt-get remove ${names.join(' ')}`);
  step('apt-get update', () => void run('apt-get', ['update'], { log, env }));
  step('apt-get install', () => void run('apt-get', install, { log, env }));
}

function unpackIntoCache(names) {
  const log = logFile('apt-download');
  const target = join(cacheFolder(), 'debs', names.join('+'));
  say(
    `${names.join(' ')} (${names.map((n) => PACKAGES[n].use).join('; ')}) missing: unpacking into ${target}`,
  );
  say(`  to undo: rm -r ${target}`);
  const state = join(cacheFolder(), 'apt-own');
  const ignored = Object.keys(PACKAGES).filter((name) => isIgnored(name));
  const options = privateAptOptions(state, { without: ignored });
  step('list of packages', () => void run('apt-get', [...options, 'update'], { log }));
  fillAtomically(
    (folder) => {
      let packages = [];
      step('download', () => {
        const wanted = simulateInstall(options, names, log);
        packages = downloadPackages(
          options,
          wanted.map((p) => `${p.name}=${p.version}`),
          join(folder, 'debs'),
          log,
        );
        return `${packages.files.length} packages, ${formatBytes(packages.bytes)}`;
      });
      step('unpack', () => unpackPackages(packages.files, folder, log));
      rmSync(join(folder, 'debs'), { recursive: true });
    },
    () => {
      run('mkdir', ['-p', join(cacheFolder(), 'debs')]);
      return target;
    },
  );
  rmSync(state, { recursive: true, force: true });
}

function isUnder(root, names) {
  return names.every((name) => existsSync(join(root, PACKAGES[name].file)));
}

function found(root) {
  if (root === '/') return { root, env: process.env };
  const libraries = LIBRARY_FOLDERS.map((folder) => join(root, folder)).filter((folder) =>
    existsSync(folder),
  );
  const path = [join(root, 'usr/bin'), process.env.PATH].join(':');
  const loader = [...libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { root, env: { ...process.env, PATH: path, LD_LIBRARY_PATH: loader } };
}

/** Where the packages are now, without fetching anything: {root, env} or undefined. */
export function findDebs(names) {
  const unpacked = join(cacheFolder(), 'debs', names.join('+'));
  const roots = names.some(isIgnored) ? [unpacked] : ['/', unpacked];
  const root = roots.find((folder) => isUnder(folder, names));
  return root ? found(root) : undefined;
}

/** The same, fetched when missing. Throws SetupError with the one line that says how to get them by hand. */
export function ensureDebs(names) {
  const present = findDebs(names);
  if (present) return present;
  const byHand = `install by hand: apt-get install ${names.join(' ')}`;
  if (!hasApt())
    throw new MissingError(
      `${names.join(', ')} missing and this system has no apt; ${byHand} (or its equivalent)`,
    );
  const forRoot = names.filter((name) => PACKAGES[name].needsRoot && !isUnder('/', [name]));
  if (forRoot.length > 0 && !isRoot())
    throw new MissingError(`${forRoot.join(', ')} missing, which only root can install; ${byHand}`);
  withLock('debs', () => {
    if (findDebs(names)) return;
    try {
      if (isRoot() && !names.some(isIgnored))
        installAsRoot(names.filter((name) => !isUnder('/', [name])));
      else unpackIntoCache(names);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      throw new MissingError(
        `${names.join(', ')} missing and could not be fetched; ${byHand}\n  ${error.message}`,
      );
    }
  });
  const fetched = findDebs(names);
  if (!fetched)
    throw new MissingError(
      `${names.join(', ')}: fetched, but ${PACKAGES[names[0]].file} is not there; ${byHand}`,
    );
  return fetched;
}

/** A program from PATH, else from its Debian package: {file, env}. */
export function ensureProgram(name, deb = name) {
  const file = isIgnored(deb) ? undefined : which(name);
  if (file) return { file, env: process.env };
  const { env } = ensureDebs([deb]);
  return { file: which(name, env.PATH) ?? name, env };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runMain(() => {
    const names = process.argv.slice(2);
    const unknown = names.filter((name) => !PACKAGES[name]);
    if (names.length === 0 || unknown.length > 0) {
      const known = Object.keys(PACKAGES).join(' ');
      throw new SetupError(
        `usage: debs.mjs <package>...; got "${names.join(' ')}"; known: ${known}`,
      );
    }
    say(ensureDebs(names).root);
  });
}
