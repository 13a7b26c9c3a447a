/* An interpreter of chat templates that cannot be made to hang or to fill the memory. Two bounds:
 *
 *   weight   of a value: characters of a text, items of a list with theirs. A list that holds another twice weighs it
 *            twice, so that doubling is noticed before anything is written out. No value may weigh more than
 *            TEMPLATE_WEIGHT_MAX.
 *   work     in steps, each some 100 to 300 ns: one for each node of the program that is evaluated, LOOP_WORK for an
 *            item of a loop, and what an operation on large values costs. Looking a value up costs one step however
 *            heavy it is: templates look at `messages` in every turn of their loop over it.
 *
 * What grows faster than the values at hand (searching, replacing, joining, indenting, sorting) is paid before it is
 * done: done once on values of the largest weight it would already be too much. */
import { type Environment, Interpreter, type parse } from '@huggingface/jinja';
import { TEMPLATE_WEIGHT_MAX } from '../base/limits.ts';

export type Program = ReturnType<typeof parse>;
type Evaluate = Interpreter['evaluate'];
type Value = ReturnType<Evaluate>;

/** Makes scopes and loop variables. */
const LOOP_WORK = 16;
/* Steps by weight, as shifts: characters that the browser copies, looks for or changes; characters or items that become
 * a list of their own. (An item of a list that an operation looks at is a step, and one that is written out as text
 * too.) */
const COPY_SHIFT = 6;
const LIST_SHIFT = 3;
/** A list of n is sorted in some n log n comparisons, each of which makes small letters of both sides. */
const SORT_WORK = 16;

/** How an operation's work grows with what it is given. */
type Growth = 'constant' | 'linear' | 'product' | 'sort';

/** Filters and methods; what is not named here is linear. */
const GROWTHS: ReadonlyMap<string, Growth> = new Map([
  ...[
    'length',
    'first',
    'last',
    'default',
    'd',
    'safe',
    'get',
    'and',
    'or',
    'startswith',
    'endswith',
  ].map((name): [string, Growth] => [name, 'constant']),
  ...[
    'replace',
    'split',
    'join',
    'indent',
    'tojson',
    'selectattr',
    'rejectattr',
    'in',
    'not in',
  ].map((name): [string, Growth] => [name, 'product']),
  ...['sort', 'dictsort'].map((name): [string, Growth] => [name, 'sort']),
]);
/** Those whose numbers say how many characters are added for each that is there. */
const NUMBERS_MULTIPLY: ReadonlySet<string> = new Set(['indent', 'tojson']);

/** What is looked at of a node of the program; the library's own types say less than this needs. */
interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly operator?: { readonly value?: unknown };
  readonly callee?: Node;
  readonly property?: Node;
  readonly filter?: Node;
  readonly iterable?: { readonly lhs?: object };
}

interface Measure {
  readonly weight: number;
  /** Of a list or an object, without those in its items. */
  readonly items: number;
  /** Lists in lists; 0 for what holds nothing. */
  readonly depth: number;
}

/** A node at work, and what its parts came to so far. */
interface Operation {
  readonly name: string;
  readonly growth: Growth;
  readonly isBlock: boolean;
  nOperands: number;
  product: number;
  weight: number;
  items: number;
  depth: number;
  /** Of a method, the value that it belongs to. */
  first: Measure;
}

const LIGHT: Measure = { weight: 1, items: 0, depth: 0 };

export function tooLarge(what: string): Error {
  return new Error(`the template builds ${what}`);
}

function asName(node: Node | undefined): string {
  return typeof node?.value === 'string' ? node.value : '';
}

/** The name under which GROWTHS knows a node; '' for what is not an operation of the library's. */
function operationName(node: Node): string {
  switch (node.type) {
    case 'BinaryExpression':
      return typeof node.operator?.value === 'string' ? node.operator.value : '';
    case 'FilterExpression':
    case 'FilterStatement':
      return asName(node.filter?.callee ?? node.filter);
    case 'CallExpression':
      /* A plain name is a macro, or one of the functions that template.ts gives. */
      return node.callee?.type === 'MemberExpression' ? asName(node.callee.property) : '';
    case 'MemberExpression':
      return node.property?.type === 'SliceExpression' ? 'slice' : '';
    default:
      return '';
  }
}

function newOperation(node: Node): Operation {
  const name = operationName(node);
  const growth = name === '' ? 'constant' : (GROWTHS.get(name) ?? 'linear');
  const isBlock = node.type === 'FilterStatement';
  return {
    name,
    growth,
    isBlock,
    nOperands: 0,
    product: 1,
    weight: 0,
    items: 0,
    depth: 0,
    first: LIGHT,
  };
}

function isNamespace(value: object): boolean {
  return 'type' in value && value.type === 'NamespaceValue';
}

export class BoundedInterpreter extends Interpreter {
  #work = 0;
  #operation: Operation | undefined;
  readonly #measures = new WeakMap<object, Measure>();
  readonly #looped = new WeakSet<object>();
  readonly #printed: WeakSet<object>;
  readonly #workMax: number;

  constructor(env: Environment, program: Program, workMax: number) {
    super(env);
    this.#printed = findPrinted(program);
    this.#workMax = workMax;
  }

  override evaluate(...args: Parameters<Evaluate>): Value {
    const node: Node | undefined = args[0];
    if (node === undefined) return super.evaluate(...args);
    if (node.type === 'For' && node.iterable !== undefined)
      this.#looped.add(node.iterable.lhs ?? node.iterable);
    const outer = this.#operation;
    const own = newOperation(node);
    this.#operation = own;
    let value: Value;
    try {
      value = super.evaluate(...args);
    } finally {
      this.#operation = outer;
    }
    this.#charge(node, own, value, outer);
    return value;
  }

  #charge(node: Node, own: Operation, value: Value, outer: Operation | undefined): void {
    const inner: unknown = value.value;
    const measure = typeof inner === 'function' ? own.first : this.#measure(value);
    const isText = typeof inner === 'string';
    this.#pay(1 + (isText && node.type !== 'Identifier' ? measure.weight >> COPY_SHIFT : 0));
    if (own.growth === 'linear') this.#pay(linearWork(own, isText));
    if (this.#printed.has(node) && !isText) this.#pay(measure.weight);
    if (this.#looped.has(node)) this.#pay(measure.items * LOOP_WORK);
    if (outer !== undefined) this.#give(outer, value, measure);
  }

  /** A part of `operation` is there: what it will cost with this part is paid now. */
  #give(operation: Operation, value: Value, measure: Measure): void {
    if (operation.nOperands++ === 0) operation.first = measure;
    if (operation.growth === 'constant') return;
    operation.weight += measure.weight;
    operation.items += measure.items;
    operation.depth = Math.max(operation.depth, measure.depth);
    const factor = NUMBERS_MULTIPLY.has(operation.name) ? factorOf(value, measure) : measure.weight;
    operation.product = (operation.isBlock ? operation.weight : operation.product) * factor;
    if (operation.growth === 'sort') this.#pay(measure.weight * SORT_WORK);
    if (operation.name === 'join' || operation.name === 'string')
      this.#pay(measure.weight >> LIST_SHIFT);
    if (operation.growth === 'product')
      this.#pay((operation.product / 2 ** COPY_SHIFT) * Math.max(1, operation.depth));
  }

  #pay(steps: number): void {
    this.#work += steps;
    if (!(this.#work <= this.#workMax))
      throw tooLarge(`its text in more than ${this.#workMax} steps`);
  }

  #measure(value: unknown): Measure {
    const measure = this.#weigh(value);
    if (measure.weight > TEMPLATE_WEIGHT_MAX)
      throw tooLarge(`a value of more than ${TEMPLATE_WEIGHT_MAX} characters or items`);
    return measure;
  }

  #weigh(value: unknown): Measure {
    if (typeof value !== 'object' || value === null || !('value' in value)) return LIGHT;
    const inner = value.value;
    if (typeof inner === 'string') return { weight: Math.max(1, inner.length), items: 0, depth: 0 };
    if (!Array.isArray(inner) && !(inner instanceof Map)) return LIGHT;
    if (isNamespace(value)) return this.#weighItems(inner);
    let measure = this.#measures.get(inner);
    if (measure === undefined) {
      measure = this.#weighItems(inner);
      this.#measures.set(inner, measure);
    }
    return measure;
  }

  /** A namespace can change after it was weighed, which what holds it would not notice. */
  #weighItems(items: readonly unknown[] | ReadonlyMap<string, unknown>): Measure {
    const nItems = sizeOf(items);
    this.#pay(nItems >> LIST_SHIFT);
    let weight = 1;
    let depth = 0;
    for (const item of items.values()) {
      if (typeof item === 'object' && item !== null && isNamespace(item))
        throw tooLarge('a namespace in another value');
      const measure = this.#weigh(item);
      weight += measure.weight;
      depth = Math.max(depth, measure.depth);
    }
    if (items instanceof Map) for (const key of items.keys()) weight += key.length;
    return { weight, items: nItems, depth: depth + 1 };
  }
}

/** Items of a list or an object. */
function sizeOf(inner: unknown): number {
  if (Array.isArray(inner)) return inner.length;
  return inner instanceof Map ? inner.size : 0;
}

/** Of an operation that looks at each part of what it is given once. */
function linearWork({ name, weight, items, depth }: Operation, givesText: boolean): number {
  if (name === 'slice') return weight >> LIST_SHIFT;
  if (name === '+' || name === '~') {
    /* Text behind text is cheap; a list behind a text is written out. */
    return givesText && depth > 0 ? weight : weight >> COPY_SHIFT;
  }
  if (name === '==' || name === '!=') return depth > 0 ? 0 : weight >> COPY_SHIFT;
  return items + (weight >> COPY_SHIFT);
}

/** What a part multiplies an operation's result by: its weight, or itself if it is a number. */
function factorOf(value: Value, { weight }: Measure): number {
  return typeof value.value === 'number' ? Math.max(1, value.value) : weight;
}

/** The statements whose value becomes text: those in a body of another. */
function findPrinted(program: Program): WeakSet<object> {
  const printed = new WeakSet<object>();
  const seen = new WeakSet<object>();
  const open: object[] = [program];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const [key, part] of node instanceof Map ? node : Object.entries(node)) {
      if (typeof key === 'object' && key !== null) open.push(key);
      if (typeof part !== 'object' || part === null) continue;
      open.push(part);
      const isBody = key === 'body' || key === 'alternate' || key === 'defaultBlock';
      if (isBody && Array.isArray(part)) for (const statement of part) printed.add(statement);
    }
  }
  return printed;
}
