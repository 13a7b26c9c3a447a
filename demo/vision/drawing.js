/* The dialog in which a picture is drawn: pen, eraser, colours, undo. By the keyboard: arrow keys move the pen, the
 * space bar puts it down and lifts it; or a text is written by a hand of the page's. */
import { copyOf } from '../site/canvas.js';
import { COLOURS, clearPaper, randomOf } from '../site/shapes.js';
import { byId } from '../site/text.js';
import { writable, writeStrokes } from './glyphs.js';
import { drawStroke, ERASER, Strokes } from './strokes.js';

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 4;
const LEAP = 24;
const ERASER_TIMES = 3;
const MARGIN = 32;

const ui = {
  dialog: byId('drawing'),
  box: byId('paper-box'),
  paper: byId('paper'),
  pen: byId('pen-mark'),
  colour: byId('pen-colour'),
  width: byId('pen-width'),
  undo: byId('undo'),
  redo: byId('redo'),
  clear: byId('clear'),
  handText: byId('hand-text'),
  handForm: byId('hand-form'),
  use: byId('use-drawing'),
  close: byId('close-drawing'),
};

export class Drawing {
  #frame;
  #strokes = new Strokes();
  /** The stroke of the pointer, or of the keyboard's pen. */
  #stroke;
  /** Where the keyboard's pen is. */
  #pen = [ui.paper.width / 2, ui.paper.height / 2];
  #nWritten = 0;

  /** `onUse(canvas)`: the picture that was drawn. */
  constructor(frame, { onUse }) {
    this.#frame = frame;
    const { paper } = ui;
    ui.box.tabIndex = 0;
    paper.addEventListener('pointerdown', (event) => this.#pointerDown(event));
    paper.addEventListener('pointermove', (event) => this.#pointerMove(event));
    for (const type of ['pointerup', 'pointercancel'])
      paper.addEventListener(type, () => this.#lift());
    ui.box.addEventListener('keydown', (event) => this.#key(event));
    for (const type of ['focus', 'blur']) ui.box.addEventListener(type, () => this.#drawPen());
    ui.undo.addEventListener('click', () => this.#change(() => this.#strokes.undo()));
    ui.redo.addEventListener('click', () => this.#change(() => this.#strokes.redo()));
    ui.clear.addEventListener('click', () => this.#change(() => this.#strokes.clear()));
    ui.handForm.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#write();
    });
    ui.use.addEventListener('click', () => {
      ui.dialog.close();
      onUse(copyOf(ui.paper));
    });
    ui.close.addEventListener('click', () => ui.dialog.close());
    frame.onLanguage((words) => this.#drawColours(words));
  }

  open() {
    this.#strokes.reset();
    this.#stroke = undefined;
    this.#pen = [ui.paper.width / 2, ui.paper.height / 2];
    this.#redraw();
    ui.dialog.showModal();
  }

  #drawColours({ colours }) {
    const { value } = ui.colour;
    ui.colour.replaceChildren(...Object.keys(COLOURS).map((key) => new Option(colours[key], key)));
    ui.colour.value = value || 'black';
  }

  /** What the pen is now. */
  get #tool() {
    const isEraser = ui.dialog.querySelector('input[name="tool"]:checked').value === 'eraser';
    const width = Number(ui.width.value);
    if (isEraser) return { width: width * ERASER_TIMES, colour: ERASER };
    return { width, colour: COLOURS[ui.colour.value] };
  }

  #pointAt({ clientX, clientY }) {
    const box = ui.paper.getBoundingClientRect();
    const scale = ui.paper.width / box.width;
    return [(clientX - box.left) * scale, (clientY - box.top) * scale];
  }

  #pointerDown(event) {
    if (event.button !== 0) return;
    ui.paper.setPointerCapture(event.pointerId);
    this.#pen = this.#pointAt(event);
    this.#putDown();
  }

  #pointerMove(event) {
    if (this.#stroke === undefined || !ui.paper.hasPointerCapture(event.pointerId)) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const each of all.length > 0 ? all : [event]) this.#moveTo(this.#pointAt(each));
  }

  #putDown() {
    this.#stroke = this.#strokes.begin([...this.#pen], this.#tool);
    drawStroke(this.#context, this.#stroke);
    this.#drawButtons();
    this.#drawPen();
  }

  #moveTo(point) {
    this.#pen = point;
    if (this.#stroke === undefined) return;
    this.#stroke.points.push([...point]);
    drawStroke(this.#context, this.#stroke, this.#stroke.points.length - 1);
  }

  /** As undo and redo draw it: whole strokes. */
  #lift() {
    if (this.#stroke !== undefined) this.#change(() => undefined);
  }

  #key(event) {
    if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      if (this.#stroke) this.#lift();
      else this.#putDown();
      const { words } = this.#frame;
      byId('pen-said').textContent = this.#stroke ? words.penDown : words.penUp;
      return;
    }
    const move = MOVES[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const by = event.shiftKey ? LEAP : STEP;
    const [x, y] = this.#pen;
    const within = (value, size) => Math.min(Math.max(value, 0), size);
    this.#moveTo([
      within(x + move[0] * by, ui.paper.width),
      within(y + move[1] * by, ui.paper.height),
    ]);
    this.#drawPen();
  }

  #write() {
    const text = writable(ui.handText.value);
    if (text.trim() === '') return;
    const { width, height } = ui.paper;
    const box = {
      x: MARGIN,
      y: height / 4,
      width: width - 2 * MARGIN,
      height: height / 2,
    };
    const tool = this.#tool;
    const strokes = writeStrokes(text, box, randomOf(this.#nWritten++));
    this.#change(() => this.#strokes.add(strokes.map((points) => ({ ...tool, points }))));
  }

  #change(change) {
    this.#stroke = undefined;
    change();
    this.#redraw();
  }

  get #context() {
    return ui.paper.getContext('2d');
  }

  #redraw() {
    clearPaper(ui.paper);
    for (const stroke of this.#strokes.shown) drawStroke(this.#context, stroke);
    this.#drawButtons();
    this.#drawPen();
  }

  #drawButtons() {
    ui.undo.disabled = !this.#strokes.canUndo;
    ui.redo.disabled = !this.#strokes.canRedo;
    const isEmpty = this.#strokes.shown.length === 0;
    ui.clear.disabled = isEmpty;
    ui.use.disabled = isEmpty;
  }

  /** The mark of the keyboard's pen, beside the paper in the document: it is no part of the picture. */
  #drawPen() {
    const [x, y] = this.#pen;
    ui.pen.hidden = !ui.box.matches(':focus-visible');
    ui.pen.style.left = `${(x / ui.paper.width) * 100}%`;
    ui.pen.style.top = `${(y / ui.paper.height) * 100}%`;
    ui.pen.classList.toggle('down', this.#stroke !== undefined);
  }
}
