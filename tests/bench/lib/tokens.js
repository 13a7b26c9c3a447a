// Deterministic token ids, the same for every system and model: clear of the byte and control tokens at the start,
// and inside the smallest vocabulary that is measured (the tutor's, 1,024). Runs in Node and in pages alike.
const FIRST_TOKEN = 300;
const N_TOKENS = 700;

export function benchTokens(count, seed = 1) {
  const tokens = new Array(count);
  let state = (seed * 2654435761) >>> 0;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' LCG
    tokens[i] = FIRST_TOKEN + ((state >>> 8) % N_TOKENS);
  }
  return tokens;
}
