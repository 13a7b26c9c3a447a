/* The dialog in which a photo is taken. The camera is on while it is open, and at no other time. */
import { closeCamera, openCamera, showCamera, snapshot } from '../site/camera.js';
import { byId } from '../site/text.js';

const ui = {
  dialog: byId('photo'),
  video: byId('photo-video'),
  take: byId('take'),
  close: byId('close-photo'),
};

export class Photo {
  #stream;
  #onError;

  /** `onTake(canvas)`; `onError(error)` when there is no camera to be had. */
  constructor({ onTake, onError }) {
    this.#onError = onError;
    ui.take.addEventListener('click', () => {
      const canvas = snapshot(ui.video);
      ui.dialog.close();
      onTake(canvas);
    });
    ui.close.addEventListener('click', () => ui.dialog.close());
    ui.dialog.addEventListener('close', () => this.#end());
    addEventListener('pagehide', () => this.#end());
  }

  async open() {
    ui.take.disabled = true;
    ui.dialog.showModal();
    try {
      const stream = await openCamera();
      this.#end();
      if (!ui.dialog.open) {
        closeCamera(stream); /* closed while the browser asked */
        return;
      }
      this.#stream = stream;
      await showCamera(ui.video, stream);
      ui.take.disabled = false;
      ui.take.focus();
    } catch (error) {
      if (!ui.dialog.open) return;
      ui.dialog.close();
      this.#onError(error);
    }
  }

  #end() {
    if (this.#stream) closeCamera(this.#stream);
    this.#stream = undefined;
    ui.video.srcObject = null;
  }
}
