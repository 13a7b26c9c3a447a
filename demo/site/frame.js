/* What every page has around its <main>: skip link, header with the pages, language, appearance and an offline badge;
 * footer with the privacy line and the version.
 *
 *     const frame = mountFrame({ words: WORDS });             WORDS = { en: {…}, ko: {…} }, every key in both
 *     frame.onLanguage((words) => …);                         now and at each change
 *
 * A page that has data-page="chat" on its body is marked in the header. Elements of the page's main that have data-text
 * (and so on, see text.js) are filled with the page's words, or the shared ones. */
import { AppBar } from './app-bar.js';
import { PAGES, pathOf } from './pages.js';
import { readPreference, writePreference } from './preferences.js';
import { siteUrl } from './root.js';
import { applyWords, byId, element } from './text.js';
import { chooseTheme, currentTheme, THEMES } from './theme.js';
import { LANGUAGES, pickLanguage, SHARED_WORDS } from './words.js';

function skipLink() {
  const link = element('a', 'skip');
  link.href = '#main';
  link.dataset.text = 'skip';
  return link;
}

function navigation(current) {
  const nav = element('nav');
  nav.dataset.label = 'nav';
  const list = element('ul');
  for (const page of PAGES) {
    const link = element('a');
    link.href = siteUrl(pathOf(page));
    link.dataset.text = `pages.${page}`;
    if (page === current) link.setAttribute('aria-current', 'page');
    const item = element('li');
    item.append(link);
    list.append(item);
  }
  nav.append(list);
  return nav;
}

/** A select with a hidden label. `options`: [value, text or the path of words, language of the text]. */
function choice(id, wordsPath, options) {
  const label = element('label', 'choice');
  const name = element('span', 'hidden');
  name.dataset.text = wordsPath;
  const select = element('select');
  select.id = id;
  for (const { value, text = '', path, lang } of options) {
    const option = new Option(text, value);
    if (path) option.dataset.text = path;
    if (lang) option.lang = lang;
    select.append(option);
  }
  label.append(name, select);
  return { label, select };
}

function offlineBadge() {
  const badge = element('span', 'badge');
  badge.id = 'offline';
  badge.setAttribute('role', 'status');
  const text = element('span');
  text.dataset.text = 'offline';
  text.dataset.title = 'offlineTitle';
  const show = () => badge.replaceChildren(...(navigator.onLine ? [] : [text]));
  addEventListener('online', show);
  addEventListener('offline', show);
  return { badge, text, show };
}

function brand() {
  const link = element('a', 'brand', 'PocketPhi');
  link.href = siteUrl('');
  return link;
}

class Frame {
  language;
  words;
  #pageWords;
  #listeners = new Set();
  #header = element('header', 'site-header');
  #footer = element('footer', 'site-footer');
  #skip = skipLink();
  #badge = offlineBadge();
  #status = element('p', 'status');
  #version = element('span');
  #appBar = new AppBar();

  constructor(pageWords) {
    this.#pageWords = pageWords;
    const page = document.body.dataset.page;
    const language = choice(
      'language',
      'language',
      Object.entries(LANGUAGES).map(([value, text]) => ({ value, text, lang: value })),
    );
    const theme = choice(
      'theme',
      'theme',
      THEMES.map((value) => ({ value, path: `themes.${value}` })),
    );
    const controls = element('div', 'site-controls');
    controls.append(this.#badge.badge, language.label, theme.label);
    this.#header.append(brand(), navigation(page), controls);
    this.#buildFooter();
    document.body.prepend(this.#skip, this.#header, this.#appBar.notice);
    document.body.append(this.#footer);
    byId('main')?.setAttribute('tabindex', '-1');
    language.select.addEventListener('change', () => {
      writePreference('language', language.select.value);
      this.#speak(language.select.value);
    });
    theme.select.value = currentTheme();
    theme.select.addEventListener('change', () => chooseTheme(theme.select.value));
    this.#speak(readPreference('language') ?? pickLanguage(navigator.languages));
    language.select.value = this.language;
    this.#badge.show();
    this.#appBar.begin();
  }

  /** `fn(words, language)` now and at each change. Returns what takes it back. */
  onLanguage(fn) {
    this.#listeners.add(fn);
    fn(this.words, this.language);
    return () => this.#listeners.delete(fn);
  }

  /** A line at the foot of the page, which screen readers say politely; '' takes it away. */
  setStatus(text) {
    this.#status.textContent = text;
  }

  #buildFooter() {
    this.#status.setAttribute('role', 'status');
    const privacy = element('p');
    privacy.dataset.text = 'privacy';
    const about = element('p', 'quiet');
    const licences = element('a', 'licences');
    licences.href = siteUrl('licences.txt');
    licences.dataset.text = 'licences';
    about.append(this.#version, ' ', licences, ' ', this.#appBar.ready);
    this.#footer.append(this.#status, privacy, about, this.#appBar.install);
  }

  #speak(wanted) {
    this.language = Object.hasOwn(SHARED_WORDS, wanted) ? wanted : 'en';
    this.words = { ...SHARED_WORDS[this.language], ...this.#pageWords[this.language] };
    document.documentElement.lang = this.language;
    const { page = 'index' } = document.body.dataset;
    const title = this.words.pages[page];
    document.title = page === 'index' ? 'PocketPhi' : `${title} · PocketPhi`;
    const ours = [this.#skip, this.#header, this.#footer, this.#badge.text];
    ours.push(...this.#appBar.noticeParts);
    for (const root of [...ours, byId('main')]) if (root) applyWords(root, this.words);
    const { version = '' } = document.documentElement.dataset;
    this.#version.textContent = version && this.words.version(version);
    for (const fn of this.#listeners) fn(this.words, this.language);
  }
}

/** Once a page, before anything else of it is drawn. */
export function mountFrame({ words }) {
  return new Frame(words);
}
