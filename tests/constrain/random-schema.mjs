/* Random JSON schemas of every supported keyword, from a seed. Most can be satisfied; what cannot is refused, which the
 * test counts. */

/** mulberry32: [0, 1), the same numbers for the same seed. */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const PATTERNS = [
  '^[a-z]{2,6}$',
  '^[A-Z][a-z]+( [A-Z][a-z]+)?$',
  '^\\d{3}-\\d{4}$',
  'abc',
  '^x|y$',
  '^(?:red|green|blue)(-(?:light|dark))?$',
  '^[^"\\\\]{1,8}$',
  '^\\S+@\\S+$',
  '^.{0,12}$',
  '[0-9]$',
  '^[\\u00e0-\\u00ff]{1,4}$',
  '^',
  '^(a|b)*c?$',
  '^[\\n\\t ]{1,3}$',
  '^[😀-😎]+$',
];
const FORMATS = ['date', 'time', 'date-time', 'uuid', 'ipv4', 'email'];
const NAMES = ['id', 'name', 'na', 'names', 'größe', 'a"b', 'x', 'tags', 'created at', 'ключ', ''];
const SCALARS = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  12,
  123,
  'a',
  'ab',
  'é"\\',
  'line\nbreak',
  '',
  '😀',
];
const ANNOTATIONS = [
  ['title', 'a title'],
  ['description', 'what it is'],
  ['default', 1],
  ['examples', [1, 2]],
  ['$comment', 'none'],
];

export class SchemaMaker {
  #random;
  #defs = 0;

  constructor(seed) {
    this.#random = randomNumbers(seed);
  }

  #int(low, high) {
    return low + Math.floor(this.#random() * (high - low + 1));
  }

  #chance(p) {
    return this.#random() < p;
  }

  #pick(list) {
    return list[this.#int(0, list.length - 1)];
  }

  #some(list, n) {
    const rest = [...list];
    return Array.from({ length: Math.min(n, list.length) }, () =>
      rest.splice(this.#int(0, rest.length - 1), 1).at(0),
    );
  }

  make() {
    this.#defs = this.#int(0, 2);
    const schema = this.#schema(3);
    if (typeof schema !== 'object') return { allOf: [schema] };
    if (this.#defs === 0) return schema;
    const defs = { d0: this.#leafOr(2) };
    if (this.#defs > 1)
      defs.d1 = {
        type: 'object',
        properties: {
          v: this.#leaf(),
          next: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/d1' }] },
        },
        required: ['v'],
        additionalProperties: false,
      };
    return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...schema, $defs: defs };
  }

  #leafOr(depth) {
    const defs = this.#defs;
    this.#defs = 0; /* no reference to itself without an end */
    const schema = this.#schema(depth);
    this.#defs = defs;
    return schema;
  }

  #schema(depth) {
    const schema = depth > 0 && this.#chance(0.6) ? this.#composite(depth) : this.#leaf();
    if (typeof schema === 'object' && this.#chance(0.1)) {
      const [key, value] = this.#pick(ANNOTATIONS);
      return { ...schema, [key]: value };
    }
    return schema;
  }

  #composite(depth) {
    const kind = this.#int(0, 9);
    if (kind < 4) return this.#object(depth);
    if (kind < 6) return this.#array(depth);
    if (kind === 6) return { anyOf: this.#list(depth, 3) };
    if (kind === 7) return this.#oneOf(depth);
    if (kind === 8) return { allOf: [this.#object(depth - 1), this.#object(depth - 1)] };
    return this.#defs > 0
      ? { $ref: `#/$defs/d${this.#int(0, this.#defs - 1)}` }
      : this.#object(depth);
  }

  #list(depth, n) {
    return Array.from({ length: this.#int(1, n) }, () => this.#schema(depth - 1));
  }

  #object(depth) {
    const names = this.#some(NAMES, this.#int(0, 4));
    const schema = { type: 'object' };
    if (names.length > 0)
      schema.properties = Object.fromEntries(names.map((name) => [name, this.#schema(depth - 1)]));
    if (this.#chance(0.7)) schema.required = this.#some(names, this.#int(0, names.length));
    if (this.#chance(0.1)) schema.required = [...(schema.required ?? []), 'other'];
    if (this.#chance(0.6)) schema.additionalProperties = this.#chance(0.6) ? false : this.#leaf();
    if (this.#chance(0.1)) schema.maxProperties = this.#int(names.length, names.length + 2);
    if (this.#chance(0.1) && names.length > 0) schema.minProperties = this.#int(1, names.length);
    if (schema.required?.includes('other') && schema.additionalProperties === false)
      delete schema.additionalProperties;
    return schema;
  }

  #array(depth) {
    const schema = { type: 'array' };
    const min = this.#int(0, 2);
    if (this.#chance(0.3)) schema.prefixItems = this.#list(depth, 2);
    if (this.#chance(0.8)) schema.items = this.#schema(depth - 1);
    if (this.#chance(0.5)) schema.minItems = min;
    if (this.#chance(0.5)) schema.maxItems = min + this.#int(0, 3);
    if (this.#chance(0.1)) schema.uniqueItems = false;
    return schema;
  }

  #oneOf(depth) {
    if (this.#chance(0.5))
      return { oneOf: [this.#string(), this.#integer(), this.#object(depth - 1)] };
    const tags = this.#some(['circle', 'square', 'line'], this.#int(2, 3));
    return {
      type: 'object',
      oneOf: tags.map((tag) => ({
        properties: { kind: { const: tag }, size: this.#leaf() },
        required: this.#chance(0.5) ? ['kind', 'size'] : ['kind'],
        additionalProperties: false,
      })),
    };
  }

  #leaf() {
    const kind = this.#int(0, 11);
    if (kind < 4) return this.#string();
    if (kind < 6) return this.#integer();
    if (kind === 6) return this.#number();
    if (kind === 7) return { type: 'boolean' };
    if (kind === 8) return { enum: this.#some(SCALARS, this.#int(1, 5)) };
    if (kind === 9)
      return { const: this.#pick([...SCALARS, [1, 'two', []], { a: [null], 'b"': {} }]) };
    if (kind === 10) return { type: this.#some(['null', 'boolean', 'integer', 'string'], 2) };
    return this.#chance(0.5)
      ? { type: 'null' }
      : this.#chance(0.2)
        ? true
        : { minLength: 2, type: 'string' };
  }

  #string() {
    const schema = { type: 'string' };
    const kind = this.#int(0, 9);
    if (kind < 3) {
      schema.pattern = this.#pick(PATTERNS);
      /* Random text would not come upon its end in a test's time. */
      if (!/^\^[^|S]*\$$/.test(schema.pattern)) schema.maxLength = this.#int(4, 20);
    } else if (kind < 5) schema.format = this.#pick(FORMATS);
    if (kind === 0 && schema.maxLength === undefined) schema.maxLength = this.#int(8, 40);
    if (kind === 5) schema.maxLength = this.#int(0, 10);
    if (kind === 6) schema.minLength = this.#int(0, 6);
    if (kind === 7) {
      schema.minLength = this.#int(0, 5);
      schema.maxLength = schema.minLength + this.#int(0, 30);
    }
    return schema;
  }

  #bounds(schema, low, high, step) {
    if (this.#chance(0.6)) schema[this.#pick(['minimum', 'exclusiveMinimum'])] = low;
    if (this.#chance(0.6)) schema[this.#pick(['maximum', 'exclusiveMaximum'])] = high + step;
    return schema;
  }

  #integer() {
    const low = this.#int(-1500, 1500);
    const schema = this.#bounds({ type: 'integer' }, low, low + this.#int(1, 3000), 1);
    if (this.#chance(0.15)) schema.multipleOf = this.#pick([1, 2, 3, 5, 7, 10]);
    if (this.#chance(0.1)) schema.minimum = low - 0.5;
    return schema;
  }

  #number() {
    const low = this.#int(-100000, 100000) / 10 ** this.#int(0, 4);
    const high = low + this.#int(1, 100000) / 10 ** this.#int(0, 4);
    return this.#bounds({ type: 'number' }, low, Number(high.toFixed(5)), 0);
  }
}
