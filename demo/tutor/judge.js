/* The tutor about a child's answer: praise, or kindly where to look. Right and wrong come from the arithmetic
 * (given.js); the model names the slip. */
import { solve } from './arithmetic.js';
import { isRight } from './given.js';
import { formatGiven, isCheckable } from './prompts.js';
import { readSlip } from './remarks.js';
import { printed } from './room.js';

/** Praises a right answer at once, or says kindly that it is not and where to look. Resolves to whether it is right.
 *  `offer`: a last sentence of the words for a wrong one. */
export async function judge({ room, expression, given, offer = 'tryAgain' }) {
  if (isRight(expression, given)) {
    room.cancel();
    room.praise();
    return true;
  }
  const { language } = room.frame;
  const givenText = formatGiven(given, language);
  await room.turn(
    async (teacher, signal) => {
      const isAskable = teacher !== null && isCheckable(expression);
      const remark = isAskable
        ? await teacher.check({ expression, given, language, signal })
        : null;
      if (signal.aborted) return;
      const slip = remark?.steps.find(({ kind }) => kind === 'slip');
      const { place, rest: told } = readSlip(slip?.note ?? '');
      /* "Look again: 7 × 8 = 56." leaves nothing to try. */
      const rest = told.includes(`= ${solve(expression).answer}.`) ? '' : told;
      const where = (words) => (place === null ? '' : words.lookAt[place]);
      room.say((words) =>
        [words.notYet(givenText), where(words), printed(rest), words[offer]]
          .filter(Boolean)
          .join(' '),
      );
    },
    (words) => words.notYet(givenText),
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
