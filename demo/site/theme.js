/* Light, dark, or as the system has it: data-theme on <html>. The start script sets it before anything is drawn. */
import { readPreference, writePreference } from './preferences.js';

export const THEMES = ['auto', 'light', 'dark'];

export function currentTheme() {
  const chosen = document.documentElement.dataset.theme;
  return THEMES.includes(chosen) ? chosen : 'auto';
}

function put(theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** What was chosen on an earlier page. */
export function restoreTheme() {
  const kept = readPreference('theme');
  if (THEMES.includes(kept)) put(kept);
}

export function chooseTheme(theme) {
  put(theme);
  writePreference('theme', theme);
}
