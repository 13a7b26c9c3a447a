/* An engine as SummaryJob asks it. */

/* The likeliest words: a summary is no place for surprises. The penalty keeps small models from repeating
 * themselves. */
const SAMPLING = { temperature: 0, repetition_penalty: 1.08 };

export function askModel(engine) {
  return {
    contextLength: engine.info.contextLength,
    count: (input) => engine.tokenizer.count(input),
    async ask(messages, { maxTokens, signal, onText }) {
      const request = { messages, stream: true, max_tokens: maxTokens, ...SAMPLING };
      const chunks = await engine.chat.completions.create(request, { signal });
      let text = '';
      let finish;
      for await (const { choices } of chunks) {
        const piece = choices[0]?.delta.content;
        finish = choices[0]?.finish_reason ?? finish;
        if (!piece) continue;
        text += piece;
        onText(text);
      }
      return { text, isCut: finish === 'length' };
    },
  };
}
