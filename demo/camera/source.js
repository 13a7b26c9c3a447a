/* Where frames come from: the camera, a video file, or the scene that the page draws. Each is opened, gives frames,
 * and is closed; its picture is shown in the page meanwhile. */
import { closeCamera, openCamera, showCamera, snapshot } from '../site/camera.js';
import { PageError } from '../site/errors.js';
import { byId, element } from '../site/text.js';
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

function copyOf(canvas) {
  const copy = element('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  copy.getContext('2d').drawImage(canvas, 0, 0);
  return copy;
}

class SceneSource {
  #begin = performance.now();
  #isOpen = true;

  constructor() {
    layScene();
    this.#draw();
    this.#move();
  }

  #draw() {
    drawScene(ui.scene, (performance.now() - this.#begin) / 1000);
  }

  /** Between frames for the eye only: not where the user wants nothing to move. */
  #move() {
    if (!this.#isOpen || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    this.#draw();
    requestAnimationFrame(() => this.#move());
  }

  frame() {
    this.#draw();
    return copyOf(ui.scene);
  }

  close() {
    this.#isOpen = false;
  }
}

class CameraSource {
  #stream;

  /** `onEnd()`: the camera was unplugged, or taken away. */
  static async open(onEnd) {
    const source = new CameraSource();
    source.#stream = await openCamera();
    for (const track of source.#stream.getTracks()) track.addEventListener('ended', onEnd);
    try {
      show(ui.video);
      await showCamera(ui.video, source.#stream);
    } catch (error) {
      source.close();
      throw new PageError('CAMERA_BUSY', error.message);
    }
    return source;
  }

  frame() {
    return snapshot(ui.video);
  }

  close() {
    closeCamera(this.#stream);
    ui.video.srcObject = null;
  }
}

class FileSource {
  #url;

  static async open(file, onEnd) {
    const source = new FileSource();
    source.#url = URL.createObjectURL(file);
    show(ui.video);
    ui.video.muted = true;
    ui.video.src = source.#url;
    ui.video.onended = onEnd;
    try {
      await ui.video.play();
      if (ui.video.videoWidth === 0) throw new Error('it has no picture');
    } catch (error) {
      source.close();
      throw new PageError('VIDEO_UNREAD', error.message);
    }
    return source;
  }

  frame() {
    return snapshot(ui.video);
  }

  close() {
    ui.video.pause();
    ui.video.onended = null;
    ui.video.removeAttribute('src');
    ui.video.load();
    URL.revokeObjectURL(this.#url);
  }
}

/** { frame() → canvas, close() } of a kind: 'scene', 'camera' or 'file'. `onEnd(code)`: no more frames will come. */
export function openSource(kind, { file, onEnd }) {
  if (kind === 'camera') return CameraSource.open(() => onEnd('CAMERA_ENDED'));
  if (kind === 'file') return FileSource.open(file, () => onEnd('VIDEO_ENDED'));
  return Promise.resolve(new SceneSource());
}
