// The printed table: the machine, the small benchmarks, whole models, and every ratio that the project aims at.
import { storageTargets, storageText } from './storage-report.mjs';
import { formatSummary, formatTable } from './table.mjs';

const MIB = 2 ** 20;
const WLLAMA = ['wllama-old', 'wllama-new'];
const NATIVE = ['llama-cpp', 'llama-cpp-nofa'];

export function formatReport(result) {
  const small = [machineText, bandwidthText, kernelsText, visionText, onnxText];
  const parts = small.map((text) => text(result));
  for (const model of result.models)
    parts.push(modelText(model, result.options), storageText(model));
  parts.push(targetsText(result));
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function machineText({ machine, browser, options }) {
  return [
    `${machine.cpu}, ${machine.cores} cores (${machine.flags.join(' ')}), ${machine.memoryGib} GiB, ${machine.system}`,
    `${browser ?? 'no browser'}, Node ${machine.node}, commit ${machine.commit}, ${machine.date}, ` +
      `load average at start ${machine.loadAverage}`,
    `medians of ${options.runs} runs, of ${options.loads} visits; prompt ${options.prefill} tokens, then ` +
      `${options.decode} decoded; long context ${options.longContext}; ~ marks figures taken while other work kept ` +
      'the cores busy',
  ].join('\n');
}

function bandwidthText({ bandwidth }) {
  if (bandwidth === undefined) return '';
  const rows = [];
  for (const [name, part] of Object.entries(bandwidth)) {
    if (part.missing !== undefined) rows.push([name, '-', part.missing]);
    for (const row of part.rows ?? [])
      rows.push([name, String(row.threads), formatSummary(row.gbPerSecond)]);
  }
  return formatTable(['memory read', 'threads', 'GB/s'], rows);
}

// Kernels run on one thread here; their share is of what one native thread reads.
function kernelsText({ kernels, bandwidth }) {
  if (kernels === undefined) return '';
  if (kernels.missing !== undefined) return `kernels: not measured (${kernels.missing})`;
  const peak = bandwidth?.native?.rows?.find(({ threads }) => threads === 1)?.gbPerSecond.best;
  const rows = kernels.rows
    .filter(({ op }) => op !== 'unpack')
    .map((row) => {
      const hasShare = peak !== undefined && row.op === 'gemv';
      return [
        `${row.op} ${row.layout} ${row.isa}`,
        `${row.rows}x${row.cols}`,
        number(row.gb_per_s, 1),
        number(row.gop_per_s, 1),
        number(row.best, 1),
        hasShare ? percent(row.gb_per_s / peak) : '-',
      ];
    });
  const header = ['kernel, 1 thread', 'shape', 'GB/s', 'GOP/s', 'best', 'share of bandwidth'];
  return formatTable(header, rows);
}

// The share is of the GEMM kernel's own rate: the matrices' operations over the time that everything takes.
function visionText({ vision }) {
  if (vision === undefined) return '';
  if (vision.missing !== undefined) return `vision: not measured (${vision.missing})`;
  const rows = vision.rows.map((row) => [
    row.title,
    String(row.threads),
    String(row.tiles),
    String(row.tokens),
    formatSummary(row.prepareSeconds, 2),
    formatSummary(row.seconds, 2),
    number(row.seconds.value / row.tiles, 2),
    formatSummary(row.gopPerSecond),
    row.gemmGopPerSecond === undefined
      ? '-'
      : percent(row.gopPerSecond.value / row.gemmGopPerSecond.value),
  ]);
  const header = [
    'vision encoder, Q8_0',
    'threads',
    'tiles',
    'tokens',
    'prepare s',
    'encode s',
    's a tile',
    'GOP/s',
    'share of GEMM',
  ];
  return formatTable(header, rows);
}

function onnxText({ onnx }) {
  if (onnx === undefined) return '';
  if (onnx.missing !== undefined) return `onnxruntime-web: not measured (${onnx.missing})`;
  const rows = onnx.rows.map((row) => [
    `${row.rows}x${row.depth}`,
    String(row.threads),
    formatSummary(row.gbPerSecond, 2),
    formatSummary(row.gopPerSecond),
  ]);
  return formatTable(
    ['onnxruntime-web MatMulNBits, block 32', 'threads', 'M=1 GB/s', 'M=128 GOP/s'],
    rows,
  );
}

function modelText({ name, bytes, rows }, { longContext }) {
  if (rows.length === 0) return '';
  const lines = rows.map((row) => [
    row.title,
    String(row.threads),
    number(row.loadMs?.value / 1000, 2),
    number(row.fetchMs?.value / 1000, 2),
    formatSummary(row.prefill),
    formatSummary(row.decode, 2),
    formatSummary(row.decodeLong, 2),
    mebibytes(row.memory?.heapBytes),
    mebibytes(row.memory?.peakRssBytes),
  ]);
  const failed = rows
    .filter(({ error }) => error !== undefined)
    .map((row) => `  ${row.title}, ${row.threads} threads: not measured (${row.error})`);
  const title = `${name} (${(bytes / 1e9).toFixed(2)} GB)`;
  const table = formatTable(
    [
      title,
      'threads',
      'load s',
      'fetch s',
      'prefill tok/s',
      'decode tok/s',
      `decode@${longContext}`,
      'wasm MiB',
      'peak RSS MiB',
    ],
    lines,
  );
  return [table, ...failed].join('\n');
}

function targetsText(result) {
  const rows = result.targets.map(({ title, model, value, unit, least, aim }) => {
    const isReached = value === undefined ? '-' : verdict(value, least, aim);
    return [
      title,
      model,
      value === undefined ? '-' : `${value.toFixed(2)}${unit}`,
      `${least}${unit}`,
      `${aim}${unit}`,
      isReached,
    ];
  });
  return formatTable(['target', 'model', 'measured', 'at least', 'aim', ''], rows);
}

// A target whose aim is below its bound is an upper bound.
function verdict(value, least, aim) {
  const isUpper = aim < least;
  const reaches = (bound) => (isUpper ? value <= bound : value >= bound);
  if (reaches(aim)) return 'aim';
  return reaches(least) ? 'ok' : 'MISSED';
}

/** Every ratio, for each model and the largest thread count (and between the largest and one). */
export function computeTargets(models, size) {
  const targets = models.flatMap((model) => [
    ...(model.rows.length > 0 ? modelTargets(model) : []),
    ...storageTargets(model).map((target) => ({ ...target, model: model.name })),
  ]);
  const kilobytes = size === undefined ? undefined : size / 1000;
  targets.push({
    title: 'wasm + JS of one variant, gzipped',
    model: '',
    value: kilobytes,
    unit: ' kB',
    least: 200,
    aim: 120,
  });
  return targets;
}

function modelTargets({ name, rows }) {
  const most = Math.max(...rows.map(({ threads }) => threads));
  const find = (system, threads) =>
    rows.find((row) => row.system === system && row.threads === threads);
  const ours = find('pocketphi', most);
  const single = find('pocketphi', 1);
  const best = (systems, figure) =>
    Math.max(...systems.map((system) => find(system, most)?.[figure]?.value ?? -Infinity));
  const against = (systems, figure) => ratio(ours?.[figure]?.value, best(systems, figure));
  const over = (a, b) => ratio(a?.value, b?.value);
  const target = (title, value, least, aim, unit = 'x') => ({
    title,
    model: name,
    value,
    unit,
    least,
    aim,
  });
  return [
    target('decode / best wllama', against(WLLAMA, 'decode'), 3.5, 4.5),
    target('decode / native llama.cpp', against(NATIVE, 'decode'), 1.1, 1.5),
    target('prefill / best wllama', against(WLLAMA, 'prefill'), 9, 13),
    target('prefill / native llama.cpp', against(NATIVE, 'prefill'), 0.65, 0.9),
    target('decode, long context / short', over(ours?.decodeLong, ours?.decode), 0.7, 0.85),
    target(
      `decode, ${most} threads / 1`,
      most > 1 ? over(ours?.decode, single?.decode) : undefined,
      1.8,
      1.95,
    ),
    target(
      `prefill, ${most} threads / 1`,
      most > 1 ? over(ours?.prefill, single?.prefill) : undefined,
      1.8,
      1.95,
    ),
    target('ready to generate / fetch', over(ours?.loadMs, ours?.fetchMs), 1.15, 1.05),
    target('peak wasm memory over weights + KV', overhead(ours?.memory), 64, 32, ' MiB'),
  ];
}

function overhead(memory) {
  if (memory?.heapBytes === undefined) return undefined;
  return (memory.heapBytes - memory.weightBytes - memory.kvBytes) / MIB;
}

function ratio(a, b) {
  return a === undefined || b === undefined || !Number.isFinite(b) ? undefined : a / b;
}

function number(value, digits) {
  return value === undefined || Number.isNaN(value) ? '-' : value.toFixed(digits);
}

function mebibytes(bytes) {
  return bytes === undefined ? '-' : (bytes / MIB).toFixed(0);
}

function percent(share) {
  return `${(100 * share).toFixed(0)} %`;
}
