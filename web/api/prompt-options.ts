/* The options of the Prompt API: converted in the order of WebIDL (inherited members first, each dictionary's by
 * name), then validated. The members that this package adds come last. */
import { invalid, readNumber } from '../base/options.ts';
import { type GenerateConstraint, readConstraint } from './prompt-constraint.ts';
import { toPlatformError } from './prompt-errors.ts';
import { discardPictures } from './prompt-images.ts';
import { MESSAGE_TYPES, type RawPrompt, toMessages } from './prompt-messages.ts';
import type {
  LanguageModelMessageType,
  LanguageModelSamplingMode,
  PromptEngine,
} from './prompt-types.ts';
import {
  required,
  toCallback,
  toDictionary,
  toDomString,
  toDouble,
  toEnum,
  toObject,
  toSequence,
  toSequenceOrString,
  toSignal,
} from './prompt-webidl.ts';

export interface Sampling {
  /** Null when topK or temperature were given. */
  readonly mode: LanguageModelSamplingMode | null;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
}

interface Preset {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
}

export const TEMPERATURE_MAX = 2;
export const TOP_K_MAX = 128;
const MODE_DEFAULT = 'balanced';

/** docs/PROMPT_API.md repeats this table. */
const PRESETS: Readonly<Record<LanguageModelSamplingMode, Preset>> = {
  'most-predictable': { temperature: 0, topK: 1, topP: 1 },
  predictable: { temperature: 0.3, topK: 20, topP: 0.9 },
  'slightly-predictable': { temperature: 0.5, topK: 30, topP: 0.92 },
  balanced: { temperature: 0.7, topK: 40, topP: 0.95 },
  'slightly-creative': { temperature: 0.85, topK: 60, topP: 0.97 },
  creative: { temperature: 1, topK: 80, topP: 0.98 },
  'most-creative': { temperature: 1.3, topK: TOP_K_MAX, topP: 1 },
};
const MODES = ['default', ...Object.keys(PRESETS)] as readonly (
  | LanguageModelSamplingMode
  | 'default'
)[];
const INT32_MAX = 2 ** 31 - 1;

export const DEFAULT_SAMPLING: Sampling = { mode: MODE_DEFAULT, ...PRESETS[MODE_DEFAULT] };

interface Expected {
  readonly type: LanguageModelMessageType;
  readonly languages: readonly string[];
}

export interface CoreOptions {
  readonly expectedInputs: readonly Expected[];
  readonly expectedOutputs: readonly Expected[];
  readonly samplingMode: LanguageModelSamplingMode | 'default';
  readonly temperature: number | undefined;
  readonly toolNames: readonly string[];
  readonly topK: number | undefined;
  readonly engine: PromptEngine | undefined;
}

export interface CreateOptions extends CoreOptions {
  readonly initialPrompts: RawPrompt & readonly unknown[];
  readonly monitor: ((...args: readonly unknown[]) => unknown) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly maxTokens: number;
  readonly seed: bigint | undefined;
  readonly stop: readonly string[];
}

export interface PromptOptions {
  readonly constraint: GenerateConstraint | undefined;
  /** The model is told of the constraint. */
  readonly tellsConstraint: boolean;
  readonly signal: AbortSignal | undefined;
}

function toExpected(name: string, value: unknown): Expected {
  const fields = toDictionary(name, value);
  const { languages } = fields;
  return {
    languages:
      languages === undefined ? [] : toSequence(`${name}.languages`, languages, toDomString),
    type: toEnum(`${name}.type`, required(`${name}.type`, fields.type), MESSAGE_TYPES),
  };
}

/** A tool's name; the rest is converted for its errors only, since no model of this engine calls tools. */
function toToolName(name: string, value: unknown): string {
  const fields = toDictionary(name, value);
  toDomString(`${name}.description`, required(`${name}.description`, fields.description));
  toCallback(`${name}.execute`, required(`${name}.execute`, fields.execute));
  toObject(`${name}.inputSchema`, required(`${name}.inputSchema`, fields.inputSchema));
  return toDomString(`${name}.name`, required(`${name}.name`, fields.name));
}

function optional<T>(
  name: string,
  value: unknown,
  convert: (name: string, value: unknown) => T,
): T | undefined {
  return value === undefined ? undefined : convert(name, value);
}

function toExpectedList(name: string, value: unknown): Expected[] {
  return toSequence(name, value, toExpected);
}

function toToolNames(name: string, value: unknown): string[] {
  return toSequence(name, value, toToolName);
}

const ENGINE_METHODS = ['session', 'destroy'] as const;
const TOKENIZER_METHODS = ['encode', 'applyChatTemplate'] as const;

function toEngine(name: string, value: unknown): PromptEngine {
  const engine = toObject(name, value);
  const tokenizer = toObject(`${name}.tokenizer`, Reflect.get(engine, 'tokenizer'));
  toObject(`${name}.info`, Reflect.get(engine, 'info'));
  const isEngine =
    ENGINE_METHODS.every((method) => typeof Reflect.get(engine, method) === 'function') &&
    TOKENIZER_METHODS.every((method) => typeof Reflect.get(tokenizer, method) === 'function');
  if (!isEngine) throw new TypeError(`${name}: expected an Engine of this package`);
  return engine as PromptEngine;
}

function readCoreMembers(fields: Readonly<Record<string, unknown>>): Omit<CoreOptions, 'engine'> {
  return {
    expectedInputs: optional('expectedInputs', fields.expectedInputs, toExpectedList) ?? [],
    expectedOutputs: optional('expectedOutputs', fields.expectedOutputs, toExpectedList) ?? [],
    samplingMode:
      optional('samplingMode', fields.samplingMode, (name, value) => toEnum(name, value, MODES)) ??
      'default',
    temperature: optional('temperature', fields.temperature, toDouble),
    toolNames: optional('tools', fields.tools, toToolNames) ?? [],
    topK: optional('topK', fields.topK, toDouble),
  };
}

export function readCoreOptions(value: unknown): CoreOptions {
  const fields = toDictionary('options', value);
  const core = readCoreMembers(fields);
  return { ...core, engine: optional('engine', fields.engine, toEngine) };
}

/** A number of this package's own members: no conversion, out of range is a TypeError. */
function readExtraNumber(
  name: string,
  value: unknown,
  min: number,
  max: number,
): number | undefined {
  try {
    return readNumber(name, value, { min, max, isInteger: true });
  } catch (error) {
    throw toPlatformError(error);
  }
}

function readStops(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const given = toSequenceOrString('stop', value, toDomString);
  const stops = typeof given === 'string' ? [given] : given;
  if (stops.includes(''))
    throw toPlatformError(invalid('stop', 'a text or a list of texts, none empty', ''));
  return stops;
}

function readSeed(value: unknown): bigint | undefined {
  const { MIN_SAFE_INTEGER: min, MAX_SAFE_INTEGER: max } = Number;
  const seed = readExtraNumber('seed', value, min, max);
  return seed === undefined ? undefined : BigInt.asUintN(64, BigInt(seed));
}

export function randomSeed(): bigint {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (BigInt(high) << 32n) | BigInt(low);
}

export function readCreateOptions(value: unknown): CreateOptions {
  const fields = toDictionary('options', value);
  const core = readCoreMembers(fields);
  const initialPrompts = optional('initialPrompts', fields.initialPrompts, toMessages) ?? [];
  try {
    return {
      ...core,
      initialPrompts,
      monitor: toCallback('monitor', fields.monitor),
      signal: toSignal('signal', fields.signal),
      engine: optional('engine', fields.engine, toEngine),
      maxTokens: readExtraNumber('maxTokens', fields.maxTokens, 1, INT32_MAX) ?? 0,
      seed: readSeed(fields.seed),
      stop: readStops(fields.stop),
    };
  } catch (error) {
    discardPictures(initialPrompts);
    throw error;
  }
}

export function readPromptOptions(value: unknown): PromptOptions {
  const fields = toDictionary('options', value);
  const omits = Boolean(fields.omitResponseConstraintInput);
  const constraint = optional('responseConstraint', fields.responseConstraint, toObject);
  const signal = toSignal('signal', fields.signal);
  if (omits && constraint === undefined)
    throw new TypeError('omitResponseConstraintInput: only with a responseConstraint');
  return {
    constraint: constraint && readConstraint(constraint),
    tellsConstraint: !omits,
    signal,
  };
}

/** LanguageModelAppendOptions and LanguageModelCloneOptions. */
export function readSignalOptions(value: unknown): AbortSignal | undefined {
  return toSignal('signal', toDictionary('options', value).signal);
}

/** Throws a RangeError for a tag that is none. Every language is as available as the model makes it. */
export function checkLanguages(options: CoreOptions): void {
  for (const expected of [...options.expectedInputs, ...options.expectedOutputs])
    Intl.getCanonicalLocales([...expected.languages]);
}

function outOfRange(name: string, expected: string, got: number): RangeError {
  return new RangeError(`${name}: expected ${expected}, got ${got}`);
}

/** A mode, or raw parameters, clamped as the specification says. */
export function readSampling(options: CoreOptions): Sampling {
  const { samplingMode, temperature, topK } = options;
  if (temperature === undefined && topK === undefined) {
    const mode = samplingMode === 'default' ? MODE_DEFAULT : samplingMode;
    return { mode, ...PRESETS[mode] };
  }
  if (samplingMode !== 'default')
    throw new TypeError('samplingMode excludes temperature and topK; give either');
  if (temperature !== undefined && !(temperature >= 0))
    throw outOfRange('temperature', 'a number that is not negative', temperature);
  if (topK !== undefined && !(topK >= 1)) throw outOfRange('topK', 'a number from 1', topK);
  return {
    mode: null,
    temperature: Math.fround(
      Math.min(temperature ?? DEFAULT_SAMPLING.temperature, TEMPERATURE_MAX),
    ),
    topK: Math.floor(Math.min(topK ?? DEFAULT_SAMPLING.topK, TOP_K_MAX)),
    topP: 1,
  };
}

/** Why no model of this engine, or not this one, can do what these options ask for; undefined when one can. */
export function whyUnavailable(
  options: CoreOptions,
  engine: Pick<PromptEngine, 'vision'> | undefined,
): string | undefined {
  const [tool] = options.toolNames;
  if (tool !== undefined) return `tools: this engine’s models call no tools ("${tool}")`;
  const sees = engine === undefined || engine.vision !== undefined;
  const input = options.expectedInputs.find(
    ({ type }) => type !== 'text' && !(type === 'image' && sees),
  );
  if (input !== undefined) return `expectedInputs: the model does not take "${input.type}"`;
  const output = options.expectedOutputs.find(({ type }) => type !== 'text');
  if (output !== undefined) return `expectedOutputs: the model does not give "${output.type}"`;
  return undefined;
}
