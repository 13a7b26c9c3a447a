/* The chat page: a model is chosen and loaded, conversations are held with it and kept on this device. This file puts
 * the parts together; chooser.js has the models, talk.js the talking, thread.js the messages, history.js the list. */
import { models } from 'pocketphi';
import { Confirm } from '../site/confirm.js';
import { EMBEDDED } from '../site/embedded.js';
import { ErrorBox } from '../site/errors.js';
import { formatBytes } from '../site/format.js';
import { mountFrame } from '../site/frame.js';
import { LoadPanel } from '../site/load-panel.js';
import { applyWords, byId, element, put } from '../site/text.js';
import { Chooser } from './chooser.js';
import { History } from './history.js';
import { Meter } from './meter.js';
import { SettingsForm } from './settings-form.js';
import { ChatStore } from './store.js';
import { Talk } from './talk.js';
import { Thread } from './thread.js';
import { newConversation } from './tree.js';
import { WORDS } from './words.js';

const frame = mountFrame({ words: WORDS });
const errors = new ErrorBox(byId('error'), frame);
const panel = new LoadPanel(byId('loading'), frame);
const confirm = new Confirm(frame);
const store = new ChatStore({ onChange: () => void history.refresh() });
const meter = new Meter(frame);
const form = new SettingsForm(frame);

const state = {
  engine: undefined,
  /** Of the model. */
  name: '',
  /** What became of its weights: { storage, bytes, isFile, isEmbedded }. */
  kept: undefined,
  isUnkept: false,
};

const thread = new Thread(frame, {
  onEdit: (node, text) => void talk.edit(node, text),
  onRegenerate: (node) => void talk.regenerate(node),
  onChoose: (node) => talk.choose(node),
});

const talk = new Talk({
  thread,
  meter,
  store,
  form,
  onBusy: setAnswering,
  onFail: showFailure,
  onFull: showFull,
  onReturned: (text) => {
    if (byId('question').value === '') setQuestion(text);
  },
  onSaved: (conversation, error) => {
    if (conversation.id === talk.conversation.id) showUnkept(error !== undefined);
    void history.refresh(talk.conversation.id);
  },
});

const history = new History({
  frame,
  store,
  confirm,
  actions: {
    onOpen: (id) => void openConversation(id),
    onRenamed: (id, title) => void rename(id, title),
    onDeleted: forget,
    onError: (error) => errors.show(error),
  },
});

const chooser = new Chooser({
  frame,
  confirm,
  onChoose: (choice) => void load(choice),
  onError: (error) => errors.show(error),
});

// ---- Views -------------------------------------------------------------------------------------------------------

/** One of 'loader', 'loading' (the panel shows itself), 'chat'. */
function show(view) {
  byId('loader').hidden = view !== 'loader';
  byId('chat').hidden = view !== 'chat';
  byId('main').dataset.view = view;
}

function showTitle() {
  const { words } = frame;
  const isLoaded = state.engine !== undefined;
  byId('chat-title').textContent = isLoaded
    ? state.name
    : talk.conversation.title || words.untitled;
  byId('ask').hidden = !isLoaded;
  byId('no-model').hidden = isLoaded;
  byId('other-model').hidden = !isLoaded;
  for (const tool of ['edit', 'regenerate'])
    byId('messages').classList.toggle(`no-${tool}`, !isLoaded);
  showKept();
}

/** What became of the weights, in words. */
function showKept() {
  const line = byId('kept');
  line.replaceChildren();
  if (!state.kept) return;
  const { words } = frame;
  const { storage, bytes, isFile, isEmbedded } = state.kept;
  if (storage.kind !== null) {
    line.textContent = words.keptHere(formatBytes(bytes), words.places[storage.kind]);
  } else if (isFile || isEmbedded) {
    line.textContent = isFile ? words.notKeptFile : words.partOfSite;
  } else {
    const reason = element('span', '', storage.reason);
    reason.lang = 'en';
    line.append(words.notKept, ' ', reason);
  }
}

function showUnkept(isUnkept = state.isUnkept) {
  state.isUnkept = isUnkept;
  const text = isUnkept ? frame.words.unkept : '';
  put(byId('unkept'), text);
}

function showFailure(error) {
  if (error.code === 'PHI_EPOISONED') dropEngine();
  errors.show(error);
}

function showFull({ canDrop }) {
  byId('full-text').dataset.text = canDrop ? 'full.text' : 'full.tooLong';
  byId('full-text').textContent = canDrop ? frame.words.full.text : frame.words.full.tooLong;
  byId('full-new').hidden = !canDrop;
  byId('full-drop').hidden = !canDrop;
  byId('full').hidden = false;
  if (canDrop) byId('full-new').focus();
  byId('full').scrollIntoView({ block: 'nearest' });
}

function clearTroubles() {
  errors.clear();
  byId('full').hidden = true;
}

/** The renderer is heavy, and needed soon. Without it answers are plain text. */
function prepareThread() {
  thread.prepare().catch((error) => console.warn(`the renderer did not load: ${error.message}`));
}

// ---- Models ------------------------------------------------------------------------------------------------------

async function load({ model, name, options }) {
  if (panel.isLoading) return;
  clearTroubles();
  show('loading');
  prepareThread();
  const loading = panel.load({ model, name, options });
  byId('loading').querySelector('button:not([hidden])')?.focus();
  try {
    state.engine = await loading;
  } catch (error) {
    show('loader');
    byId('loader-title').focus();
    errors.show(error);
    if (error.code === 'PHI_ECANCELED') await chooser.sayStopped();
    else await chooser.refresh();
    return;
  }
  await begin(model, name);
}

async function begin(model, name) {
  const { engine } = state;
  const { storage, info } = engine;
  state.name = info.name || name;
  state.kept = undefined;
  talk.setEngine(engine, state.name);
  show('chat');
  showTitle();
  thread.show(talk.conversation);
  byId('question').focus();
  const stored = storage.id === null ? undefined : await models.get(storage.id).catch(() => null);
  if (state.engine !== engine) return;
  state.kept = {
    storage,
    bytes: stored?.storedBytes ?? 0,
    isFile: model instanceof Blob,
    isEmbedded: model === EMBEDDED.url,
  };
  showKept();
}

function dropEngine() {
  const { engine } = state;
  state.engine = undefined;
  state.kept = undefined;
  talk.setEngine(undefined);
  showTitle();
  return engine?.destroy();
}

async function chooseOther() {
  clearTroubles();
  await dropEngine();
  show('loader');
  byId('loader-title').focus();
  await chooser.refresh();
}

// ---- Conversations -----------------------------------------------------------------------------------------------

function setQuestion(text) {
  byId('question').value = text;
  fitQuestion();
}

/** As high as its text, up to what chat.css allows. */
function fitQuestion() {
  const area = byId('question');
  area.style.height = 'auto';
  area.style.height = `${area.scrollHeight + 2}px`;
}

function setAnswering(isAnswering) {
  byId('send').hidden = isAnswering;
  byId('stop').hidden = !isAnswering;
  byId('messages').classList.toggle('answering', isAnswering);
  byId('answering').textContent = isAnswering ? frame.words.answering : frame.words.answered;
  const { activeElement } = document;
  if (
    activeElement === byId('send') ||
    activeElement === byId('stop') ||
    activeElement === document.body
  )
    byId('question').focus();
}

function startChat(question = '') {
  clearTroubles();
  talk.open(newConversation());
  showUnkept(false);
  setQuestion(question);
  if (!panel.isLoading) show(state.engine ? 'chat' : 'loader');
  showTitle();
  if (state.engine) byId('question').focus();
  void history.refresh(talk.conversation.id);
}

async function openConversation(id) {
  if (panel.isLoading) return;
  clearTroubles();
  try {
    const conversation = await store.get(id);
    if (conversation === undefined) throw new Error(frame.words.unreadable);
    talk.open(conversation);
  } catch (error) {
    errors.show(error);
    return;
  }
  showUnkept(!store.isKept(id));
  show('chat');
  showTitle();
  prepareThread();
  void history.refresh(id);
  thread.scrollToEnd();
  byId(state.engine ? 'question' : 'chat-title').focus({ preventScroll: true });
}

async function rename(id, title) {
  const isOpen = id === talk.conversation.id;
  const conversation = isOpen ? talk.conversation : await store.get(id).catch(() => undefined);
  if (!conversation) return;
  conversation.title = title;
  const error = await store.put(conversation);
  if (isOpen) showUnkept(error !== undefined);
  showTitle();
  await history.refresh();
}

function forget(ids) {
  if (ids.includes(talk.conversation.id)) startChat();
  else void history.refresh();
}

// ---- Events ------------------------------------------------------------------------------------------------------

function ask() {
  const question = byId('question').value.trim();
  if (question === '' || talk.isBusy) return;
  clearTroubles();
  setQuestion('');
  void talk.ask(question);
}

byId('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  ask();
});
byId('question').addEventListener('input', fitQuestion);
addEventListener('resize', fitQuestion);
byId('question').addEventListener('keydown', (event) => {
  /* Enter also ends the composition of a Hangul syllable; that one does not send. */
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  ask();
});
byId('stop').addEventListener('click', () => talk.stop());
byId('new-chat').addEventListener('click', () => startChat());
byId('new-chat-side').addEventListener('click', () => startChat());
byId('other-model').addEventListener('click', () => void chooseOther());
byId('choose-model').addEventListener('click', () => void chooseOther());
byId('full-new').addEventListener('click', () => {
  const question = byId('question').value.trim();
  startChat();
  if (question !== '') void talk.ask(question);
});
byId('full-drop').addEventListener('click', () => {
  const question = byId('question').value.trim();
  if (question === '') return;
  clearTroubles();
  setQuestion('');
  void talk.askWithoutOldest(question);
});
/* The tab may be closed without a further word. */
document.addEventListener('visibilitychange', () => {
  if (document.hidden && talk.isBusy) void talk.save();
});

/* The long one does not fit a phone, whose keyboard has its own way to say it. */
const narrow = matchMedia('(max-width: 40rem)');
function choosePlaceholder() {
  byId('question').dataset.placeholder = narrow.matches ? 'placeholderShort' : 'placeholder';
  applyWords(byId('question'), frame.words);
}
narrow.addEventListener('change', choosePlaceholder);

frame.onLanguage(() => {
  choosePlaceholder();
  showTitle();
  showUnkept();
});

const preselected = new URLSearchParams(location.search).get('model');
void chooser.begin({ isMeasured: preselected === null });
void history.refresh();
if (preselected) {
  byId('url').value = preselected;
  void load({ model: preselected, name: preselected, options: chooser.options() });
} else {
  await chooser.refresh();
}
