/* What is drawn on a piece of paper, step by step: undo takes a step back, redo does it again. A stroke is { points,
 * width, colour }, points a list of [x, y] in the paper's pixels; an eraser is a white pen. */

export const ERASER = '#ffffff';
/** The step that empties the paper. */
const CLEAR = [];

/** A stroke, or what was added to it from point `from` on. */
export function drawStroke(context, { points, width, colour }, from = 0) {
  const [first, ...rest] = points.slice(Math.max(0, from - 1));
  context.lineWidth = width;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.strokeStyle = colour;
  context.beginPath();
  context.moveTo(...first);
  /* A stroke of one point is a dot. */
  if (rest.length === 0) context.lineTo(...first);
  for (const point of rest) context.lineTo(...point);
  context.stroke();
}

export class Strokes {
  /** Each a list of strokes that came together, or CLEAR. */
  #steps = [];
  #undone = [];

  /** What is on the paper. */
  get shown() {
    return this.#steps.slice(this.#steps.lastIndexOf(CLEAR) + 1).flat();
  }

  get canUndo() {
    return this.#steps.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** A step of one stroke that is still being drawn: add to its points. */
  begin(point, { width, colour }) {
    const stroke = { points: [point], width, colour };
    this.add([stroke]);
    return stroke;
  }

  add(strokes) {
    this.#steps.push(strokes);
    this.#undone = [];
  }

  undo() {
    const step = this.#steps.pop();
    if (step) this.#undone.push(step);
  }

  redo() {
    const step = this.#undone.pop();
    if (step) this.#steps.push(step);
  }

  clear() {
    this.add(CLEAR);
  }

  /** A new piece of paper: nothing to undo. */
  reset() {
    this.#steps = [];
    this.#undone = [];
  }
}
