/* The chat page: no framework, the package as any page would use it. Text of the model goes in as text, never as
 * HTML. */
import { Engine, models } from 'pocketphi';
import { formatBytes, formatNumber, formatSeconds } from '../site/format.js';
import { StoredList } from '../site/stored-list.js';
import { pickLanguage, WORDS } from './words.js';

const byId = (id) => document.getElementById(id);

const ui = {
  language: byId('language'),
  loader: byId('loader'),
  urlForm: byId('url-form'),
  url: byId('url'),
  known: byId('known'),
  notice: byId('notice'),
  drop: byId('drop'),
  file: byId('file'),
  loading: byId('loading'),
  loadingFile: byId('loading-file'),
  loadingPhase: byId('loading-phase'),
  loadingText: byId('loading-text'),
  loadingNote: byId('loading-note'),
  progress: byId('progress'),
  cancelLoad: byId('cancel-load'),
  chat: byId('chat'),
  chatTitle: byId('chat-title'),
  kept: byId('kept'),
  newChat: byId('new-chat'),
  otherModel: byId('other-model'),
  messages: byId('messages'),
  ask: byId('ask'),
  question: byId('question'),
  send: byId('send'),
  stop: byId('stop'),
  rate: byId('rate'),
  error: byId('error'),
  variant: byId('variant'),
};

const state = {
  engine: undefined,
  /** Aborts the load or the answer that is under way. */
  abort: undefined,
  history: [],
  words: WORDS.en,
  /** What the footer and the error box say, to say it again in another language. */
  build: undefined,
  shownError: undefined,
  lastRate: undefined,
  /** The last Progress of the load. */
  progress: undefined,
  /** What became of the weights: { storage, bytes, isFile }. */
  kept: undefined,
  /** Which words the loader's notice says. */
  notice: undefined,
};

/* As the site's frame, until this page has it. */
const frame = {
  language: 'en',
  words: WORDS.en,
  onLanguage: (fn) => fn(),
};

const storedList = new StoredList(byId('stored'), frame, {
  onLoad: ({ id, name }) => void load(id, name),
  onError: (error) => showError(error),
  onEmpty: () => ui.url.focus(),
});

// ---- Words -------------------------------------------------------------------------------------------------------

function setLanguage(language) {
  state.words = WORDS[language];
  frame.language = language;
  frame.words = state.words;
  document.documentElement.lang = language;
  ui.language.value = language;
  for (const element of document.querySelectorAll('[data-text]')) {
    element.textContent = state.words[element.dataset.text];
  }
  for (const who of document.querySelectorAll('.who'))
    who.textContent = state.words[who.dataset.who];
  ui.question.placeholder = state.words.placeholder;
  showBuild();
  showRate();
  showKept();
  showNotice();
  storedList.render();
  if (state.progress) showProgress(state.progress);
  if (state.shownError) showError(state.shownError);
}

function showBuild() {
  ui.variant.textContent = state.build
    ? state.words.running(state.build.variant, state.build.reason)
    : '';
}

function showRate() {
  const rate = state.lastRate;
  ui.rate.textContent = rate
    ? state.words.rate(rate.tokens, formatNumber(rate.perSecond), rate.cached)
    : '';
}

/** What became of the weights, in words. */
function showKept() {
  ui.kept.replaceChildren();
  if (!state.kept) return;
  const { words } = state;
  const { storage, bytes, isFile } = state.kept;
  if (storage.kind !== null) {
    ui.kept.textContent = words.keptHere(formatBytes(bytes), words.places[storage.kind]);
  } else if (isFile) {
    ui.kept.textContent = words.notKeptFile;
  } else {
    const reason = document.createElement('span');
    reason.lang = 'en';
    reason.textContent = storage.reason;
    ui.kept.append(words.notKept, ' ', reason);
  }
}

function showNotice() {
  ui.notice.textContent = state.notice ? state.words[state.notice] : '';
}

function showError(error) {
  state.shownError = error;
  const summary = state.words[error.code] ?? state.words.unknownError;
  const detail = document.createElement('span');
  detail.className = 'detail';
  detail.lang = 'en';
  detail.textContent = `${state.words.detail} ${error.message}`;
  ui.error.replaceChildren(summary, detail);
  ui.error.hidden = false;
  ui.error.scrollIntoView({ block: 'nearest' });
}

function clearError() {
  state.shownError = undefined;
  ui.error.hidden = true;
  ui.error.replaceChildren();
}

function show(section) {
  for (const each of [ui.loader, ui.loading, ui.chat]) each.hidden = each !== section;
}

// ---- Loading -----------------------------------------------------------------------------------------------------

function engineOptions() {
  const contextLength = byId('context-length').value;
  const threads = byId('threads').value;
  return {
    ...(contextLength && { contextLength: Number(contextLength) }),
    threads: threads === 'auto' ? 'auto' : Number(threads),
    kernels: byId('kernels').value,
    kvType: byId('kv-type').value,
    storage: byId('storage').value,
  };
}

function showBar(loadedBytes, totalBytes) {
  if (totalBytes === 0) {
    ui.progress.removeAttribute('value');
    return;
  }
  ui.progress.max = totalBytes;
  ui.progress.value = loadedBytes;
}

function showProgress(progress) {
  state.progress = progress;
  const { words } = state;
  const { phase, loadedBytes, totalBytes, fromCacheBytes, bytesPerSecond, secondsLeft } = progress;
  const moves = phase === 'download' || phase === 'load' || phase === 'wait';
  /* Only what changes is put in: a screen reader says each phase once. */
  if (ui.loadingPhase.textContent !== words.phases[phase])
    ui.loadingPhase.textContent = words.phases[phase];
  showBar(loadedBytes, moves ? totalBytes : 0);
  const isMoving = moves && bytesPerSecond > 0;
  ui.loadingText.textContent = [
    moves && words.progress(formatBytes(loadedBytes), totalBytes && formatBytes(totalBytes)),
    isMoving && words.perSecond(formatBytes(bytesPerSecond)),
    isMoving && secondsLeft !== null && words.left(formatSeconds(secondsLeft)),
  ]
    .filter(Boolean)
    .join(' · ');
  const isPartlyHere = phase === 'download' && fromCacheBytes > 0;
  const isResumable = phase === 'download' && byId('storage').value !== 'none';
  const note = document.createElement('span');
  note.lang = 'en';
  note.textContent = progress.note ?? '';
  ui.loadingNote.replaceChildren(
    isPartlyHere ? `${words.fromHere(formatBytes(fromCacheBytes))}. ` : '',
    isResumable ? words.resumable : '',
    note,
  );
}

const PROGRESS_NONE = {
  phase: 'plan',
  loadedBytes: 0,
  totalBytes: 0,
  fromCacheBytes: 0,
  bytesPerSecond: 0,
  secondsLeft: null,
};

async function load(model, name) {
  clearError();
  state.notice = undefined;
  show(ui.loading);
  ui.loadingFile.textContent = name;
  showProgress(PROGRESS_NONE);
  ui.cancelLoad.focus();
  state.abort = new AbortController();
  try {
    const { signal } = state.abort;
    state.engine = await Engine.create({
      model,
      signal,
      onProgress: showProgress,
      ...engineOptions(),
    });
    state.build = { variant: state.engine.variant, reason: state.engine.reason };
    const { storage } = state.engine;
    state.kept = { storage, bytes: state.progress.totalBytes, isFile: model instanceof Blob };
    showBuild();
    startChat(name);
  } catch (error) {
    await failLoad(error);
  }
  state.progress = undefined;
}

async function failLoad(error) {
  const isCanceled = error.code === 'PHI_ECANCELED';
  show(ui.loader);
  if (!isCanceled) showError(error);
  ui.url.focus();
  await storedList.refresh();
  state.notice = isCanceled && storedList.hasPartial ? 'stoppedLoad' : undefined;
  showNotice();
}

async function leaveModel() {
  state.abort?.abort();
  await state.engine?.destroy();
  state.engine = undefined;
  state.kept = undefined;
  clearError();
  show(ui.loader);
  ui.url.focus();
  await storedList.refresh();
}

// ---- Chatting ----------------------------------------------------------------------------------------------------

function startChat(name) {
  ui.chatTitle.textContent = state.engine.info.name || name;
  showKept();
  clearChat();
  show(ui.chat);
  ui.question.focus();
}

function clearChat() {
  state.history = [];
  state.lastRate = undefined;
  showRate();
  ui.messages.replaceChildren();
}

function addMessage(role) {
  const box = document.createElement('div');
  box.className = `message ${role}`;
  const who = document.createElement('div');
  who.className = 'who';
  who.dataset.who = role === 'user' ? 'you' : 'model';
  who.textContent = state.words[who.dataset.who];
  const text = document.createElement('div');
  text.className = 'text';
  box.append(who, text);
  ui.messages.append(box);
  return { box, text };
}

function scrollToEnd() {
  const { messages } = ui;
  const isNearEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 120;
  if (isNearEnd) messages.scrollTop = messages.scrollHeight;
}

function setAnswering(isAnswering) {
  ui.send.hidden = isAnswering;
  ui.stop.hidden = !isAnswering;
  ui.newChat.disabled = isAnswering;
}

function requestOf(history) {
  const system = byId('system').value.trim();
  return {
    messages: [...(system ? [{ role: 'system', content: system }] : []), ...history],
    temperature: Number(byId('temperature').value),
    max_tokens: Number(byId('max-tokens').value),
    stream: true,
    stream_options: { include_usage: true },
  };
}

/** Streams one answer into a message; returns its text and how it ended. */
async function stream(target, signal) {
  let answer = '';
  let finish;
  let firstAt;
  let lastAt;
  const chunks = await state.engine.chat.completions.create(requestOf(state.history), { signal });
  for await (const chunk of chunks) {
    const choice = chunk.choices[0];
    if (choice?.delta.content) {
      answer += choice.delta.content;
      target.text.textContent = answer;
      lastAt = performance.now();
      firstAt ??= lastAt;
      scrollToEnd();
    }
    finish = choice?.finish_reason ?? finish;
    if (chunk.usage) {
      const tokens = chunk.usage.completion_tokens;
      const seconds = (lastAt - firstAt) / 1000;
      const perSecond = tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : 0;
      state.lastRate = {
        tokens,
        perSecond,
        cached: chunk.usage.prompt_tokens_details.cached_tokens,
      };
      showRate();
    }
  }
  return { answer, finish };
}

function addNote(box, text) {
  const note = document.createElement('div');
  note.className = 'quiet';
  note.textContent = text;
  box.append(note);
}

async function answer(question) {
  clearError();
  addMessage('user').text.textContent = question;
  state.history.push({ role: 'user', content: question });
  const target = addMessage('assistant');
  /* A screen reader hears the whole answer at its end, not every token. */
  target.box.setAttribute('aria-busy', 'true');
  ui.messages.scrollTop = ui.messages.scrollHeight;
  state.abort = new AbortController();
  setAnswering(true);
  try {
    const { finish } = await stream(target, state.abort.signal);
    if (finish === 'length') addNote(target.box, state.words.cutOff);
  } catch (error) {
    if (error.code === 'PHI_ECANCELED') addNote(target.box, state.words.stopped);
    else showError(error);
  } finally {
    setAnswering(false);
    target.box.removeAttribute('aria-busy');
    keepTurn(target);
    scrollToEnd();
    ui.question.focus();
  }
}

/** An answer joins the history; a question that got none leaves it again, so that roles keep alternating. */
function keepTurn(target) {
  const content = target.text.textContent;
  if (content) {
    state.history.push({ role: 'assistant', content });
    return;
  }
  const question = state.history.pop();
  target.box.remove();
  if (ui.question.value === '') ui.question.value = question.content;
}

// ---- Events ------------------------------------------------------------------------------------------------------

ui.language.addEventListener('change', () => setLanguage(ui.language.value));

ui.urlForm.addEventListener('submit', (event) => {
  event.preventDefault();
  const name = ui.url.value.trim();
  void load(name, name);
});

/** Ids of the registry that can be loaded by their id alone. */
async function suggestModels() {
  const known = await models.known().catch(() => []);
  const loadable = known.filter(({ state: runs, hf }) => runs === 'works' && hf !== null);
  ui.known.replaceChildren(...loadable.map(({ id, name }) => new Option(name, id)));
}

ui.url.addEventListener('focus', () => void suggestModels(), { once: true });

function takeFile(file) {
  if (file) void load(file, file.name);
}

ui.file.addEventListener('change', () => takeFile(ui.file.files[0]));

document.addEventListener('dragover', (event) => {
  if (ui.loader.hidden) return;
  event.preventDefault();
  ui.drop.classList.add('over');
});
document.addEventListener('dragleave', () => ui.drop.classList.remove('over'));
document.addEventListener('drop', (event) => {
  if (ui.loader.hidden) return;
  event.preventDefault();
  ui.drop.classList.remove('over');
  takeFile(event.dataTransfer.files[0]);
});

ui.cancelLoad.addEventListener('click', () => state.abort?.abort());
ui.stop.addEventListener('click', () => state.abort?.abort());
ui.newChat.addEventListener('click', () => {
  clearError();
  clearChat();
  ui.question.focus();
});
ui.otherModel.addEventListener('click', () => void leaveModel());

ui.ask.addEventListener('submit', (event) => {
  event.preventDefault();
  const question = ui.question.value.trim();
  if (question === '' || !ui.stop.hidden) return;
  ui.question.value = '';
  void answer(question);
});
ui.question.addEventListener('keydown', (event) => {
  /* Enter also ends the composition of a Hangul syllable; that one does not send. */
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  ui.ask.requestSubmit();
});

setLanguage(pickLanguage(navigator.languages));
state.build = await Engine.probe();
showBuild();
const preselected = new URLSearchParams(location.search).get('model');
if (preselected) {
  ui.url.value = preselected;
  void load(preselected, preselected);
} else {
  void storedList.refresh();
}
