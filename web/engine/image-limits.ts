/* What a picture may be, and the errors that say so: `requested` and `quota` are bytes of a file, or pixels. */
import { EngineError } from '../base/errors.ts';
import { PICTURE_FILE_BYTES_MAX, PICTURE_PIXELS_MAX } from '../base/limits.ts';

function tooLarge(what: string, requested: number, quota: number): EngineError {
  return new EngineError('PHI_EINVAL', `${what}; at most ${quota} are read`, { requested, quota });
}

export function checkFile(bytes: number, what = `a picture of ${bytes} bytes`): void {
  if (bytes > PICTURE_FILE_BYTES_MAX) throw tooLarge(what, bytes, PICTURE_FILE_BYTES_MAX);
}

export function checkPixels(width: number, height: number): void {
  const pixels = width * height;
  if (pixels === 0)
    throw new EngineError('PHI_EINVAL', `a picture of ${width} x ${height} pixels: nothing to see`);
  if (pixels > PICTURE_PIXELS_MAX)
    throw tooLarge(`a picture of ${width} x ${height} pixels`, pixels, PICTURE_PIXELS_MAX);
}
