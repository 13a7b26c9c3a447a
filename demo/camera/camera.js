/* The page of the camera that watches: a source of frames, a rule, how often; one frame is tried, and its cost told,
 * before the watch begins. Whatever ends it closes the source: the light of the camera goes off. */

import { blobOf } from '../site/canvas.js';
import { Confirm } from '../site/confirm.js';
import { EMBEDDED_VISION } from '../site/embedded.js';
import { ErrorBox, PageError } from '../site/errors.js';
import { formatNumber, formatSeconds, formatTime } from '../site/format.js';
import { mountFrame } from '../site/frame.js';
import { LoadPanel } from '../site/load-panel.js';
import { ModelChoice } from '../site/model-choice.js';
import { saveFile } from '../site/save-file.js';
import { nameKind, readRule } from '../site/small-vision.js';
import { drawSuggestions } from '../site/suggestions.js';
import { byId, put } from '../site/text.js';
import { VisionEngine } from '../site/vision-engine.js';
import { Awake } from './awake.js';
import { MatchLog } from './log.js';
import { Looker } from './look.js';
import { openSource, showIdle } from './source.js';
import { watch } from './watch.js';
import { WORDS } from './words.js';

const EVERY_SECONDS = [1, 2, 5, 10, 30, 60, 300];
const EVERY_DEFAULT = 5;

const ui = {
  sources: byId('sources'),
  fileRow: byId('file-row'),
  file: byId('file'),
  fileName: byId('file-name'),
  rule: byId('rule'),
  understood: byId('understood'),
  suggestions: byId('suggestions'),
  every: byId('every'),
  describes: byId('describes'),
  modelTitle: byId('model-title'),
  smallNote: byId('small-note'),
  form: byId('form'),
  prepare: byId('prepare'),
  start: byId('start'),
  stop: byId('stop'),
  watch: byId('watch'),
  title: byId('watch-title'),
  status: byId('status'),
  cost: byId('cost'),
  bar: byId('bar'),
  seen: byId('seen'),
  seenAnswer: byId('seen-answer'),
  seenDescription: byId('seen-description'),
  seenNote: byId('seen-note'),
  next: byId('next'),
};

const frame = mountFrame({ words: WORDS });
const errorBox = new ErrorBox(byId('error'), frame);
const vision = new VisionEngine(new LoadPanel(byId('loading'), frame));
const confirm = new Confirm(frame);
const log = new MatchLog(frame);
const awake = new Awake();
const choice = new ModelChoice(frame, {
  embedded: EMBEDDED_VISION,
  knownId: 'phi-3.5-vision',
  takesAddress: true,
  loaded: () => vision.loaded,
  onChange: () => unready(),
});

/* idle ─prepare─▶ trying ─▶ ready ─start─▶ watching; stop, an error, another wish: back to idle. */
const state = {
  mode: 'idle',
  abort: undefined,
  source: undefined,
  looker: undefined,
  /** What this run watches for. */
  rule: '',
  file: undefined,
  /** What a frame takes; what was seen last, { isMatch, answer, description, seconds }. */
  seconds: undefined,
  seen: undefined,
  nFrames: 0,
  nMatches: 0,
  nextAt: undefined,
  say: () => '',
};

const sourceKind = () => ui.sources.querySelector(':checked').value;
const rule = () => ui.rule.value.trim();

function say(text) {
  state.say = text;
  put(ui.status, text(frame.words));
}

// ---- Modes -------------------------------------------------------------------------------------------------------

function setMode(mode) {
  state.mode = mode;
  const isIdle = mode === 'idle' || mode === 'ready';
  for (const control of ui.form.querySelectorAll('input, select')) control.disabled = !isIdle;
  for (const control of ui.sources.querySelectorAll('input')) control.disabled = !isIdle;
  for (const suggestion of ui.suggestions.children) suggestion.disabled = !isIdle;
  ui.file.disabled = !isIdle;
  choice.isLocked = !isIdle;
  ui.prepare.hidden = !isIdle;
  ui.prepare.classList.toggle('primary', mode === 'idle');
  ui.start.hidden = mode !== 'ready';
  ui.stop.hidden = mode === 'idle';
  if (mode !== 'idle') ui.watch.hidden = false;
}

/** Everything off. */
function close() {
  state.abort?.abort();
  state.abort = undefined;
  state.source = undefined;
  state.nextAt = undefined;
  awake.end();
  ui.bar.hidden = true;
  setMode('idle');
  draw();
}

/** Another wish than the one that was tried. */
function unready() {
  if (state.mode === 'ready') {
    close();
    state.seconds = undefined;
    say(() => '');
  }
  draw();
}

function stop(text) {
  const hadFocus = document.activeElement === ui.stop;
  close();
  say(text);
  if (hadFocus) ui.prepare.focus();
}

function ended(code) {
  if (state.mode === 'idle') return;
  stop((words) => words.statuses[code]);
  if (code === 'CAMERA_ENDED') errorBox.show(new PageError(code, 'the track has ended'));
}

/** Does `work(signal)`; what goes wrong ends the watch. */
async function guarded(work) {
  const { signal } = state.abort;
  try {
    await work(signal);
  } catch (error) {
    if (signal.aborted) return;
    const isWish = error.code === 'PHI_ECANCELED';
    stop((words) => (isWish ? words.statuses.stopped : words.statuses.failed));
    if (!isWish) errorBox.show(error);
  }
}

// ---- One frame ---------------------------------------------------------------------------------------------------

function onProgress({ done, total }) {
  ui.bar.hidden = false;
  ui.bar.value = total > 0 ? done / total : 0;
}

/** A frame of now, and what is seen in it; a match is in the log. */
async function look(signal) {
  const canvas = state.source.frame();
  const seen = await state.looker.look(await blobOf(canvas), { signal, onProgress });
  ui.bar.hidden = true;
  if (signal.aborted) return seen;
  state.nFrames++;
  if (seen.isMatch) {
    state.nMatches++;
    const answer = answerText(seen, frame.words);
    await log.add(canvas, { ...seen, rule: state.rule, answer });
  }
  return seen;
}

async function open(signal) {
  const kind = sourceKind();
  if (rule() === '' && !ui.describes.checked) throw new PageError('NOTHING_ASKED', 'no rule');
  if (kind === 'file' && state.file === undefined) throw new PageError('VIDEO_NONE', 'no file');
  const wishes = {
    rule: rule(),
    describes: ui.describes.checked,
    isSmall: choice.isEmbedded,
    language: frame.language,
  };
  state.looker = new Looker(vision, wishes);
  state.rule = wishes.rule;
  await vision.load(choice.chosen, signal);
  await choice.refresh();
  signal.throwIfAborted();
  const source = await openSource(kind, { file: state.file, onEnd: ended, signal });
  signal.throwIfAborted();
  state.source = source;
}

async function prepare() {
  errorBox.clear();
  close();
  state.abort = new AbortController();
  Object.assign(state, { seconds: undefined, seen: undefined, nFrames: 0, nMatches: 0 });
  setMode('trying');
  draw();
  say((words) => words.statuses.opening);
  await guarded(async (signal) => {
    await open(signal);
    say((words) => words.statuses.trying);
    const begin = performance.now();
    const seen = await look(signal);
    signal.throwIfAborted();
    state.seconds = (performance.now() - begin) / 1000;
    state.seen = { ...seen, seconds: state.seconds };
    setMode('ready');
    draw();
    say((words) => words.statuses.tried);
    ui.start.focus();
  });
}

async function start() {
  errorBox.clear();
  setMode('watching');
  awake.begin();
  ui.title.focus({ preventScroll: true });
  say((words) => words.statuses.watching);
  await guarded(async (signal) => {
    await state.source.start?.();
    await watch({
      look: () => look(signal),
      everyMs: Number(ui.every.value) * 1000,
      signal,
      onFrame(seen) {
        state.seen = seen;
        state.seconds = seen.seconds;
        say((words) => (seen.isMatch ? words.statuses.match : words.statuses.watching));
        draw();
      },
      onWait(ms) {
        state.nextAt = new Date(Date.now() + ms);
        draw();
      },
    });
  });
}

// ---- What the page says ------------------------------------------------------------------------------------------

/** What the model said of the rule, in the language of the page. */
function answerText({ answer }, words) {
  return Object.hasOwn(words.answers, answer)
    ? words.answers[answer]
    : answer || words.answers.none;
}

function drawCost(words) {
  if (state.seconds === undefined) return '';
  const every = Number(ui.every.value);
  const time = (seconds) =>
    seconds < 10 ? words.secondsOf(formatNumber(Math.max(0.1, seconds))) : formatSeconds(seconds);
  const fits =
    state.seconds <= every
      ? words.costFits(formatSeconds(every))
      : words.costOver(time(state.seconds));
  return `${words.cost(time(state.seconds))} ${fits}`;
}

function drawSeen(words) {
  const { seen } = state;
  ui.seen.hidden = seen === undefined;
  if (seen === undefined) return;
  ui.seen.classList.toggle('match', seen.isMatch);
  const answer = answerText(seen, words);
  put(ui.seenAnswer, state.rule === '' ? '' : words.ruleAnswer(state.rule, answer));
  put(ui.seenDescription, seen.description);
  const time = words.secondsOf(formatNumber(Math.max(0.1, seen.seconds)));
  const counts = [state.nFrames, state.nMatches].map((count) => formatNumber(count));
  put(ui.seenNote, words.seenNote(time, ...counts));
  put(ui.next, state.nextAt === undefined ? '' : words.next(formatTime(state.nextAt)));
}

function drawRule(words, language) {
  ui.smallNote.hidden = !choice.isEmbedded;
  const kind = choice.isEmbedded ? readRule(rule()) : undefined;
  const said =
    kind === undefined || rule() === ''
      ? ''
      : words.understood(formatNumber(kind.least), nameKind(kind, language));
  put(ui.understood, said);
  const texts = words.suggestions[choice.isEmbedded ? 'small' : 'large'];
  const gone = drawSuggestions(ui.suggestions, texts, (text) => {
    ui.rule.value = text;
    unready();
  });
  if (gone === undefined) return;
  /* The rule of another list is one of ours: the first of this list instead. */
  if (rule() === '' || gone.includes(rule())) ui.rule.value = texts[0];
  drawRule(words, language);
}

function draw() {
  const { words, language } = frame;
  ui.modelTitle.textContent = words.modelOf(choice.title);
  choice.drawNote();
  if (state.source === undefined) showIdle(sourceKind(), words);
  ui.fileRow.hidden = sourceKind() !== 'file';
  ui.fileName.textContent = state.file?.name ?? '';
  drawRule(words, language);
  put(ui.cost, drawCost(words));
  drawSeen(words);
}

function drawEvery() {
  const { value } = ui.every;
  const options = EVERY_SECONDS.map((seconds) => new Option(formatSeconds(seconds), seconds));
  ui.every.replaceChildren(...options);
  ui.every.value = value || EVERY_DEFAULT;
}

// ---- Events ------------------------------------------------------------------------------------------------------

ui.form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (state.mode !== 'idle' && state.mode !== 'ready') return;
  if (choice.chosen === undefined) {
    byId('model').open = true;
    choice.askForMore();
    return;
  }
  void prepare();
});
ui.start.addEventListener('click', () => void start());
ui.stop.addEventListener('click', () => {
  const said = sourceKind() === 'camera' ? 'cameraOff' : 'stopped';
  stop((words) => words.statuses[said]);
});
ui.sources.addEventListener('change', unready);
ui.rule.addEventListener('input', unready);
ui.describes.addEventListener('change', unready);
ui.every.addEventListener('change', draw);
ui.file.addEventListener('change', () => {
  [state.file] = ui.file.files;
  unready();
});
byId('export').addEventListener('click', async () => {
  try {
    saveFile(await log.export(), `pocketphi-watch-${new Date().toISOString().slice(0, 10)}.html`);
  } catch (error) {
    errorBox.show(error);
  }
});
byId('clear').addEventListener('click', async () => {
  const { words } = frame;
  if (!(await confirm.ask(words.clearAsk, words.clear))) return;
  log.clear();
  frame.setStatus(frame.words.cleared);
  byId('log-title').focus();
});
addEventListener('pagehide', close);

frame.onLanguage(() => {
  drawEvery();
  draw();
  say(state.say);
});
void choice.refresh();
