/* The models page: what is stored and how much room there is, fetching without opening, importing from a file. */
import { models } from 'pocketphi';
import { ErrorBox } from '../site/errors.js';
import { formatBytes, formatDay } from '../site/format.js';
import { mountFrame } from '../site/frame.js';
import { LoadPanel } from '../site/load-panel.js';
import { siteUrl } from '../site/root.js';
import { StoredList } from '../site/stored-list.js';
import { byId } from '../site/text.js';
import { importedUrl, importFiles, inOrder, isGguf, isImported } from './import-file.js';
import { KnownList } from './known-list.js';
import { WORDS } from './words.js';

const ui = {
  roomText: byId('room-text'),
  roomBar: byId('room-bar'),
  roomModels: byId('room-models'),
  roomOther: byId('room-other'),
  form: byId('address-form'),
  address: byId('address'),
  download: byId('download'),
  file: byId('file'),
};

const frame = mountFrame({ words: WORDS });
const errorBox = new ErrorBox(byId('error'), frame);
const panel = new LoadPanel(byId('loading'), frame);
const known = new KnownList(frame, { onDownload: ({ id, name }) => void fetchModel(id, name) });
const stored = new StoredList(byId('stored'), frame, {
  showsEmpty: true,
  about,
  onLoad: (model) => void openOrContinue(model),
  onError: (error) => errorBox.show(error),
  onChange: () => void showRoom(),
  onEmpty: () => byId('stored-title').focus(),
});

let usage;

// ---- What is said ------------------------------------------------------------------------------------------------

/** Origin, place and age of a stored model, where the list does not tell them. */
function about(model) {
  const { words } = frame;
  const { id, kind, created, state } = model;
  if (state === 'damaged') return [];
  const isOwn = URL.canParse(id) && new URL(id).origin === location.origin;
  const origin = isImported(model) ? words.imported : isOwn && words.thisSite;
  return [origin, created && words.added(formatDay(created)), words.places[kind]];
}

function drawRoom() {
  if (usage === undefined) return;
  const { words } = frame;
  const { usageBytes, quotaBytes, modelBytes } = usage;
  const hasQuota = quotaBytes !== null && usageBytes !== null;
  /* Estimates come late: the models alone may be more. */
  const used = Math.max(usageBytes ?? 0, modelBytes);
  ui.roomText.textContent = hasQuota
    ? words.room(formatBytes(used), formatBytes(quotaBytes))
    : words.roomUnknown(formatBytes(modelBytes));
  ui.roomBar.hidden = !hasQuota;
  if (!hasQuota) return;
  const share = (bytes) => `${Math.min(100, (100 * bytes) / quotaBytes)}%`;
  ui.roomModels.hidden = modelBytes === 0;
  ui.roomModels.style.width = share(modelBytes);
  ui.roomOther.style.width = share(used - modelBytes);
  const parts = [modelBytes, used - modelBytes, quotaBytes].map((bytes) => formatBytes(bytes));
  ui.roomBar.setAttribute('aria-label', words.roomBar(...parts));
}

async function showRoom() {
  usage = await models.usage().catch(() => undefined);
  drawRoom();
  const { usageBytes = null, quotaBytes = null } = usage ?? {};
  await known.refresh(usageBytes === null || quotaBytes === null ? null : quotaBytes - usageBytes);
}

// ---- What is done ------------------------------------------------------------------------------------------------

function notKept({ kind, reason }) {
  return kind === null ? { code: 'NOT_KEPT', message: reason } : undefined;
}

/** Runs one load of the panel; `start` gives a StorageOutcome. */
async function store({ model, name, start }) {
  errorBox.clear();
  setBusy(true);
  try {
    const outcome = await panel.load({ model, name, start });
    const problem = notKept(outcome);
    if (problem !== undefined) errorBox.show(problem);
  } catch (error) {
    errorBox.show(error);
  } finally {
    setBusy(false);
    await stored.refresh();
  }
}

function setBusy(isBusy) {
  known.isBusy = isBusy;
  ui.download.disabled = isBusy;
  ui.file.disabled = isBusy;
}

async function fetchModel(model, name) {
  if (panel.isLoading) return;
  await store({ model, name, start: ({ model: given, ...rest }) => models.download(given, rest) });
}

async function importModel(files) {
  if (panel.isLoading || files.length === 0) return;
  const ordered = inOrder(files);
  const [{ name }] = ordered;
  if (!(await isGguf(ordered[0]))) {
    errorBox.show({ code: 'NOT_GGUF', message: name });
    return;
  }
  const nParts = Number(/-\d{5}-of-(\d{5})\.gguf$/i.exec(name)?.[1] ?? 1);
  if (nParts !== ordered.length) {
    errorBox.show({ code: 'MISSING_PART', message: `${ordered.length} of ${nParts}: ${name}` });
    return;
  }
  await store({
    model: importedUrl(name),
    name,
    start: (options) => importFiles(ordered, options),
  });
}

async function openOrContinue(model) {
  const { id, name, state } = model;
  if (state === 'complete') {
    location.href = `${siteUrl('chat/')}?${new URLSearchParams({ model: id })}`;
    return;
  }
  if (!isImported(model)) {
    await fetchModel(id, name);
    return;
  }
  frame.setStatus(frame.words.againFile(name));
  ui.file.click();
}

// ---- Events ------------------------------------------------------------------------------------------------------

ui.form.addEventListener('submit', (event) => {
  event.preventDefault();
  const address = ui.address.value.trim();
  if (address !== '') void fetchModel(address, address);
});

ui.file.addEventListener('change', () => {
  const files = [...ui.file.files];
  ui.file.value = '';
  void importModel(files);
});

document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  void importModel([...event.dataTransfer.files]);
});

frame.onLanguage(drawRoom);
void stored.refresh();
