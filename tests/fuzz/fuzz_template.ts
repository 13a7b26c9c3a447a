/* Any text as a chat template out of a model file, with any messages: for the fuzzer, and for the replay of its corpus.
 *
 * An input is the template; behind a line of four equals signs, messages as JSON. What must hold: no error but
 * EngineError, text as the result and no longer than the bound, the messages as they were, prototypes as they were, an
 * end in time. */
import { EngineError } from '../../web/base/errors.ts';
import { TEMPLATE_WEIGHT_MAX, TEMPLATE_WORK_MAX } from '../../web/base/limits.ts';
import { ChatTemplate } from '../../web/worker/template.ts';

const SEPARATOR = '\n====\n';
const CPU_MS_MAX = 1000;
/* What the fuzzer's counters make of a step; its share of the steps keeps hostile inputs from taking all its time. */
const FUZZER_SLOWDOWN = 50;
const MESSAGES = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi\nyou' },
  { role: 'assistant', content: 'Hello', tool_calls: [{ name: 'f', arguments: { x: 1.5 } }] },
];
const PROTOTYPES = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Number.prototype,
  Map.prototype,
  RegExp.prototype,
];
const KEYS = PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length);

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`fuzz_template: broken promise: ${what}`);
}

function parseMessages(text: string | undefined): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (Array.isArray(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
  }
  return MESSAGES;
}

/** The text, or undefined for an EngineError. */
function render(
  source: string,
  messages: readonly Record<string, unknown>[],
  workMax: number,
): unknown {
  try {
    const input = { messages, addsGenerationPrompt: true, bosText: '<s>', eosText: '</s>' };
    return new ChatTemplate(source).render(input, workMax);
  } catch (error) {
    expect(error instanceof EngineError, `only EngineError, got ${String(error)}`);
    return undefined;
  }
}

function checkTemplate(input: string, workMax: number): void {
  const [source = '', json] = input.split(SEPARATOR);
  const messages = parseMessages(json);
  const before = JSON.stringify(messages);
  const start = process.cpuUsage();
  const result = render(source, messages, workMax);
  const ms = process.cpuUsage(start).user / 1000;
  expect(ms <= CPU_MS_MAX, `at most ${CPU_MS_MAX} ms, took ${ms}`);
  expect(result === undefined || typeof result === 'string', `text, got ${typeof result}`);
  if (typeof result === 'string')
    expect(result.length <= TEMPLATE_WEIGHT_MAX, `no more than the bound, got ${result.length}`);
  expect(JSON.stringify(messages) === before, 'messages stay as they were');
  PROTOTYPES.forEach((prototype, i) => {
    expect(Reflect.ownKeys(prototype).length === KEYS[i], 'prototypes stay as they were');
  });
}

/** What the fuzzer calls. */
export function fuzz(data: Uint8Array): void {
  checkTemplate(new TextDecoder().decode(data), TEMPLATE_WORK_MAX / FUZZER_SLOWDOWN);
}

export function replay(data: Uint8Array): void {
  checkTemplate(new TextDecoder().decode(data), TEMPLATE_WORK_MAX);
}
