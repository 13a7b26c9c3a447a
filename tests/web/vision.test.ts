/* Tiles and tokens of pictures, against the counts of the published processor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countTokens,
  gridOf,
  IMAGE_TAG,
  imageTag,
  readVision,
  withoutTags,
} from '../../web/engine/vision.ts';

const vision = readVision({ tileSize: 336, patchSize: 14, numCrops: 4 });
assert.ok(vision !== undefined);

/* num_crops, width, height: padded width and height, tokens. */
const PUBLISHED = [
  [4, 1280, 640, 672, 336, 457],
  [4, 640, 1280, 336, 672, 469],
  [4, 1024, 1024, 672, 672, 757],
  [4, 1920, 1080, 672, 672, 757],
  [4, 3000, 200, 1344, 336, 745],
  [16, 1280, 640, 1680, 1008, 2353],
  [16, 640, 1280, 1008, 1680, 2377],
  [16, 1024, 1024, 1344, 1344, 2509],
  [16, 1920, 1080, 1680, 1008, 2353],
] as const;

for (const [numCrops, width, height, paddedWidth, paddedHeight, tokens] of PUBLISHED)
  test(`vision: ${width} x ${height} in ${numCrops} crops are ${tokens} tokens`, () => {
    const grid = gridOf(width, height, numCrops, vision.tileSize);
    assert.deepEqual(grid, { rows: paddedHeight / 336, columns: paddedWidth / 336 });
    assert.equal(countTokens(vision, grid), tokens);
  });

test('vision: the fewest and the most tokens are those of one tile and of sixteen in a column', () => {
  assert.deepEqual([vision.tokensMin, vision.tokensMax], [313, 2653]);
  for (let numCrops = 1; numCrops <= 16; numCrops++)
    for (const [width, height] of [
      [1, 1],
      [1, 100_000],
      [100_000, 1],
      [3, 7],
    ] as const) {
      const { rows, columns } = gridOf(width, height, numCrops, 336);
      assert.ok(rows >= 1 && columns >= 1 && rows * columns <= numCrops);
      const tokens = countTokens(vision, { rows, columns });
      assert.ok(tokens >= vision.tokensMin && tokens <= vision.tokensMax);
    }
});

test('vision: a tag is the one that is found and taken out', () => {
  assert.equal(imageTag(12), '<|image_12|>');
  const text = `a${imageTag(1)}b${imageTag(16)}`;
  assert.deepEqual(text.match(IMAGE_TAG), ['<|image_1|>', '<|image_16|>']);
  assert.equal(withoutTags(`${text}<|image|>`), 'ab<|image|>');
  assert.equal(withoutTags('a<|ima<|im<|image_3|>age_2|>ge_1|>b'), 'ab');
});

test('vision: a model that reads text only has none', () => {
  assert.equal(readVision(null), undefined);
  assert.equal(readVision(undefined), undefined);
});
