/* Warnings to the developer of the page. Nothing else is printed: progress and errors have their own ways. */

export function warn(text: string): void {
  console.warn(`pocketphi: ${text}`);
}
