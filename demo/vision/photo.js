/* The dialog in which a photo is taken. The camera is on while it is open, and at no other time. */
import { showCamera, snapshot } from '../site/camera.js';
import { byId } from '../site/text.js';

const ui = {
  dialog: byId('photo'),
  video: byId('photo-video'),
  take: byId('take'),
  close: byId('close-photo'),
};

export class Photo {
  /** Puts the camera of the open dialog off. */
  #abort;
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
    ui.dialog.addEventListener('close', () => {
      if (!ui.dialog.open) this.#end(); /* the event comes late: the dialog may be open again */
    });
    addEventListener('pagehide', () => this.#end());
  }

  async open() {
    this.#end();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    ui.take.disabled = true;
    ui.dialog.showModal();
    try {
      await showCamera(ui.video, { signal });
      ui.take.disabled = false;
      ui.take.focus();
    } catch (error) {
      if (signal.aborted) return;
      ui.dialog.close();
      this.#onError(error);
    }
  }

  #end() {
    this.#abort?.abort();
  }
}
