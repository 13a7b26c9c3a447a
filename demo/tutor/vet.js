/* Whether an answer of the model may be shown to the child who asked. parseAnswer has compared steps and results with
 * the arithmetic; here the rest is looked at: that it answers what was asked, that hints, reasons and slips are those
 * of this sum (remarks.js), and that talk is what the tutor was taught to say (talk.js). Nothing else is shown.
 *
 * A request is { task, expression, text, given }: task 'solve', 'hint', 'check' or 'why'; expression null when the
 * child wrote a question in words, then `text`; given { answer, remainder } for a check. */
import { deriveSteps, solve } from './arithmetic.js';
import { isRight } from './given.js';
import { hintFor, slipFor, whyFor } from './remarks.js';
import { formatExpression } from './steps.js';
import { isKnownTalk } from './talk.js';

const LANGUAGES = ['en', 'ko'];
const SUM_MAX = 9999;
const OTHER_MAX = 999;

const numbersIn = (text) => (text.match(/\d+/g) ?? []).map(Number);

/** The same sum, or one with the same meaning: 3 + 4 for 4 + 3. */
function isSameSum(one, other) {
  if (formatExpression(one) === formatExpression(other)) return true;
  const isCommuting = (one.operator === '+' || one.operator === '×') && one.total === undefined;
  if (!isCommuting || one.operator !== other.operator || other.total !== undefined) return false;
  return one.operands[0] === other.operands[1] && one.operands[1] === other.operands[0];
}

/** Within what the tutor was taught for certain: it has no reason to decline. */
function isTaught(expression) {
  const solution = solve(expression);
  if (solution === undefined || deriveSteps(expression) === undefined) return false;
  const { operator, operands, total } = expression;
  const most = operator === '÷' || total !== undefined ? OTHER_MAX : SUM_MAX;
  const numbers = [...operands, total ?? 0, solution.answer].flat();
  return numbers.every((number) => typeof number !== 'number' || number <= most);
}

/** Operands of a sum that the tutor made out of words are numbers of those words, where there are enough. */
function isFromText(expression, text) {
  const named = numbersIn(text.replace(/(?<=\d),(?=\d{3})/g, ''));
  const used = expression.operands.filter((operand) => operand !== null);
  return named.length < used.length || used.every((operand) => named.includes(operand));
}

/** Small talk is no answer to a sum; a refusal is, where the sum may be too hard. */
function findTalkFault(expression, { form, steps }) {
  if (expression && (form === 'talk' || isTaught(expression))) return 'the sum was not answered';
  const said = steps.map((step) => step.note ?? step.text).join(' ');
  return isKnownTalk(form, said, expression)
    ? undefined
    : 'nothing that the tutor was taught to say';
}

function findSolveFault({ expression, text }, answer) {
  if (answer.form === 'refusal' || answer.form === 'talk') return findTalkFault(expression, answer);
  if (answer.form !== 'solve') return `a ${answer.form} was not asked for`;
  if (!answer.isConsistent) return answer.fault;
  if (expression) return isSameSum(answer.expression, expression) ? undefined : 'another sum';
  return isFromText(answer.expression, text) ? undefined : 'numbers of another question';
}

/** A remark is right if it is what the sum as the answer writes it calls for, in either language. */
function findRemarkFault(note, remarkFor) {
  const isFound = LANGUAGES.some((language) => remarkFor(language) === note);
  return isFound ? undefined : 'a remark that is not of this sum';
}

/** parseAnswer has compared the right answer and the sign; whose answer was checked is looked at here. */
function findCheckFault({ given }, { expression, steps }) {
  const check = steps.find(({ kind }) => kind === 'check')?.note ?? '';
  const [answer, remainder = 0] = numbersIn(check.split(/[=≠]/)[0]);
  if (answer !== given.answer || remainder !== given.remainder) return 'it checks another answer';
  const slip = steps.find(({ kind }) => kind === 'slip');
  if ((slip === undefined) !== isRight(expression, given)) return 'right taken for wrong';
  return slip && findRemarkFault(slip.note, (language) => slipFor(expression, given, language));
}

/** Why the answer may not be shown; undefined when it may. */
export function findFault(request, answer) {
  if (request.task === 'solve') return findSolveFault(request, answer);
  if (answer.form === 'refusal') return findTalkFault(request.expression, answer);
  if (answer.form !== request.task) return `${request.task} was asked for, not ${answer.form}`;
  if (!answer.isConsistent) return answer.fault;
  const { expression, steps } = answer;
  if (!expression || !isSameSum(expression, request.expression)) return 'another sum';
  if (solve(expression) === undefined) return 'a sum without an answer';
  if (request.task === 'check') return findCheckFault(request, answer);
  if (steps.length !== 1) return 'more than one remark';
  const remarkFor = request.task === 'hint' ? hintFor : whyFor;
  return findRemarkFault(steps[0].note, (language) => remarkFor(expression, language));
}
