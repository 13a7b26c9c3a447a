/* What every set-up and build script needs to run a program and to say what it is doing.
 *
 * `step()` prints a line before the work and its duration after it; the output of the program itself goes to a log
 * file and is shown only when the step fails, so that a healthy run stays readable. Node built-ins only: these files
 * run before `npm ci` has. */
import { spawnSync } from 'node:child_process';
import { accessSync, appendFileSync, constants, mkdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

const LINES_SHOWN = 20;
const COMMAND_CHARS_SHOWN = 200;

/** A failure whose message is already the one clear line that the user needs: no stack is printed for it. */
export class SetupError extends Error {
  constructor(message) {
    super(message);
    this.name = 'SetupError';
  }
}

/** A SetupError about a thing that is not on this machine and could not be fetched: tests that need it are skipped. */
export class MissingError extends SetupError {
  constructor(message) {
    super(message);
    this.name = 'MissingError';
  }
}

export function say(line) {
  process.stdout.write(`${line}\n`);
}

export function formatBytes(n) {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(1)} kB`;
  return n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(2)} GB`;
}

export function formatSeconds(ms) {
  return ms < 120_000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** Runs `work`, and says what it is before and how long it took after. `work` may return a remark for the last line. */
export function step(title, work) {
  say(`  ${title} ...`);
  const start = Date.now();
  const remark = work();
  say(`  ${title}: ${remark ? `${remark}, ` : ''}${formatSeconds(Date.now() - start)}`);
}

/** The full path of an executable on PATH, or undefined. */
export function which(name, path = process.env.PATH ?? '') {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR' && error.code !== 'EACCES')
        throw error;
    }
  }
  return undefined;
}

/** The lines of a failed program's output that tell why: from the first that speaks of an error, else the last ones. */
function telling(output) {
  const lines = output.trimEnd().split('\n');
  const first = lines.findIndex((line) => /\berror\b|\bFAILED\b|^E: /i.test(line));
  return first < 0 ? lines.slice(-LINES_SHOWN) : lines.slice(first, first + LINES_SHOWN);
}

/** A command as a person would recognise it: without the long row of apt's settings. */
function shorten(command, args) {
  const shown = args.filter(
    (arg, i) => arg !== '-o' && !(args[i - 1] === '-o' && arg.includes('=')),
  );
  return [command, ...shown].join(' ').slice(0, COMMAND_CHARS_SHOWN);
}

/** Runs a program to its end without a terminal; returns its stdout. Throws SetupError with what it said. */
export function run(command, args, { log, cwd, env, input } = {}) {
  const result = spawnSync(command, args, {
    cwd,
    env,
    input: input ?? '',
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`;
  if (log) {
    mkdirSync(dirname(log), { recursive: true });
    appendFileSync(log, `$ ${command} ${args.join(' ')}\n${output}\n`);
  }
  if (result.error) throw new SetupError(`${command}: ${result.error.message}`);
  if (result.status !== 0) {
    const line = shorten(command, args);
    const where = log ? ` (whole log: ${log})` : '';
    throw new SetupError(
      `\`${line}\` failed with ${result.status ?? result.signal}${where}:\n    ${telling(output).join('\n    ')}`,
    );
  }
  return result.stdout;
}

/** Like run(), with the program's output shown as it comes. Returns the exit code. */
export function runShown(command, args, { cwd, env } = {}) {
  const result = spawnSync(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.error) throw new SetupError(`${command}: ${result.error.message}`);
  return result.status ?? 128;
}

/** Runs a script's main function; a SetupError becomes one message and exit code 1. */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`pocketphi: ${error.message}\n`);
    process.exitCode = 1;
  }
}
