/* What the small vision model of the site was taught (docs/VISION.md): it looks at one picture and answers one
 * question. It reads sums and numbers, names and counts shapes and colours. It knows no yes and no: a rule is put to
 * it as a count. */

const SHAPES = {
  circle: { en: /\bcircles?\b/i, ko: /원(?!래|하)|동그라미/, say: '원' },
  square: { en: /\bsquares?\b/i, ko: /사각형|네모/, say: '사각형' },
  triangle: { en: /\btriangles?\b/i, ko: /삼각형|세모/, say: '삼각형' },
  star: { en: /\bstars?\b/i, ko: /별/, say: '별' },
  heart: { en: /\bhearts?\b/i, ko: /하트/, say: '하트' },
};
const COLOURS = {
  red: { en: /\bred\b/i, ko: /빨간|빨강|붉은/, say: '빨간' },
  orange: { en: /\borange\b/i, ko: /주황/, say: '주황' },
  yellow: { en: /\byellow\b/i, ko: /노란|노랑/, say: '노란' },
  green: { en: /\bgreen\b/i, ko: /초록|녹색/, say: '초록' },
  blue: { en: /\bblue\b/i, ko: /파란|파랑|푸른/, say: '파란' },
  purple: { en: /\bpurple\b/i, ko: /보라/, say: '보라' },
  black: { en: /\bblack\b/i, ko: /검은|검정/, say: '검은' },
};
const ANY_SHAPE = {
  en: /\b(?:shapes?|things?|objects?|anything)\b/i,
  ko: /도형|모양|물체|무엇|뭔가/,
};

const isIn = (text, { en, ko }) => en.test(text) || ko.test(text);
const findKey = (text, table) => Object.keys(table).find((key) => isIn(text, table[key]));

/** { shape, colour, least } of a rule such as "Is there a red circle?" or "3 stars"; undefined when it is about nothing
 *  that the model knows. `shape` and `colour` may be undefined: any. */
export function readRule(text) {
  const shape = findKey(text, SHAPES);
  const colour = findKey(text, COLOURS);
  if (shape === undefined && colour === undefined && !isIn(text, ANY_SHAPE)) return undefined;
  const least = Number(/(?<![\d.])[1-9](?!\d)/.exec(text)?.[0] ?? 1);
  return { shape, colour, least };
}

/** 'red circles', '빨간 원'. */
export function nameKind({ shape, colour }, language) {
  if (language === 'ko') {
    const words = [COLOURS[colour]?.say, SHAPES[shape]?.say ?? '도형'];
    return words.filter(Boolean).join(' ');
  }
  return [colour, `${shape ?? 'shape'}s`].filter(Boolean).join(' ');
}

const hasFinal = (word) => (word.charCodeAt(word.length - 1) - 0xac00) % 28 > 0;

/** The question whose answer begins or ends with how many there are. */
export function countQuestion(kind, language) {
  const name = nameKind(kind, language);
  if (language === 'ko') return `${name}${hasFinal(name) ? '이' : '가'} 몇 개예요?`;
  return `How many ${name} are there?`;
}

/** How many of a kind an answer says there are; undefined when it says no number, or speaks of something else. */
export function readCount(answer, { shape, colour }) {
  const said = readRule(answer);
  if (said?.shape !== shape || said?.colour !== colour) return undefined;
  const found = /\d+/.exec(answer);
  return found === null ? undefined : Number(found[0]);
}

export const DESCRIBE = { en: 'What do you see?', ko: '무엇이 보여요?' };
