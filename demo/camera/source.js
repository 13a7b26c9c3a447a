/* Where frames come from: the camera, a video file, or the scene that the page draws. Each is opened, gives frames,
 * and is closed; its picture is shown in the page meanwhile. */
import { showCamera, snapshot } from '../site/camera.js';
import { copyOf } from '../site/canvas.js';
import { PageError } from '../site/errors.js';
import { byId } from '../site/text.js';
import { drawScene, SCENE_SIZE } from './scene.js';

const ui = { video: byId('video'), scene: byId('scene'), note: byId('screen-note') };

function show(shown) {
  for (const each of [ui.video, ui.scene, ui.note]) each.hidden = each !== shown;
}

function layScene() {
  ui.scene.width = SCENE_SIZE.width;
  ui.scene.height = SCENE_SIZE.height;
  show(ui.scene);
}

/** While nothing is watched: the beginning of the scene, or a note (words.screens) that nothing is on. */
export function showIdle(kind, { screens }) {
  if (kind === 'scene') {
    layScene();
    drawScene(ui.scene, 0);
    return;
  }
  ui.note.textContent = screens[kind];
  show(ui.note);
}

class SceneSource {
  #begin = performance.now();
  #signal;

  constructor(signal) {
    this.#signal = signal;
    layScene();
    this.#draw();
    this.#move();
  }

  static async open({ signal }) {
    return new SceneSource(signal);
  }

  #draw() {
    drawScene(ui.scene, (performance.now() - this.#begin) / 1000);
  }

  /** Between frames for the eye only: not where the user wants nothing to move. */
  #move() {
    if (this.#signal.aborted || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    this.#draw();
    requestAnimationFrame(() => this.#move());
  }

  frame() {
    this.#draw();
    return copyOf(ui.scene);
  }
}

class CameraSource {
  static async open({ onEnd, signal }) {
    show(ui.video);
    await showCamera(ui.video, { signal, onEnd: () => onEnd('CAMERA_ENDED') });
    return new CameraSource();
  }

  frame() {
    return snapshot(ui.video);
  }
}

/** The event of the video; rejects when the file cannot be played, or the signal is aborted. */
function videoEvent(type, signal) {
  const over = new AbortController();
  const options = { signal: over.signal };
  return new Promise((resolve, reject) => {
    ui.video.addEventListener(type, resolve, options);
    ui.video.addEventListener('error', () => reject(ui.video.error), options);
    signal.addEventListener('abort', () => reject(signal.reason), options);
  }).finally(() => over.abort());
}

/** Stays at its first frame until the watch begins: a short video would be over before. */
class FileSource {
  #onEnd;

  constructor(onEnd) {
    this.#onEnd = onEnd;
  }

  static async open({ file, onEnd, signal }) {
    const url = URL.createObjectURL(file);
    const close = () => {
      if (ui.video.src === url) clearFile();
      URL.revokeObjectURL(url);
    };
    signal.addEventListener('abort', close, { once: true });
    show(ui.video);
    ui.video.muted = true;
    ui.video.playsInline = true;
    ui.video.src = url;
    try {
      /* Played for a moment: some browsers fetch nothing before. */
      await ui.video.play();
      signal.throwIfAborted();
      ui.video.pause();
      const isBack = videoEvent('seeked', signal);
      ui.video.currentTime = 0;
      await isBack;
      if (ui.video.videoWidth === 0) throw new Error('it has no picture');
    } catch (error) {
      close();
      throw new PageError('VIDEO_UNREAD', error.message);
    }
    return new FileSource(() => onEnd('VIDEO_ENDED'));
  }

  async start() {
    ui.video.onended = this.#onEnd;
    await ui.video.play();
  }

  frame() {
    return snapshot(ui.video);
  }
}

function clearFile() {
  ui.video.pause();
  ui.video.onended = null;
  ui.video.removeAttribute('src');
  ui.video.load();
}

const SOURCES = { scene: SceneSource, camera: CameraSource, file: FileSource };

/** { frame() → canvas, start?() } of a kind: 'scene', 'camera' or 'file'; closed when `signal` is aborted, however far
 *  it is. start(), where there is one: from now on frames go by. `onEnd(code)`: no more of them will come. */
export function openSource(kind, { file, onEnd, signal }) {
  return SOURCES[kind].open({ file, onEnd, signal });
}
