/* The dictionaries and enumerations of the Prompt API, as its WebIDL names them, and what this package adds to them. */
import type { ImageSession, PreparedImage } from '../engine/images.ts';
import type { Vision } from '../engine/vision.ts';

export type Availability = 'unavailable' | 'downloadable' | 'downloading' | 'available';

export type LanguageModelSamplingMode =
  | 'most-predictable'
  | 'predictable'
  | 'slightly-predictable'
  | 'balanced'
  | 'slightly-creative'
  | 'creative'
  | 'most-creative';

export type LanguageModelMessageRole = 'system' | 'user' | 'assistant';

export type LanguageModelMessageType = 'text' | 'image' | 'audio' | 'tool-call' | 'tool-response';

export type LanguageModelMessageValue = ImageBitmapSource | AudioBuffer | BufferSource | string;

export interface LanguageModelMessageContent {
  readonly type: LanguageModelMessageType;
  readonly value: LanguageModelMessageValue;
}

export interface LanguageModelMessage {
  readonly role: LanguageModelMessageRole;
  /** A text stands for one part of type "text". */
  readonly content: string | Iterable<LanguageModelMessageContent>;
  /** The answer continues this message. Only on the last one, and only of the assistant. */
  readonly prefix?: boolean | undefined;
}

/** A text stands for one message of the user. */
export type LanguageModelPrompt = string | Iterable<LanguageModelMessage>;

export interface LanguageModelExpected {
  readonly type: LanguageModelMessageType;
  /** BCP 47 tags. */
  readonly languages?: Iterable<string> | undefined;
}

export interface LanguageModelTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: object;
  execute(...args: unknown[]): Promise<string>;
}

export interface LanguageModelCreateCoreOptions {
  readonly expectedInputs?: Iterable<LanguageModelExpected> | undefined;
  readonly expectedOutputs?: Iterable<LanguageModelExpected> | undefined;
  /** Not together with temperature or topK. */
  readonly samplingMode?: LanguageModelSamplingMode | 'default' | undefined;
  readonly temperature?: number | undefined;
  /** Refused unless empty: this engine's models call no tools. */
  readonly tools?: Iterable<LanguageModelTool> | undefined;
  readonly topK?: number | undefined;
  /** Extra: this engine instead of the configured one. */
  readonly engine?: PromptEngine | undefined;
}

export interface LanguageModelCreateOptions extends LanguageModelCreateCoreOptions {
  readonly initialPrompts?: Iterable<LanguageModelMessage> | undefined;
  readonly monitor?: ((monitor: CreateMonitor) => void) | undefined;
  /** Ends create(), or later the session. */
  readonly signal?: AbortSignal | undefined;
  /** Extra: an answer has this many tokens at most. Default: as many as the context window holds. */
  readonly maxTokens?: number | undefined;
  /** Extra: the same seed and the same prompts give the same answers. */
  readonly seed?: number | undefined;
  /** Extra: an answer ends before any of these texts. */
  readonly stop?: string | Iterable<string> | undefined;
}

export interface LanguageModelPromptOptions {
  readonly omitResponseConstraintInput?: boolean | undefined;
  /** A JSON schema, or a RegExp that the whole answer matches. */
  readonly responseConstraint?: object | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LanguageModelAppendOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface LanguageModelCloneOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface LanguageModelParams {
  readonly defaultTopK: number;
  readonly maxTopK: number;
  readonly defaultTemperature: number;
  readonly maxTemperature: number;
}

export interface CreateMonitor extends EventTarget {
  ondownloadprogress: ((event: ProgressEvent) => unknown) | null;
}

/** A message as a chat template reads it. */
export type ChatMessage = {
  readonly role: LanguageModelMessageRole;
  /** With a tag, `<|image_1|>`, for each picture, whatever its number. */
  readonly content: string;
  readonly images?: readonly PreparedImage[] | undefined;
};

/** What one generated piece is, as far as this interface looks. */
interface GeneratedText {
  readonly id: number;
  readonly text: string;
}

interface GeneratedEnd {
  readonly finish: 'stop' | 'length' | 'context';
}

/** The parts of an Engine's session that this interface uses. */
export interface PromptSession extends ImageSession {
  /** Tokens. */
  readonly contextLength: number;
  sync(tokens: ArrayLike<number>, control: { readonly signal?: AbortSignal }): Promise<void>;
  generateFrom(
    tokens: ArrayLike<number>,
    settings: object,
    control: { readonly signal?: AbortSignal },
  ): AsyncGenerator<GeneratedText, GeneratedEnd, undefined>;
  clone(): Promise<PromptSession>;
  destroy(): Promise<void>;
}

/** The parts of an Engine that this interface uses. It is told by its shape: an Engine of the package's other entry
 * file is of another class. */
export interface PromptEngine {
  readonly info: { readonly hasChatTemplate: boolean };
  /** undefined: the model reads text only. */
  readonly vision: Vision | undefined;
  readonly tokenizer: {
    encode(text: string, options: { readonly addSpecial: boolean }): Promise<ArrayLike<number>>;
    applyChatTemplate(
      messages: readonly ChatMessage[],
      options: { readonly addGenerationPrompt: boolean },
    ): Promise<string>;
  };
  prepare(
    snapshot: unknown,
    options: { readonly signal: AbortSignal; readonly where: string },
  ): Promise<PreparedImage>;
  session(): Promise<PromptSession>;
  destroy(): Promise<void>;
}
