/* One answer of an engine to messages: streamed, counted, timed. */

/** Streams an answer. `onText(text)` is given all of it so far. Returns { finish, used }: how it ended ('stop',
 *  'length', or 'full' when the context was the limit) and the tokens of the context that are used then. Rejects as
 *  chat.completions.create() does. */
export async function streamAnswer(engine, { messages, fields, signal, onText }) {
  const request = { messages, ...fields, stream: true, stream_options: { include_usage: true } };
  const chunks = await engine.chat.completions.create(request, { signal });
  let text = '';
  let finish = 'stop';
  let used = 0;
  for await (const { choices, usage } of chunks) {
    const [choice] = choices;
    if (choice?.delta.content) {
      text += choice.delta.content;
      onText(text);
    }
    finish = choice?.finish_reason ?? finish;
    used = usage?.total_tokens ?? used;
  }
  const isFull = finish === 'length' && used >= engine.info.contextLength - 1;
  return { finish: isFull ? 'full' : finish, used };
}

/** How fast the engine's last answer came, for the meter. */
export function rateOf(engine) {
  const { decodeTokens, decodeTokPerSec, prefillTokens, prefillTokPerSec, cachedTokens } =
    engine.stats();
  return {
    tokens: decodeTokens,
    decode: decodeTokPerSec,
    prefillTokens,
    prefill: prefillTokPerSec,
    cached: cachedTokens,
  };
}

/** Tokens that messages take in the context; 0 for none, and where the model's template refuses them. */
export async function countTokens(engine, messages) {
  if (messages.length === 0) return 0;
  return await engine.tokenizer.count(messages).catch(() => 0);
}

/** The first of `starts`, oldest first, for which `count(start)` tokens leave room; undefined when none does. Fewer
 *  messages take fewer tokens: it looks in the middle first. */
export async function firstThatFits(starts, tokensMax, count) {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((await count(starts[middle])) <= tokensMax) high = middle;
    else low = middle + 1;
  }
  return starts[low];
}
