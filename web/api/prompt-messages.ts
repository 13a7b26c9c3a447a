/* Prompts: from whatever a page gives to a list of messages in their long form, validated. Conversion happens when a
 * method is called, validation when its turn comes, since it depends on what the session holds by then. */
import { discardSnapshots, snapshotOf } from '../engine/image-snapshot.ts';
import { imageTag } from '../engine/vision.ts';
import { domException, notSupported } from './prompt-errors.ts';
import type {
  ChatMessage,
  LanguageModelMessageRole,
  LanguageModelMessageType,
} from './prompt-types.ts';
import {
  interfaceOf,
  required,
  toDictionary,
  toDomString,
  toEnum,
  toSequence,
  toSequenceOrString,
} from './prompt-webidl.ts';

export const MESSAGE_TYPES = ['text', 'image', 'audio', 'tool-call', 'tool-response'] as const;
const ROLES = ['system', 'user', 'assistant'] as const;

const IMAGES = [
  'Blob',
  'File',
  'HTMLCanvasElement',
  'HTMLImageElement',
  'HTMLVideoElement',
  'ImageBitmap',
  'ImageData',
  'OffscreenCanvas',
  'SVGImageElement',
  'VideoFrame',
];
const AUDIO = ['AudioBuffer', 'Blob', 'File'];

/** As it was when it was given. */
export interface Picture {
  /** What errors call it. */
  readonly where: string;
  readonly snapshot: unknown;
}

interface Part {
  readonly type: LanguageModelMessageType;
  /** A text, or a platform object. */
  readonly value: unknown;
  readonly picture?: Picture;
}

interface RawMessage {
  readonly role: LanguageModelMessageRole;
  readonly content: string | readonly Part[];
  readonly prefix: boolean;
}

/** A prompt as converted from its argument. */
export type RawPrompt = string | readonly RawMessage[];

/** A message whose pictures are not prepared yet. */
export interface ValidMessage {
  readonly role: LanguageModelMessageRole;
  /** With a tag for each picture. */
  readonly content: string;
  readonly pictures: readonly Picture[];
}

/** A validated prompt. */
export interface Prompt<M = ChatMessage> {
  readonly messages: readonly M[];
  /** The last message is one that the answer continues. */
  readonly endsInPrefix: boolean;
}

export interface PromptRules {
  /** What expectedInputs declared. Text always counts as declared. */
  readonly declared: readonly LanguageModelMessageType[];
  /** first: the first message may be the system's. never: none may (NotSupportedError). late: none may any more
   * (TypeError). */
  readonly system: 'first' | 'never' | 'late';
}

function isBytes(value: unknown): boolean {
  return ArrayBuffer.isView(value) || interfaceOf(value) === 'ArrayBuffer';
}

/** LanguageModelMessageValue: a platform object stays what it is, anything else becomes a text. */
function toValue(name: string, value: unknown): unknown {
  const kind = interfaceOf(value);
  if (IMAGES.includes(kind) || AUDIO.includes(kind) || isBytes(value)) return value;
  return toDomString(name, value);
}

/** Converts messages; what it copied is given back when one is refused. */
class MessageConverter {
  readonly #snapshots: unknown[] = [];

  run<T>(work: (convert: (name: string, value: unknown) => RawMessage) => T): T {
    try {
      return work((name, value) => this.#message(name, value));
    } catch (error) {
      discardSnapshots(this.#snapshots);
      throw error;
    }
  }

  #message(name: string, value: unknown): RawMessage {
    const fields = toDictionary(name, value);
    const given = required(`${name}.content`, fields.content);
    const content = toSequenceOrString(`${name}.content`, given, (at, part) =>
      this.#part(at, part),
    );
    const prefix = Boolean(fields.prefix);
    const role = toEnum(`${name}.role`, required(`${name}.role`, fields.role), ROLES);
    return { role, content, prefix };
  }

  #part(name: string, given: unknown): Part {
    const fields = toDictionary(name, given);
    const type = toEnum(`${name}.type`, required(`${name}.type`, fields.type), MESSAGE_TYPES);
    const value = toValue(`${name}.value`, required(`${name}.value`, fields.value));
    if (type !== 'image') return { type, value };
    const snapshot = snapshotOf(value);
    this.#snapshots.push(snapshot);
    return { type, value, picture: { where: name, snapshot } };
  }
}

/* Whoever calls these gives the pictures back when the prompt comes to nothing. */

export function toPrompt(name: string, value: unknown): RawPrompt {
  return new MessageConverter().run((convert) => toSequenceOrString(name, value, convert));
}

export function toMessages(name: string, value: unknown): RawMessage[] {
  return new MessageConverter().run((convert) => toSequence(name, value, convert));
}

function checkSystem(input: readonly RawMessage[], rules: PromptRules): void {
  const last = input.findLastIndex(({ role }) => role === 'system');
  if (last > 0 || (last === 0 && rules.system === 'late'))
    throw new TypeError(
      'a message of role "system" is only allowed as the first one of the session',
    );
  if (last === 0 && rules.system === 'never')
    throw notSupported(
      'a prompt takes no message of role "system"; give it in initialPrompts of create()',
    );
}

function checkPrefix(message: RawMessage, isLast: boolean): void {
  if (message.prefix && !(message.role === 'assistant' && isLast))
    throw domException(
      'SyntaxError',
      'prefix: only the last message, one of role "assistant", can be a prefix',
    );
}

function isRightKind({ type, value }: Part): boolean {
  const kind = interfaceOf(value);
  if (type === 'image') return IMAGES.includes(kind) || isBytes(value);
  if (type === 'audio') return AUDIO.includes(kind) || isBytes(value);
  return typeof value === 'string';
}

function checkPart(part: Part, role: LanguageModelMessageRole, rules: PromptRules): void {
  const { type } = part;
  if (type !== 'text' && role === 'assistant')
    throw notSupported(`a message of role "assistant" holds text only, not "${type}"`);
  if (type !== 'text' && !rules.declared.includes(type))
    throw notSupported(`content of type "${type}" was not declared in expectedInputs of create()`);
  if (!isRightKind(part)) throw new TypeError(`content of type "${type}" with a value of another`);
}

/** The number of a tag is that of its picture in the whole prompt, given when all messages are together. */
function textOf({ type, value }: Part): string {
  if (type === 'image') return `${imageTag(1)}\n`;
  if (typeof value !== 'string') throw notSupported(`content of type "${type}" is not supported`);
  return value;
}

/** Parts are joined without anything between them. */
function canonicalize(message: RawMessage, rules: PromptRules): ValidMessage {
  const { role, content } = message;
  const parts: readonly Part[] =
    typeof content === 'string' ? [{ type: 'text', value: content }] : content;
  for (const part of parts) checkPart(part, role, rules);
  const pictures = parts.flatMap(({ picture }) => picture ?? []);
  const text = parts.map(textOf).join('');
  return { role, content: text, pictures };
}

/** Throws what the specification says; the result has at least one message. */
export function validatePrompt(input: RawPrompt, rules: PromptRules): Prompt<ValidMessage> {
  if (typeof input === 'string' || input.length === 0) {
    const content = typeof input === 'string' ? input : '';
    return { messages: [{ role: 'user', content, pictures: [] }], endsInPrefix: false };
  }
  checkSystem(input, rules);
  const messages = input.map((message, i) => {
    checkPrefix(message, i === input.length - 1);
    return canonicalize(message, rules);
  });
  return { messages, endsInPrefix: input.at(-1)?.prefix === true };
}
