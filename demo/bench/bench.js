/* The bench page: what the browser is, a run, its results beside the recorded machines. */
import { Engine, models } from 'pocketphi';
import { EMBEDDED } from '../site/embedded.js';
import { ErrorBox } from '../site/errors.js';
import { formatBytes, formatNumber } from '../site/format.js';
import { mountFrame } from '../site/frame.js';
import { byId, element, put } from '../site/text.js';
import { compare, newestRows } from './comparison.js';
import { threadCounts } from './lengths.js';
import machines from './machines.json';
import { Bench } from './measure.js';
import { makeReport } from './report.js';
import { SPREAD_MAX } from './stats.js';
import { drawMachines, drawThreads, figureText } from './tables.js';
import { WORDS } from './words.js';
import { describeBrowser, ESTIMATED_MODEL, worldOf } from './world.js';

const ui = Object.fromEntries(
  [
    'here',
    'form',
    'model',
    'rounds',
    'start',
    'stop',
    'progress',
    'step',
    'bar',
    'results',
    'restless',
    'kernels',
    'copy',
    'copied',
    'json',
  ].map((id) => [id, byId(id)]),
);
const hiddenWarning = byId('hidden-warning');

const frame = mountFrame({ words: WORDS });
const errorBox = new ErrorBox(byId('error'), frame);

const state = {
  probe: undefined,
  /** Complete stored models. */
  stored: [],
  abort: undefined,
  /** The last step of the run, and what is said when none is. */
  step: undefined,
  note: () => '',
  /** A run that has ended, as makeReport() takes it. */
  run: undefined,
  /** The module that draws, a promise. */
  charts: undefined,
};

// ---- What is said ------------------------------------------------------------------------------------------------

function fillFacts(list, facts) {
  const pairs = facts.map(([name, value]) => {
    const pair = element('div');
    const told = element('dd', '', value);
    pair.append(element('dt', '', name), told);
    return pair;
  });
  list.replaceChildren(...pairs);
}

function drawHere() {
  const { words } = frame;
  const { probe } = state;
  if (probe === undefined) return;
  const { brands, userAgent, cores } = describeBrowser(probe);
  const { browser, cores: processors, threads, build } = words.facts;
  fillFacts(ui.here, [
    [browser, brands?.at(-1) ?? userAgent],
    [processors, cores === null ? '?' : formatNumber(cores)],
    [threads, formatNumber(probe.threads)],
    [build, `${probe.variant} (${probe.reason})`],
  ]);
}

function drawModels() {
  const { words } = frame;
  const chosen = ui.model.options.length > 0 ? ui.model.value : undefined;
  const options = [];
  if (EMBEDDED.url !== null) options.push(new Option(words.embedded(EMBEDDED.name), EMBEDDED.url));
  for (const { id, name, storedBytes } of state.stored)
    options.push(new Option(words.storedModel(name, formatBytes(storedBytes)), id));
  options.push(new Option(words.kernelsOnly, ''));
  ui.model.replaceChildren(...options);
  if (options.some((option) => option.value === chosen)) ui.model.value = chosen;
}

function stepText({ phase, threads, round, rounds }) {
  const { words } = frame;
  if (phase === 'kernels') return words.steps.kernels(round, rounds);
  const count = words.threadCount(threads);
  return phase === 'load' ? words.steps.load(count) : words.steps.model(count, round, rounds);
}

function drawStep() {
  const text = state.step ? stepText(state.step) : state.note(frame.words);
  put(ui.step, text);
}

function rangeText({ median, low, high }) {
  return frame.words.range(figureText(median), figureText(low), figureText(high));
}

function drawKernels({ kernels }) {
  const { words } = frame;
  ui.kernels.hidden = kernels === undefined;
  if (kernels === undefined) return;
  const { gemv, gemm, kernel, threads } = kernels;
  fillFacts(ui.kernels, [
    [words.facts.kernel, `${kernel}, ${words.threadCount(threads)}`],
    [words.facts.gemv, words.gigabytes(rangeText(gemv))],
    [words.facts.gemm, words.gigaops(rangeText(gemm))],
  ]);
}

function spreadOf({ kernels, rows }) {
  const all = [kernels?.gemv, kernels?.gemm, ...rows.flatMap((row) => [row.prefill, row.decode])];
  return Math.max(0, ...all.filter((each) => each !== undefined).map(({ spread }) => spread));
}

function drawWarning(run) {
  const { words } = frame;
  const spread = spreadOf(run);
  const told = [
    run.hasHiddenFigures && words.hiddenResult,
    spread > SPREAD_MAX && words.restless(formatNumber(spread * 100, 0)),
  ].filter(Boolean);
  ui.restless.textContent = told.join(' ');
  ui.restless.hidden = told.length === 0;
}

// ---- Drawings ----------------------------------------------------------------------------------------------------

/** Draws into `host` when the library is there; the table says the same meanwhile. */
async function draw(host, make) {
  state.charts ??= import('./charts.js');
  const turn = Symbol('turn');
  host.turn = turn;
  try {
    const charts = await state.charts;
    if (host.turn === turn) host.replaceChildren(...make(charts, plotWidth(host)));
  } catch {
    state.charts = undefined;
    host.replaceChildren(element('p', 'quiet', frame.words.noPlot));
  }
}

/** Two beside each other where there is room. */
function plotWidth(host) {
  const width = host.clientWidth || 320;
  return width >= 720 ? Math.floor((width - 24) / 2) : width;
}

function drawThreadsPlot({ rows }) {
  const { words } = frame;
  const barsOf = (figure) =>
    rows.map((row) => ({
      label: words.threadCount(row.threads),
      ...row[figure],
      said: figureText(row[figure].median),
    }));
  void draw(byId('threads-plot'), ({ threadsChart }, width) => [
    threadsChart(barsOf('prefill'), { title: words.prefillTitle, axis: words.axis, width }),
    threadsChart(barsOf('decode'), { title: words.decodeTitle, axis: words.axis, width }),
  ]);
}

function labelOf({ kind, row }, words) {
  if (kind !== 'recorded') return `${words.thisDevice}: ${words.kinds[kind]}`;
  const { run, model, threads } = row;
  return `${words.machine(run.cpu, run.cores)}: ${model}, ${words.threadCount(threads)}`;
}

function drawRecorded() {
  const { words } = frame;
  const bars = compare(machines, state.run).map((bar) => ({ ...bar, label: labelOf(bar, words) }));
  const here = bars
    .filter(({ kind }) => kind !== 'recorded')
    .map((bar) => ({ ...bar, threads: bar.row.threads, model: 'phi3-mini q4_k_m' }));
  drawMachines(byId('machines-table'), newestRows(machines), here, words);
  const barsOf = (figure) =>
    bars.map((bar) => ({ ...bar, value: bar[figure], said: figureText(bar[figure]) }));
  void draw(byId('machines-plot'), ({ machinesChart }, width) => [
    machinesChart(barsOf('prefill'), { title: words.prefillTitle, axis: words.axis, width }),
    machinesChart(barsOf('decode'), { title: words.decodeTitle, axis: words.axis, width }),
  ]);
}

function drawResults() {
  const { run } = state;
  ui.results.hidden = run === undefined;
  if (run === undefined) return;
  const { words } = frame;
  drawWarning(run);
  drawKernels(run);
  const { model, rows } = run;
  byId('model-results').hidden = model === undefined;
  if (model !== undefined) {
    const { name, prompt, decoded } = model;
    byId('model-name').textContent = words.resultOf(name, prompt, decoded);
    drawThreads(byId('threads-table'), rows, words);
    drawThreadsPlot(run);
  }
  ui.json.textContent = JSON.stringify(makeReport(run), null, 2);
}

// ---- A run -------------------------------------------------------------------------------------------------------

function hasHidden({ kernels, rows }) {
  const all = [kernels?.gemv, ...rows.flatMap(({ prefill, decode }) => [prefill, decode])];
  return all.some((each) => each?.isHidden);
}

/** Steps of a run, each of which moves the bar by one. */
function countSteps(counts, rounds, hasModel) {
  return rounds + 1 + (hasModel ? counts.length * (rounds + 2) : 0);
}

async function measure(signal) {
  const rounds = Number(ui.rounds.value);
  const model = ui.model.value;
  const counts = threadCounts(state.probe.threads);
  let nSteps = 0;
  ui.bar.max = countSteps(counts, rounds, model !== '');
  const onStep = (step) => {
    ui.bar.value = nSteps++;
    state.step = step;
    drawStep();
  };
  const bench = new Bench(worldOf(model), { signal, onStep });
  const kernels = await bench.kernels(rounds);
  const measured =
    model === '' ? { model: undefined, rows: [] } : await bench.model(counts, rounds);
  return { rounds, kernels, ...measured, isEmbedded: model === EMBEDDED.url };
}

function setRunning(isRunning) {
  ui.start.hidden = isRunning;
  ui.stop.hidden = !isRunning;
  ui.model.disabled = isRunning;
  ui.rounds.disabled = isRunning;
  ui.progress.hidden = false;
  ui.bar.hidden = !isRunning;
  if (isRunning) ui.stop.focus();
}

function watchHidden() {
  let wasHidden = document.hidden;
  const look = () => {
    wasHidden ||= document.hidden;
    if (!wasHidden) return;
    hiddenWarning.hidden = false;
    hiddenWarning.textContent = frame.words.hiddenNow;
  };
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    hiddenWarning.hidden = true;
    return wasHidden;
  };
}

async function run() {
  if (state.abort !== undefined || state.probe === undefined) return;
  errorBox.clear();
  const abort = new AbortController();
  state.abort = abort;
  setRunning(true);
  const endWatch = watchHidden();
  let wasHidden = false;
  try {
    const measured = await measure(abort.signal);
    wasHidden = endWatch();
    finish({ ...measured, wasHidden });
  } catch (error) {
    endWatch();
    const isAborted = abort.signal.aborted || error.code === 'PHI_ECANCELED';
    state.note = (words) => (isAborted ? words.canceled : '');
    if (!isAborted) errorBox.show(error);
  }
  state.step = undefined;
  state.abort = undefined;
  const hadFocus = document.activeElement === ui.stop;
  setRunning(false);
  drawStep();
  if (hadFocus) (ui.results.hidden ? ui.start : byId('results-title')).focus();
}

function finish(measured) {
  state.run = {
    ...measured,
    date: new Date(),
    version: document.documentElement.dataset.version ?? '',
    browser: describeBrowser(state.probe),
    estimated: ESTIMATED_MODEL,
    hasHiddenFigures: hasHidden(measured),
  };
  state.note = (words) => words.done;
  drawResults();
  drawRecorded();
}

async function copy() {
  const isCopied = await navigator.clipboard?.writeText(ui.json.textContent).then(
    () => true,
    () => false,
  );
  ui.copied.textContent = isCopied ? frame.words.copied : frame.words.notCopied;
  if (!isCopied) ui.json.closest('details').open = true;
}

// ---- Events ------------------------------------------------------------------------------------------------------

ui.form.addEventListener('submit', (event) => {
  event.preventDefault();
  void run();
});
ui.stop.addEventListener('click', () => state.abort?.abort());
ui.copy.addEventListener('click', () => void copy());

/* What scrolls by itself can be reached by the keyboard. */
for (const box of document.querySelectorAll('.scrolls')) box.tabIndex = 0;

let redraw;
new ResizeObserver(() => {
  clearTimeout(redraw);
  redraw = setTimeout(() => {
    drawRecorded();
    if (state.run?.model !== undefined) drawThreadsPlot(state.run);
  }, 150);
}).observe(byId('machines-plot'));

frame.onLanguage(() => {
  drawHere();
  drawModels();
  drawStep();
  drawResults();
  drawRecorded();
});

state.probe = await Engine.probe();
drawHere();
const isUsable = ({ id, state: how }) => how === 'complete' && id !== EMBEDDED.url;
state.stored = (await models.list().catch(() => [])).filter(isUsable);
drawModels();
