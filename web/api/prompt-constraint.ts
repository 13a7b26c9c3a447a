/* responseConstraint: a JSON schema or a regular expression, as the engine takes it and as the model is told of it. */
import type { GenerateSettings } from '../engine/session.ts';
import { engineCode, notSupported } from './prompt-errors.ts';
import type { ChatMessage } from './prompt-types.ts';
import { interfaceOf } from './prompt-webidl.ts';

export type GenerateConstraint = NonNullable<GenerateSettings['constraint']>;

export type PromptSettings = Partial<GenerateSettings>;

function schemaText(schema: object): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(schema);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    /* A cycle, or a BigInt. */
    throw notSupported(`responseConstraint: the schema is not JSON: ${error.message}`, error);
  }
  if (text === undefined || !text.startsWith('{'))
    throw new TypeError('responseConstraint: expected a RegExp or an object with a JSON schema');
  return text;
}

export function readConstraint(value: object): GenerateConstraint {
  if (interfaceOf(value) === 'RegExp') {
    const { source, flags } = value as RegExp;
    return { kind: 'regex', text: source, flags };
  }
  return { kind: 'json_schema', text: schemaText(value) };
}

/** The settings of a generation under this constraint. The one place that knows how the engine is told, and that it
 * has no way yet to begin in the middle, behind a prefix. */
export function constrain(
  settings: PromptSettings,
  constraint: GenerateConstraint | undefined,
  prefix: string,
): PromptSettings {
  if (constraint === undefined) return settings;
  if (prefix !== '')
    throw notSupported('responseConstraint: not together with a prefix in this build');
  return { ...settings, constraint };
}

/** Why the engine takes no such constraint, malformed ones included: the interface has one error for them. */
export function constraintError(thrown: unknown): unknown {
  if (engineCode(thrown) !== 'PHI_EINVAL' || !(thrown instanceof Error)) return thrown;
  return notSupported(`responseConstraint: ${thrown.message}`, thrown);
}

function guidanceOf({ kind, text, flags }: GenerateConstraint): string {
  if (kind === 'regex')
    return `Answer only with text that matches this regular expression: /${text}/${flags ?? ''}`;
  return `Answer only with JSON that matches this JSON schema: ${text}`;
}

/** Tells the model of the constraint, behind the last message of the user. */
export function withGuidance(
  messages: readonly ChatMessage[],
  constraint: GenerateConstraint | undefined,
): readonly ChatMessage[] {
  if (constraint === undefined) return messages;
  const guidance = guidanceOf(constraint);
  const at = messages.findLastIndex((message) => message.role === 'user');
  const message = messages[at];
  if (message === undefined) return [{ role: 'user', content: guidance }, ...messages];
  const content = message.content === '' ? guidance : `${message.content}\n\n${guidance}`;
  return messages.with(at, { ...message, content });
}
