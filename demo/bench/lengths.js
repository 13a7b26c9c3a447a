/* How long prompts and answers of a run are, with how many threads, and of which tokens: the same for everybody who
 * measures the same model. */

/** As `npm run bench` measures, so that figures can be laid beside the recorded ones. */
const PROMPT_TOKENS = 128;
const DECODED_TOKENS = 16;
/** A small model decodes sixteen tokens in a few milliseconds, which timers do not tell well. */
const SMALL_PARAMETERS = 100e6;
const DECODED_TOKENS_SMALL = 64;
const CONTEXT_TOKENS = 512;
/** Byte and control tokens are at both ends of a vocabulary. */
const TOKENS_SKIPPED = 300;

/** {context, prompt, decoded} in tokens for a model as Engine.info describes it. */
export function lengthsFor({ parameters, contextLength }) {
  const context = Math.min(CONTEXT_TOKENS, contextLength);
  const decoded = parameters < SMALL_PARAMETERS ? DECODED_TOKENS_SMALL : DECODED_TOKENS;
  return {
    context,
    prompt: Math.min(PROMPT_TOKENS, context >> 1),
    decoded: Math.min(decoded, context >> 2),
  };
}

/** What an engine is opened with before its model is known. */
export const CONTEXT_ASKED = CONTEXT_TOKENS;

/** 1, 2, 4 … and `most`; all of them up to four. */
export function threadCounts(most) {
  if (most <= 4) return Array.from({ length: Math.max(1, most) }, (_, i) => i + 1);
  const counts = [];
  for (let n = 1; n < most; n *= 2) counts.push(n);
  return [...counts, most];
}

/** Token ids that look like no text and come again for the same seed. */
export function benchTokens(count, seed, vocabularySize) {
  const first = Math.min(TOKENS_SKIPPED, vocabularySize >> 1);
  const span = Math.max(1, vocabularySize - first - (first >> 1));
  let state = (seed * 2654435761) >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return first + ((state >>> 8) % span);
  });
}
