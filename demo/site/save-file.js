/* A file that the page made, into the user's downloads. */
import { element } from './text.js';

/** Some browsers read it only after a while. */
const KEPT_MS = 60_000;

export function saveFile(blob, name) {
  const link = element('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
