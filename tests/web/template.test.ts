/* Chat templates as files carry them, and as an attacker would. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../web/base/errors.ts';
import { ChatTemplate } from '../../web/worker/template.ts';

const MESSAGES = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi' },
];

function render(
  source: string | undefined,
  messages: readonly Record<string, unknown>[] = MESSAGES,
): string {
  return new ChatTemplate(source).render({
    messages,
    addsGenerationPrompt: true,
    bosText: '<s>',
    eosText: '</s>',
  });
}

test('template: Phi-3 (June 2024)', () => {
  const source =
    "{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}" +
    "{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}" +
    "{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}";
  assert.equal(
    render(source),
    '<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\n',
  );
});

test('template: ChatML with a default system message, bos_token, loop variables, namespaces', () => {
  const source =
    "{{ bos_token }}{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}" +
    "{{ '<|im_start|>system\nDefault<|im_end|>\n' }}{% endif %}" +
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] | trim + '<|im_end|>' + '\n'}}{% endfor %}" +
    '{% set ns = namespace(n=0) %}{% for i in range(3) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}';
  assert.equal(
    render(source, [{ role: 'user', content: ' Hi ' }]),
    '<s><|im_start|>system\nDefault<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n3',
  );
});

test('template: dates as Llama 3 asks for them', () => {
  assert.match(render('{{ strftime_now("%d %b %Y") }}'), /^\d\d [A-Z][a-z]{2} \d{4}$/);
  assert.equal(render('{% if strftime_now is defined %}yes{% endif %}'), 'yes');
});

test('template: a missing one says what to do', () => {
  for (const source of [undefined, '']) {
    assert.throws(
      () => render(source),
      (error: unknown) =>
        error instanceof EngineError &&
        error.code === 'PHI_EUNSUPPORTED' &&
        /no chat template/.test(error.message),
    );
  }
});

test('template: what it refuses reaches the caller', () => {
  assert.throws(
    () => render("{{ raise_exception('roles must alternate') }}"),
    /refuses these messages: roles must alternate/,
  );
});

test('template: hostile ones end with one error, soon', () => {
  const doubling = (start: string, step: string): string =>
    `{% set ns = namespace(x=${start}) %}${`{% set ns.x = ${step} %}`.repeat(40)}{{ ns.x }}`;
  const nested =
    '{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}';
  const cases: [string, RegExp][] = [
    ['{% for m in messages %}', /cannot be parsed/],
    ['{{ '.repeat(50_000), /cannot be parsed/],
    [`{{ ${'('.repeat(100_000)}1 }}`, /cannot be parsed/],
    ['x'.repeat(2 ** 20 + 1), /at most 1048576/],
    [nested, /steps/],
    ['{% for i in range(1000000000) %}x{% endfor %}', /range of more than/],
    ['{{ range(0, 10, 0) }}', /step of 0/],
    ["{{ 'x' | indent(2000000000) }}", /chat template/],
    [doubling("'ab'", 'ns.x + ns.x'), /more than 8388608/],
    [doubling("'ab'", 'ns.x ~ ns.x'), /more than 8388608/],
    [doubling('[1]', 'ns.x + ns.x'), /more than 8388608/],
    [doubling('[1]', '[ns.x, ns.x]'), /more than 8388608/],
    [
      `{% set s = '${'a'.repeat(4000)}' %}{{ s | replace('a', s) | replace('a', s) | replace('a', s) }}`,
      /chat template/,
    ],
    ['{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', /chat template/],
    ['{{ messages.constructor.constructor("return 1")() }}', /chat template/],
    ['{{ undefined_function() }}', /chat template/],
  ];
  for (const [source, text] of cases) {
    const start = performance.now();
    assert.throws(
      () => render(source),
      (error: unknown) => {
        assert.ok(error instanceof EngineError, String(error));
        assert.match(error.message, text, source.slice(0, 80));
        return true;
      },
    );
    assert.ok(performance.now() - start < 20_000, source.slice(0, 80));
  }
});
