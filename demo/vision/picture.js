/* A picture that the user gave: how large it is, and a small drawing of it. The browser tells the size before it
 * decodes. */
import { PageError } from '../site/errors.js';
import { PICTURE_BYTES_MAX, PICTURE_PIXELS_MAX, tooLarge } from '../site/vision-engine.js';

/** The longer side of what is shown of a picture. */
const SHOWN_MAX = 480;

function loadImage(url) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new PageError('PICTURE_UNREAD', 'the browser cannot decode it'));
    image.src = url;
  });
}

/** `width` and `height` of what is shown of a picture of that size. */
export function shownSize(width, height) {
  const scale = Math.min(1, SHOWN_MAX / Math.max(width, height));
  const shown = (side) => Math.max(1, Math.round(side * scale));
  return { width: shown(width), height: shown(height) };
}

/** { blob, name, width, height, bitmap } of a file; the bitmap is small. */
export async function readPicture(blob, name) {
  if (blob.size > PICTURE_BYTES_MAX)
    throw tooLarge(`${blob.size} bytes, ${PICTURE_BYTES_MAX} at most`);
  const url = URL.createObjectURL(blob);
  try {
    const image = await loadImage(url);
    const { naturalWidth: width, naturalHeight: height } = image;
    if (width === 0 || height === 0) throw new PageError('PICTURE_UNREAD', 'it has no size');
    if (width * height > PICTURE_PIXELS_MAX)
      throw tooLarge(`${width} × ${height} pixels, ${PICTURE_PIXELS_MAX} at most`);
    const shown = shownSize(width, height);
    const bitmap = await createImageBitmap(image, {
      resizeWidth: shown.width,
      resizeHeight: shown.height,
      resizeQuality: 'medium',
    }).catch((error) => {
      throw new PageError('PICTURE_UNREAD', error.message);
    });
    return { blob, name, width, height, bitmap };
  } finally {
    URL.revokeObjectURL(url);
  }
}
