/* Answers in OpenAI's shape, whole or in chunks, made of what a session generates. */
import type { GeneratedToken, Generation, GenerationEnd, Piece } from '../engine/session.ts';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatLogprobs,
  Completion,
  CompletionLogprobs,
  FinishReason,
  TokenLogprobEntry,
  Usage,
} from './openai-types.ts';

/** What the adapter needs of a request that is about to run. */
export interface Run {
  readonly model: string;
  readonly choices: number;
  readonly includesUsage: boolean;
  readonly hasLogprobs: boolean;
  /** Starts the generation of one choice. */
  generate(choice: number): Generation;
}

interface Head<T extends string> {
  readonly id: string;
  readonly object: T;
  readonly created: number;
  readonly model: string;
}

interface WholeChoice {
  readonly text: string;
  readonly pieces: readonly (readonly Piece[])[];
  readonly end: GenerationEnd;
}

function headOf<T extends string>(prefix: string, object: T, model: string): Head<T> {
  const id = `${prefix}-${Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, '0')).join('')}`;
  return { id, object, created: Math.floor(Date.now() / 1000), model };
}

function finishReason(end: GenerationEnd): FinishReason {
  return end.finish === 'stop' ? 'stop' : 'length';
}

/** The prompt is counted once, as OpenAI counts it. */
function usageOf(ends: readonly GenerationEnd[]): Usage {
  const first = ends[0];
  const prompt = first?.promptTokens ?? 0;
  const completion = ends.reduce((sum, end) => sum + end.completionTokens, 0);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: first?.cachedTokens ?? 0 },
  };
}

/** A token that is a part of a character has no text of its own, and its bytes are not known here. */
function entryOf({ text, logprob }: Piece): TokenLogprobEntry {
  return {
    token: text,
    logprob,
    bytes: text.includes('\ufffd') ? null : [...new TextEncoder().encode(text)],
  };
}

function chatLogprobs(tokens: readonly (readonly Piece[])[]): ChatLogprobs {
  const content = tokens.flatMap(([own, ...top]) =>
    own === undefined ? [] : [{ ...entryOf(own), top_logprobs: top.map(entryOf) }],
  );
  return { content, refusal: null };
}

function completionLogprobs(
  tokens: readonly (readonly Piece[])[],
  start: number,
): CompletionLogprobs {
  const logprobs: CompletionLogprobs = {
    tokens: [],
    token_logprobs: [],
    top_logprobs: [],
    text_offset: [],
  };
  let offset = start;
  for (const [own, ...top] of tokens) {
    if (own === undefined) continue;
    logprobs.tokens.push(own.text);
    logprobs.token_logprobs.push(own.logprob);
    logprobs.top_logprobs.push(Object.fromEntries(top.map((piece) => [piece.text, piece.logprob])));
    logprobs.text_offset.push(offset);
    offset += own.text.length;
  }
  return logprobs;
}

async function collect(generation: Generation): Promise<WholeChoice> {
  let text = '';
  const pieces: (readonly Piece[])[] = [];
  for (;;) {
    const step = await generation.next();
    if (step.done) return { text, pieces, end: step.value };
    text += step.value.text;
    if (step.value.pieces.length > 0) pieces.push(step.value.pieces);
  }
}

async function collectAll(run: Run): Promise<WholeChoice[]> {
  const whole: WholeChoice[] = [];
  for (let i = 0; i < run.choices; i++) whole.push(await collect(run.generate(i)));
  return whole;
}

type StreamEvent =
  | { readonly kind: 'begin'; readonly index: number }
  | { readonly kind: 'token'; readonly index: number; readonly token: GeneratedToken }
  | { readonly kind: 'end'; readonly index: number; readonly end: GenerationEnd }
  | { readonly kind: 'usage'; readonly usage: Usage };

/** Choices one after the other. Leaving the loop early ends the generation at work. */
async function* streamAll(run: Run): AsyncGenerator<StreamEvent, void, undefined> {
  const ends: GenerationEnd[] = [];
  for (let index = 0; index < run.choices; index++) {
    yield { kind: 'begin', index };
    const generation = run.generate(index);
    try {
      let step = await generation.next();
      for (; !step.done; step = await generation.next()) {
        const { text, pieces } = step.value;
        if (text !== '' || pieces.length > 0) yield { kind: 'token', index, token: step.value };
      }
      ends.push(step.value);
      yield { kind: 'end', index, end: step.value };
    } finally {
      await generation.return({
        finish: 'stop',
        promptTokens: 0,
        cachedTokens: 0,
        completionTokens: 0,
      });
    }
  }
  if (run.includesUsage) yield { kind: 'usage', usage: usageOf(ends) };
}

export async function chatCompletion(run: Run): Promise<ChatCompletion> {
  const head = headOf('chatcmpl', 'chat.completion', run.model);
  const whole = await collectAll(run);
  return {
    ...head,
    choices: whole.map(({ text, pieces, end }, index) => ({
      index,
      message: { role: 'assistant', content: text, refusal: null },
      logprobs: run.hasLogprobs ? chatLogprobs(pieces) : null,
      finish_reason: finishReason(end),
    })),
    usage: usageOf(whole.map(({ end }) => end)),
  };
}

export async function* chatChunks(run: Run): AsyncGenerator<ChatCompletionChunk, void, undefined> {
  const head = headOf('chatcmpl', 'chat.completion.chunk', run.model);
  const usage = run.includesUsage ? { usage: null } : {};
  for await (const event of streamAll(run)) {
    if (event.kind === 'usage') {
      yield { ...head, choices: [], usage: event.usage };
      continue;
    }
    const { index } = event;
    const choice = { index, delta: {}, logprobs: null, finish_reason: null };
    if (event.kind === 'begin') {
      yield {
        ...head,
        choices: [{ ...choice, delta: { role: 'assistant', content: '' } }],
        ...usage,
      };
    } else if (event.kind === 'token') {
      const logprobs = run.hasLogprobs ? chatLogprobs([event.token.pieces]) : null;
      yield {
        ...head,
        choices: [{ ...choice, delta: { content: event.token.text }, logprobs }],
        ...usage,
      };
    } else {
      yield { ...head, choices: [{ ...choice, finish_reason: finishReason(event.end) }], ...usage };
    }
  }
}

export async function completion(run: Run): Promise<Completion> {
  const head = headOf('cmpl', 'text_completion', run.model);
  const whole = await collectAll(run);
  return {
    ...head,
    choices: whole.map(({ text, pieces, end }, index) => ({
      index,
      text,
      logprobs: run.hasLogprobs ? completionLogprobs(pieces, 0) : null,
      finish_reason: finishReason(end),
    })),
    usage: usageOf(whole.map(({ end }) => end)),
  };
}

export async function* completionChunks(run: Run): AsyncGenerator<Completion, void, undefined> {
  const head = headOf('cmpl', 'text_completion', run.model);
  const usage = run.includesUsage ? { usage: null } : {};
  let offset = 0;
  for await (const event of streamAll(run)) {
    if (event.kind === 'usage') {
      yield { ...head, choices: [], usage: event.usage };
    } else if (event.kind === 'begin') {
      offset = 0;
    } else if (event.kind === 'token') {
      const { text, pieces } = event.token;
      const logprobs = run.hasLogprobs ? completionLogprobs([pieces], offset) : null;
      offset += pieces[0]?.text.length ?? 0;
      yield {
        ...head,
        choices: [{ index: event.index, text, logprobs, finish_reason: null }],
        ...usage,
      };
    } else {
      const finish_reason = finishReason(event.end);
      yield {
        ...head,
        choices: [{ index: event.index, text: '', logprobs: null, finish_reason }],
        ...usage,
      };
    }
  }
}
