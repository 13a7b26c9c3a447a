/* Requests and answers in OpenAI's shape, as far as a model on the page has them. */
import type { ImageSource } from '../engine/client.ts';

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

/** For a model that sees. */
export interface ImagePart {
  readonly type: 'image_url';
  readonly image_url: {
    /** OpenAI's: a URL. Extension: the picture itself. */
    readonly url: ImageSource;
    /** 'low': one tile and fast. 'high', 'original': up to 16 tiles. 'auto': as the model was made. */
    readonly detail?: 'auto' | 'low' | 'high' | 'original' | null | undefined;
    /** An extension: tiles at most, 1 to 16, whatever `detail` says. */
    readonly num_crops?: number | null | undefined;
  };
}

/** An extension: so many frames, evenly spread, as pictures. */
export interface VideoPart {
  readonly type: 'video';
  readonly value: HTMLVideoElement | Blob;
  /** 1 to 64; default 4. */
  readonly frames?: number | null | undefined;
  readonly num_crops?: number | null | undefined;
}

export interface ChatMessage {
  /** 'developer' is OpenAI's newer name of 'system'. */
  readonly role: 'system' | 'developer' | 'user' | 'assistant';
  /** Pictures and videos: of the user only. */
  readonly content: string | readonly (TextPart | ImagePart | VideoPart)[];
  /** Null, as answers have it: they may be sent back as they came. */
  readonly refusal?: null | undefined;
}

interface SamplingFields {
  /** For compatibility: an engine has one model, which its answers name. */
  readonly model?: string | undefined;
  readonly stream?: boolean | null | undefined;
  readonly stream_options?: { readonly include_usage?: boolean } | null | undefined;
  readonly temperature?: number | null | undefined;
  readonly top_p?: number | null | undefined;
  readonly top_k?: number | null | undefined;
  readonly min_p?: number | null | undefined;
  readonly seed?: number | null | undefined;
  readonly stop?: string | readonly string[] | null | undefined;
  readonly max_tokens?: number | null | undefined;
  readonly n?: number | null | undefined;
  readonly frequency_penalty?: number | null | undefined;
  readonly presence_penalty?: number | null | undefined;
  readonly repetition_penalty?: number | null | undefined;
  readonly logit_bias?: Readonly<Record<string, number>> | null | undefined;
}

/** docs/CONSTRAINTS.md lists what a schema may hold; `strict` changes nothing, every schema is obeyed strictly. */
export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly json_schema: {
        readonly name: string;
        readonly description?: string;
        readonly schema: Readonly<Record<string, unknown>>;
        readonly strict?: boolean | null;
      };
    };

export interface ChatCompletionRequest extends SamplingFields {
  readonly messages: readonly ChatMessage[];
  readonly response_format?: ResponseFormat | null | undefined;
  readonly max_completion_tokens?: number | null | undefined;
  readonly logprobs?: boolean | null | undefined;
  readonly top_logprobs?: number | null | undefined;
}

export interface CompletionRequest extends SamplingFields {
  readonly prompt: string | readonly number[];
  /** Alternatives to report for each token, 0 to 5. */
  readonly logprobs?: number | null | undefined;
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: {
    readonly cached_tokens: number;
    /** An extension: those of pictures. */
    readonly image_tokens: number;
  };
}

export type FinishReason = 'stop' | 'length';

export interface TokenLogprobEntry {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: number[] | null;
}

export interface ChatLogprobs {
  readonly content: (TokenLogprobEntry & { readonly top_logprobs: TokenLogprobEntry[] })[];
  readonly refusal: null;
}

export interface ChatCompletion {
  readonly id: string;
  readonly object: 'chat.completion';
  readonly created: number;
  readonly model: string;
  /** The engine's: the same where the same seed gives the same answer. */
  readonly system_fingerprint: string;
  readonly choices: {
    readonly index: number;
    readonly message: {
      readonly role: 'assistant';
      readonly content: string;
      readonly refusal: null;
    };
    readonly logprobs: ChatLogprobs | null;
    readonly finish_reason: FinishReason;
  }[];
  readonly usage: Usage;
}

export interface ChatCompletionChunk {
  readonly id: string;
  readonly object: 'chat.completion.chunk';
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
  readonly choices: {
    readonly index: number;
    readonly delta: { readonly role?: 'assistant'; readonly content?: string };
    readonly logprobs: ChatLogprobs | null;
    readonly finish_reason: FinishReason | null;
  }[];
  /** With stream_options.include_usage: null but in the last chunk, which has no choices. */
  readonly usage?: Usage | null;
}

export interface CompletionLogprobs {
  readonly tokens: string[];
  readonly token_logprobs: number[];
  readonly top_logprobs: Record<string, number>[];
  readonly text_offset: number[];
}

export interface CompletionChoice {
  readonly index: number;
  readonly text: string;
  readonly logprobs: CompletionLogprobs | null;
  readonly finish_reason: FinishReason;
}

export interface Completion {
  readonly id: string;
  readonly object: 'text_completion';
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
  readonly choices: CompletionChoice[];
  readonly usage: Usage;
}

/** A piece of a Completion; of its choice only the last has a finish_reason. */
export interface CompletionChunk extends Omit<Completion, 'choices' | 'usage'> {
  readonly choices: (Omit<CompletionChoice, 'finish_reason'> & {
    readonly finish_reason: FinishReason | null;
  })[];
  readonly usage?: Usage | null;
}

export interface EmbeddingRequest {
  /** One text or several, each written out or as token ids. */
  readonly input: string | readonly string[] | readonly number[] | readonly (readonly number[])[];
  /** For compatibility: an engine has one model, which its answers name. */
  readonly model?: string | undefined;
  /** 'base64': the bytes of little-endian 32-bit floats. Default 'float'. */
  readonly encoding_format?: 'float' | 'base64' | null | undefined;
  /** An extension: the mean of all tokens' hidden states (default), or that of the last one. */
  readonly pooling?: 'mean' | 'last' | null | undefined;
}

export interface Embedding<T extends number[] | string = number[]> {
  readonly object: 'embedding';
  readonly index: number;
  /** Of length 1. */
  readonly embedding: T;
}

export interface CreateEmbeddingResponse<T extends number[] | string = number[]> {
  readonly object: 'list';
  readonly data: Embedding<T>[];
  readonly model: string;
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}
