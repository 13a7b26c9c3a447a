/* Answers in OpenAI's shape, whole or in chunks, made of what a session generates. */
import type { GeneratedToken, Generation, GenerationEnd, Piece } from '../engine/session.ts';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatLogprobs,
  Completion,
  CompletionChunk,
  CompletionLogprobs,
  FinishReason,
  TokenLogprobEntry,
  Usage,
} from './openai-types.ts';

/** What the adapter needs of a request that is about to run. */
export interface Run {
  readonly model: string;
  readonly fingerprint: string;
  readonly choices: number;
  readonly includesUsage: boolean;
  readonly hasLogprobs: boolean;
  /** Of the prompt's tokens, those of pictures. */
  readonly imageTokens: number;
  /** Starts the generation of one choice. */
  generate(choice: number): Generation;
}

interface Head<T extends string> {
  readonly id: string;
  readonly object: T;
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

interface WholeChoice {
  readonly text: string;
  readonly pieces: readonly (readonly Piece[])[];
  readonly end: GenerationEnd;
}

function headOf<T extends string>(prefix: string, object: T, run: Run): Head<T> {
  const random = crypto.getRandomValues(new Uint8Array(12));
  const id = `${prefix}-${Array.from(random, (b) => b.toString(16).padStart(2, '0')).join('')}`;
  const created = Math.floor(Date.now() / 1000);
  return { id, object, created, model: run.model, system_fingerprint: run.fingerprint };
}

function finishReason(end: GenerationEnd): FinishReason {
  return end.finish === 'stop' ? 'stop' : 'length';
}

/** The prompt is counted once, as OpenAI counts it. */
function usageOf(ends: readonly GenerationEnd[], { imageTokens }: Run): Usage {
  const first = ends[0];
  const prompt = first?.promptTokens ?? 0;
  const completion = ends.reduce((sum, end) => sum + end.completionTokens, 0);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: first?.cachedTokens ?? 0,
      image_tokens: imageTokens,
    },
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** What OpenAI writes where the logarithm of nothing would be. */
const LOGPROB_MIN = -9999;

/** A token's text; of a part of a character its bytes as \\xNN behind `prefix`, as OpenAI writes them. */
function tokenText(bytes: Uint8Array, prefix = ''): string {
  try {
    return utf8.decode(bytes);
  } catch {
    const escaped = Array.from(bytes, (b) => `\\x${b.toString(16).padStart(2, '0')}`);
    return prefix + escaped.join('');
  }
}

function entryOf({ bytes, logprob }: Piece): TokenLogprobEntry {
  return { token: tokenText(bytes), logprob: Math.max(logprob, LOGPROB_MIN), bytes: [...bytes] };
}

function chatLogprobs(tokens: readonly (readonly Piece[])[]): ChatLogprobs {
  const content = tokens.flatMap(([own, ...top]) =>
    own === undefined ? [] : [{ ...entryOf(own), top_logprobs: top.map(entryOf) }],
  );
  return { content, refusal: null };
}

/** Characters that a token adds to the text, as well as that can be said of a part of one. */
function lengthOf({ bytes }: Piece): number {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).length;
}

/** With the token itself among its alternatives, as OpenAI has it. */
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
    const row = [...top, own].map((piece): [string, number] => [
      tokenText(piece.bytes, 'bytes:'),
      Math.max(piece.logprob, LOGPROB_MIN),
    ]);
    const [text, logprob] = row.at(-1) ?? ['', LOGPROB_MIN];
    logprobs.tokens.push(text);
    logprobs.token_logprobs.push(logprob);
    logprobs.top_logprobs.push(Object.fromEntries(row));
    logprobs.text_offset.push(offset);
    offset += lengthOf(own);
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
  if (run.includesUsage) yield { kind: 'usage', usage: usageOf(ends, run) };
}

export async function chatCompletion(run: Run): Promise<ChatCompletion> {
  const head = headOf('chatcmpl', 'chat.completion', run);
  const whole = await collectAll(run);
  return {
    ...head,
    choices: whole.map(({ text, pieces, end }, index) => ({
      index,
      message: { role: 'assistant', content: text, refusal: null },
      logprobs: run.hasLogprobs ? chatLogprobs(pieces) : null,
      finish_reason: finishReason(end),
    })),
    usage: usageOf(
      whole.map(({ end }) => end),
      run,
    ),
  };
}

export async function* chatChunks(run: Run): AsyncGenerator<ChatCompletionChunk, void, undefined> {
  const head = headOf('chatcmpl', 'chat.completion.chunk', run);
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
  const head = headOf('cmpl', 'text_completion', run);
  const whole = await collectAll(run);
  return {
    ...head,
    choices: whole.map(({ text, pieces, end }, index) => ({
      index,
      text,
      logprobs: run.hasLogprobs ? completionLogprobs(pieces, 0) : null,
      finish_reason: finishReason(end),
    })),
    usage: usageOf(
      whole.map(({ end }) => end),
      run,
    ),
  };
}

export async function* completionChunks(
  run: Run,
): AsyncGenerator<CompletionChunk, void, undefined> {
  const head = headOf('cmpl', 'text_completion', run);
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
      offset += pieces[0] === undefined ? 0 : lengthOf(pieces[0]);
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
