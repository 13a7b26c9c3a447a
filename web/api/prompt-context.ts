/* What a session holds: messages, and the engine's session that has their tokens. The text of all messages is written
 * anew by the model's chat template for every call; the engine computes only what differs from the tokens that it has.
 *
 *   [ pinned: system and initial prompts ][ turn ][ turn ] … [ what is asked ][ the answer ]
 *                                          └ the oldest goes first when the context window overflows
 *
 * Nothing changes before a call has succeeded, except that turns which had to go stay away. Not for use by two calls
 * at a time (measure() apart); PromptQueue sees to that. */
import type { PreparedImage } from '../engine/images.ts';
import { IMAGE_TAG, imageTag } from '../engine/vision.ts';
import { withImages } from '../engine/with-images.ts';
import type { GenerateConstraint, PromptSettings } from './prompt-constraint.ts';
import { constrain, constraintError } from './prompt-constraint.ts';
import { domException, engineCode, notSupported, quotaExceeded } from './prompt-errors.ts';
import type { Prompt } from './prompt-messages.ts';
import type { ChatMessage, PromptEngine, PromptSession } from './prompt-types.ts';
import { renderChat } from './render-chat.ts';

/** A prompt with its answer, or what one append() brought. */
type Turn = readonly ChatMessage[];

export interface Question {
  readonly prompt: Prompt;
  readonly settings: PromptSettings;
  readonly constraint: GenerateConstraint | undefined;
}

interface Text {
  readonly messages: readonly ChatMessage[];
  /** A message of the assistant is begun behind them, with this text. */
  readonly answer: string | undefined;
}

/** A text whose tokens are counted; its pictures are encoded when they are wanted. */
interface Encoded {
  readonly length: number;
  tokens(signal: AbortSignal): Promise<ArrayLike<number>>;
}

interface Contents {
  readonly pinned: readonly ChatMessage[];
  readonly turns: readonly Turn[];
  readonly usage: number;
}

type Finish = 'stop' | 'length' | 'context';

export class PromptContext {
  readonly #engine: PromptEngine;
  readonly #session: PromptSession;
  #contents: Contents;
  /** A prompt that is being answered, with its tokens. */
  #asking: { readonly signal: AbortSignal; readonly usage: number } | undefined;
  /** Turns had to go. */
  onOverflow: () => void = () => undefined;

  private constructor(engine: PromptEngine, session: PromptSession, contents: Contents) {
    this.#engine = engine;
    this.#session = session;
    this.#contents = contents;
  }

  static async open(engine: PromptEngine): Promise<PromptContext> {
    if (!engine.info.hasChatTemplate)
      throw notSupported('the model has no chat template: it is not made for prompts');
    const contents = { pinned: [], turns: [], usage: 0 };
    return new PromptContext(engine, await engine.session(), contents);
  }

  /** Tokens. */
  get window(): number {
    return this.#session.contextLength;
  }

  /** Tokens; while an answer is being made, with its prompt. */
  get usage(): number {
    const { usage } =
      this.#asking === undefined || this.#asking.signal.aborted ? this.#contents : this.#asking;
    return Math.min(usage, this.window);
  }

  get isEmpty(): boolean {
    return this.#contents.pinned.length === 0 && this.#contents.turns.length === 0;
  }

  /** Tokens that these messages would add. */
  async measure(messages: readonly ChatMessage[]): Promise<number> {
    const { usage } = this.#contents;
    /* A template may refuse a second system message, so such messages are measured alone. */
    const isAlone = this.isEmpty || messages[0]?.role === 'system';
    if (isAlone) return await this.#count(messages);
    const all = await this.#count([...this.#messages(), ...messages]);
    return Math.max(0, all - usage);
  }

  /** The messages that never go. */
  async pin(messages: readonly ChatMessage[], signal: AbortSignal): Promise<void> {
    if (messages.length === 0) return;
    const usage = await this.#prefill(messages, signal);
    this.#contents = { ...this.#contents, pinned: messages, usage };
  }

  async append({ messages }: Prompt, signal: AbortSignal): Promise<void> {
    const usage = await this.#prefill(messages, signal);
    const { pinned, turns } = this.#contents;
    const [first, ...rest] = messages;
    this.#contents =
      first?.role === 'system'
        ? { pinned: [first], turns: rest.length === 0 ? [] : [rest], usage }
        : { pinned, turns: [...turns, messages], usage };
  }

  /** Gives the answer, and tells its pieces as they come. */
  async respond(
    question: Question,
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const { messages, endsInPrefix } = question.prompt;
    const asked = endsInPrefix ? messages.slice(0, -1) : messages;
    const prefix = (endsInPrefix && messages.at(-1)?.content) || '';
    try {
      const said = await this.#generate(question, asked, prefix, onText, signal);
      const turn: Turn = [...asked, { role: 'assistant', content: prefix + said }];
      const usage = await this.#count([...this.#messages(), ...turn]);
      signal.throwIfAborted();
      this.#contents = { ...this.#contents, turns: [...this.#contents.turns, turn], usage };
      return said;
    } finally {
      this.#asking = undefined;
    }
  }

  async clone(): Promise<PromptContext> {
    return new PromptContext(this.#engine, await this.#session.clone(), this.#contents);
  }

  close(): Promise<void> {
    return this.#session.destroy();
  }

  #messages(): ChatMessage[] {
    return [...this.#contents.pinned, ...this.#contents.turns.flat()];
  }

  /** Puts messages into the engine's session; gives the tokens of everything. */
  async #prefill(messages: readonly ChatMessage[], signal: AbortSignal): Promise<number> {
    const encoded = await this.#makeRoom({ messages, answer: undefined }, signal);
    if (encoded === undefined) throw await this.#tooBig(messages);
    signal.throwIfAborted();
    const tokens = await encoded.tokens(signal);
    if (tokens.length > 0) await this.#session.sync(tokens, { signal });
    return tokens.length;
  }

  async #generate(
    { settings, constraint }: Question,
    asked: readonly ChatMessage[],
    prefix: string,
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const isConstrained = constraint !== undefined;
    const wanted = constrain(settings, constraint, prefix);
    let said = '';
    let left = settings.maxTokens ?? 0;
    let finish: Finish | undefined;
    const take = (token: { readonly id: number; readonly text: string }): void => {
      if (token.id >= 0 && left > 0) left--;
      said += token.text;
      if (token.text !== '') onText(token.text);
    };
    for (;;) {
      const encoded = await this.#makeRoom({ messages: asked, answer: prefix + said }, signal);
      signal.throwIfAborted();
      if (encoded === undefined && finish === undefined) throw await this.#tooBig(asked);
      if (encoded === undefined) break;
      const { length } = said;
      this.#asking = { signal, usage: encoded.length };
      const tokens = await encoded.tokens(signal);
      finish = await this.#run(tokens, { ...wanted, maxTokens: left }, take, signal);
      /* The window filled up: with the oldest turn away the answer goes on, if it does. */
      const isSpent = left === 0 && (settings.maxTokens ?? 0) > 0;
      const goesOn = finish === 'context' && said.length > length && !isConstrained;
      if (!goesOn || isSpent || this.#contents.turns.length === 0) break;
    }
    if (isConstrained && finish !== 'stop')
      throw domException('SyntaxError', 'the answer ended before it complied with its constraint');
    return said;
  }

  async #run(
    tokens: ArrayLike<number>,
    settings: PromptSettings,
    take: (token: { readonly id: number; readonly text: string }) => void,
    signal: AbortSignal,
  ): Promise<Finish> {
    const generation = this.#session.generateFrom(tokens, settings, { signal });
    /* A constraint is read before the first token comes. */
    const first = generation.next().catch((error: unknown) => {
      throw settings.constraint ? constraintError(error) : error;
    });
    for (let next = first; ; next = generation.next()) {
      const step = await next;
      if (step.done) return step.value.finish;
      take(step.value);
    }
  }

  /** The tokens of everything and this text. Turns go, the oldest first, until they fit, with one to spare for an
   * answer; undefined, and no turn gone, when they never do. */
  async #makeRoom(text: Text, signal: AbortSignal): Promise<Encoded | undefined> {
    const { turns } = this.#contents;
    const spare = text.answer === undefined ? 0 : 1;
    const fit = async (dropped: number): Promise<Encoded | undefined> => {
      signal.throwIfAborted();
      const messages = [...this.#contents.pinned, ...turns.slice(dropped).flat(), ...text.messages];
      const encoded = await this.#encode({ ...text, messages });
      return encoded.length + spare <= this.window ? encoded : undefined;
    };
    const whole = await fit(0);
    if (whole !== undefined || turns.length === 0) return whole;
    const least = await fit(turns.length);
    if (least === undefined) return undefined;
    let dropped = 0;
    let encoded: Encoded | undefined;
    while (encoded === undefined && ++dropped < turns.length) encoded = await fit(dropped);
    await this.#drop(dropped);
    return encoded ?? least;
  }

  async #drop(count: number): Promise<void> {
    const { pinned, turns } = this.#contents;
    const kept = turns.slice(count);
    const usage = await this.#count([...pinned, ...kept.flat()]);
    this.#contents = { pinned, turns: kept, usage };
    this.onOverflow();
  }

  async #tooBig(messages: readonly ChatMessage[]): Promise<DOMException> {
    const least = await this.#count([...this.#contents.pinned, ...messages]);
    /* What only its answer has no room for is too big by the token that is missing. */
    const requested = Math.max(least, this.window + 1);
    return quotaExceeded(
      `the prompt needs ${requested} tokens with the initial prompts, the context window holds ${this.window}`,
      { requested, quota: this.window },
    );
  }

  async #count(messages: readonly ChatMessage[]): Promise<number> {
    if (messages.length === 0) return 0;
    return (await this.#encode({ messages, answer: undefined })).length;
  }

  async #encode({ messages, answer }: Text): Promise<Encoded> {
    const tagged = this.#engine.vision === undefined ? messages : numbered(messages);
    const { text, encode } = await renderChat(this.#engine, tagged, answer).catch(
      (error: unknown) => {
        if (engineCode(error) !== 'PHI_EINVAL' || !(error instanceof Error)) throw error;
        /* Roles that do not alternate, say: right by this interface, refused by this model. */
        throw notSupported(error.message, error);
      },
    );
    const images = messages.flatMap((message) => message.images ?? []);
    if (images.length > 0) return await this.#encodeSeen(text, images, encode);
    const tokens = await encode(text);
    return { length: tokens.length, tokens: async () => tokens };
  }

  async #encodeSeen(
    text: string,
    images: readonly PreparedImage[],
    encode: (chunk: string) => Promise<ArrayLike<number>>,
  ): Promise<Encoded> {
    const prompt = await withImages((file) => file.readPrompt(text, images, encode));
    const tokens = (signal: AbortSignal): Promise<ArrayLike<number>> =>
      withImages((file) => file.encodePrompt(prompt, this.#session, { signal }));
    return { length: prompt.length, tokens };
  }
}

/** Gives the pictures of all messages their numbers. Throws a TypeError for a text that has a picture's tag itself. */
function numbered(messages: readonly ChatMessage[]): ChatMessage[] {
  let count = 0;
  return messages.map((message) => {
    const { role, content, images = [] } = message;
    if (role === 'assistant') return message;
    if ((content.match(IMAGE_TAG)?.length ?? 0) !== images.length)
      throw new TypeError(`a text with ${imageTag(1)}: such a tag stands for a picture`);
    return { ...message, content: content.replace(IMAGE_TAG, () => imageTag(++count)) };
  });
}
