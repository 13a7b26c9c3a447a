/* Counts tests over all suites of one `npm test`, and prints what a reader looks for at the end. */
import { spawn } from 'node:child_process';
import { formatSeconds, MissingError, SetupError, say } from '../setup/report.mjs';

const PROGRAM_MS_MAX = 30 * 60_000;

/** Runs a program with its output shown as it comes; returns {code, output}. A program that hangs is ended. */
export function runTee(command, args, { env = process.env, cwd } = {}) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, PROGRAM_MS_MAX);
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      from.setEncoding('utf8');
      from.on('data', (text) => {
        output += text;
        to.write(text);
      });
    }
    child.on('error', (error) => {
      clearTimeout(timer);
      failed(new SetupError(`${command}: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (isLate) say(`  ended after ${formatSeconds(PROGRAM_MS_MAX)}: ${command}`);
      if (signal && !isLate) say(`  ended by ${signal}: ${command}`);
      done({ code: code ?? 128, output });
    });
  });
}

export class Tally {
  passed = 0;
  failures = [];
  skips = [];

  add(passed, failures = [], skips = []) {
    this.passed += passed;
    this.failures.push(...failures);
    this.skips.push(...skips);
  }

  skip(what, why) {
    say(`  SKIPPED ${what}: ${why}`);
    this.skips.push(`${what}: ${why}`);
  }

  /** A check that is one test: exit code 0 is a pass. */
  async check(name, command, args, options) {
    const { code } = await runTee(command, args, options);
    this.add(code === 0 ? 1 : 0, code === 0 ? [] : [name]);
  }

  /** A test program that ends with "N passed, N failed, N skipped"; without that line it is one test. */
  async program(name, command, args, options) {
    say(`  ${name}`);
    const { code, output } = await runTee(command, args, options);
    const counts = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
    const named = [...output.matchAll(/^FAILED (.+)$/gm)].map((m) => `${name}: ${m[1]}`);
    const skips = [...output.matchAll(/^SKIPPED (.+)$/gm)].map((m) => `${name}: ${m[1]}`);
    const failures = [...new Set(named)];
    if (code !== 0 && failures.length === 0) failures.push(`${name}: exit code ${code}`);
    this.add(counts ? Number(counts[1]) : Number(code === 0), failures, skips);
  }

  /** Runs a suite under a heading. What is missing and cannot be fetched skips it; anything else fails it. */
  async suite(title, work) {
    say(`\n=== ${title}`);
    const start = Date.now();
    try {
      await work();
    } catch (error) {
      if (error instanceof MissingError) {
        this.skip(title, error.message);
      } else {
        say(`  FAILED ${title}: ${error instanceof SetupError ? error.message : error.stack}`);
        this.failures.push(`${title}: ${error.message.split('\n')[0]}`);
      }
    }
    say(`  (${formatSeconds(Date.now() - start)})`);
  }

  /** Prints the summary; true when nothing failed and something passed. */
  report(ms) {
    say('\n=== summary');
    for (const skip of this.skips) say(`  SKIPPED ${skip}`);
    for (const failure of this.failures) say(`  FAILED ${failure}`);
    say(`  ${formatSeconds(ms)}`);
    say(`${this.passed} passed, ${this.failures.length} failed, ${this.skips.length} skipped`);
    return this.failures.length === 0 && this.passed > 0;
  }
}
