/* Pictures to try the page with, drawn when they are asked for, each time another one. */
import { COLOURS, drawShapes, paper, randomOf, SHAPES } from '../site/shapes.js';
import { writeStrokes } from './glyphs.js';
import { drawStroke } from './strokes.js';

const SIZE = { width: 448, height: 336 };
const INK = '#222222';
const TERM_MAX = 49;
const TERM_MIN = 11;

const between = (random, low, high) => low + Math.floor(random() * (high - low + 1));

function sumOf(random) {
  const [a, b] = [between(random, TERM_MIN, TERM_MAX), between(random, TERM_MIN, TERM_MAX)];
  return random() < 0.7 ? `${a} + ${b}` : `${Math.max(a, b)} - ${Math.min(a, b)}`;
}

function printedSum(random) {
  const canvas = paper(SIZE.width, SIZE.height);
  const context = canvas.getContext('2d');
  context.font = '600 88px "DejaVu Sans", Verdana, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = INK;
  context.fillText(sumOf(random).replace('-', '−'), SIZE.width / 2, SIZE.height / 2);
  return canvas;
}

function writtenSum(random) {
  const canvas = paper(SIZE.width, SIZE.height);
  const box = { x: 40, y: 80, width: SIZE.width - 80, height: SIZE.height - 160 };
  const context = canvas.getContext('2d');
  for (const points of writeStrokes(sumOf(random), box, random))
    drawStroke(context, { points, width: 9, colour: INK });
  return canvas;
}

function shapes(random) {
  const canvas = paper(SIZE.width, SIZE.height);
  const places = Array.from({ length: 12 }, (_, i) => [i % 4, Math.floor(i / 4)]);
  const shape = SHAPES[between(random, 0, SHAPES.length - 1)];
  const colours = Object.keys(COLOURS);
  const things = Array.from({ length: between(random, 2, 7) }, () => {
    const [[column, row]] = places.splice(between(random, 0, places.length - 1), 1);
    return {
      shape,
      colour: colours[between(random, 0, colours.length - 1)],
      x: 56 + column * 112 + between(random, -10, 10),
      y: 56 + row * 112 + between(random, -10, 10),
      radius: between(random, 26, 40),
    };
  });
  drawShapes(canvas, things);
  return canvas;
}

const EXAMPLES = { printedSum, writtenSum, shapes };

let seed = 1;

/** A canvas. */
export const drawExample = (kind) => EXAMPLES[kind](randomOf(seed++));
