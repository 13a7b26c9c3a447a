/* The part of JSON Schema 2020-12 that our schemas use. A keyword that it does not know is an error, so that none goes
 * unchecked. */
import { isObject } from '../../../web/base/options.ts';

type Schema = Record<string, unknown>;
type Check = (rule: unknown, value: unknown, schema: Schema, root: Schema) => boolean;

const SILENT = ['$schema', 'title', 'description', '$defs'];

function typeMatches(type: unknown, value: unknown): boolean {
  if (type === 'object') return isObject(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

const onText =
  (test: (rule: unknown, text: string) => boolean): Check =>
  (rule, value) =>
    typeof value !== 'string' || test(rule, value);
const onNumber =
  (test: (rule: number, n: number) => boolean): Check =>
  (rule, value) =>
    typeof value !== 'number' || test(Number(rule), value);
const onArray =
  (test: (rule: number, n: number) => boolean): Check =>
  (rule, value) =>
    !Array.isArray(value) || test(Number(rule), value.length);

const rulesOf = (rule: unknown): [string, unknown][] =>
  isObject(rule) ? Object.entries(rule) : [];

/** A field is additional when neither its name nor a pattern has it. */
const additional: Check = (_, value, schema) => {
  const names = rulesOf(schema.properties).map(([name]) => name);
  const patterns = rulesOf(schema.patternProperties).map(([text]) => new RegExp(text, 'u'));
  return rulesOf(value).every(
    ([name]) => names.includes(name) || patterns.some((p) => p.test(name)),
  );
};

const KEYWORDS: Readonly<Record<string, Check>> = {
  $ref: (rule, value, _, root) => {
    const name = /^#\/\$defs\/(\w+)$/.exec(String(rule))?.[1] ?? '';
    const defs = root.$defs;
    return isValid(isObject(defs) ? defs[name] : undefined, value, root);
  },
  type: (rule, value) => typeMatches(rule, value),
  const: (rule, value) => rule === value,
  minLength: onText((rule, text) => Array.from(text).length >= Number(rule)),
  maxLength: onText((rule, text) => Array.from(text).length <= Number(rule)),
  pattern: onText((rule, text) => new RegExp(String(rule), 'u').test(text)),
  minimum: onNumber((rule, n) => n >= rule),
  maximum: onNumber((rule, n) => n <= rule),
  minItems: onArray((rule, n) => n >= rule),
  maxItems: onArray((rule, n) => n <= rule),
  items: (rule, value, _, root) =>
    !Array.isArray(value) || value.every((item) => isValid(rule, item, root)),
  required: (rule, value) =>
    !isObject(value) || (Array.isArray(rule) && rule.every((name) => Object.hasOwn(value, name))),
  dependentRequired: (rule, value) =>
    rulesOf(rule).every(
      ([name, needs]) =>
        !isObject(value) ||
        !Object.hasOwn(value, name) ||
        (Array.isArray(needs) && needs.every((need) => Object.hasOwn(value, need))),
    ),
  properties: (rule, value, _, root) =>
    rulesOf(rule).every(
      ([name, inner]) =>
        !isObject(value) || !Object.hasOwn(value, name) || isValid(inner, value[name], root),
    ),
  patternProperties: (rule) => rulesOf(rule).every(([, inner]) => inner === true),
  additionalProperties: (rule, value, schema, root) =>
    rule !== false || additional(rule, value, schema, root),
};

export function isValid(schema: unknown, value: unknown, root?: Schema): boolean {
  if (!isObject(schema)) throw new Error('expected a schema');
  return Object.entries(schema).every(([keyword, rule]) => {
    if (SILENT.includes(keyword)) return true;
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`keyword ${keyword} is not known here`);
    return check(rule, value, schema, root ?? schema);
  });
}
