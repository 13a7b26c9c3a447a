/* Words into elements: the one way in which text of the page's own gets into a document, always as text. */

export const byId = (id) => document.getElementById(id);

export function element(tag, className, text = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** Puts a text in, unless it is there already: a screen reader says a status once. */
export function put(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** A button that says the word of a path (applyWords() fills it in); scripts and tests know it by the path too. */
export function button(path, className, onClick) {
  const made = element('button', className);
  made.type = 'button';
  made.dataset.text = path;
  made.dataset.action = path;
  made.addEventListener('click', onClick);
  return made;
}

/** The word of a dotted path ('pages.chat'). A path that has no text is a mistake of the page, and throws. */
function wordAt(words, path) {
  const found = path.split('.').reduce((at, key) => at?.[key], words);
  if (typeof found !== 'string') throw new Error(`no words at "${path}"`);
  return found;
}

/* Attribute that names the words → where they go. */
const TARGETS = {
  'data-text': (target, text) => {
    target.textContent = text;
  },
  'data-label': (target, text) => target.setAttribute('aria-label', text),
  'data-placeholder': (target, text) => target.setAttribute('placeholder', text),
  'data-title': (target, text) => target.setAttribute('title', text),
};

/** Fills every [data-text], [data-label] (aria-label), [data-placeholder], [data-title] of `root` and below. */
export function applyWords(root, words) {
  for (const [attribute, write] of Object.entries(TARGETS)) {
    const marked = [...root.querySelectorAll(`[${attribute}]`)];
    if (root instanceof Element && root.hasAttribute(attribute)) marked.unshift(root);
    for (const target of marked) write(target, wordAt(words, target.getAttribute(attribute)));
  }
}
