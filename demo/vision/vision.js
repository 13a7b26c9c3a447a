/* The page that asks about pictures: pictures in an order, a model, a question; what the model will see and what it
 * costs before, how far it is meanwhile, the answer as it is written. */
import { blobOf } from '../site/canvas.js';
import { EMBEDDED_VISION } from '../site/embedded.js';
import { ErrorBox, PageError } from '../site/errors.js';
import { formatNumber, formatSeconds } from '../site/format.js';
import { mountFrame } from '../site/frame.js';
import { LoadPanel } from '../site/load-panel.js';
import { ModelChoice } from '../site/model-choice.js';
import { sum } from '../site/numbers.js';
import { drawSuggestions } from '../site/suggestions.js';
import { byId, put } from '../site/text.js';
import { nTilesOf, VisionEngine } from '../site/vision-engine.js';
import { Answers } from './answers.js';
import { Drawing } from './drawing.js';
import { drawExample } from './examples.js';
import { Photo } from './photo.js';
import { PictureList } from './picture-list.js';
import { Talk } from './talk.js';
import { WORDS } from './words.js';

/** How many pieces a picture is cut into at most; undefined: as the model has it. */
const CROPS = { fast: 1, model: undefined, fine: 16 };

const ui = {
  file: byId('file'),
  quality: byId('quality'),
  cost: byId('cost'),
  modelTitle: byId('model-title'),
  load: byId('load'),
  smallNote: byId('small-note'),
  suggestions: byId('suggestions'),
  form: byId('form'),
  question: byId('question'),
  ask: byId('ask'),
  stop: byId('stop'),
  status: byId('status'),
  looking: byId('looking'),
  anew: byId('anew'),
};

const frame = mountFrame({ words: WORDS });
const errorBox = new ErrorBox(byId('error'), frame);
const showError = (error) => errorBox.show(error);
const vision = new VisionEngine(new LoadPanel(byId('loading'), frame));
const talk = new Talk(vision);
const answers = new Answers(frame);
const list = new PictureList(frame, { onChange: picturesChanged, onError: showError });
list.secondsFor = (nTiles) => vision.secondsFor(nTiles);
const choice = new ModelChoice(frame, {
  embedded: EMBEDDED_VISION,
  knownId: 'phi-3.5-vision',
  takesAddress: true,
  loaded: () => vision.loaded,
  onChange: modelChanged,
});
const drawing = new Drawing(frame, { onUse: (canvas) => void addCanvas(canvas, 'drawing') });
const photo = new Photo({
  onTake: (canvas) => void addCanvas(canvas, 'photo'),
  onError: showError,
});

const state = {
  /** The model that is on its way: { abort, promise }. */
  loading: undefined,
  /** Aborts the cutting of pictures, and the answer. */
  planning: undefined,
  asking: undefined,
  say: () => '',
};

const isLoaded = () => vision.has(choice.chosen?.key);

/** The small model looks in its one way. */
function numCrops() {
  return choice.isEmbedded ? undefined : CROPS[ui.quality.querySelector(':checked').value];
}

/** What a conversation is about: other pictures, another order, another look are another one. */
function about() {
  const ids = list.pictures.map(({ id }) => id).join(' ');
  return `${choice.chosen?.key} ${numCrops()} ${ids}`;
}

function say(text) {
  state.say = text;
  put(ui.status, text(frame.words));
}

// ---- The model ---------------------------------------------------------------------------------------------------

async function loadChosen(loading) {
  choice.isLocked = true;
  try {
    await vision.load(choice.chosen, loading.abort.signal);
    await choice.refresh();
  } finally {
    if (state.loading === loading) {
      state.loading = undefined;
      choice.isLocked = state.asking !== undefined;
      draw();
    }
  }
}

/** Loads the chosen model, unless it is there. A load that was stopped is another one's no longer. */
function load() {
  if (isLoaded()) return Promise.resolve();
  if (state.loading === undefined || state.loading.abort.signal.aborted) {
    const loading = { abort: new AbortController() };
    state.loading = loading;
    loading.promise = loadChosen(loading);
  }
  return state.loading.promise;
}

/** The small model is there at once: what it sees is shown before a question is asked. */
function loadSmall() {
  if (!choice.isEmbedded || isLoaded() || list.pictures.length === 0) return;
  load().then(replan, showError);
}

function modelChanged() {
  draw();
  loadSmall();
  replan();
}

// ---- Pictures ----------------------------------------------------------------------------------------------------

async function addCanvas(canvas, kind) {
  try {
    await list.add(await blobOf(canvas), kind);
  } catch (error) {
    showError(error);
  }
}

async function addFiles(files) {
  errorBox.clear();
  for (const file of files) await list.add(file);
}

function picturesChanged() {
  errorBox.clear();
  draw();
  loadSmall();
  replan();
}

/** Has the loaded model say what it will see of each picture. A later call ends an earlier one. */
async function plan() {
  state.planning?.abort();
  const abort = new AbortController();
  state.planning = abort;
  const { signal } = abort;
  const options = { numCrops: numCrops(), signal };
  const key = `${choice.chosen.key} ${options.numCrops}`;
  try {
    await list.plan((blob) => vision.prepare(blob, options), key, signal);
    if (!signal.aborted && !choice.isEmbedded) talk.check(list.pictures, options.numCrops);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    if (state.planning === abort) state.planning = undefined;
    draw();
  }
}

/** The same, as soon as there is a model. */
function replan() {
  if (isLoaded()) {
    plan().catch(showError);
    return;
  }
  state.planning?.abort();
  list.forgetPlans();
  draw();
}

// ---- A question --------------------------------------------------------------------------------------------------

function setBusy(isBusy) {
  list.isLocked = isBusy;
  choice.isLocked = isBusy;
  ui.ask.hidden = isBusy;
  ui.stop.hidden = !isBusy;
  for (const input of ui.quality.querySelectorAll('input')) input.disabled = isBusy;
  draw();
}

/** Screen readers hear of each picture once; how far it is stands beside. */
function onProgress({ image, done, total, secondsLeft }) {
  const share = total > 0 ? done / total : 0;
  list.progress(image, share);
  const of = formatNumber(list.pictures.length);
  say((words) =>
    share === 1 ? words.statuses.reading : words.lookingAt(formatNumber(image + 1), of),
  );
  const left = secondsLeft ? frame.words.left(formatSeconds(secondsLeft)) : '';
  const parts = [frame.words.looking(Math.floor(share * 100)), left];
  ui.looking.textContent = share === 1 ? '' : parts.filter(Boolean).join(', ');
}

function noteOf({ text, isCut, usage, seconds }) {
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  return (words) =>
    [
      text === '' && words.nothing,
      isCut && words.cutNote,
      words.tookNote(formatSeconds(seconds), formatNumber(usage?.prompt_tokens ?? 0)),
      cached > 0 && words.cachedNote(formatNumber(cached)),
    ]
      .filter(Boolean)
      .join(' ');
}

async function answer(question, signal) {
  say((words) => words.statuses.preparing);
  await load();
  await plan();
  signal.throwIfAborted();
  if (choice.isEmbedded || talk.isNew(about())) answers.clear();
  answers.prepare();
  const turn = answers.begin(question);
  let written = '';
  const options = {
    about: about(),
    pictures: list.pictures,
    numCrops: numCrops(),
    signal,
    onProgress,
    onText(text) {
      if (written === '') say((words) => words.statuses.writing);
      written = text;
      turn.update(text);
    },
  };
  say((words) => words.statuses.reading);
  try {
    const whole = await (choice.isEmbedded
      ? talk.askEach(question, options)
      : talk.ask(question, options));
    await answers.end(turn, whole.text, noteOf(whole));
    say((words) => words.statuses.answered);
  } catch (error) {
    await answers.end(turn, written, (words) => (signal.aborted ? words.stoppedNote : ''));
    throw error;
  }
}

async function ask(question) {
  errorBox.clear();
  const abort = new AbortController();
  state.asking = abort;
  setBusy(true);
  try {
    await answer(question, abort.signal);
    ui.question.value = '';
  } catch (error) {
    const isAborted = abort.signal.aborted || error.code === 'PHI_ECANCELED';
    say((words) => (isAborted ? words.statuses.stopped : words.statuses.failed));
    if (!isAborted) showError(error);
  } finally {
    state.asking = undefined;
    list.endProgress();
    ui.looking.textContent = '';
    const hadFocus = document.activeElement === ui.stop;
    setBusy(false);
    if (hadFocus) ui.question.focus();
  }
}

// ---- What the page says ------------------------------------------------------------------------------------------

function drawCost(words) {
  const plans = list.pictures.map(({ plan }) => plan);
  if (plans.length === 0) return '';
  if (!isLoaded()) return words.costAfter;
  if (plans.includes(undefined)) return state.planning ? words.statuses.preparing : '';
  const tokens = sum(plans.map((plan) => plan.tokens));
  const seconds = vision.secondsFor(sum(plans.map(({ tiles }) => nTilesOf(tiles))));
  return [
    !choice.isEmbedded && words.cost(formatNumber(tokens), formatNumber(vision.contextLength)),
    seconds !== undefined && words.costTime(formatSeconds(seconds)),
  ]
    .filter(Boolean)
    .join(' ');
}

function drawQuestions({ suggestions }) {
  const several = list.pictures.length > 1 ? suggestions.several : [];
  const texts = choice.isEmbedded ? suggestions.small : [...several, ...suggestions.large];
  drawSuggestions(ui.suggestions, texts, (text) => {
    ui.question.value = text;
    submit();
  });
}

function draw() {
  const { words } = frame;
  put(ui.cost, drawCost(words));
  list.draw();
  ui.modelTitle.textContent = words.modelOf(choice.title);
  choice.drawNote();
  ui.smallNote.hidden = !choice.isEmbedded;
  ui.anew.hidden = choice.isEmbedded || talk.length === 0;
  ui.quality.hidden = choice.isEmbedded || list.pictures.length === 0;
  ui.load.hidden = choice.isEmbedded || isLoaded() || state.loading !== undefined;
  drawQuestions(words);
  const isOver = talk.length > 0 && talk.isNew(about()) && state.asking === undefined;
  if (isOver) say(({ statuses }) => statuses.anew);
}

// ---- Events ------------------------------------------------------------------------------------------------------

function submit() {
  const question = ui.question.value.trim();
  if (state.asking !== undefined) return;
  if (list.pictures.length === 0) {
    showError(new PageError('PICTURES_NONE', 'pictures: 0'));
    return;
  }
  if (question === '') {
    ui.question.focus();
    return;
  }
  if (choice.chosen === undefined) {
    byId('model').open = true;
    choice.askForMore();
    return;
  }
  void ask(question);
}

ui.form.addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
});

ui.stop.addEventListener('click', () => {
  state.asking?.abort();
  state.planning?.abort();
  state.loading?.abort.abort();
});

ui.anew.addEventListener('click', () => {
  if (state.asking !== undefined) return;
  talk.clear();
  answers.clear();
  say(() => '');
  ui.question.focus();
});

ui.load.addEventListener('click', () => {
  errorBox.clear();
  if (choice.chosen === undefined) choice.askForMore();
  else load().then(replan, showError);
});

ui.file.addEventListener('change', () => {
  void addFiles([...ui.file.files]);
  ui.file.value = '';
});

ui.quality.addEventListener('change', () => {
  errorBox.clear();
  replan();
});

byId('open-drawing').addEventListener('click', () => drawing.open());
byId('open-photo').addEventListener('click', () => {
  errorBox.clear();
  void photo.open();
});
for (const button of document.querySelectorAll('[data-example]')) {
  button.addEventListener('click', () => {
    errorBox.clear();
    void addCanvas(drawExample(button.dataset.example), 'example');
  });
}

const imagesOf = (transfer) => [...transfer.files].filter(({ type }) => type.startsWith('image/'));

document.addEventListener('paste', (event) => {
  const files = imagesOf(event.clipboardData);
  if (files.length === 0) return;
  event.preventDefault();
  void addFiles(files);
});
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  byId('drop').classList.add('over');
});
document.addEventListener('dragleave', () => byId('drop').classList.remove('over'));
document.addEventListener('drop', (event) => {
  byId('drop').classList.remove('over');
  const files = [...event.dataTransfer.files];
  if (files.length === 0) return; /* a text that is dragged into the field */
  event.preventDefault();
  void addFiles(files);
});

frame.onLanguage(() => {
  draw();
  say(state.say);
});
void choice.refresh();
