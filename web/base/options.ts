/* Reading objects that callers wrote: unknown names are refused, and each value is checked where it is read. A message
 * names the option, what is allowed and what was given. */
import { EngineError } from './errors.ts';

function show(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export function invalid(name: string, expected: string, got: unknown): EngineError {
  return new EngineError('PHI_EINVAL', `${name}: expected ${expected}, got ${show(got)}`, {
    where: name,
  });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object of fields, all of whose names are known; `refused` says why a known one is not available. Its null counts
 * as absent. */
export function readFields(
  what: string,
  value: unknown,
  known: readonly string[],
  refused: Readonly<Record<string, string>> = {},
): Record<string, unknown> {
  if (!isObject(value)) throw invalid(what, 'an object', value);
  for (const [name, field] of Object.entries(value)) {
    if (known.includes(name) || field === undefined) continue;
    const reason = Object.hasOwn(refused, name) ? refused[name] : undefined;
    if (reason !== undefined && field === null) continue;
    throw new EngineError(
      'PHI_EINVAL',
      reason === undefined
        ? `${what}: unknown field "${name}"; known: ${known.join(', ')}`
        : `${what}: field "${name}" is not supported: ${reason}`,
      { where: name },
    );
  }
  return value;
}

export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly isInteger?: boolean;
}

/** A number within its range; undefined and null count as absent. */
export function readNumber(name: string, value: unknown, range: NumberRange): number | undefined {
  if (value === undefined || value === null) return undefined;
  const isRight =
    typeof value === 'number' &&
    value >= range.min &&
    value <= range.max &&
    (!range.isInteger || Number.isSafeInteger(value));
  if (isRight) return value;
  const kind = range.isInteger ? 'an integer' : 'a number';
  throw invalid(name, `${kind} from ${range.min} to ${range.max}`, value);
}

export function readBoolean(name: string, value: unknown): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw invalid(name, 'true or false', value);
  return value;
}

export function readChoice<const T extends string | number>(
  name: string,
  value: unknown,
  choices: readonly T[],
): T | undefined {
  if (value === undefined || value === null) return undefined;
  const found = choices.find((choice) => choice === value);
  if (found === undefined)
    throw invalid(name, choices.map((c) => JSON.stringify(c)).join(' or '), value);
  return found;
}

export function readSignal(name: string, value: unknown): AbortSignal | undefined {
  if (value === undefined || value === null) return undefined;
  if (!(value instanceof AbortSignal)) throw invalid(name, 'an AbortSignal', value);
  return value;
}

/** A URL, relative ones against the page's or the worker's own. */
export function readUrl(name: string, value: unknown): URL | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof URL) return value;
  const base = globalThis.location?.href;
  if (typeof value !== 'string' || !URL.canParse(value, base)) throw invalid(name, 'a URL', value);
  return new URL(value, base);
}
