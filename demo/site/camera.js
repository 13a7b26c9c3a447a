/* The camera of this device: opened, looked at, closed. What refuses is told by a code of the vision words: denied, not
 * there, held by another program, or not to be had on an insecure page. */
import { PageError } from './errors.js';

const CODES = {
  NotAllowedError: 'CAMERA_DENIED',
  SecurityError: 'CAMERA_DENIED',
  NotFoundError: 'CAMERA_NONE',
  OverconstrainedError: 'CAMERA_NONE',
  NotReadableError: 'CAMERA_BUSY',
  AbortError: 'CAMERA_BUSY',
};
const WISHES = {
  audio: false,
  video: {
    facingMode: { ideal: 'environment' },
    width: { ideal: 1280 },
    height: { ideal: 960 },
  },
};

async function openCamera() {
  if (navigator.mediaDevices?.getUserMedia === undefined)
    throw new PageError('CAMERA_INSECURE', 'navigator.mediaDevices is missing');
  try {
    return await navigator.mediaDevices.getUserMedia(WISHES);
  } catch (error) {
    throw new PageError(CODES[error.name] ?? 'CAMERA_BUSY', `${error.name}: ${error.message}`);
  }
}

/** Shows the camera in a video element until `signal` is aborted, also while the browser still asks the user; resolves
 *  when there is a picture. Only the last that was shown there clears the element. `onEnd()`: the camera was unplugged,
 *  or taken away. */
export async function showCamera(video, { signal, onEnd = () => undefined }) {
  const stream = await openCamera();
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    if (video.srcObject === stream) video.srcObject = null;
  };
  if (signal.aborted) close();
  signal.throwIfAborted();
  signal.addEventListener('abort', close, { once: true });
  for (const track of stream.getTracks()) track.addEventListener('ended', onEnd);
  try {
    video.srcObject = stream;
    video.muted = true;
    video.playsInline = true;
    await video.play();
  } catch (error) {
    close();
    throw new PageError('CAMERA_BUSY', error.message);
  }
}

/** What a video element shows now, as a canvas of its own. */
export function snapshot(video) {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  return canvas;
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
