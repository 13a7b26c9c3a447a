/* Reads lines aloud with a voice of this device. Voices that a browser fetches from a server are left alone: what is
 * read must not leave the device. */
import { spoken } from './speech-text.js';

const RATE = 0.85; /* for young ears */

export class Reader {
  #synthesis = globalThis.speechSynthesis;
  #language = 'en';
  #listeners = new Set();

  constructor() {
    /* Browsers list their voices late. */
    this.#synthesis?.addEventListener?.('voiceschanged', () => this.#tell());
  }

  set language(language) {
    this.#language = language;
    this.stop();
    this.#tell();
  }

  /** Whether there is a voice for the page's language on this device. */
  get isPossible() {
    return this.#voice() !== undefined;
  }

  /** `fn()` whenever isPossible may have changed. */
  onChange(fn) {
    this.#listeners.add(fn);
  }

  /** Reads a line, instead of what it is reading. */
  say(text) {
    const voice = this.#voice();
    if (voice === undefined) return;
    this.stop();
    const utterance = new SpeechSynthesisUtterance(spoken(text, this.#language));
    utterance.voice = voice;
    utterance.lang = voice.lang;
    utterance.rate = RATE;
    this.#synthesis.speak(utterance);
  }

  stop() {
    this.#synthesis?.cancel();
  }

  #voice() {
    const voices = this.#synthesis?.getVoices() ?? [];
    return voices.find(
      ({ lang, localService }) =>
        localService && lang.toLowerCase().split(/[-_]/)[0] === this.#language,
    );
  }

  #tell() {
    for (const fn of this.#listeners) fn();
  }
}
