import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  autoThreads,
  chooseVariant,
  detectFeatures,
  type Features,
  PROBE_MODULES,
} from '../../web/base/detect.ts';

const ALL: Features = {
  simd: true,
  relaxed: true,
  threads: true,
  crossOriginIsolated: true,
  processors: 8,
};
const AUTO = { threads: 'auto', kernels: 'auto' } as const;

test('detect: the probe modules are well-formed where the feature exists', () => {
  /* Node has had SIMD and threads since 16; relaxed SIMD came later and is tested in Chromium. */
  assert.equal(WebAssembly.validate(PROBE_MODULES.simd), true);
  assert.equal(WebAssembly.validate(PROBE_MODULES.threads), true);
  const features = detectFeatures();
  assert.equal(features.simd, true);
  assert.equal(features.relaxed, WebAssembly.validate(PROBE_MODULES.relaxed));
  assert.ok(features.processors >= 1);
});

test('detect: relaxed dots that are not exact do not count; a policy that forbids to ask does not matter', (t) => {
  t.mock.method(WebAssembly, 'validate', () => true);
  let result = 0;
  const asked: WebAssembly.Module[] = [];
  t.mock.method(WebAssembly, 'Module', function (this: WebAssembly.Module) {
    if (result < 0) throw new WebAssembly.CompileError('refused by the policy');
  });
  t.mock.method(WebAssembly, 'Instance', function (this: object, module: WebAssembly.Module) {
    asked.push(module);
    return { exports: { a: () => result } };
  });
  assert.equal(detectFeatures().relaxed, false);
  result = 1;
  assert.equal(detectFeatures().relaxed, true);
  assert.equal(asked.length, 2);
  result = -1;
  assert.equal(detectFeatures().relaxed, true);
});

test('detect: everything there', () => {
  const choice = chooseVariant(ALL, AUTO);
  assert.equal(choice.variant, 'relaxed-mt');
  assert.equal(choice.threads, 4);
  assert.equal(choice.reason, '4 threads; relaxed SIMD');
  assert.equal(choice.isDegraded, false);
});

test('detect: without isolation one thread, with the remedy', () => {
  const choice = chooseVariant({ ...ALL, crossOriginIsolated: false }, AUTO);
  assert.equal(choice.variant, 'relaxed-st');
  assert.equal(choice.threads, 1);
  assert.equal(choice.isDegraded, true);
  assert.match(
    choice.reason,
    /no cross-origin isolation: one thread; serve the page with COOP: same-origin and COEP: require-corp/,
  );
});

test('detect: without relaxed SIMD the fixed one, and a wish for it is refused', () => {
  const features = { ...ALL, relaxed: false };
  assert.equal(chooseVariant(features, AUTO).variant, 'simd128-mt');
  assert.throws(
    () => chooseVariant(features, { threads: 'auto', kernels: 'relaxed' }),
    /no relaxed SIMD/,
  );
});

test('detect: wishes are followed', () => {
  assert.equal(chooseVariant(ALL, { threads: 1, kernels: 'simd128' }).variant, 'simd128-st');
  assert.equal(chooseVariant(ALL, { threads: 3, kernels: 'auto' }).threads, 3);
});

test('detect: without SIMD nothing works, and the message says since when browsers have it', () => {
  assert.throws(() => chooseVariant({ ...ALL, simd: false }, AUTO), /Safari 16\.4/);
});

test('detect: automatic threads', () => {
  const expected: [number, number][] = [
    [1, 1],
    [2, 2],
    [4, 4],
    [6, 4],
    [8, 4],
    [12, 6],
    [16, 8],
    [64, 8],
  ];
  for (const [processors, threads] of expected)
    assert.equal(autoThreads(processors), threads, `${processors}`);
});
