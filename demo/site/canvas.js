/* Pictures of canvases: copies, and files. */
import { PageError } from './errors.js';
import { element } from './text.js';

/** What a canvas, a video or a bitmap shows now, as a canvas of its own, of that size. */
export function copyOf(source, { width, height } = source) {
  const copy = element('canvas');
  copy.width = width;
  copy.height = height;
  copy.getContext('2d').drawImage(source, 0, 0, width, height);
  return copy;
}

/** PNG unless another type is wanted: no pixel is changed on the way to the model. */
export function blobOf(canvas, type = 'image/png', quality = undefined) {
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => {
        if (blob === null) reject(new PageError('PICTURE_UNREAD', 'the canvas gives no picture'));
        else resolve(blob);
      },
      type,
      quality,
    );
  });
}
