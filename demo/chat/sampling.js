/* How the model answers: the fields, what they may hold, and how a request says it. Kept in localStorage; a private
 * window forgets them with the page. */
import { readPreference, writePreference } from '../site/preferences.js';

const NAME = 'chat-settings';

/** By field: its name in a request and its range. `null`: nothing is sent. */
export const NUMBERS = {
  temperature: { field: 'temperature', min: 0, max: 2, step: 0.1, initial: 0.7 },
  topP: { field: 'top_p', min: 0, max: 1, step: 0.05, initial: 1 },
  topK: { field: 'top_k', min: 0, max: 1000, step: 1, initial: 0 },
  minP: { field: 'min_p', min: 0, max: 1, step: 0.01, initial: 0 },
  repetitionPenalty: { field: 'repetition_penalty', min: 0.5, max: 2, step: 0.05, initial: 1 },
  seed: { field: 'seed', min: 0, max: 2 ** 31 - 1, step: 1, initial: null },
  maxTokens: { field: 'max_tokens', min: 1, max: 100_000, step: 1, initial: 512 },
};

export function initialSettings() {
  const numbers = Object.entries(NUMBERS).map(([name, { initial }]) => [name, initial]);
  return { system: '', ...Object.fromEntries(numbers) };
}

/** A number as a field may have it, or undefined. */
export function validNumber(name, value) {
  const { min, max, step, initial } = NUMBERS[name];
  if (value === null || value === '') return initial === null ? null : undefined;
  const number = Number(value);
  const isWhole = step !== 1 || Number.isInteger(number);
  return Number.isFinite(number) && number >= min && number <= max && isWhole ? number : undefined;
}

/** What was kept, where it is right; what is right now, elsewhere. */
export function readSettings(text = readPreference(NAME)) {
  const settings = initialSettings();
  let kept;
  try {
    kept = JSON.parse(text ?? '{}');
  } catch {
    return settings; /* of another version, or damaged: it starts anew */
  }
  if (typeof kept?.system === 'string') settings.system = kept.system;
  for (const name of Object.keys(NUMBERS)) {
    const number = kept?.[name] === undefined ? undefined : validNumber(name, kept[name]);
    if (number !== undefined) settings[name] = number;
  }
  return settings;
}

export function writeSettings(settings) {
  return writePreference(NAME, JSON.stringify(settings));
}

/** The fields of a request to the engine, without the messages. */
export function requestFields(settings) {
  const fields = Object.entries(NUMBERS).map(([name, { field }]) => [field, settings[name]]);
  return Object.fromEntries(fields.filter(([, value]) => value !== null));
}
