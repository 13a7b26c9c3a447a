/* The tutor's page: what a child asks and practises, with the embedded model behind it. What the model says is shown
 * only after it was checked (teacher.js, vet.js). */
import { Confirm } from '../site/confirm.js';
import { EMBEDDED } from '../site/embedded.js';
import { ErrorBox } from '../site/errors.js';
import { mountFrame } from '../site/frame.js';
import { LoadPanel } from '../site/load-panel.js';
import { readPreference, writePreference } from '../site/preferences.js';
import { byId } from '../site/text.js';
import { AskView } from './ask.js';
import { askEngine } from './model.js';
import { PractiseView } from './practise.js';
import { ProgressStore } from './progress.js';
import { Room } from './room.js';
import { Reader } from './speech.js';
import { Teacher } from './teacher.js';
import { WORDS } from './words.js';

const MODES = ['ask', 'practise'];

const frame = mountFrame({ words: WORDS });
const reader = new Reader();
const panel = new LoadPanel(byId('loading'), frame);
const errors = new ErrorBox(byId('error'), frame);
const confirm = new Confirm(frame);
const store = new ProgressStore();

/* A promise of the Teacher, or of null where the model cannot be had. */
let teaching = wake();
const room = new Room({ frame, reader, teacher: () => teaching });
room.onFault = (error) => {
  if (error.code === 'PHI_EPOISONED') teaching = Promise.resolve(fallAsleep(error));
  else console.error(error);
};
new AskView(room);
const practise = new PractiseView(room, store);

// ---- The model ---------------------------------------------------------------------------------------------------

async function wake() {
  byId('asleep').hidden = true;
  errors.clear();
  try {
    const { url, name } = EMBEDDED;
    if (url === null) return fallAsleep(undefined);
    return new Teacher(askEngine(await panel.load({ model: url, name })));
  } catch (error) {
    return fallAsleep(error);
  }
}

/** null, for a Teacher; the page says so, and works without. */
function fallAsleep(error) {
  byId('asleep').hidden = false;
  if (error !== undefined) errors.show(error);
  return null;
}

byId('wake').addEventListener('click', () => {
  teaching = wake();
});

// ---- Ask or practise ---------------------------------------------------------------------------------------------

function modeOfAddress() {
  const mode = location.hash.slice(1) || MODES[0];
  return MODES.includes(mode) ? mode : undefined; /* #main is the skip link's */
}

function showMode(mode) {
  room.cancel();
  reader.stop();
  for (const each of MODES) byId(`${each}-desk`).hidden = each !== mode;
  for (const link of document.querySelectorAll('[data-mode]')) {
    if (link.dataset.mode === mode) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  room.say((words) => (mode === 'ask' ? words.hello : words.helloPractise));
}

addEventListener('hashchange', () => {
  const mode = modeOfAddress();
  if (mode) showMode(mode);
});
showMode(modeOfAddress() ?? MODES[0]);

// ---- Reading aloud -----------------------------------------------------------------------------------------------

function drawReading() {
  const button = byId('read-aloud');
  const isOn = readPreference('tutor-reads') === 'yes';
  button.hidden = !reader.isPossible;
  button.setAttribute('aria-pressed', String(isOn));
  document.body.classList.toggle('reads', isOn && reader.isPossible);
}

byId('read-aloud').addEventListener('click', () => {
  const isOn = byId('read-aloud').getAttribute('aria-pressed') === 'true';
  writePreference('tutor-reads', isOn ? 'no' : 'yes');
  reader.stop();
  drawReading();
});
reader.onChange(drawReading);
frame.onLanguage((_, language) => {
  reader.language = language;
});
addEventListener('pagehide', () => reader.stop());

// ---- For parents -------------------------------------------------------------------------------------------------

function drawKept() {
  const { words } = frame;
  byId('parents-kept').textContent = store.isKept ? words.parentsKept : words.parentsNotKept;
}

async function forget() {
  const { words } = frame;
  if (!(await confirm.ask(words.forgetAsk, words.delete))) return;
  store.clear();
  practise.reset();
  drawKept();
  byId('forgotten').textContent = frame.words.forgotten;
}

frame.onLanguage(() => {
  byId('forgotten').textContent = '';
  drawKept();
});
byId('parents').addEventListener('toggle', drawKept);
byId('forget').addEventListener('click', () => void forget());
