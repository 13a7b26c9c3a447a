/* The tutor about a child's answer: praise, or kindly where to look. Right and wrong come from the arithmetic (given.js);
 * the model names the slip. */
import { isRight } from './given.js';
import { formatGiven, isCheckable } from './prompts.js';
import { printed } from './room.js';
import { readSlip } from './vet.js';

/** Says what is to be said; returns whether the answer is right. `offer`: a further sentence of the words, or none. */
export async function judge({ room, teacher, expression, given, signal, offer }) {
  if (isRight(expression, given)) {
    room.praise();
    return true;
  }
  const { language } = room.frame;
  const isAskable = teacher !== null && isCheckable(expression);
  const remark = isAskable ? await teacher.check({ expression, given, language, signal }) : null;
  if (signal.aborted) return false;
  const slip = remark?.steps.find(({ kind }) => kind === 'slip');
  const { place, rest } = slip ? readSlip(slip.note) : { place: null, rest: '' };
  const givenText = formatGiven(given, language);
  room.say((words) =>
    [
      words.notYet(givenText),
      place === null ? '' : words.lookAt[place],
      printed(rest),
      offer ? words[offer] : words.tryAgain,
    ]
      .filter(Boolean)
      .join(' '),
  );
  return false;
}

/** Says a hint; of a sum that has none now, that the tutor is muddled. */
export async function giveHint({ room, teacher, expression, signal }) {
  const { language } = room.frame;
  const hint = await (teacher?.hint({ expression, language, signal }) ?? null);
  if (signal.aborted) return;
  const note = hint?.steps[0]?.note;
  room.say((words) => (note ? printed(note) : words.muddled));
}
