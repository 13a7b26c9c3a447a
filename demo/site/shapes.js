/* Pictures drawn by script: simple coloured shapes on paper. */

export const COLOURS = {
  red: '#d32f2f',
  orange: '#f07f1a',
  yellow: '#f2c230',
  green: '#2e8b3d',
  blue: '#1e66d0',
  purple: '#7b3fa0',
  black: '#222222',
};

const STAR_POINTS = 5;
const STAR_INNER = 0.42;

const PATHS = {
  circle: (context, x, y, radius) => context.arc(x, y, radius, 0, 2 * Math.PI),
  square: (context, x, y, radius) => {
    const half = radius * 0.9;
    context.rect(x - half, y - half, 2 * half, 2 * half);
  },
  triangle: (context, x, y, radius) => {
    context.moveTo(x, y - radius);
    context.lineTo(x + radius, y + radius * 0.8);
    context.lineTo(x - radius, y + radius * 0.8);
    context.closePath();
  },
  star: (context, x, y, radius) => {
    for (let i = 0; i < 2 * STAR_POINTS; i++) {
      const angle = (i * Math.PI) / STAR_POINTS - Math.PI / 2;
      const far = i % 2 === 0 ? radius : radius * STAR_INNER;
      context.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle));
    }
    context.closePath();
  },
  heart: (context, x, y, radius) => {
    const [top, side] = [y - radius * 0.35, radius * 1.05];
    context.moveTo(x, y + radius * 0.95);
    context.bezierCurveTo(x - side * 1.4, y, x - side * 0.8, y - radius * 1.2, x, top);
    context.bezierCurveTo(
      x + side * 0.8,
      y - radius * 1.2,
      x + side * 1.4,
      y,
      x,
      y + radius * 0.95,
    );
    context.closePath();
  },
};

export const SHAPES = Object.keys(PATHS);

/** A canvas of a given size, white all over. */
export function paper(width, height) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  clearPaper(canvas);
  return canvas;
}

export function clearPaper(canvas) {
  const context = canvas.getContext('2d');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
}

/** `things`: { shape, colour, x, y, radius } in pixels. */
export function drawShapes(canvas, things) {
  const context = canvas.getContext('2d');
  for (const { shape, colour, x, y, radius } of things) {
    context.beginPath();
    PATHS[shape](context, x, y, radius);
    context.fillStyle = COLOURS[colour];
    context.fill();
  }
}

/** Numbers in [0, 1), the same for the same seed. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
