/* A child's answer: read, and compared with the arithmetic. This, not the model, says what is right. */
import { solve } from './arithmetic.js';

const SIGNS = ['<', '=', '>'];

/** { answer, remainder } from what was typed; null when it is no answer to this kind of sum. */
export function readGiven(typed, typedRemainder, expression) {
  const text = typed.trim().replaceAll(' ', '');
  const wanted = solve(expression)?.answer;
  if (typeof wanted === 'string')
    return SIGNS.includes(text) ? { answer: text, remainder: 0 } : null;
  if (Array.isArray(wanted)) {
    const isList = /^\d{1,7}(,\d{1,7})+$/.test(text);
    return isList ? { answer: text.split(',').map(Number), remainder: 0 } : null;
  }
  const rest = typedRemainder.trim() || '0';
  const isNumber = /^\d{1,7}$/.test(text) && /^\d{1,7}$/.test(rest);
  return isNumber ? { answer: Number(text), remainder: Number(rest) } : null;
}

export function isRight(expression, { answer, remainder }) {
  const wanted = solve(expression);
  return String(wanted.answer) === String(answer) && wanted.remainder === remainder;
}
