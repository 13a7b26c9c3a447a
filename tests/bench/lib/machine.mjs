// What a figure depends on and a reader must know: processor, memory, load, commit.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { REPOSITORY } from '../../../tools/setup/workspace.mjs';

const FLAGS = ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'avx_vnni_int8', 'asimddp', 'i8mm'];

function cpuFlags() {
  if (process.platform !== 'linux') return [];
  const line =
    /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  const all = new Set(line.trim().split(/\s+/));
  return FLAGS.filter((flag) => all.has(flag));
}

function git(...args) {
  return execFileSync('git', args, { cwd: REPOSITORY, encoding: 'utf8' }).trim();
}

function commit() {
  try {
    const isClean = git('status', '--porcelain', '--untracked-files=no') === '';
    return git('rev-parse', '--short', 'HEAD') + (isClean ? '' : '+changes');
  } catch (error) {
    return `unknown (${error.code ?? 'git failed'})`;
  }
}

export function loadAverage() {
  return Number(os.loadavg()[0].toFixed(2));
}

export function describeMachine() {
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    flags: cpuFlags(),
    memoryGib: Number((os.totalmem() / 2 ** 30).toFixed(1)),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    commit: commit(),
    loadAverage: loadAverage(),
    date: new Date().toISOString(),
  };
}

/** A file name for this kind of machine: its processor and number of cores. */
export function machineName({ cpu, cores }) {
  const words = cpu.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return `${words.replace(/^-+|-+$/g, '')}-${cores}-cores`;
}

/** Bytes that processes may still take without swapping. */
export function availableBytes() {
  if (process.platform !== 'linux') return os.freemem();
  const line = /^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'));
  return line === null ? os.freemem() : Number(line[1]) * 1024;
}
