/* The conformance tests in a dedicated worker. */
import { runConformance } from '/conformance.js';

self.onmessage = async ({ data }) => {
  self.postMessage(await runConformance(data));
};
self.postMessage('ready');
