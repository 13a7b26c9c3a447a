/* Buttons with texts that a field may have. */
import { element } from './text.js';

/** Puts a button for each text into `host`; `onChoose(text)`. Gives the texts that were there before, undefined when
 *  they are the same. */
export function drawSuggestions(host, texts, onChoose) {
  const shown = [...host.children].map(({ textContent }) => textContent);
  if (shown.join('\n') === texts.join('\n')) return undefined;
  const made = texts.map((text) => {
    const suggestion = element('button', 'suggestion', text);
    suggestion.type = 'button';
    suggestion.addEventListener('click', () => onChoose(text));
    return suggestion;
  });
  host.replaceChildren(...made);
  return shown;
}
