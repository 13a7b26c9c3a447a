/* What the user chose for all pages, kept in localStorage. A private window may refuse it: then the choice holds for
 * this page. */

const PREFIX = 'pocketphi:';

/** undefined where nothing was chosen, or where the browser does not tell. */
export function readPreference(name) {
  try {
    return localStorage.getItem(PREFIX + name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Returns whether it is kept for the next page. */
export function writePreference(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
    return true;
  } catch {
    return false;
  }
}
