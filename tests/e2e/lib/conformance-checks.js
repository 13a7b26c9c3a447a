/* What conformance tests say of values and of promises. */

export function check(condition, text) {
  if (!condition) throw new Error(text);
}

export function same(got, expected, what) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  check(a === b, `${what}: expected ${b}, got ${a}`);
}

export async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not reject');
}

export async function rejects(promise, name) {
  const error = await rejection(promise);
  same(error.name, name, `name of the error (${error.message})`);
  const isNative = ['TypeError', 'RangeError'].includes(name);
  check(isNative || error instanceof DOMException, `${name} is not a DOMException`);
  return error;
}

export async function rejectsWith(promise, reason) {
  check((await rejection(promise)) === reason, 'it rejected with another value');
}
