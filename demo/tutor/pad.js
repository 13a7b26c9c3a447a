/* A pad of keys that type into a field at its caret. One tab stop: arrow keys go from key to key. The field keeps the
 * focus when a key is touched, so that no keyboard comes up over the page. */
import { applyWords, element } from '../site/text.js';

export const SUM_KEYS = [
  '7',
  '8',
  '9',
  '÷',
  '4',
  '5',
  '6',
  '×',
  '1',
  '2',
  '3',
  '−',
  '□',
  '0',
  '=',
  '+',
  'back',
  'clear',
];
export const NUMBER_KEYS = ['7', '8', '9', '4', '5', '6', '1', '2', '3', 'back', '0', 'clear'];
export const SIGN_KEYS = ['<', '=', '>'];
export const LIST_KEYS = [...NUMBER_KEYS, ','];
const FACES = { back: '⌫', clear: 'C' };
const OPERATORS = '+−×÷=<>';
const MOVES = { ArrowRight: 1, ArrowLeft: -1 };

/** The field's text with a key typed at the caret. */
export function typeKey({ value, start, end }, key) {
  if (key === 'clear') return { value: '', caret: 0 };
  if (key === 'back') {
    const from =
      start === end ? Math.max(0, start - (/ . $/.test(value.slice(0, start)) ? 3 : 1)) : start;
    return { value: value.slice(0, from) + value.slice(end), caret: from };
  }
  const before = value.slice(0, start);
  const text =
    OPERATORS.includes(key) && before !== '' ? `${before.endsWith(' ') ? '' : ' '}${key} ` : key;
  return { value: before + text + value.slice(end), caret: start + text.length };
}

function press(field, key) {
  const { value, selectionStart, selectionEnd, maxLength } = field;
  const start = selectionStart ?? value.length;
  const typed = typeKey({ value, start, end: selectionEnd ?? start }, key);
  if (maxLength >= 0 && typed.value.length > maxLength) return;
  field.value = typed.value;
  field.setSelectionRange(typed.caret, typed.caret);
  field.dispatchEvent(new Event('input', { bubbles: true }));
}

function moveFocus(keys, event, columns) {
  const at = keys.indexOf(event.target);
  const by = MOVES[event.key] ?? { ArrowDown: columns, ArrowUp: -columns }[event.key];
  const next = by === undefined || at < 0 ? undefined : keys[at + by];
  if (next === undefined) return;
  event.preventDefault();
  for (const key of keys) key.tabIndex = key === next ? 0 : -1;
  next.focus();
}

/** A pad for the field that `field()` gives at each press. */
export function buildPad({ keys, columns, field, words }) {
  const pad = element('div', 'pad');
  pad.setAttribute('role', 'group');
  pad.dataset.label = 'pad';
  pad.style.setProperty('--pad-columns', columns);
  const buttons = keys.map((key, idx) => {
    const button = element('button', /\d/.test(key) ? 'digit' : 'sign', FACES[key] ?? key);
    button.type = 'button';
    button.dataset.key = key;
    button.tabIndex = idx === 0 ? 0 : -1;
    if (words.keys[key]) button.dataset.label = `keys.${key}`;
    button.addEventListener('pointerdown', (event) => event.preventDefault());
    button.addEventListener('click', () => press(field(), key));
    return button;
  });
  pad.addEventListener('keydown', (event) => moveFocus(buttons, event, columns));
  pad.append(...buttons);
  applyWords(pad, words);
  return pad;
}
