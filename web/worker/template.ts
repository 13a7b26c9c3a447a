/* Chat templates: Jinja source out of a model file, which is as hostile as any other byte of it. The interpreter is
 * bounded in steps and in the weight of every value, so that no template can hang the worker or fill its memory. */
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { EngineError, messageOf } from '../base/errors.ts';
import { TEMPLATE_BYTES_MAX, TEMPLATE_WEIGHT_MAX, TEMPLATE_WORK_MAX } from '../base/limits.ts';
import type { TemplateMessage } from './protocol.ts';

type Program = ReturnType<typeof parse>;
type Evaluate = Interpreter['evaluate'];
type Value = ReturnType<Evaluate>;

export interface TemplateInput {
  readonly messages: readonly TemplateMessage[];
  readonly addsGenerationPrompt: boolean;
  readonly bosText: string;
  readonly eosText: string;
}

const ENV_NAMES = ['true', 'True', 'false', 'False', 'none', 'None'] as const;
const ENV_VALUES = [true, true, false, false, null, null] as const;
const RANGE_MAX = 100_000;
/* A step on a value of this many characters (a power of two) counts as one more. */
const WORK_SHIFT = 6;
/* An item of a loop makes scopes and loop variables. */
const LOOP_WORK = 16;
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

function tooLarge(what: string): Error {
  return new Error(`the template builds ${what}`);
}

/** Counts work, and what each value weighs: characters of a text, items of a list with theirs. A list that holds another
 * twice weighs it twice, so that doubling is noticed before anything is written out. A step on a heavy value is more work,
 * since what is done with it looks at all of it; a loop is a step for each item, whatever its body. */
class BoundedInterpreter extends Interpreter {
  #work = 0;
  readonly #weights = new WeakMap<object, number>();
  readonly #looped = new WeakSet<object>();

  override evaluate(...args: Parameters<Evaluate>): Value {
    const [node] = args;
    if (isLoop(node)) this.#looped.add(node.iterable.lhs ?? node.iterable);
    const value = super.evaluate(...args);
    const weight = this.#weigh(value);
    if (weight > TEMPLATE_WEIGHT_MAX) {
      throw tooLarge(`a value of more than ${TEMPLATE_WEIGHT_MAX} characters or items`);
    }
    const isLooped = node !== undefined && this.#looped.has(node);
    this.#work += 1 + (weight >> WORK_SHIFT) + (isLooped ? sizeOf(value) * LOOP_WORK : 0);
    if (this.#work > TEMPLATE_WORK_MAX)
      throw tooLarge(`its text in more than ${TEMPLATE_WORK_MAX} steps`);
    return value;
  }

  #weigh(value: unknown): number {
    if (typeof value === 'string') return value.length;
    if (typeof value !== 'object' || value === null || !('value' in value)) return 1;
    const inner = value.value;
    if (typeof inner === 'string') return inner.length;
    if (!Array.isArray(inner) && !(inner instanceof Map)) return 1;
    const known = this.#weights.get(inner);
    if (known !== undefined) return known;
    let sum = 1;
    for (const item of inner.values()) sum += this.#weigh(item);
    this.#weights.set(inner, sum);
    return sum;
  }
}

/** Items of a list or an object. */
function sizeOf({ value }: { readonly value?: unknown }): number {
  if (Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : 0;
}

/** A `for`, seen as far as its iterable: of `for x in list if test` that is the list. */
interface Loop {
  readonly iterable: { readonly lhs?: object };
}

function isLoop(node: object | undefined): node is Loop {
  return node !== undefined && 'type' in node && node.type === 'For' && 'iterable' in node;
}

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

  render(input: TemplateInput): string {
    try {
      const result: { value: unknown } = new BoundedInterpreter(prepare(input)).run(this.#program);
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
