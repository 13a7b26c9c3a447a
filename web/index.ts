/* PocketPhi: the Phi-3 family of language models in a browser tab.
 *
 *     const engine = await Engine.create({ model: 'https://example.org/model.gguf' });
 *     const stream = await engine.chat.completions.create({ messages, stream: true });
 *     for await (const chunk of stream) show(chunk.choices[0].delta.content); */

export { Embeddings } from './api/embeddings.ts';
export {
  ChatCompletions,
  type ChatOptions,
  Completions,
  Engine,
  type RequestOptions,
} from './api/engine.ts';
export type * from './api/openai-types.ts';
export { EngineError, type ErrorCode } from './base/errors.ts';
export type { EncodeOptions, ImageOptions, ImageSource, Tokenizer } from './engine/client.ts';
export type { EncodeControl, ImageProgress, PreparedImage } from './engine/images.ts';
export {
  models,
  type RegistryModel,
  type StoredModel,
  type Usage,
  type VerifyOptions,
  type VerifyResult,
} from './engine/models.ts';
export type {
  DownloadOptions,
  EngineOptions,
  ModelSpec,
  SessionOptions,
} from './engine/options.ts';
export type { ModelEstimate, ProbeOptions, ProbeResult } from './engine/probe.ts';
export {
  type CallControl,
  type GeneratedToken,
  type Generation,
  type GenerationEnd,
  type Piece,
  Session,
} from './engine/session.ts';
export type { Vision } from './engine/vision.ts';
export type {
  EngineStats,
  GenerateSettings,
  ModelInfo,
  Progress,
  StorageOutcome,
} from './worker/protocol.ts';
