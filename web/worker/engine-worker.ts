/* The worker's entry file: a plain module, so that a strict content security policy allows it. It runs the engine, or
 * as one of its threads what the fragment of its URL names (see threadScript() in web/abi/module.ts). */
import { runThread, threadCrashOf } from '../abi/module.ts';
import { EngineHost } from './engine-host.ts';
import type { ToWorker } from './protocol.ts';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const thread = scope.location.hash.slice(1);

if (thread === '') {
  const host = new EngineHost((message, transfer = []) => scope.postMessage(message, transfer));
  scope.onmessage = (event: MessageEvent<ToWorker>) => {
    void host.handle(event.data);
  };
  /* Anything else that nobody caught goes on to the page, as the worker's own error event. */
  scope.addEventListener('error', (event) => {
    const crash = threadCrashOf(event);
    if (crash !== undefined) host.die(crash);
  });
} else {
  /* A thread that cannot be loaded is an error of its worker, which ends the engine. */
  runThread(scope, thread).catch((error: unknown) => {
    queueMicrotask(() => {
      throw error;
    });
  });
}
