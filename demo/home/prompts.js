/* What the front page sends to the tutor, and whether what came back may be believed (tools/tutor/GRAMMAR.md). */
import { formatExpression, parseAnswer, parseExpression } from '../tutor/steps.js';

/** A sum without words gets one, so that it is answered in the language of the page. */
export function promptFor(question, words) {
  const isBare = !/\p{L}/u.test(question);
  return isBare ? `${words.solve}: ${question}` : question;
}

/** The sum that was asked for, where that is plain to see: '12*7=?' is '12 × 7'. */
function askedFor(question) {
  const plain = question
    .replace(/[=?\s]+$/, '')
    .replace(/\s*([-+×÷*x/−])\s*/gi, ' $1 ')
    .replace(/[*x]/gi, '×')
    .replace('/', '÷')
    .replace('−', '-');
  const expression = parseExpression(plain.trim());
  return expression === null ? undefined : formatExpression(expression);
}

/** 'good': the answer is about the sum that was asked for, each of its lines holds, and it has a result. 'bad': one of
 *  these is not so. undefined: no sum, nothing to check. */
export function verdictOn(question, text) {
  const { form, expression, answer, isConsistent } = parseAnswer(text);
  const asked = askedFor(question);
  const isSum = form === 'solve' || form === 'check';
  if (!isSum) return asked === undefined || form !== 'talk' ? undefined : 'bad';
  if (expression === null || !isConsistent || answer === null) return 'bad';
  return asked === undefined || asked === formatExpression(expression) ? 'good' : 'bad';
}
