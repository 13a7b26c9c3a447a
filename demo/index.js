/* The front page: the embedded model in a box, the pages, what this browser can do. */

import { sourceUrl } from 'site:build';
import { Engine } from 'pocketphi';
import { describeBrowser } from './home/browser-facts.js';
import { TryIt } from './home/try-it.js';
import { WORDS } from './home/words.js';
import { mountFrame } from './site/frame.js';
import { PAGES, pathOf } from './site/pages.js';
import { siteUrl } from './site/root.js';
import { byId, element } from './site/text.js';

const CARDS = PAGES.filter((page) => page !== 'index');

const frame = mountFrame({ words: WORDS });

function drawCards(words) {
  const card = (page) => {
    const item = element('li');
    const link = element('a', '', words.pages[page]);
    link.href = siteUrl(pathOf(page));
    item.append(link, element('span', '', words.cards[page]));
    const shown = words.cardPictures[page];
    if (shown !== undefined) {
      const picture = element('span', `card-picture of-${page}`);
      picture.role = 'img';
      picture.ariaLabel = shown;
      item.append(picture);
    }
    return item;
  };
  byId('cards').replaceChildren(...CARDS.map(card));
}

function drawFacts(probe, words) {
  const parts = describeBrowser(probe, words.facts).flatMap(({ term, text, remedy }) => {
    const description = element('dd', '', text);
    if (remedy) description.append(element('span', 'remedy', remedy));
    return [element('dt', '', term), description];
  });
  byId('facts').replaceChildren(...parts);
}

function drawSource(words) {
  if (sourceUrl === null) return;
  const link = element('a', '', words.source);
  link.href = sourceUrl;
  byId('source').replaceChildren(link);
  byId('source').hidden = false;
}

frame.onLanguage(drawSource);
frame.onLanguage(drawCards);
const tryIt = new TryIt(frame);
const probe = {
  ...(await Engine.probe()),
  isSecure: isSecureContext,
  hasServiceWorker: navigator.serviceWorker !== undefined,
  deviceGigabytes: navigator.deviceMemory ?? null,
};
frame.onLanguage((words) => drawFacts(probe, words));
tryIt.begin();
