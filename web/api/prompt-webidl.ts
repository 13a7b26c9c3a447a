/* Conversions of WebIDL: what a browser does to arguments before a method sees them. Each throws what a browser
 * would. */

import { platformKind } from '../engine/image-snapshot.ts';

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** DOMString. Lone surrogates stay; they become U+FFFD where the text is encoded. */
export function toDomString(name: string, value: unknown): string {
  if (typeof value === 'symbol') throw new TypeError(`${name}: a symbol is not a text`);
  return typeof value === 'string' ? value : `${value}`;
}

/** unrestricted double. */
export function toDouble(name: string, value: unknown): number {
  if (typeof value === 'symbol' || typeof value === 'bigint')
    throw new TypeError(`${name}: a ${typeof value} is not a number`);
  return Number(value);
}

export function toEnum<const T extends string>(
  name: string,
  value: unknown,
  members: readonly T[],
): T {
  const text = toDomString(name, value);
  const found = members.find((member) => member === text);
  if (found === undefined)
    throw new TypeError(
      `${name}: expected ${members.map((m) => `"${m}"`).join(' or ')}, got "${text.slice(0, 60)}"`,
    );
  return found;
}

export function toObject(name: string, value: unknown): object {
  if (!isObject(value))
    throw new TypeError(
      `${name}: expected an object, got ${value === null ? 'null' : typeof value}`,
    );
  return value;
}

/** A dictionary whose members are read by the caller, in the order of their names. Undefined and null are empty ones.
 * */
export function toDictionary(name: string, value: unknown): Fields {
  if (value === undefined || value === null) return {};
  return toObject(name, value) as Fields;
}

export function required(name: string, value: unknown): unknown {
  if (value === undefined) throw new TypeError(`${name}: this member is required`);
  return value;
}

/** The method that makes a value a sequence; undefined when it is none. */
function iteratorOf(name: string, value: object): (() => Iterator<unknown>) | undefined {
  const method: unknown = (value as { [Symbol.iterator]?: unknown })[Symbol.iterator];
  if (method === undefined || method === null) return undefined;
  if (typeof method !== 'function') throw new TypeError(`${name}: its iterator is not a function`);
  return method as () => Iterator<unknown>;
}

function collect<T>(
  name: string,
  value: object,
  method: () => Iterator<unknown>,
  convert: (name: string, item: unknown) => T,
): T[] {
  const items: T[] = [];
  const source = { [Symbol.iterator]: () => method.call(value) };
  for (const item of source) items.push(convert(`${name}[${items.length}]`, item));
  return items;
}

export function toSequence<T>(
  name: string,
  value: unknown,
  convert: (name: string, item: unknown) => T,
): T[] {
  const object = toObject(name, value);
  const method = iteratorOf(name, object);
  if (method === undefined) throw new TypeError(`${name}: expected a sequence`);
  return collect(name, object, method, convert);
}

/** (sequence<T> or DOMString): an object with an iterator is the one, everything else the other. */
export function toSequenceOrString<T>(
  name: string,
  value: unknown,
  convert: (name: string, item: unknown) => T,
): T[] | string {
  if (!isObject(value)) return toDomString(name, value);
  const method = iteratorOf(name, value);
  return method === undefined ? toDomString(name, value) : collect(name, value, method, convert);
}

export function toCallback(
  name: string,
  value: unknown,
): ((...args: readonly unknown[]) => unknown) | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'function') throw new TypeError(`${name}: expected a function`);
  return value as (...args: readonly unknown[]) => unknown;
}

export { platformKind as interfaceOf };

export function toSignal(name: string, value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  if (value instanceof AbortSignal || platformKind(value) === 'AbortSignal')
    return value as AbortSignal;
  throw new TypeError(`${name}: expected an AbortSignal`);
}

export function requireArguments(method: string, count: number): void {
  if (count < 1) throw new TypeError(`${method}: 1 argument required, but only 0 present`);
}

/** What a class lacks of an interface: members that are enumerable, a name, and the lengths of its methods. */
export function finishInterface(
  owner: { readonly prototype: object },
  name: string,
  lengths: Readonly<Record<string, number>> = {},
): void {
  const { prototype } = owner;
  for (const key of Object.getOwnPropertyNames(prototype)) {
    if (key === 'constructor') continue;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key);
    if (descriptor === undefined) continue;
    Object.defineProperty(prototype, key, { ...descriptor, enumerable: true });
    const length = lengths[key];
    if (length !== undefined && typeof descriptor.value === 'function')
      Object.defineProperty(descriptor.value, 'length', { value: length });
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}
