/* The camera of this device: opened, looked at, closed. What refuses is told by a code of the vision words: denied, not
 * there, held by another program, or not to be had on an insecure page. */
import { copyOf } from './canvas.js';
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
  return copyOf(video, { width: video.videoWidth, height: video.videoHeight });
}
