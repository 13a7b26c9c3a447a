/* The second wall: HTML that render-html.js made of a model's Markdown passes through DOMPurify before it is part of
 * the page. No forms, no styles, no images, no ids; links only to where a person may follow them. */
import createPurifier from 'dompurify';

const CONFIG = {
  ALLOWED_TAGS: [
    ...['p', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'ul', 'ol', 'li', 'blockquote'],
    ...['strong', 'em', 'b', 'i', 'u', 's', 'del', 'sub', 'sup', 'kbd', 'mark', 'small', 'code'],
    ...['span', 'div', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'a', '#text'],
  ],
  ALLOWED_ATTR: ['href', 'title', 'start', 'data-slot', 'data-language', 'data-align'],
  /* Everything but href: the pattern below is for addresses. */
  ADD_URI_SAFE_ATTR: ['title', 'start', 'data-slot', 'data-language', 'data-align'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  RETURN_DOM_FRAGMENT: true,
};
const HIGHLIGHT_CONFIG = {
  ALLOWED_TAGS: ['span', '#text'],
  ALLOWED_ATTR: ['class'],
  ADD_URI_SAFE_ATTR: ['class'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

const purifier = createPurifier(window);

/** HTML → DocumentFragment of the page's document, of harmless elements only. */
export function sanitize(html) {
  const fragment = purifier.sanitize(html, CONFIG);
  for (const link of fragment.querySelectorAll('a')) {
    if (!link.hasAttribute('href')) {
      link.replaceWith(...link.childNodes);
      continue;
    }
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow';
    /* What a model calls a link may be anything: where it leads can be seen. */
    link.title = link.href;
  }
  return fragment;
}

/** Spans with classes, from the highlighter. */
export function sanitizeHighlight(html) {
  return purifier.sanitize(html, HIGHLIGHT_CONFIG);
}
