/* Frames of a video, spread evenly over it: the model sees pictures only. */
import { canceledError, EngineError } from '../base/errors.ts';
import { invalid } from '../base/options.ts';
import { BITMAP_OPTIONS, platformKind } from './image-snapshot.ts';

function failure(video: HTMLVideoElement): EngineError {
  const detail = video.error?.message ? ` (${video.error.message})` : '';
  return new EngineError('PHI_ECORRUPT', `the video cannot be played by this browser${detail}`);
}

/** What keeps it from ever being played, as far as it shows. */
function obstacleOf(video: HTMLVideoElement): EngineError | undefined {
  if (video.error !== null) return failure(video);
  const { networkState, NETWORK_EMPTY, NETWORK_NO_SOURCE } = video;
  if (networkState !== NETWORK_EMPTY && networkState !== NETWORK_NO_SOURCE) return undefined;
  return new EngineError('PHI_EINVAL', 'the video has no source that this browser can play');
}

/** Waits for one of the element's events; its failure, having no source and the signal end the wait. */
function happens(
  video: HTMLVideoElement,
  event: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const over = new AbortController();
  const ends = { signal: over.signal, once: true };
  return new Promise<void>((resolve, reject) => {
    /* A source that has just been given, or the next one of several, is looked for when the task at work is over. */
    const look = (): void => {
      setTimeout(() => {
        const obstacle = obstacleOf(video);
        if (obstacle !== undefined) reject(obstacle);
      });
    };
    video.addEventListener(event, () => resolve(), ends);
    /* Those of its <source>s are told to them only. */
    video.addEventListener('error', look, { signal: over.signal, capture: true });
    signal?.addEventListener('abort', () => reject(canceledError(signal)), ends);
    if (signal?.aborted) reject(canceledError(signal));
    look();
  }).finally(() => over.abort());
}

async function seek(
  video: HTMLVideoElement,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const arrives = happens(video, 'seeked', signal);
  video.currentTime = seconds;
  await arrives;
}

/** What is put off until it is played. */
function startLoading(video: HTMLVideoElement): void {
  video.preload = 'auto';
  if (video.networkState === video.NETWORK_IDLE) video.load();
}

/** Recordings of a page have no length until their end has been looked for. */
async function durationOf(
  video: HTMLVideoElement,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (video.srcObject !== null) throw new EngineError('PHI_EINVAL', 'a live stream has no end');
  if (video.readyState < video.HAVE_METADATA) {
    const arrives = happens(video, 'loadedmetadata', signal);
    if (video.preload === 'none') startLoading(video);
    await arrives;
  }
  if (video.duration === Number.POSITIVE_INFINITY) await seek(video, 1e9, signal);
  const { duration, currentTime, videoWidth } = video;
  const seconds = Number.isFinite(duration) ? duration : currentTime;
  if (!(seconds > 0) || videoWidth === 0)
    throw new EngineError('PHI_ECORRUPT', 'the video has no frames');
  return seconds;
}

function hiddenVideo(url: string): HTMLVideoElement {
  if (globalThis.document === undefined)
    throw new EngineError('PHI_EUNSUPPORTED', 'a video file can be read on a page only');
  const video = document.createElement('video');
  video.muted = true;
  video.preload = 'auto';
  video.playsInline = true;
  video.src = url;
  return video;
}

async function* framesOf(
  video: HTMLVideoElement,
  count: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<ImageBitmap, void, undefined> {
  const seconds = await durationOf(video, signal);
  for (let i = 0; i < count; i++) {
    await seek(video, (seconds * (i + 0.5)) / count, signal);
    yield await createImageBitmap(video, BITMAP_OPTIONS);
  }
}

/** `count` frames, in the middle of as many equal parts. An element of the page is paused meanwhile and goes on from
 * where it was. */
export async function* videoFrames(
  source: unknown,
  count: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<ImageBitmap, void, undefined> {
  const kind = platformKind(source);
  if (kind === 'HTMLVideoElement') {
    const video = source as HTMLVideoElement;
    const { paused, currentTime, preload } = video;
    video.pause();
    try {
      yield* framesOf(video, count, signal);
    } finally {
      video.currentTime = currentTime;
      if (preload === 'none') video.preload = preload;
      if (!paused) await video.play().catch(() => undefined);
    }
    return;
  }
  if (kind !== 'Blob' && kind !== 'File')
    throw invalid('value', 'a video element or a Blob', source);
  const url = URL.createObjectURL(source as Blob);
  const video = hiddenVideo(url);
  try {
    yield* framesOf(video, count, signal);
  } finally {
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(url);
  }
}
