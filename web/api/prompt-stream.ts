/* An answer as a stream of what is added to it. */

/** Starts the work at once, as prompt() does: a stream that nobody reads does not hold up the session. Cancelling
 * aborts it. */
export function streamOf(
  work: (onText: (text: string) => void, canceled: AbortSignal) => Promise<unknown>,
): ReadableStream<string> {
  const cancel = new AbortController();
  let isOver = false;
  return new ReadableStream<string>({
    start(controller) {
      const onText = (text: string): void => {
        if (!isOver) controller.enqueue(text);
      };
      /* An abort errors the stream before the work has stopped. */
      const end = (close: () => void): void => {
        if (!isOver) close();
        isOver = true;
      };
      work(onText, cancel.signal).then(
        () => end(() => controller.close()),
        (error: unknown) => end(() => controller.error(error)),
      );
    },
    cancel(reason) {
      isOver = true;
      cancel.abort(reason);
    },
  });
}
