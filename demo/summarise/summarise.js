/* The summarise page: a text, wishes, a model; then the job (job.js), drawn as it goes. */
import { Confirm } from '../site/confirm.js';
import { ErrorBox } from '../site/errors.js';
import { formatNumber, formatSeconds } from '../site/format.js';
import { mountFrame } from '../site/frame.js';
import { LoadPanel } from '../site/load-panel.js';
import { ModelChoice } from '../site/model-choice.js';
import { byId } from '../site/text.js';
import { askModel } from './ask-model.js';
import { ContextTooSmall, SummaryJob } from './job.js';
import { SourceView } from './source-view.js';
import { WORDS } from './words.js';
import { WorkView } from './work-view.js';

/** More parts than this are asked about first. */
const PARTS_UNASKED = 24;
/** Steps behind the parts, in parts: merging and the summary itself. */
const STEPS_BEHIND = 2;

const ui = {
  form: byId('form'),
  kind: byId('kind'),
  language: byId('summary-language'),
  aspects: byId('aspects'),
  start: byId('start'),
  stop: byId('stop'),
  goOn: byId('continue'),
};

const frame = mountFrame({ words: WORDS });
const errorBox = new ErrorBox(byId('error'), frame);
const panel = new LoadPanel(byId('loading'), frame);
const confirm = new Confirm(frame);
const state = {
  engine: undefined,
  /** The key of its model in the list. */
  engineKey: undefined,
  engineName: '',
  job: undefined,
  /** Aborts what is under way. */
  abort: undefined,
};

/* The tutor that comes with the site is not among them, as it cannot. */
const choice = new ModelChoice(frame, {
  knownId: 'phi-3-mini-4k-q4',
  loaded: () =>
    state.engine && {
      key: state.engineKey,
      name: state.engineName,
      storage: state.engine.storage,
    },
});
const source = new SourceView(frame, {
  onError: (error) => errorBox.show(error),
  onText: ({ kind }) => {
    errorBox.clear();
    ui.kind.value = kind;
    showAspects();
  },
});
const view = new WorkView(frame, { onContinue: () => void work(goOn) });

function showAspects() {
  ui.aspects.hidden = ui.kind.value !== 'thread';
}

function readWishes() {
  const aspects = [...ui.aspects.querySelectorAll('input:checked')].map(({ value }) => value);
  return {
    kind: ui.kind.value,
    length: new FormData(ui.form).get('length'),
    language: ui.language.value,
    aspects,
  };
}

function setBusy(isBusy) {
  source.isLocked = isBusy;
  choice.isLocked = isBusy;
  ui.stop.hidden = !isBusy;
  ui.start.hidden = isBusy;
}

// ---- The engine --------------------------------------------------------------------------------------------------

async function dropEngine() {
  const { engine } = state;
  state.engine = undefined;
  state.engineKey = undefined;
  choice.drawNote();
  await engine?.destroy();
}

async function engineOf({ key, model, name }) {
  if (state.engine !== undefined && state.engineKey === key) return state.engine;
  await dropEngine();
  /* Drawn by then: the model takes longer. */
  view.renderer = import('../chat/render.js');
  state.engine = await panel.load({ model, name });
  state.engineKey = key;
  state.engineName = state.engine.info.name || name;
  await choice.refresh();
  return state.engine;
}

// ---- The job -----------------------------------------------------------------------------------------------------

/** Seconds that are left, from the parts of this run. */
class Pace {
  #start = performance.now();
  #nDone = 0;

  done() {
    this.#nDone++;
  }

  get seconds() {
    return (performance.now() - this.#start) / 1000;
  }

  left(nLeft) {
    return this.#nDone === 0 ? undefined : (this.seconds / this.#nDone) * nLeft;
  }
}

function statusOf({ kind, index, of }) {
  if (kind === 'part') return (words) => words.stepPart(index + 1, of);
  if (kind === 'merge') return (words) => words.stepMerge(index + 1, of);
  return (words) => words.stepFinal;
}

function stepDrawer(job) {
  const pace = new Pace();
  const nSteps = job.parts.length + (job.parts.length > 1 ? STEPS_BEHIND : 0);
  let lastKey;
  const onStep = (step) => {
    view.step(step);
    const isFirst = step.key !== lastKey;
    lastKey = step.key;
    if (step.isDone && step.kind === 'part') pace.done();
    if (!isFirst && !step.isDone) return;
    view.say(statusOf(step));
    const isPart = step.kind === 'part';
    const nDone = isPart ? step.index + Number(step.isDone) : job.parts.length;
    view.progress(nDone / nSteps, isPart ? pace.left(nSteps - nDone) : undefined);
  };
  return { onStep, pace };
}

async function plan(job, signal) {
  view.say((words) => words.planning(0));
  await job.plan({
    signal,
    onProgress: (share) => {
      const percent = Math.floor(share * 100);
      view.progress(share);
      view.say((words) => words.planning(percent));
    },
  });
  const nParts = job.parts.length;
  if (nParts <= PARTS_UNASKED) return true;
  const { words } = frame;
  const question = words.manyParts(formatNumber(nParts), formatNumber(job.tokens));
  return await confirm.ask(question, words.goOn);
}

async function begin(signal) {
  const wishes = readWishes();
  const engine = await engineOf(choice.chosen);
  signal.throwIfAborted();
  const job = new SummaryJob(source.text, wishes, askModel(engine));
  state.job = job;
  view.begin(true);
  if (await plan(job, signal)) await run(job, signal);
  else {
    state.job = undefined;
    await view.end({ status: () => '', canContinue: false });
  }
}

async function goOn(signal) {
  view.begin(false);
  await run(state.job, signal);
}

async function run(job, signal) {
  const { onStep, pace } = stepDrawer(job);
  const { text, isCut } = await job.run({ signal, onStep });
  const { seconds } = pace;
  await view.end({
    status: (words) => (text.trim() === '' ? words.nothing : words.done),
    note: (words) =>
      [
        isCut && words.cutOff,
        words.took(job.parts.length, formatSeconds(seconds)),
        text.trim() !== '' && words.mayErr,
      ]
        .filter(Boolean)
        .join(' '),
    canContinue: false,
  });
}

/** Whatever ended it: what was written stays, and can be gone on with while the engine lives. */
async function stopped(error, isAborted) {
  if (error.code === 'PHI_EPOISONED') await dropEngine();
  const shown =
    error instanceof ContextTooSmall ? { code: 'CONTEXT_SMALL', message: error.message } : error;
  if (!isAborted) errorBox.show(shown);
  const hasPlan = state.job?.parts !== undefined && state.engine !== undefined;
  const status = (words) => (isAborted ? words.stopped : words.failed);
  if (state.job !== undefined) await view.end({ status, canContinue: hasPlan });
}

async function work(doing) {
  if (state.abort !== undefined) return;
  errorBox.clear();
  const abort = new AbortController();
  state.abort = abort;
  setBusy(true);
  try {
    await doing(abort.signal);
  } catch (error) {
    const isAborted = abort.signal.aborted || error.code === 'PHI_ECANCELED';
    await stopped(error, isAborted);
  } finally {
    state.abort = undefined;
    const hadFocus = document.activeElement === ui.stop;
    setBusy(false);
    if (hadFocus) (ui.goOn.checkVisibility() ? ui.goOn : ui.start).focus();
  }
}

// ---- Events ------------------------------------------------------------------------------------------------------

ui.kind.addEventListener('change', showAspects);

ui.form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (source.text.trim() === '') {
    byId('text').focus();
    return;
  }
  if (choice.chosen === undefined) {
    choice.askForMore();
    return;
  }
  state.job = undefined;
  void work(begin);
});

ui.stop.addEventListener('click', () => {
  state.abort?.abort();
  if (panel.isLoading) panel.cancel();
});

document.addEventListener('dragover', (event) => {
  event.preventDefault();
  byId('source').classList.add('over');
});
document.addEventListener('dragleave', () => byId('source').classList.remove('over'));
document.addEventListener('drop', (event) => {
  const [file] = event.dataTransfer.files;
  byId('source').classList.remove('over');
  if (!file && event.target === byId('text')) return; /* a text that is dragged into the field */
  event.preventDefault();
  errorBox.clear();
  if (file) void source.take(file);
});

showAspects();
void choice.refresh();
