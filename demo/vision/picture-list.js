/* The pictures of a question, in their order: what the model will see of each, how far its encoding is, moved and
 * removed. */
import { PageError } from '../site/errors.js';
import { formatNumber, formatSeconds } from '../site/format.js';
import { byId, element } from '../site/text.js';
import { nTilesOf } from '../site/vision-engine.js';
import { readPicture, shownSize } from './picture.js';

const PICTURES_MAX = 12;

const host = byId('pictures-list');

function shrink({ paddedWidth, paddedHeight, pixels }) {
  const { width, height } = shownSize(paddedWidth, paddedHeight);
  return createImageBitmap(pixels, { resizeWidth: width, resizeHeight: height });
}

/** The padded picture, small, and how it is cut. */
function drawPlan(canvas, bitmap, [rows, columns]) {
  const { width, height } = bitmap;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const line = (from, to) => {
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  };
  /* Dark dashes on a light line: to be seen on any picture. */
  for (const [style, dash] of [
    ['#ffffff', []],
    ['#1f5fbf', [6, 4]],
  ]) {
    context.strokeStyle = style;
    context.lineWidth = 2;
    context.setLineDash(dash);
    for (let column = 1; column < columns; column++)
      line([(column * width) / columns, 0], [(column * width) / columns, height]);
    for (let row = 1; row < rows; row++)
      line([0, (row * height) / rows], [width, (row * height) / rows]);
    context.strokeRect(1, 1, width - 2, height - 2);
  }
}

function drawBitmap(canvas, bitmap) {
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext('2d').drawImage(bitmap, 0, 0);
}

export class PictureList {
  #frame;
  #onChange;
  #onError;
  /** Each { id, blob, name, width, height, bitmap, plan, planKey, ui }. */
  #pictures = [];
  #isLocked = false;
  #secondsFor = () => undefined;
  #nAdded = 0;

  /** `onChange()`: pictures came, went or moved. */
  constructor(frame, { onChange, onError }) {
    this.#frame = frame;
    this.#onChange = onChange;
    this.#onError = onError;
    frame.onLanguage(() => this.draw());
  }

  get pictures() {
    return this.#pictures;
  }

  set isLocked(isLocked) {
    this.#isLocked = isLocked;
    this.#drawButtons();
  }

  /** (nTiles) → seconds, or undefined while nobody knows. */
  set secondsFor(secondsFor) {
    this.#secondsFor = secondsFor;
  }

  /** A picture without a file's name is called by its `kind`, a key of words.names. */
  async add(blob, kind = 'picture') {
    try {
      this.#checkRoom();
      const name = blob.name ? () => blob.name : (words) => words.names[kind];
      this.#push(await readPicture(blob, name));
    } catch (error) {
      this.#onError(error);
    }
  }

  #checkRoom() {
    if (this.#isLocked) throw new PageError('PICTURES_LOCKED', 'a question is being answered');
    if (this.#pictures.length >= PICTURES_MAX)
      throw new PageError('PICTURES_MANY', `${PICTURES_MAX} at most`, { most: PICTURES_MAX });
  }

  /** Others may have come while it was read, or a question been asked. */
  #push(picture) {
    try {
      this.#checkRoom();
    } catch (error) {
      picture.bitmap.close();
      throw error;
    }
    picture.id = ++this.#nAdded;
    picture.ui = this.#item(picture);
    this.#pictures.push(picture);
    drawBitmap(picture.ui.canvas, picture.bitmap);
    host.append(picture.ui.item);
    this.#changed();
  }

  /** Has `prepare(blob)` say of each picture what the model will see of it. `key`: what that depends on. */
  async plan(prepare, key, signal) {
    for (const picture of [...this.#pictures]) {
      if (picture.planKey === key) continue;
      const plan = await prepare(picture.blob);
      const bitmap = await shrink(plan);
      if (!signal.aborted) drawPlan(picture.ui.canvas, bitmap, plan.tiles);
      bitmap.close();
      if (signal.aborted) return;
      const { paddedWidth, paddedHeight, tokens, tiles } = plan;
      picture.plan = { paddedWidth, paddedHeight, tokens, tiles };
      picture.planKey = key;
      this.#drawFacts(picture);
    }
  }

  /** Nobody knows any longer what will be seen: another model. */
  forgetPlans() {
    for (const picture of this.#pictures) {
      if (picture.plan === undefined) continue;
      picture.plan = undefined;
      picture.planKey = undefined;
      drawBitmap(picture.ui.canvas, picture.bitmap);
      this.#drawFacts(picture);
    }
  }

  /** How far the encoding of a picture is, from 0 to 1. */
  progress(idx, share) {
    const bar = this.#pictures[idx]?.ui.bar;
    if (bar === undefined) return;
    bar.hidden = false;
    bar.value = share;
  }

  endProgress() {
    for (const { ui } of this.#pictures) ui.bar.hidden = true;
  }

  draw() {
    for (const picture of this.#pictures) this.#drawFacts(picture);
    this.#drawButtons();
  }

  #changed() {
    this.draw();
    this.#onChange();
  }

  #item(picture) {
    const item = element('li', 'picture card');
    const canvas = element('canvas');
    canvas.setAttribute('role', 'img');
    const name = element('strong', 'picture-name');
    const facts = element('p', 'picture-facts quiet');
    const bar = element('progress');
    bar.max = 1;
    bar.hidden = true;
    const up = this.#button('moveUp', '↑', () => this.#move(picture, -1));
    const down = this.#button('moveDown', '↓', () => this.#move(picture, 1));
    const remove = this.#button('remove', '✕', () => this.#remove(picture));
    const actions = element('div', 'row');
    actions.append(up, down, remove);
    const about = element('div', 'about');
    about.append(name, facts, bar, actions);
    item.append(canvas, about);
    return { item, canvas, name, facts, bar, up, down, remove };
  }

  /** A button whose face is a sign: its name (drawFacts()) says of which picture. */
  #button(action, face, onClick) {
    const made = element('button', '', face);
    made.type = 'button';
    made.dataset.action = action;
    made.addEventListener('click', onClick);
    return made;
  }

  #move(picture, by) {
    const at = this.#pictures.indexOf(picture);
    const other = this.#pictures[at + by];
    if (other === undefined) return;
    this.#pictures[at] = other;
    this.#pictures[at + by] = picture;
    host.replaceChildren(...this.#pictures.map(({ ui }) => ui.item));
    this.#changed();
    const { up, down } = picture.ui;
    const [wanted, instead] = by < 0 ? [up, down] : [down, up];
    (wanted.disabled ? instead : wanted).focus();
  }

  #remove(picture) {
    const at = this.#pictures.indexOf(picture);
    this.#pictures.splice(at, 1);
    picture.ui.item.remove();
    picture.bitmap.close();
    this.#changed();
    const next = this.#pictures[at] ?? this.#pictures[at - 1];
    (next?.ui.remove ?? byId('file')).focus();
  }

  #drawFacts(picture) {
    const { words } = this.#frame;
    const { ui, plan, width, height } = picture;
    const name = `${this.#pictures.indexOf(picture) + 1}. ${picture.name(words)}`;
    ui.name.textContent = name;
    const size = words.size(formatNumber(width), formatNumber(height));
    ui.canvas.setAttribute('aria-label', words.pictureLabel(name, size));
    ui.bar.setAttribute('aria-label', words.encodingOf(name));
    ui.facts.textContent = plan === undefined ? size : `${size} · ${this.#planText(plan)}`;
    for (const key of ['up', 'down', 'remove']) {
      const action = words[ui[key].dataset.action];
      ui[key].setAttribute('aria-label', words.ofPicture(action, name));
      ui[key].title = action;
    }
  }

  #planText({ paddedWidth, paddedHeight, tokens, tiles }) {
    const { words } = this.#frame;
    const seconds = this.#secondsFor(nTilesOf(tiles));
    return [
      words.padded(formatNumber(paddedWidth), formatNumber(paddedHeight)),
      words.tiles(formatNumber(tiles[0] * tiles[1])),
      words.tokens(formatNumber(tokens)),
      seconds !== undefined && words.about(formatSeconds(seconds)),
    ]
      .filter(Boolean)
      .join(' · ');
  }

  #drawButtons() {
    this.#pictures.forEach(({ ui }, at) => {
      ui.up.disabled = this.#isLocked || at === 0;
      ui.down.disabled = this.#isLocked || at === this.#pictures.length - 1;
      ui.remove.disabled = this.#isLocked;
      const isOne = this.#pictures.length === 1;
      ui.up.hidden = isOne;
      ui.down.hidden = isOne;
    });
  }
}
