/* The Prompt API (LanguageModel) on PocketPhi's engine.
 *
 *     LanguageModel.configure({ model: 'https://example.org/model.gguf' });
 *     const session = await LanguageModel.create({ initialPrompts: [{ role: 'system', content: 'Be brief.' }] });
 *     for await (const chunk of session.promptStreaming('Why is the sky blue?')) show(chunk); */
export { LanguageModel } from './api/language-model.ts';
export type { PromptConfiguration } from './api/prompt-engines.ts';
export { installPolyfill, type PolyfillOptions } from './api/prompt-polyfill.ts';
export type * from './api/prompt-types.ts';
