/* Numbers, bytes, times and days in the language of the page. */

const language = () => document.documentElement.lang;

export function formatNumber(value, digits = 1) {
  return new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(value);
}

function formatUnit(value, unit, digits, unitDisplay) {
  const options = { style: 'unit', unit, unitDisplay, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language(), options).format(value);
}

export function formatBytes(bytes) {
  if (bytes >= 1e9) return formatUnit(bytes / 1e9, 'gigabyte', 2, 'short');
  if (bytes >= 1e6) return formatUnit(bytes / 1e6, 'megabyte', bytes < 1e7 ? 1 : 0, 'short');
  return formatUnit(bytes / 1e3, 'kilobyte', 0, 'short');
}

export function formatSeconds(seconds) {
  if (seconds >= 5400) return formatUnit(seconds / 3600, 'hour', 1, 'long');
  if (seconds >= 90) return formatUnit(Math.round(seconds / 60), 'minute', 0, 'long');
  return formatUnit(Math.ceil(seconds), 'second', 0, 'long');
}

/** With the year, unless it is this one. */
export function formatDay(date) {
  const isThisYear = date.getFullYear() === new Date().getFullYear();
  const options = { month: 'short', day: 'numeric', ...(!isThisYear && { year: 'numeric' }) };
  return new Intl.DateTimeFormat(language(), options).format(date);
}

const formatStyle = (date, style) => new Intl.DateTimeFormat(language(), style).format(date);

/** Of the day, to the second. */
export const formatTime = (date) => formatStyle(date, { timeStyle: 'medium' });

/** Day and time. */
export const formatMoment = (date) =>
  formatStyle(date, { dateStyle: 'medium', timeStyle: 'medium' });
