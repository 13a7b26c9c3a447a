/* Typed calls of src/phi.h. Handles are objects here; nothing above this folder sees a pointer. Results that C lends
 * "until the next call" are copied before they are returned. */

import { STATUSES } from '../base/errors.gen.ts';
import { codeOfStatus, EngineError } from '../base/errors.ts';
import { STAGING_BYTES } from '../base/limits.ts';
import { ENUMS } from './abi.gen.ts';
import { encodeText, NULL, type Ptr } from './heap.ts';
import type { WasmModule } from './module.ts';

const OK = STATUSES.PHI_OK.value;
const U64_MAX = 0xffff_ffff_ffff_ffffn;
const FILE_NAME_BYTES = 4096;

export type EngineState = 'empty' | 'described' | 'loading' | 'ready' | 'poisoned';

export interface EngineSettings {
  readonly threads: number;
  readonly accuracyLevel: 1 | 4;
  readonly stripRule: StripRule;
}

export type StripRule = 'auto' | 'none' | 'all' | 'vision';
export type KvType = 'f16' | 'q8';
export type RopeChoice = 'auto' | 'short' | 'long';
export type Pooling = 'last' | 'mean';
/** A session computes logits or embeddings. */
export type SessionPurpose = 'generate' | 'embed';

export interface SessionSettings {
  /** 0: the model's own, 4096 at most. */
  readonly contextLength: number;
  readonly kvType: KvType;
  readonly ropeChoice: RopeChoice;
}

export interface Plan {
  readonly weightBytes: number;
  readonly kvBytes: number;
  readonly sessionBytes: number;
  readonly modelBytes: number;
  readonly stagingBytes: number;
  readonly fileBytes: number;
}

/** A range of a file that the engine wants; `slot` names it when it is written and provided. */
export interface WantedRange {
  readonly slot: number;
  readonly fileIdx: number;
  readonly offset: number;
  readonly bytes: number;
}

/** What the output obeys (docs/CONSTRAINTS.md). */
export interface Constraint {
  readonly kind: 'json_object' | 'json_schema' | 'regex';
  /** The schema as JSON text, or the expression; of json_object: empty. */
  readonly text: string;
  /** Of an expression: i, s. */
  readonly flags?: string;
}

export interface GenerateSettings {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** -1: no logprobs at all. */
  readonly topLogprobs: number;
  readonly seed: bigint;
  readonly logitBias: readonly { readonly id: number; readonly bias: number }[];
  readonly stops: readonly string[];
  readonly stopIds: readonly number[];
  readonly constraint: Constraint | null;
}

export type Finish = 'stop' | 'length' | 'context';

export interface TokenLogprob {
  readonly id: number;
  readonly logprob: number;
}

export interface Generated {
  /** -1: only text that was held back comes, with the finish. */
  readonly id: number;
  readonly text: string;
  readonly finish: Finish | null;
  readonly logprob: number;
  readonly top: readonly TokenLogprob[];
}

export interface SessionStats {
  readonly prefillTokens: number;
  readonly decodeTokens: number;
  readonly cachedTokens: number;
  readonly prefillMicroseconds: number;
  readonly decodeMicroseconds: number;
  readonly kvBytes: number;
  readonly sessionBytes: number;
  /** Of constraints, one a token. */
  readonly masks: number;
  readonly maskMicroseconds: number;
}

const KV_TYPES = { f16: ENUMS.phi_kv_type.PHI_KV_F16, q8: ENUMS.phi_kv_type.PHI_KV_Q8 } as const;
const ROPE_CHOICES = {
  auto: ENUMS.phi_rope_choice.PHI_ROPE_AUTO,
  short: ENUMS.phi_rope_choice.PHI_ROPE_SHORT,
  long: ENUMS.phi_rope_choice.PHI_ROPE_LONG,
} as const;
const POOLINGS = {
  last: ENUMS.phi_pooling.PHI_POOLING_LAST,
  mean: ENUMS.phi_pooling.PHI_POOLING_MEAN,
} as const;
const STRIP_RULES = {
  auto: ENUMS.phi_strip_rule.PHI_STRIP_AUTO,
  none: ENUMS.phi_strip_rule.PHI_STRIP_NONE,
  all: ENUMS.phi_strip_rule.PHI_STRIP_ALL,
  vision: ENUMS.phi_strip_rule.PHI_STRIP_VISION,
} as const;
const CONSTRAINT_KINDS = {
  json_object: ENUMS.phi_constraint_kind.PHI_CONSTRAINT_JSON_OBJECT,
  json_schema: ENUMS.phi_constraint_kind.PHI_CONSTRAINT_JSON_SCHEMA,
  regex: ENUMS.phi_constraint_kind.PHI_CONSTRAINT_REGEX,
} as const;
const STATES: Readonly<Record<number, EngineState>> = {
  [ENUMS.phi_engine_state_id.PHI_ENGINE_EMPTY]: 'empty',
  [ENUMS.phi_engine_state_id.PHI_ENGINE_DESCRIBED]: 'described',
  [ENUMS.phi_engine_state_id.PHI_ENGINE_LOADING]: 'loading',
  [ENUMS.phi_engine_state_id.PHI_ENGINE_READY]: 'ready',
};
const FINISHES: Readonly<Record<number, Finish>> = {
  [ENUMS.phi_finish.PHI_FINISH_STOP]: 'stop',
  [ENUMS.phi_finish.PHI_FINISH_LENGTH]: 'length',
  [ENUMS.phi_finish.PHI_FINISH_CONTEXT]: 'context',
};

export function errorAt(m: WasmModule, status: number, error: Ptr): EngineError {
  const code = codeOfStatus(status);
  if (error === NULL) return new EngineError(code, STATUSES[code].meaning);
  const text = m.heap.cText(m.structs.phi_error.at(error, 'text'));
  const requested = m.structs.phi_error.get(error, 'requested');
  const quota = m.structs.phi_error.get(error, 'quota');
  const amounts = requested === 0 && quota === 0 ? {} : { requested, quota };
  return new EngineError(code, text === '' ? STATUSES[code].meaning : text, amounts);
}

/** Deals parts of one scratch block, 8-byte aligned. */
class Dealer {
  readonly #first: Ptr;
  #used = 0;

  constructor(first: Ptr) {
    this.#first = first;
  }

  static cost(...parts: readonly number[]): number {
    return parts.reduce((sum, bytes) => sum + ((bytes + 7) & ~7), 0);
  }

  take(bytes: number): Ptr {
    const ptr = (this.#first + this.#used) as Ptr;
    this.#used += (bytes + 7) & ~7;
    return ptr;
  }
}

export class EngineHandle {
  readonly #m: WasmModule;
  readonly #engine: Ptr;
  readonly #destinations = new Map<number, Ptr>();

  constructor(m: WasmModule, settings: EngineSettings) {
    this.#m = m;
    const options = m.structs.phi_engine_options;
    const detail = m.structs.phi_error;
    this.#engine = m.scratch(Dealer.cost(options.bytes, 8, detail.bytes), (scratch) => {
      const dealer = new Dealer(scratch);
      const at = dealer.take(options.bytes);
      const out = dealer.take(8);
      const error = dealer.take(detail.bytes);
      m.call('phi_engine_options_default', at);
      options.set(at, 'n_threads', settings.threads);
      options.set(at, 'accuracy_level', settings.accuracyLevel);
      options.set(at, 'staging_bytes', STAGING_BYTES);
      options.set(at, 'strip_rule', STRIP_RULES[settings.stripRule]);
      const status = m.call('phi_engine_create', out, at, error);
      if (status !== OK) throw errorAt(m, status, error);
      return m.readPointer(out);
    });
  }

  /** For calls that are not in this file. */
  get parts(): { readonly m: WasmModule; readonly engine: Ptr } {
    return { m: this.#m, engine: this.#engine };
  }

  get state(): EngineState {
    return STATES[this.#m.call('phi_engine_state', this.#engine)] ?? 'poisoned';
  }

  get nFiles(): number {
    return this.#m.call('phi_engine_n_files', this.#engine);
  }

  get nThreads(): number {
    return this.#m.call('phi_engine_n_threads', this.#engine);
  }

  get nVocabulary(): number {
    return this.#m.call('phi_engine_n_vocabulary', this.#engine);
  }

  /** Ids that the tokenizer knows; the vocabulary may have more rows. */
  get nTokens(): number {
    return this.#m.call('phi_engine_n_tokens', this.#engine);
  }

  get kernelsName(): string {
    return this.#m.heap.cText(this.#m.pointer('phi_engine_kernels_name', this.#engine));
  }

  get infoJson(): string {
    return this.#m.heap.cText(this.#m.pointer('phi_engine_info_json', this.#engine));
  }

  /** Describes a file by its first bytes, given in pieces. undefined: done; else the bytes wanted of the file's
   * start. */
  describe(
    fileIdx: number,
    pieces: readonly Uint8Array[],
    fileBytes: number | undefined,
  ): number | undefined {
    const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const room = this.#m.pointer('phi_engine_header_room', this.#engine, BigInt(total));
    if (room === NULL) {
      throw new EngineError('PHI_ENOMEM', `no memory for a file header of ${total} bytes`, {
        requested: total,
      });
    }
    let at = 0;
    for (const piece of pieces) {
      this.#m.heap.write((room + at) as Ptr, piece);
      at += piece.length;
    }
    return this.#m.scratch(8, (wanted) => {
      const size = fileBytes === undefined ? U64_MAX : BigInt(fileBytes);
      const status = this.#m.call(
        'phi_engine_describe',
        this.#engine,
        fileIdx,
        BigInt(total),
        size,
        wanted,
      );
      if (status === OK) return undefined;
      if (status !== STATUSES.PHI_NEED_DATA.value) throw this.#error(status);
      return Number(this.#m.heap.readField(wanted, { offset: 0, type: 'u64' }));
    });
  }

  fileName(firstName: string, fileIdx: number): string {
    const name = encodeText(firstName);
    return this.#m.scratch(Dealer.cost(name.length + 1, FILE_NAME_BYTES), (scratch) => {
      const dealer = new Dealer(scratch);
      const first = dealer.take(name.length + 1);
      const out = dealer.take(FILE_NAME_BYTES);
      this.#m.heap.write(first, name);
      this.#m.heap.write((first + name.length) as Ptr, new Uint8Array(1));
      this.#check(
        this.#m.call('phi_engine_file_name', this.#engine, out, FILE_NAME_BYTES, first, fileIdx),
      );
      return this.#m.heap.cText(out, FILE_NAME_BYTES);
    });
  }

  /** How fast this machine is, in about `budgetMs`: weights read, GB/s, and a product with 128 tokens, GOP/s. */
  measure(budgetMs: number): { gemv: number; gemm: number } {
    return this.#m.scratch(16, (out) => {
      const second = (out + 8) as Ptr;
      this.#check(this.#m.call('phi_engine_measure', this.#engine, budgetMs, out, second));
      const read = (at: Ptr): number =>
        Number(this.#m.heap.readField(at, { offset: 0, type: 'f64' }));
      return { gemv: read(out), gemm: read(second) };
    });
  }

  plan(settings: SessionSettings): Plan {
    const { phi_plan: plan, phi_session_options: options } = this.#m.structs;
    return this.#m.scratch(Dealer.cost(plan.bytes, options.bytes), (scratch) => {
      const dealer = new Dealer(scratch);
      const out = dealer.take(plan.bytes);
      const at = writeSessionOptions(this.#m, dealer.take(options.bytes), settings);
      this.#check(this.#m.call('phi_engine_plan', this.#engine, at, out));
      return {
        weightBytes: plan.get(out, 'weights_bytes'),
        kvBytes: plan.get(out, 'kv_bytes'),
        sessionBytes: plan.get(out, 'session_bytes'),
        modelBytes: plan.get(out, 'model_bytes'),
        stagingBytes: plan.get(out, 'staging_bytes'),
        fileBytes: plan.get(out, 'file_bytes'),
      };
    });
  }

  reserve(): void {
    this.#check(this.#m.call('phi_engine_reserve', this.#engine));
  }

  wants(): WantedRange[] {
    const range = this.#m.structs.phi_range;
    return this.#m.scratch(8, (count) => {
      const first = this.#m.pointer('phi_engine_wants', this.#engine, count);
      const n = this.#m.readSize(count);
      this.#destinations.clear();
      const ranges: WantedRange[] = [];
      for (let i = 0; i < n; i++) {
        const at = range.item(first, i);
        const slot = range.get(at, 'slot');
        this.#destinations.set(slot, range.pointer(at, 'dst'));
        ranges.push({
          slot,
          fileIdx: range.get(at, 'file_idx'),
          offset: range.get(at, 'offset'),
          bytes: range.get(at, 'bytes'),
        });
      }
      return ranges;
    });
  }

  /** Where [at, at + bytes) of a wanted range go. Good until the next call into the module. */
  view(slot: number, at: number, bytes: number): Uint8Array {
    const destination = this.#destinations.get(slot);
    if (destination === undefined) {
      throw new EngineError('PHI_ESTATE', `slot ${slot} is not wanted now`);
    }
    return this.#m.heap.bytes((destination + at) as Ptr, bytes);
  }

  provide(slot: number, bytes: number): void {
    this.#check(this.#m.call('phi_engine_provide', this.#engine, slot, bytes));
  }

  /** Why the engine is poisoned. */
  lastError(): EngineError {
    const error = this.#m.pointer('phi_engine_error', this.#engine);
    const status = error === NULL ? OK : this.#m.structs.phi_error.get(error, 'status');
    return errorAt(this.#m, status === OK ? STATUSES.PHI_EPOISONED.value : status, error);
  }

  encode(text: string, addsSpecial: boolean, parsesSpecial: boolean): Int32Array<ArrayBuffer> {
    const bytes = encodeText(text);
    return this.#m.scratch(Dealer.cost(bytes.length, 8, 8), (scratch) => {
      const dealer = new Dealer(scratch);
      const at = dealer.take(bytes.length);
      const ids = dealer.take(8);
      const n = dealer.take(8);
      this.#m.heap.write(at, bytes);
      const flags = [Number(addsSpecial), Number(parsesSpecial)] as const;
      this.#check(
        this.#m.call('phi_engine_encode', this.#engine, at, bytes.length, ...flags, ids, n),
      );
      return this.#m.heap.copyI32(this.#m.readPointer(ids), this.#m.readSize(n));
    });
  }

  decode(ids: ArrayLike<number>, showsSpecial: boolean): string {
    return this.#m.scratch(Dealer.cost(ids.length * 4, 8, 8), (scratch) => {
      const dealer = new Dealer(scratch);
      const at = dealer.take(ids.length * 4);
      const text = dealer.take(8);
      const bytes = dealer.take(8);
      this.#m.heap.writeI32(at, ids);
      const shows = Number(showsSpecial);
      this.#check(
        this.#m.call('phi_engine_decode', this.#engine, at, ids.length, shows, text, bytes),
      );
      return this.#m.heap.text(this.#m.readPointer(text), this.#m.readSize(bytes));
    });
  }

  /** The bytes of a token inside a text; of a control token its name. */
  tokenBytes(id: number): Uint8Array<ArrayBuffer> {
    return this.#m.scratch(16, (scratch) => {
      const dealer = new Dealer(scratch);
      const bytes = dealer.take(8);
      const n = dealer.take(8);
      this.#check(this.#m.call('phi_engine_token_bytes', this.#engine, id, bytes, n));
      return this.#m.heap.copyBytes(this.#m.readPointer(bytes), this.#m.readSize(n));
    });
  }

  openSession(settings: SessionSettings, purpose: SessionPurpose = 'generate'): SessionHandle {
    const options = this.#m.structs.phi_session_options;
    const session = this.#m.scratch(Dealer.cost(options.bytes, 8), (scratch) => {
      const dealer = new Dealer(scratch);
      const at = writeSessionOptions(this.#m, dealer.take(options.bytes), settings);
      options.set(at, 'embeds', Number(purpose === 'embed'));
      const out = dealer.take(8);
      this.#check(this.#m.call('phi_session_create', out, this.#engine, at));
      return this.#m.readPointer(out);
    });
    return new SessionHandle(this.#m, session);
  }

  #error(status: number): EngineError {
    return errorAt(this.#m, status, this.#m.pointer('phi_engine_error', this.#engine));
  }

  #check(status: number): void {
    if (status !== OK) throw this.#error(status);
  }
}

function writeSessionOptions(m: WasmModule, at: Ptr, settings: SessionSettings): Ptr {
  const options = m.structs.phi_session_options;
  m.call('phi_session_options_default', at);
  options.set(at, 'n_context', settings.contextLength);
  options.set(at, 'kv_type', KV_TYPES[settings.kvType]);
  options.set(at, 'rope_choice', ROPE_CHOICES[settings.ropeChoice]);
  /* After every layer the worker may look at its messages. */
  options.set(at, 'yields', 1);
  return at;
}

export class SessionHandle {
  readonly #m: WasmModule;
  readonly #session: Ptr;
  readonly #generated: Ptr;

  constructor(m: WasmModule, session: Ptr) {
    this.#m = m;
    this.#session = session;
    this.#generated = m.alloc(m.structs.phi_generated.bytes);
  }

  clone(): SessionHandle {
    const session = this.#m.scratch(8, (out) => {
      this.#check(this.#m.call('phi_session_clone', out, this.#session));
      return this.#m.readPointer(out);
    });
    return new SessionHandle(this.#m, session);
  }

  destroy(): void {
    this.#m.call('phi_session_destroy', this.#session);
    this.#m.free(this.#generated);
  }

  get nContext(): number {
    return this.#m.call('phi_session_n_context', this.#session);
  }

  get nPast(): number {
    return this.#m.call('phi_session_n_past', this.#session);
  }

  sync(tokens: ArrayLike<number>): void {
    this.#m.scratch(tokens.length * 4, (at) => {
      this.#m.heap.writeI32(at, tokens);
      this.#check(this.#m.call('phi_session_sync', this.#session, at, tokens.length));
    });
  }

  /** True when all is computed, false when there is more to do. */
  step(): boolean {
    const status = this.#m.call('phi_session_step', this.#session);
    if (status === STATUSES.PHI_PENDING.value) return false;
    this.#check(status);
    return true;
  }

  logits(): Float32Array<ArrayBuffer> {
    return this.#m.scratch(8, (count) => {
      const at = this.#m.pointer('phi_session_logits', this.#session, count);
      if (at === NULL)
        throw new EngineError('PHI_ESTATE', 'there are no logits before a token has been computed');
      return this.#m.heap.copyF32(at, this.#m.readSize(count));
    });
  }

  /** The text as a vector, not normalised; of a session that embeds. */
  embedding(pooling: Pooling): Float32Array<ArrayBuffer> {
    return this.#m.scratch(8, (count) => {
      const kind = POOLINGS[pooling];
      const at = this.#m.pointer('phi_session_embedding', this.#session, kind, count);
      if (at === NULL)
        throw new EngineError('PHI_ESTATE', 'the session does not embed, or has no text yet');
      return this.#m.heap.copyF32(at, this.#m.readSize(count));
    });
  }

  stats(): SessionStats {
    const stats = this.#m.structs.phi_session_stats;
    return this.#m.scratch(stats.bytes, (at) => {
      this.#check(this.#m.call('phi_session_get_stats', this.#session, at));
      return {
        prefillTokens: stats.get(at, 'n_prefill_tokens'),
        decodeTokens: stats.get(at, 'n_decode_tokens'),
        cachedTokens: stats.get(at, 'n_cached_tokens'),
        prefillMicroseconds: stats.get(at, 'prefill_us'),
        decodeMicroseconds: stats.get(at, 'decode_us'),
        kvBytes: stats.get(at, 'kv_bytes'),
        sessionBytes: stats.get(at, 'session_bytes'),
        masks: stats.get(at, 'n_masks'),
        maskMicroseconds: stats.get(at, 'mask_us'),
      };
    });
  }

  beginGenerating(settings: GenerateSettings, tokens: ArrayLike<number>): void {
    const { phi_generate_options: options, phi_logit_bias: bias, phi_str: str } = this.#m.structs;
    const stops = settings.stops.map(encodeText);
    const constraint = encodeText(settings.constraint?.text ?? '');
    const flags = encodeText(settings.constraint?.flags ?? '');
    const parts = [
      options.bytes,
      settings.logitBias.length * bias.bytes,
      stops.length * str.bytes,
      ...stops.map((stop) => stop.length),
      settings.stopIds.length * 4,
      constraint.length,
      flags.length,
      tokens.length * 4,
    ];
    this.#m.scratch(Dealer.cost(...parts), (scratch) => {
      const dealer = new Dealer(scratch);
      const at = dealer.take(options.bytes);
      this.#m.call('phi_generate_options_default', at);
      this.#writeSampling(at, settings);
      this.#writeBiases(at, dealer, settings.logitBias);
      this.#writeStops(at, dealer, stops);
      const stopIds = dealer.take(settings.stopIds.length * 4);
      this.#m.heap.writeI32(stopIds, settings.stopIds);
      options.set(at, 'stop_ids', settings.stopIds.length === 0 ? NULL : stopIds);
      options.set(at, 'n_stop_ids', settings.stopIds.length);
      if (settings.constraint !== null) {
        options.set(at, 'constraint_kind', CONSTRAINT_KINDS[settings.constraint.kind]);
        this.#writeText(options.at(at, 'constraint'), dealer, constraint);
        this.#writeText(options.at(at, 'constraint_flags'), dealer, flags);
      }
      const ids = dealer.take(tokens.length * 4);
      this.#m.heap.writeI32(ids, tokens);
      this.#check(this.#m.call('phi_generate_begin', this.#session, at, ids, tokens.length));
    });
  }

  /** The next token, or undefined when a slice of work is done and there is more. The one with a finish is the last. */
  nextGenerated(): Generated | undefined {
    const status = this.#m.call('phi_generate_next', this.#session, this.#generated);
    if (status === STATUSES.PHI_PENDING.value) return undefined;
    if (status !== STATUSES.PHI_DONE.value) this.#check(status);
    return this.#readGenerated(status === STATUSES.PHI_DONE.value);
  }

  #readGenerated(isDone: boolean): Generated {
    const { phi_generated: generated, phi_token_logprob: item } = this.#m.structs;
    const at = this.#generated;
    const first = generated.pointer(at, 'top');
    const top = Array.from({ length: generated.get(at, 'n_top') }, (_, i) => ({
      id: item.get(item.item(first, i), 'id'),
      logprob: item.get(item.item(first, i), 'logprob'),
    }));
    const finish = FINISHES[generated.get(at, 'finish')] ?? null;
    return {
      id: generated.get(at, 'id'),
      text: this.#m.heap.text(generated.pointer(at, 'text'), generated.get(at, 'text_bytes')),
      finish: isDone ? (finish ?? 'stop') : null,
      logprob: generated.get(at, 'logprob'),
      top,
    };
  }

  #writeSampling(at: Ptr, settings: GenerateSettings): void {
    const options = this.#m.structs.phi_generate_options;
    options.set(at, 'max_tokens', settings.maxTokens);
    options.set(at, 'temperature', settings.temperature);
    options.set(at, 'top_k', settings.topK);
    options.set(at, 'top_p', settings.topP);
    options.set(at, 'min_p', settings.minP);
    options.set(at, 'repetition_penalty', settings.repetitionPenalty);
    options.set(at, 'presence_penalty', settings.presencePenalty);
    options.set(at, 'frequency_penalty', settings.frequencyPenalty);
    options.set(at, 'n_logprobs', settings.topLogprobs);
    options.set(at, 'seed', settings.seed);
  }

  #writeBiases(at: Ptr, dealer: Dealer, biases: GenerateSettings['logitBias']): void {
    const { phi_generate_options: options, phi_logit_bias: bias } = this.#m.structs;
    const first = dealer.take(biases.length * bias.bytes);
    biases.forEach((row, i) => {
      bias.set(bias.item(first, i), 'id', row.id);
      bias.set(bias.item(first, i), 'bias', row.bias);
    });
    options.set(at, 'biases', biases.length === 0 ? NULL : first);
    options.set(at, 'n_biases', biases.length);
  }

  /** A phi_str at `at`, its bytes in the scratch block. */
  #writeText(at: Ptr, dealer: Dealer, bytes: Uint8Array): void {
    const str = this.#m.structs.phi_str;
    const text = dealer.take(bytes.length);
    this.#m.heap.write(text, bytes);
    str.set(at, 'ptr', text);
    str.set(at, 'len', bytes.length);
  }

  #writeStops(at: Ptr, dealer: Dealer, stops: readonly Uint8Array[]): void {
    const { phi_generate_options: options, phi_str: str } = this.#m.structs;
    const first = dealer.take(stops.length * str.bytes);
    stops.forEach((stop, i) => {
      this.#writeText(str.item(first, i), dealer, stop);
    });
    options.set(at, 'stops', stops.length === 0 ? NULL : first);
    options.set(at, 'n_stops', stops.length);
  }

  #check(status: number): void {
    if (status === OK) return;
    throw errorAt(this.#m, status, this.#m.pointer('phi_session_error', this.#session));
  }
}
