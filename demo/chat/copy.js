/* Text onto the clipboard, and a word about it on the button for a moment. */

const SHOWN_MS = 2000;

/** `button` says "copied" for a moment; the frame says it to screen readers. Failures are said there too. */
export async function copyText(text, button, frame) {
  const { words } = frame;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    frame.setStatus(words.copyFailed);
    return;
  }
  frame.setStatus(words.copied);
  button.textContent = words.copied;
  setTimeout(() => {
    button.textContent = frame.words[button.dataset.text];
  }, SHOWN_MS);
}
