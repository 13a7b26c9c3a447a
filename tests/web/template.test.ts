/* Chat templates as files carry them, and as an attacker would. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../web/base/errors.ts';
import { ChatTemplate } from '../../web/worker/template.ts';
import { cpuNow } from './lib/cpu-time.mjs';

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
    '{% for message in messages %}' +
    "{% if message['role'] == 'system' %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}" +
    "{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}" +
    "{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}" +
    '{% endif %}{% endfor %}' +
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}";
  assert.equal(
    render(source),
    '<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\n',
  );
});

test('template: ChatML with a default system message, bos_token, loop variables, namespaces', () => {
  const source =
    "{{ bos_token }}{% for message in messages %}{% if loop.first and messages and messages[0]['role'] != 'system' %}" +
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
  /* x: 2 ** n times the letter */
  const big = (letter: string, n: number): string =>
    `{% set ns = namespace(x='${letter}') %}{% for i in range(${n}) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}` +
    '{% set x = ns.x %}';
  const nested = '{% for a in range(99999) %}'.repeat(3) + '{% endfor %}'.repeat(3);
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
    [doubling('[1]', 'ns.x + ns.x'), /more than/],
    [doubling('[1]', '[ns.x, ns.x]'), /more than 8388608/],
    [
      `{% set s = '${'a'.repeat(4000)}' %}{{ s | replace('a', s) | replace('a', s) | replace('a', s) }}`,
      /chat template/,
    ],
    ['{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', /chat template/],
    ['{{ messages.constructor.constructor("return 1")() }}', /chat template/],
    ['{{ undefined_function() }}', /chat template/],
    /* One step each, on large values. */
    [`${big('a', 22)}{{ ('b' ~ x[:2000000]) in x }}`, /builds/],
    [`${big('a', 20)}{{ x.split(x[:1000] ~ 'b') }}`, /builds/],
    [`${big('a', 13)}{{ x | replace('a', x[:4000]) }}`, /builds/],
    ["{{ 'x\\n' | indent(500000000) }}", /builds/],
    ["{{ range(99999) | join('xxxxxxxxxxxx' * 1) }}", /chat template/],
    [`${big('a', 12)}{{ range(99999) | join(x) }}`, /builds/],
    ["{{ {'a': {'b': {'c': 1}}} | tojson(indent=500000000) }}", /builds/],
    [
      `${big('a', 21)}{% set y = x[1:] %}{% set x = x[1:] %}{% for i in range(99999) %}{{ x == y }}{% endfor %}`,
      /builds/,
    ],
    [`{% for i in range(9999) %}{% set l = range(99999) | sort %}{% endfor %}`, /builds/],
    [`{% set l = range(99999) %}{% for i in range(9999) %}{{ l }}{% endfor %}`, /builds/],
    [
      `{% set l = range(99999) %}{% for i in range(9999) %}{% set k = l ~ '' %}{% endfor %}`,
      /builds/,
    ],
    [
      `{% set l = range(99999) %}{% for i in range(9999) %}{% set k = l[1:] | reverse | list %}{% endfor %}`,
      /builds/,
    ],
    [`${big('a', 22)}{% for i in range(9999) %}{% set k = x | upper %}{% endfor %}`, /builds/],
    [`${big('a', 22)}{% for i in range(9999) %}{% set k = x[::-1] %}{% endfor %}`, /builds/],
    [`${big('a', 22)}{% for i in range(9999) %}{% set k = x | join %}{% endfor %}`, /builds/],
    ['{% set ns = namespace(a=1) %}{% set ns.a = ns %}{{ ns }}', /a namespace in/],
    [
      '{% set ns = namespace(a=1) %}{% set l = [ns, ns] %}{% set ns.a = l %}{{ l }}',
      /a namespace in/,
    ],
    [
      `${big('a', 10)}{% filter indent(100000) %}{{ x | replace('a', 'b\\n') }}{% endfilter %}`,
      /builds/,
    ],
    ['{% macro f(n) %}{{ f(n + 1) }}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}', /chat template/],
    [
      '{% macro f(n) %}{% if n < 30 %}{{ f(n + 1) }}{{ f(n + 1) }}{% endif %}{% endmacro %}{{ f(0) }}',
      /builds/,
    ],
  ];
  for (const [source, text] of cases) {
    const start = cpuNow();
    assert.throws(
      () => render(source),
      (error: unknown) => {
        assert.ok(error instanceof EngineError, String(error));
        assert.match(error.message, text, source.slice(0, 80));
        return true;
      },
    );
    const ms = cpuNow() - start;
    assert.ok(ms < 5000, `${ms} ms: ${source.slice(0, 80)}`);
  }
});

test('template: a conversation as long as any context goes through', () => {
  const source =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ 'System' }}{% endif %}" +
    "{% set content = message['content'] | trim %}{% if '</think>' in content %}" +
    "{% set content = content.split('</think>')[-1].lstrip('\\n') %}{% endif %}" +
    "{% if loop.index0 > 0 and messages[loop.index0 - 1]['role'] == message['role'] %}" +
    "{{ raise_exception('twice') }}{% endif %}" +
    "{{ '<|' + message['role'] + '|>' }}{{ content }}{% if not loop.last %}{{ '<|end|>' }}{% endif %}" +
    '{% if loop.index0 == messages | length - 1 %}{{ messages[1:] | length }}{% endif %}{% endfor %}';
  const messages = Array.from({ length: 1000 }, (_, i) => ({
    role: i % 2 === 0 ? 'user' : 'assistant',
    content: 'thought '.repeat(124).concat('</think>'),
  }));
  assert.ok(render(source, messages).length > 1e4);
  const plain = messages.map(({ role }) => ({ role, content: 'some '.repeat(200) }));
  assert.ok(render(source, plain).length > 1e6 - 1000);
});
