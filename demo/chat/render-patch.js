/* Makes a part of the page look like a newly made fragment by changing as little as possible: what is the same stays,
 * with its layout and with what a person has selected in it. */

function isSameElement(old, fresh) {
  if (old.nodeName !== fresh.nodeName || old.attributes.length !== fresh.attributes.length) {
    return false;
  }
  return [...fresh.attributes].every(({ name, value }) => old.getAttribute(name) === value);
}

/** True when `old` looks like `fresh` now; false when it cannot be made to. */
function adapt(old, fresh, keep) {
  if (old.nodeType !== fresh.nodeType) return false;
  if (fresh.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return true;
  }
  const kept = keep(old, fresh);
  if (kept !== undefined) return kept;
  if (!isSameElement(old, fresh)) return false;
  const end = patch(old, null, fresh, keep);
  removeAfter(old, end);
  return true;
}

/** Takes the children of `parent` behind `after` (null: all of them) away. */
export function removeAfter(parent, after) {
  const first = () => (after ? after.nextSibling : parent.firstChild);
  for (let node = first(); node; node = first()) node.remove();
}

/** The children of `fresh` come to lie in `parent` behind its child `after` (null: first), in place of what is there,
 *  which stays where it is the same. What lies further behind is not touched. `keep(old, fresh)` may decide for two
 *  elements: true (old stays), false (it goes), undefined. Returns the last of them, or `after`. */
export function patch(parent, after, fresh, keep) {
  let last = after;
  for (let next = fresh.firstChild; next; next = fresh.firstChild) {
    const old = last ? last.nextSibling : parent.firstChild;
    if (old && adapt(old, next, keep)) {
      next.remove();
      last = old;
      continue;
    }
    if (old) old.replaceWith(next);
    else parent.append(next);
    last = next;
  }
  return last;
}
