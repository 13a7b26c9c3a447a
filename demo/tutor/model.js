/* The embedded model behind the tutor: an engine's chat as Teacher wants it. */

/* The longest explanations (four digits, all of them borrowed) stay well below. */
const ANSWER_TOKENS_MAX = 400;
const RETRY = { temperature: 0.5, seed: 7 };

/** ask() of teacher.js on an Engine of the package: greedy first, then with a little chance, the same for everybody. */
export function askEngine(engine) {
  return async (messages, { signal, isRetry }) => {
    const request = {
      messages,
      max_tokens: ANSWER_TOKENS_MAX,
      ...(isRetry ? RETRY : { temperature: 0 }),
    };
    const completion = await engine.chat.completions.create(request, { ...(signal && { signal }) });
    const choice = completion.choices[0];
    return { text: choice?.message.content ?? '', isWhole: choice?.finish_reason === 'stop' };
  };
}
