/* Chat templates: Jinja source out of a model file, which is as hostile as any other byte of it: no template can hang
 * the worker or fill its memory (template-bounds.ts). */
import { Environment, parse, tokenize } from '@huggingface/jinja';
import { EngineError, messageOf } from '../base/errors.ts';
import { TEMPLATE_BYTES_MAX, TEMPLATE_WORK_MAX } from '../base/limits.ts';
import type { TemplateMessage } from './protocol.ts';
import { BoundedInterpreter, type Program, tooLarge } from './template-bounds.ts';

export interface TemplateInput {
  readonly messages: readonly TemplateMessage[];
  readonly addsGenerationPrompt: boolean;
  readonly bosText: string;
  readonly eosText: string;
}

const ENV_NAMES = ['true', 'True', 'false', 'False', 'none', 'None'] as const;
const ENV_VALUES = [true, true, false, false, null, null] as const;
const RANGE_MAX = 100_000;
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

function range(start: number, stop?: number, step = 1): number[] {
  const [first, end] = stop === undefined ? [0, start] : [start, stop];
  if (step === 0) throw new Error('range() with a step of 0');
  const n = Math.max(0, Math.ceil((end - first) / step));
  if (!(n <= RANGE_MAX)) throw tooLarge(`a range of more than ${RANGE_MAX} numbers`);
  return Array.from({ length: n }, (_, i) => first + i * step);
}

/** The conversions of strftime that templates use for "today". */
function strftimeNow(format: string): string {
  const now = new Date();
  const two = (n: number): string => String(n).padStart(2, '0');
  const month = MONTHS[now.getMonth()] ?? '';
  const parts: Readonly<Record<string, string>> = {
    Y: String(now.getFullYear()),
    m: two(now.getMonth() + 1),
    d: two(now.getDate()),
    B: month,
    b: month.slice(0, 3),
    H: two(now.getHours()),
    M: two(now.getMinutes()),
    S: two(now.getSeconds()),
    '%': '%',
  };
  return format.replace(/%(.)/g, (all, letter: string) => parts[letter] ?? all);
}

function prepare(input: TemplateInput): Environment {
  const env = new Environment();
  ENV_NAMES.forEach((name, i) => {
    env.set(name, ENV_VALUES[i]);
  });
  env.set('range', range);
  env.set('strftime_now', strftimeNow);
  env.set('raise_exception', (text: unknown) => {
    throw new Error(`the template refuses these messages: ${String(text).slice(0, 300)}`);
  });
  env.set('messages', input.messages);
  env.set('add_generation_prompt', input.addsGenerationPrompt);
  env.set('bos_token', input.bosText);
  env.set('eos_token', input.eosText);
  return env;
}

export class ChatTemplate {
  readonly #program: Program;

  constructor(source: string | undefined) {
    if (source === undefined || source === '') {
      throw new EngineError(
        'PHI_EUNSUPPORTED',
        'this model file has no chat template; use completions.create() with a prompt of your own',
        { where: 'chat_template' },
      );
    }
    if (source.length > TEMPLATE_BYTES_MAX) {
      throw new EngineError(
        'PHI_ECORRUPT',
        `the chat template has ${source.length} characters, at most ${TEMPLATE_BYTES_MAX} are read`,
        { where: 'chat_template' },
      );
    }
    try {
      this.#program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
    } catch (error) {
      throw new EngineError(
        'PHI_ECORRUPT',
        `the chat template cannot be parsed: ${messageOf(error).slice(0, 300)}`,
        {
          where: 'chat_template',
          cause: error,
        },
      );
    }
  }

  /** `workMax` is for tests: a program that counts its own edges takes fewer steps in the same time. */
  render(input: TemplateInput, workMax: number = TEMPLATE_WORK_MAX): string {
    try {
      const interpreter = new BoundedInterpreter(prepare(input), this.#program, workMax);
      const result: { value: unknown } = interpreter.run(this.#program);
      if (typeof result.value !== 'string') throw new Error('it does not give text');
      return result.value;
    } catch (error) {
      throw new EngineError('PHI_EINVAL', `chat template: ${messageOf(error).slice(0, 400)}`, {
        where: 'messages',
        cause: error,
      });
    }
  }
}
