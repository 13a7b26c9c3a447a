/* A scene that goes on by itself, to try the page without a camera: shapes come, drift and go. What it shows follows
 * from the time alone, so it needs no frames while the page is hidden. */
import { clearPaper, drawShapes } from '../site/shapes.js';

export const SCENE_SIZE = { width: 448, height: 336 };
/** Seconds that each part of it is shown. */
const PART_SECONDS = 12;
const DRIFT_SECONDS = 9;
const RADIUS = 38;

const PARTS = [
  [
    ['square', 'blue'],
    ['square', 'blue'],
    ['triangle', 'green'],
  ],
  [
    ['circle', 'red'],
    ['square', 'blue'],
  ],
  [
    ['star', 'yellow'],
    ['star', 'yellow'],
    ['triangle', 'green'],
  ],
  [],
  [
    ['circle', 'red'],
    ['circle', 'red'],
    ['heart', 'purple'],
  ],
  [
    ['triangle', 'orange'],
    ['square', 'black'],
  ],
];
const PLACES = [
  [90, 110],
  [230, 220],
  [360, 110],
];

/** Draws the scene of a time in seconds. */
export function drawScene(canvas, seconds) {
  const part = PARTS[Math.floor(seconds / PART_SECONDS) % PARTS.length];
  const things = part.map(([shape, colour], i) => {
    const angle = (2 * Math.PI * seconds) / DRIFT_SECONDS + i * 2;
    const [x, y] = PLACES[i];
    return {
      shape,
      colour,
      x: x + 28 * Math.cos(angle),
      y: y + 24 * Math.sin(angle),
      radius: RADIUS,
    };
  });
  clearPaper(canvas);
  drawShapes(canvas, things);
}
