/* Digits and signs as a hand writes them: strokes of a pen. A glyph is as wide as it says and one high, y down. */

/** Points on an ellipse, angles in quarters of a turn from the right, clockwise. */
function arc(centre, [rx, ry], from, to) {
  const [cx, cy] = centre;
  const n = Math.max(4, Math.ceil(Math.abs(to - from) * 6));
  return Array.from({ length: n + 1 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / n) * Math.PI) / 2;
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)];
  });
}

const dot = (x, y) => arc([x, y], [0.03, 0.03], 0, 4);

const GLYPHS = {
  0: [0.6, [arc([0.3, 0.5], [0.26, 0.48], -1, 3)]],
  1: [
    0.4,
    [
      [
        [0.08, 0.25],
        [0.25, 0.03],
        [0.25, 0.98],
      ],
    ],
  ],
  2: [0.6, [[...arc([0.3, 0.28], [0.24, 0.25], -2, 0.4), [0.06, 0.96], [0.55, 0.96]]]],
  3: [
    0.55,
    [[...arc([0.26, 0.26], [0.22, 0.22], -1.9, 1), ...arc([0.26, 0.72], [0.25, 0.25], -1, 1.9)]],
  ],
  4: [
    0.6,
    [
      [
        [0.36, 0.04],
        [0.05, 0.64],
        [0.56, 0.64],
      ],
      [
        [0.42, 0.36],
        [0.4, 0.98],
      ],
    ],
  ],
  5: [
    0.55,
    [
      [[0.12, 0.06], [0.1, 0.44], ...arc([0.25, 0.68], [0.26, 0.28], -1.4, 1.8)],
      [
        [0.12, 0.06],
        [0.5, 0.05],
      ],
    ],
  ],
  6: [0.58, [[[0.42, 0.04], [0.2, 0.3], ...arc([0.3, 0.7], [0.24, 0.27], -2, 2.2)]]],
  7: [
    0.55,
    [
      [
        [0.05, 0.06],
        [0.52, 0.06],
        [0.2, 0.98],
      ],
    ],
  ],
  8: [
    0.56,
    [[...arc([0.28, 0.26], [0.2, 0.22], 1, -3), ...arc([0.28, 0.73], [0.24, 0.25], -1, 3)]],
  ],
  9: [0.56, [[...arc([0.28, 0.3], [0.22, 0.26], 0, -4), [0.5, 0.3], [0.44, 0.98]]]],
  '+': [
    0.6,
    [
      [
        [0.3, 0.3],
        [0.3, 0.8],
      ],
      [
        [0.06, 0.55],
        [0.54, 0.55],
      ],
    ],
  ],
  '-': [
    0.55,
    [
      [
        [0.06, 0.55],
        [0.5, 0.55],
      ],
    ],
  ],
  '×': [
    0.55,
    [
      [
        [0.08, 0.34],
        [0.46, 0.76],
      ],
      [
        [0.46, 0.34],
        [0.08, 0.76],
      ],
    ],
  ],
  '÷': [
    0.55,
    [
      [
        [0.06, 0.55],
        [0.5, 0.55],
      ],
      dot(0.28, 0.34),
      dot(0.28, 0.76),
    ],
  ],
  '=': [
    0.55,
    [
      [
        [0.06, 0.44],
        [0.5, 0.44],
      ],
      [
        [0.06, 0.66],
        [0.5, 0.66],
      ],
    ],
  ],
  '?': [0.5, [[...arc([0.24, 0.26], [0.2, 0.22], -2, 1), [0.24, 0.7]], dot(0.24, 0.94)]],
  ' ': [0.2, []],
};
const SPELLINGS = { '−': '-', '–': '-', x: '×', X: '×', '*': '×', '/': '÷', ':': '÷' };
const GAP = 0.18;
const SLANT = 0.08;
const WOBBLE = 0.012;

/** What of a text can be written. */
export function writable(text) {
  return [...text]
    .map((character) => SPELLINGS[character] ?? character)
    .filter((character) => Object.hasOwn(GLYPHS, character))
    .join('');
}

/** Strokes, lists of [x, y], of a text within a box, in the middle of it, a little unsteady as `random` has it. */
export function writeStrokes(text, { x, y, width, height }, random) {
  const glyphs = [...writable(text)].map((character) => GLYPHS[character]);
  const total = glyphs.reduce((sum, [advance]) => sum + advance + GAP, -GAP);
  const size = Math.min(height, width / Math.max(total, 0.5));
  const top = y + (height - size) / 2;
  let left = x + (width - total * size) / 2;
  const strokes = [];
  for (const [advance, glyph] of glyphs) {
    const shake = () => (random() - 0.5) * WOBBLE;
    const lift = shake() * 2;
    for (const points of glyph) {
      const moved = points.map(([px, py]) => [
        left + (px + (0.5 - py) * SLANT + shake()) * size,
        top + (py + lift + shake()) * size,
      ]);
      strokes.push(moved);
    }
    left += (advance + GAP) * size;
  }
  return strokes;
}
