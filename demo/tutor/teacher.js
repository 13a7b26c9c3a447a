/* Asks the tutor's model and lets through only what was checked: an answer that is not sound is asked for once more in
 * other words, and then the tutor is "muddled", which is null here. */
import { checkPrompt, hintPrompt, otherWording, solvePrompt, whyPrompt } from './prompts.js';
import { parseAnswer } from './steps.js';
import { findFault } from './vet.js';

const user = (content) => ({ role: 'user', content });

export class Teacher {
  #ask;

  /** `ask(messages, { signal, isRetry })` → { text, isWhole }: one answer of the model, as any text; isWhole is false
   *  when it was cut off. It may reject, and that is passed on. */
  constructor(ask) {
    this.#ask = ask;
  }

  /** How a sum or a question in words is done: an Answer (steps.d.ts) of form solve, refusal or talk; null: muddled.
   *  `request`: { expression, text, language, signal }; with an expression (null: not known), the answer is about
   *  it. */
  async explain({ expression, text, language, signal }) {
    const sum = expression && solvePrompt(expression, language);
    const second = expression ? (text ? sum : otherWording(expression, language)) : text;
    const wordings = [[user(text || sum)], [user(second)]];
    const answer = await this.#reply({ task: 'solve', expression, text }, wordings, signal);
    if (answer?.unit === undefined || text?.includes(answer.unit)) return answer;
    const { unit: _, ...rest } = answer; /* a unit that the question does not have */
    return rest;
  }

  /** An Answer of form hint; null: muddled. */
  hint({ expression, language, signal }) {
    const prompt = user(hintPrompt(expression, language));
    return this.#reply({ task: 'hint', expression }, [[prompt], [prompt]], signal);
  }

  /** What the tutor says about a child's answer { answer, remainder }: an Answer of form check; null: muddled. */
  check({ expression, given, language, signal }) {
    const prompt = user(checkPrompt(expression, given, language));
    return this.#reply({ task: 'check', expression, given }, [[prompt], [prompt]], signal);
  }

  /** The reason behind an explanation that explain() gave; an Answer of form why; null: muddled. */
  why({ expression, explained, language, signal }) {
    const messages = [
      user(solvePrompt(expression, language)),
      { role: 'assistant', content: explained },
      user(whyPrompt(language)),
    ];
    return this.#reply({ task: 'why', expression }, [messages, messages], signal);
  }

  async #reply(request, wordings, signal) {
    for (const [attempt, messages] of wordings.entries()) {
      const { text, isWhole } = await this.#ask(messages, { signal, isRetry: attempt > 0 });
      if (!isWhole) continue;
      const answer = parseAnswer(text);
      if (findFault(request, answer) === undefined) return { ...answer, text: text.trim() };
    }
    return null;
  }
}
