/* The worker's end of store-page.ts. */
import { failureOf, runTask } from './store-tasks.ts';

globalThis.onmessage = async ({
  data,
}: MessageEvent<{ id: number; name: string; arg: unknown }>) => {
  const { id, name, arg } = data;
  try {
    const value = await runTask(name, arg, (told) => postMessage({ id, told }));
    postMessage({ id, value });
  } catch (error) {
    postMessage({ id, failure: failureOf(error) });
  }
};
