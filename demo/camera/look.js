/* What is asked of a frame, and what the answer means. A rule is a question of yes and no: the answer can be nothing
 * else (response_format). The small model of the site knows no yes and no: it counts what the rule names. */
import { PageError } from '../site/errors.js';
import { countQuestion, DESCRIBE, readCount, readRule } from '../site/small-vision.js';
import { contentOf, nTilesOf } from '../site/vision-engine.js';

const DESCRIPTION_TOKENS = 80;
const COUNT_TOKENS = 24;
const ANSWER_TOKENS = 48;
/** A frame is looked at once, as a whole. */
const CROPS = 1;
const YES_OR_NO = {
  type: 'json_schema',
  json_schema: {
    name: 'rule',
    schema: {
      type: 'object',
      properties: { answer: { enum: ['yes', 'no'] } },
      required: ['answer'],
      additionalProperties: false,
    },
  },
};
const PROMPTS = {
  en: {
    describe: 'Describe in one or two short sentences what you see.',
    rule: (rule) => `${rule}\nAnswer in JSON: {"answer": "yes"} or {"answer": "no"}.`,
  },
  ko: {
    describe: '무엇이 보이는지 한두 문장으로 짧게 한국어로 설명해 주세요.',
    rule: (rule) => `${rule}\nAnswer in JSON: {"answer": "yes"} or {"answer": "no"}.`,
  },
};

/** Looks at frames. `rule` is what is watched for, '' for nothing; `describes`: whether each frame is described too. */
export class Looker {
  #engine;
  #wishes;

  /** `engine`: a VisionEngine with its model loaded; `isSmall`: that of the site. */
  constructor(engine, { rule, describes, isSmall, language }) {
    if (isSmall && rule !== '' && readRule(rule) === undefined)
      throw new PageError('RULE_UNKNOWN', `the rule "${rule}" names no shape or colour`);
    this.#engine = engine;
    this.#wishes = { rule, describes, isSmall, language };
  }

  /** { isMatch, answer, description } of a picture; `answer` is what the model said of the rule. */
  async look(blob, { signal, onProgress }) {
    const { rule, describes } = this.#wishes;
    const plan = await this.#engine.prepare(blob, { numCrops: this.#numCrops, signal });
    const tiles = [nTilesOf(plan.tiles)];
    const ask = async (text, more) => {
      const messages = [{ role: 'user', content: contentOf([blob], text, this.#numCrops) }];
      const options = { signal, tiles, onProgress };
      return (await this.#engine.ask({ messages, ...more }, options)).text;
    };
    const judged = rule === '' ? { isMatch: false, answer: '' } : await this.#judge(ask);
    const description = describes ? await this.#describe(ask) : '';
    return { ...judged, description };
  }

  get #numCrops() {
    return this.#wishes.isSmall ? undefined : CROPS;
  }

  #describe(ask) {
    const { isSmall, language } = this.#wishes;
    const text = isSmall ? DESCRIBE[language] : PROMPTS[language].describe;
    return ask(text, { max_tokens: DESCRIPTION_TOKENS });
  }

  async #judge(ask) {
    const { rule, isSmall, language } = this.#wishes;
    if (isSmall) {
      const kind = readRule(rule);
      const answer = await ask(countQuestion(kind, language), { max_tokens: COUNT_TOKENS });
      return { isMatch: (readCount(answer, kind) ?? 0) >= kind.least, answer };
    }
    const request = { max_tokens: ANSWER_TOKENS, response_format: YES_OR_NO };
    const { answer } = readAnswer(await ask(PROMPTS[language].rule(rule), request));
    return { isMatch: answer === 'yes', answer };
  }
}

/** The answer is valid by its making, unless it was cut. */
function readAnswer(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { answer: '' };
  }
}
