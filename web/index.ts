/* PocketPhi: the Phi-3 family of language models in a browser tab.
 *
 *     const engine = await Engine.create({ model: 'https://example.org/model.gguf' });
 *     const stream = await engine.chat.completions.create({ messages, stream: true });
 *     for await (const chunk of stream) show(chunk.choices[0].delta.content); */

export { Embeddings } from './api/embeddings.ts';
export { ChatCompletions, Completions, Engine, type RequestOptions } from './api/engine.ts';
export type * from './api/openai-types.ts';
export { EngineError, type ErrorCode } from './base/errors.ts';
export { type EncodeOptions, type ProbeResult, Tokenizer } from './engine/client.ts';
export type { EngineOptions, SessionOptions } from './engine/options.ts';
export {
  type CallControl,
  type GeneratedToken,
  type Generation,
  type GenerationEnd,
  type Piece,
  Session,
} from './engine/session.ts';
export type { EngineStats, GenerateSettings, ModelInfo, Progress } from './worker/protocol.ts';
