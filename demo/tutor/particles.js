/* Korean particles after words and numbers, as they are read aloud. */
const HANGUL = [0xac00, 0xd7a3];
const FINALS = 28;
const FINAL_RIEUL = 8;
const DIGIT_READINGS = '영일이삼사오육칠팔구';
/* Name → after a final consonant, after a vowel. */
const PARTICLES = {
  을: ['을', '를'],
  은: ['은', '는'],
  이: ['이', '가'],
  과: ['과', '와'],
  로: ['으로', '로'],
};

/** Number of the final consonant of the last syllable as read aloud; 0: none, or no Korean. */
function finalOf(word) {
  const last = word.at(-1);
  const code = (/\d/.test(last) ? DIGIT_READINGS[Number(last)] : last).charCodeAt(0);
  return code >= HANGUL[0] && code <= HANGUL[1] ? (code - HANGUL[0]) % FINALS : 0;
}

/** A word or number with its particle, named by the form that follows a consonant ('로' by the other). */
export function withParticle(word, name) {
  const text = String(word);
  const final = finalOf(text);
  const [closed, open] = PARTICLES[name];
  const isOpen = final === 0 || (name === '로' && final === FINAL_RIEUL);
  return text + (isOpen ? open : closed);
}
