/* A model on its way: name, phase, bar, rate, time left; Pause keeps what came, Continue goes on with it, Cancel gives
 * up. One load at a time.
 *
 *     const panel = new LoadPanel(byId('loading'), frame);
 *     const engine = await panel.load({ model, name, options });      rejects with PHI_ECANCELED when cancelled */
import { Engine, EngineError } from 'pocketphi';
import { optionsFor } from './embedded.js';
import { formatBytes, formatSeconds } from './format.js';
import { applyWords, button, element, put } from './text.js';

const PROGRESS_NONE = {
  phase: 'plan',
  loadedBytes: 0,
  totalBytes: 0,
  fromCacheBytes: 0,
  bytesPerSecond: 0,
  secondsLeft: null,
};
const MOVING_PHASES = ['download', 'load', 'wait'];

/** What load() does unless it is told otherwise. */
const createEngine = (options) => Engine.create(options);

/** The line below the bar: how much, how fast, how long. */
function progressLine(words, progress) {
  const { phase, loadedBytes, totalBytes, bytesPerSecond, secondsLeft } = progress;
  if (!MOVING_PHASES.includes(phase)) return '';
  const isMoving = bytesPerSecond > 0;
  return [
    words.progress(formatBytes(loadedBytes), totalBytes > 0 ? formatBytes(totalBytes) : undefined),
    isMoving && words.perSecond(formatBytes(bytesPerSecond)),
    isMoving && secondsLeft !== null && words.left(formatSeconds(secondsLeft)),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Whether what has come of it is kept when the load stops. */
function isKept({ model, options }) {
  return (typeof model === 'string' || model instanceof URL) && options?.storage !== 'none';
}

export class LoadPanel {
  #frame;
  #host;
  #ui;
  /** What the panel shows: { model, name, options, start, resolve, reject, progress, attempt }. An attempt is a run of
   *  the load, { abort, isPaused }; Continue begins another one. */
  #load;

  /** `host`, an empty section, becomes the panel; it is hidden while nothing is loaded. */
  constructor(host, frame) {
    this.#host = host;
    this.#frame = frame;
    this.#ui = {
      title: element('h2', 'load-title'),
      phase: element('p', 'load-phase'),
      bar: element('progress'),
      text: element('p', 'load-text'),
      note: element('p', 'load-note quiet'),
      pause: button('pause', '', () => this.#pause()),
      resume: button('resume', 'primary', () => this.#resume()),
      cancel: button('cancel', '', () => this.#cancel()),
    };
    const { title, phase, bar, text, note, pause, resume, cancel } = this.#ui;
    phase.setAttribute('role', 'status');
    const actions = element('div', 'row');
    actions.append(pause, resume, cancel);
    host.replaceChildren(title, phase, bar, text, note, actions);
    host.classList.add('load-panel', 'card');
    host.hidden = true;
    frame.onLanguage(() => this.#draw());
  }

  get isLoading() {
    return this.#load !== undefined;
  }

  /** `options` as Engine.create() takes them, without model, signal and onProgress. `start` is what is given all of
   *  them (Engine.create, unless the page has another use of them), and gives what load() resolves with. A second load
   *  is a mistake of the page: PHI_ESTATE. */
  load({ model, name, options = {}, start = createEngine }) {
    if (this.#load !== undefined) {
      return Promise.reject(new EngineError('PHI_ESTATE', 'the panel is loading another model'));
    }
    const wished = { ...optionsFor(model), ...options };
    return new Promise((resolve, reject) => {
      const load = { model, name, options: wished, start, progress: PROGRESS_NONE };
      this.#load = { ...load, resolve, reject };
      this.#host.hidden = false;
      void this.#run();
      this.#draw();
    });
  }

  /** As the button does. */
  cancel() {
    this.#cancel();
  }

  async #run() {
    const load = this.#load;
    const attempt = { abort: new AbortController(), isPaused: false };
    load.attempt = attempt;
    const { model, options, start } = load;
    try {
      const engine = await start({
        ...options,
        model,
        signal: attempt.abort.signal,
        onProgress: (progress) => {
          if (this.#load?.attempt !== attempt || attempt.isPaused) return;
          load.progress = progress;
          this.#draw();
        },
      });
      this.#end(() => load.resolve(engine));
      this.#frame.setStatus(this.#frame.words.loaded(load.name));
    } catch (error) {
      if (!attempt.isPaused) this.#end(() => load.reject(error));
    }
  }

  #end(settle) {
    this.#load = undefined;
    this.#host.hidden = true;
    settle();
  }

  #pause() {
    const load = this.#load;
    if (load === undefined) return;
    load.attempt.isPaused = true;
    load.attempt.abort.abort();
    this.#draw();
    this.#ui.resume.focus();
  }

  #resume() {
    if (!this.#load?.attempt.isPaused) return;
    void this.#run();
    this.#draw();
    this.#ui.pause.focus();
  }

  #cancel() {
    const load = this.#load;
    if (load === undefined) return;
    if (!load.attempt.isPaused) load.attempt.abort.abort();
    else this.#end(() => load.reject(new EngineError('PHI_ECANCELED', 'cancelled by the user')));
  }

  #draw() {
    const load = this.#load;
    if (load === undefined) return;
    const { words } = this.#frame;
    const { title, phase, bar, text, note, pause, resume } = this.#ui;
    const { progress } = load;
    const { isPaused } = load.attempt;
    title.textContent = words.loading(load.name);
    bar.setAttribute('aria-label', words.loading(load.name));
    applyWords(this.#host, words);
    const said = isPaused ? words.paused : words.phases[progress.phase];
    put(phase, said);
    showBar(bar, progress);
    text.textContent = progressLine(
      words,
      isPaused ? { ...progress, bytesPerSecond: 0 } : progress,
    );
    this.#drawNote(note, load);
    pause.hidden = isPaused || !isKept(load);
    resume.hidden = !isPaused;
  }

  #drawNote(note, load) {
    const { words } = this.#frame;
    const { phase, fromCacheBytes, note: engineNote = '' } = load.progress;
    const isDownload = phase === 'download' && !load.attempt.isPaused;
    const detail = element('span', '', engineNote);
    detail.lang = 'en';
    note.replaceChildren(
      isDownload && fromCacheBytes > 0 ? `${words.fromHere(formatBytes(fromCacheBytes))} ` : '',
      isDownload && isKept(load) ? `${words.resumable} ` : '',
      detail,
    );
  }
}

function showBar(bar, { phase, loadedBytes, totalBytes }) {
  if (totalBytes === 0 || !MOVING_PHASES.includes(phase)) {
    bar.removeAttribute('value');
    return;
  }
  bar.max = totalBytes;
  bar.value = loadedBytes;
}
