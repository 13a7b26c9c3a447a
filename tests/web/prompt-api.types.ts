/* Compiled, never run: pages written against the types of a browser's own LanguageModel take this one, and an Engine
 * of the package is one that create() takes. */
/// <reference types="dom-chromium-ai" />
import type { Engine } from '../../web/index.ts';
import { LanguageModel as Own, type PromptEngine } from '../../web/prompt-api.ts';

/* params() apart: it may be null by its WebIDL, which those types leave out. */
const statics: Omit<typeof LanguageModel, 'params'> = Own;
const session: LanguageModel = await Own.create();
const monitored: LanguageModel = await Own.create({
  monitor: (monitor: CreateMonitor) => {
    monitor.addEventListener('downloadprogress', (event) => event.loaded);
  },
});
const engineOf = (engine: Engine): PromptEngine => engine;

export { engineOf, monitored, session, statics };
