/* The worker's entry file: a plain module, so that a strict content security policy allows it. */
import { EngineHost } from './engine-host.ts';
import type { ToWorker } from './protocol.ts';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const host = new EngineHost((message, transfer = []) => scope.postMessage(message, transfer));

scope.onmessage = (event: MessageEvent<ToWorker>) => {
  void host.handle(event.data);
};
