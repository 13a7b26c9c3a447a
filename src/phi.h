/* PocketPhi: the Phi-3 family and Llama-architecture models on a CPU. The one public header.
 *
 *     phi_engine_options eo = phi_engine_options_default();
 *     phi_engine *e;
 *     phi_error why;
 *     phi_engine_create(&e, &eo, &why);
 *     for (uint32_t f = 0; f < phi_engine_n_files(e); f++) {          // a split model has several files
 *         uint64_t want = 1 << 20;
 *         do {                                                       // the bytes before the tensor data
 *             uint8_t *room = phi_engine_header_room(e, want);
 *             size_t got = read_file(f, 0, room, want);
 *             st = phi_engine_describe(e, f, got, file_size(f), &want);
 *         } while (st == PHI_NEED_DATA);
 *     }
 *     phi_engine_reserve(e);                                         // weights' memory, once
 *     while (phi_engine_state(e) == PHI_ENGINE_LOADING) {
 *         size_t n;
 *         const phi_range *r = phi_engine_wants(e, &n);              // ascending offsets
 *         for (size_t i = 0; i < n; i++) { read_file(r[i].file_idx, r[i].offset, r[i].dst, r[i].bytes);
 *                                          phi_engine_provide(e, r[i].slot, r[i].bytes); }
 *     }
 *     phi_session_options so = phi_session_options_default();
 *     phi_session *s;
 *     phi_session_create(&s, e, &so);
 *     phi_session_sync(s, tokens, n_tokens);                         // "this is the text so far"
 *     while ((st = phi_session_step(s)) == PHI_PENDING) {}
 *     const float *logits = phi_session_logits(s, &n);               // of the last token
 *
 * The engine does no I/O and never blocks on any: it says which byte ranges it wants and where they go. An engine is
 * immutable once READY and may be shared by sessions; a session is one mutable timeline of tokens. One thread drives an
 * engine and its sessions; the engine's own pool works below. Every function that can fail returns a phi_status, and
 * the detail is in phi_engine_error() or phi_session_error() until the next call on that handle.
 *
 * PHI_OWN on an out-parameter: the caller gets it and destroys it. Everything else is borrowed. */
#ifndef PHI_H
#define PHI_H

#include "bytes.h"
#include "status.h"

#if defined(__EMSCRIPTEN__)
#define PHI_API __attribute__((used, visibility("default")))
#else
#define PHI_API
#endif
#define PHI_OWN

typedef struct phi_engine phi_engine;
typedef struct phi_session phi_session;
typedef struct phi_image phi_image;

/* ---- Engine ------------------------------------------------------------------------------------------------- */

typedef enum phi_engine_state_id {
    PHI_ENGINE_EMPTY = 0,     /* describe() the first file */
    PHI_ENGINE_DESCRIBED = 1, /* every file described, model understood: reserve() */
    PHI_ENGINE_LOADING = 2,   /* wants() / provide() */
    PHI_ENGINE_READY = 3,     /* sessions may be made */
    PHI_ENGINE_POISONED = 4   /* a load failed half way: only destroy is legal */
} phi_engine_state_id;

typedef struct phi_engine_options {
    uint32_t struct_size;   /* sizeof(phi_engine_options) */
    int32_t n_threads;      /* 1 … 64 */
    int32_t accuracy_level; /* 4: activations in int8 per block of 32 (default); 1: f32 activations */
    int32_t kernels;        /* -1: the fastest that works here; else a phi_isa, refused if it does not */
    int32_t strip_rule;     /* a phi_strip_rule; 0: what the file says, or its name */
    uint32_t staging_bytes; /* for bytes on their way from the source to their packed place; 0: 4 MiB */
} phi_engine_options;

/* What a model will take, before anything is taken. Bytes. */
typedef struct phi_plan {
    uint64_t weights_bytes; /* packed weights */
    uint64_t kv_bytes;      /* of one session with the options given */
    uint64_t session_bytes; /* that session without its KV: activations, logits, scratch */
    uint64_t model_bytes;   /* directory, names, tokenizer */
    uint64_t staging_bytes; /* while loading only */
    uint64_t file_bytes;    /* tensor bytes to be fetched */
} phi_plan;

/* Bytes that the engine wants: [offset, offset + bytes) of a file, written to dst. */
typedef struct phi_range {
    uint64_t offset;
    uint8_t *dst;
    uint32_t bytes;
    uint32_t file_idx;
    uint32_t slot; /* names this range in provide() */
    uint32_t reserved;
} phi_range;

PHI_API phi_engine_options phi_engine_options_default(void);
/* *error (NULL is fine) says why there is no engine, which has no phi_engine_error() then: PHI_EINVAL, an option and
 * what it may be; PHI_EUNSUPPORTED, kernels that do not work here; PHI_ENOMEM. On PHI_OK its status is PHI_OK and its
 * text empty. */
PHI_API phi_status phi_engine_create(PHI_OWN phi_engine **out, const phi_engine_options *options, phi_error *error);
PHI_API void phi_engine_destroy(PHI_OWN phi_engine *e); /* NULL is fine. Sessions first. */
PHI_API const phi_error *phi_engine_error(const phi_engine *e);
PHI_API phi_engine_state_id phi_engine_state(const phi_engine *e);

/* Room for a file's first `bytes` bytes, until the next call of this function or describe(). NULL when out of
 * memory. */
PHI_API uint8_t *phi_engine_header_room(phi_engine *e, uint64_t bytes);
/* Reads a file's description from the first `n_bytes` written to header_room(). file_bytes: the whole file, UINT64_MAX
 * if unknown. PHI_NEED_DATA: *wanted_bytes of the file's start are needed (or more), begin again. Files in ascending
 * order. */
PHI_API phi_status phi_engine_describe(phi_engine *e, uint32_t file_idx, uint64_t n_bytes, uint64_t file_bytes,
                                       uint64_t *wanted_bytes);
/* 1, or as many as a split model's first file says. */
PHI_API uint32_t phi_engine_n_files(const phi_engine *e);
/* Where split file file_idx is, by the name of the first ("…-00001-of-00003.gguf"). PHI_EINVAL if it has no such
 * pattern. */
PHI_API phi_status phi_engine_file_name(phi_engine *e, char *out, size_t out_bytes, const char *first_name,
                                        uint32_t file_idx);

/* The model as JSON, NUL-terminated, borrowed until destroy: architecture, name, dimensions, parameters, context
 * length, quantisation by tensor type, rope, sliding window, special ids and texts, stop ids, chat template, vision
 * (null, or the encoder's dimensions). From DESCRIBED on. */
PHI_API const char *phi_engine_info_json(phi_engine *e);

struct phi_session_options;
PHI_API phi_status phi_engine_plan(phi_engine *e, const struct phi_session_options *options, phi_plan *out);
/* Takes the weights' memory: DESCRIBED -> LOADING. PHI_ENOMEM leaves the engine DESCRIBED. */
PHI_API phi_status phi_engine_reserve(phi_engine *e);
/* Ranges that may be fetched now, ascending by file and offset, borrowed until the next call on this engine. More
 * appear as some are provided. Zero ranges while LOADING: call again (it then waits for packing to finish). */
PHI_API const phi_range *phi_engine_wants(phi_engine *e, size_t *n_out);
/* The range of `slot` has arrived; n_bytes must be its length, or PHI_ECORRUPT says what was short. Packing happens in
 * the pool while the caller goes on. The last one makes the engine READY once wants() or state() sees it packed. */
PHI_API phi_status phi_engine_provide(phi_engine *e, uint32_t slot, uint32_t n_bytes);
/* "relaxed-i32", "scalar", … */
PHI_API const char *phi_engine_kernels_name(const phi_engine *e);
PHI_API int32_t phi_engine_n_threads(const phi_engine *e);

/* Without a model: how fast this machine is, in about budget_ms. *gemv_gb_per_s: int4 weights (blocks of 32) that a
 * matrix-vector product reads from memory; *gemm_gop_per_s: of a product with 128 tokens, two operations a weight.
 * PHI_EINVAL: a null pointer; PHI_ESTATE: a model loads, or the engine is broken; PHI_ENOMEM. */
PHI_API phi_status phi_engine_measure(phi_engine *e, uint32_t budget_ms, double *gemv_gb_per_s, double *gemm_gop_per_s);

/* ---- Text and tokens ------------------------------------------------------------------------------------------ */

/* Encodes UTF-8 (any bytes). *ids is borrowed until the next call on this engine. */
PHI_API phi_status phi_engine_encode(phi_engine *e, const char *text, size_t text_bytes, bool adds_special,
                                     bool parses_special, const int32_t **ids, size_t *n_ids);
/* Decodes to valid UTF-8, borrowed until the next call on this engine. */
PHI_API phi_status phi_engine_decode(phi_engine *e, const int32_t *ids, size_t n_ids, bool shows_special,
                                     const char **text, size_t *text_bytes);
/* The bytes that a token stands for inside a text, perhaps a part of a character; of a control token its name. Borrowed
 * until the next call on this engine. PHI_EINVAL for an id that the tokenizer does not know. */
PHI_API phi_status phi_engine_token_bytes(phi_engine *e, int32_t id, const uint8_t **bytes, size_t *n_bytes);
PHI_API int32_t phi_engine_n_vocabulary(const phi_engine *e); /* length of the logits */
PHI_API int32_t phi_engine_n_tokens(const phi_engine *e);     /* ids that the tokenizer knows */

/* ---- Images --------------------------------------------------------------------------------------------------- */

/* A picture on its way into a model that sees. Its size is that of the padded picture, both sides multiples of the
 * model's tile size ("vision" in phi_engine_info_json(); phi_pixels.h makes it of a file). What it is to a text:
 * n_tokens times the token -phi_image_id() in a row, in phi_session_sync() and phi_generate_begin(). Twice as many are
 * the same picture twice. It must live while a session's text has it: LongRoPE may encode that text again. */
typedef struct phi_image_plan {
    int32_t n_tokens;
    int32_t n_steps;        /* calls of phi_image_step() */
    uint64_t work_bytes;    /* pixels and activations, until it is encoded */
    uint64_t feature_bytes; /* until destroy */
} phi_image_plan;

/* PHI_EUNSUPPORTED: the model reads text only. PHI_EINVAL: no size of a padded picture. From DESCRIBED on. */
PHI_API phi_status phi_engine_plan_image(phi_engine *e, int32_t width, int32_t height, phi_image_plan *out);
/* Takes the memory of the plan. Errors are the engine's. */
PHI_API phi_status phi_image_create(PHI_OWN phi_image **out, phi_engine *e, int32_t width, int32_t height);
PHI_API void phi_image_destroy(PHI_OWN phi_image *i); /* NULL is fine. Before the engine. */
PHI_API const phi_error *phi_image_error(const phi_image *i);
/* (height, width, 3) RGB: to be written before the first step. NULL once encoding has begun. */
PHI_API uint8_t *phi_image_pixels(phi_image *i, size_t *n_bytes);
/* PHI_OK: encoded. PHI_PENDING: call again (a step is one layer of one tile). PHI_ECANCELED: the cancel flag was set;
 * the next call goes on where this one stopped. */
PHI_API phi_status phi_image_step(phi_image *i);
/* As phi_session_cancel_flag(). */
PHI_API int32_t *phi_image_cancel_flag(phi_image *i);
PHI_API int32_t phi_image_n_steps_done(const phi_image *i); /* of the plan's n_steps */
PHI_API int32_t phi_image_id(const phi_image *i);           /* > 0, never given twice by an engine */
PHI_API int32_t phi_image_n_tokens(const phi_image *i);
/* (n_tokens, d_model): what stands in the place of token embeddings. NULL before it is encoded. */
PHI_API const float *phi_image_features(const phi_image *i, size_t *n_out);

/* ---- Session -------------------------------------------------------------------------------------------------- */

typedef enum phi_kv_type { PHI_KV_F16 = 0, PHI_KV_Q8 = 1 } phi_kv_type;
/* LongRoPE: AUTO follows Hugging Face (long factors once the text is longer than the original context; crossing it
 * re-encodes the cache). */
typedef enum phi_rope_choice { PHI_ROPE_AUTO = 0, PHI_ROPE_SHORT = 1, PHI_ROPE_LONG = 2 } phi_rope_choice;

typedef struct phi_session_options {
    uint32_t struct_size;
    int32_t n_context;   /* tokens; 0: the smaller of the model's and 4096 */
    int32_t n_batch;     /* prompt tokens computed together, 1 … 512; 0: 128 */
    int32_t kv_type;     /* phi_kv_type */
    int32_t rope_choice; /* phi_rope_choice */
    int32_t yields;      /* 1: step() returns PHI_PENDING after every layer, for callers that must breathe; 0: never */
    int32_t embeds;      /* 1: for phi_session_embedding(), without logits and generation; 0: for these */
} phi_session_options;

typedef struct phi_session_stats {
    uint64_t n_prefill_tokens; /* since creation; tokens taken from the cache are not counted */
    uint64_t n_decode_tokens;  /* tokens computed one at a time */
    uint64_t n_cached_tokens;  /* tokens that sync() found in the cache */
    double prefill_us;
    double decode_us;
    uint64_t kv_bytes;
    uint64_t session_bytes;
    uint64_t n_masks; /* of constraints, one a token */
    double mask_us;
    double mask_us_max;
} phi_session_stats;

PHI_API phi_session_options phi_session_options_default(void);
PHI_API phi_status phi_session_create(PHI_OWN phi_session **out, phi_engine *e, const phi_session_options *options);
/* A second timeline that begins as a copy of this one. */
PHI_API phi_status phi_session_clone(PHI_OWN phi_session **out, phi_session *s);
PHI_API void phi_session_destroy(PHI_OWN phi_session *s); /* NULL is fine */
PHI_API const phi_error *phi_session_error(const phi_session *s);

/* "These are the tokens that I want the state to represent." The longest common prefix with the cache is kept, what
 * follows it is dropped, the rest is computed by step(). n_tokens >= 1. PHI_ECONTEXT if they exceed the context.
 * PHI_EINVAL: an id outside the vocabulary, or a run of a negative id that is no whole number of encoded images. */
PHI_API phi_status phi_session_sync(phi_session *s, const int32_t *tokens, size_t n_tokens);
/* As sync() with one more token behind what the state represents. */
PHI_API phi_status phi_session_append(phi_session *s, int32_t token);
/* PHI_OK: done, logits are there. PHI_PENDING: call again. PHI_ECANCELED: the cancel flag was set; what was computed
 * stays in the cache. */
PHI_API phi_status phi_session_step(phi_session *s);
/* Logits of the last token, (n_vocabulary); NULL before the first PHI_OK, or if the session embeds. Borrowed until the
 * next call on this session. */
PHI_API const float *phi_session_logits(const phi_session *s, size_t *n_out);
/* One vector of (d_model) floats that stands for the text: the hidden states behind the final norm, of its last token
 * or their mean (added up in the order of the text). Not normalised. NULL if the session does not embed, if the kind is
 * unknown or while a text is not computed to its end. Borrowed until the next call on this session. Such a session
 * keeps a prefix only if the new text goes on where the old one ended; any other is computed anew. */
typedef enum phi_pooling { PHI_POOLING_LAST = 0, PHI_POOLING_MEAN = 1 } phi_pooling;
PHI_API const float *phi_session_embedding(phi_session *s, phi_pooling kind, size_t *n_out);
/* One int32 in (shared) memory that any thread may set to 1: step() notices it within one layer, returns
 * PHI_ECANCELED and sets it back to 0. */
PHI_API int32_t *phi_session_cancel_flag(phi_session *s);
PHI_API int32_t phi_session_n_context(const phi_session *s);
/* Tokens that the state represents (computed so far). */
PHI_API int32_t phi_session_n_past(const phi_session *s);
/* Tokens still to be computed by step(). */
PHI_API int32_t phi_session_n_left(const phi_session *s);
PHI_API phi_status phi_session_get_stats(const phi_session *s, phi_session_stats *out);

/* ---- Generation ----------------------------------------------------------------------------------------------- */

typedef enum phi_finish {
    PHI_FINISH_NONE = 0,
    PHI_FINISH_STOP = 1,
    PHI_FINISH_LENGTH = 2,
    PHI_FINISH_CONTEXT = 3
} phi_finish;

typedef struct phi_logit_bias {
    int32_t id;
    float bias; /* added to the logit */
} phi_logit_bias;

/* What the output obeys. docs/CONSTRAINTS.md lists the keywords and the syntax; the rest is refused by name. Generation
 * ends (PHI_FINISH_STOP) when the text is complete and nothing may follow; before that, stop ids come only where the
 * text may end. max_tokens, the context and stop strings still cut. */
typedef enum phi_constraint_kind {
    PHI_CONSTRAINT_NONE = 0,
    PHI_CONSTRAINT_JSON_OBJECT = 1, /* any JSON object */
    PHI_CONSTRAINT_JSON_SCHEMA = 2, /* JSON that satisfies the schema in `constraint` */
    PHI_CONSTRAINT_REGEX = 3        /* all of it matches the expression in `constraint` */
} phi_constraint_kind;

typedef struct phi_generate_options {
    uint32_t struct_size;
    int32_t max_tokens;       /* 0: as many as the context holds */
    float temperature;        /* 0: greedy */
    int32_t top_k;            /* 0: off */
    float top_p;              /* 1: off */
    float min_p;              /* 0: off */
    float repetition_penalty; /* 1: off */
    float presence_penalty;   /* 0: off */
    float frequency_penalty;  /* 0: off */
    int32_t n_logprobs;       /* top alternatives to report, 0 … 20; -1: none and no logprob at all */
    uint64_t seed;
    const phi_logit_bias *biases; /* (n_biases) copied */
    size_t n_biases;
    const phi_str *stops; /* (n_stops) stop strings, copied */
    size_t n_stops;
    const int32_t *stop_ids; /* (n_stop_ids) in place of the model's own when n_stop_ids > 0 */
    size_t n_stop_ids;
    int32_t constraint_kind;  /* a phi_constraint_kind */
    phi_str constraint;       /* copied; the engine keeps the last few compiled */
    phi_str constraint_flags; /* of a regular expression: i, s; copied */
} phi_generate_options;

typedef struct phi_token_logprob {
    int32_t id;
    float logprob; /* natural logarithm */
} phi_token_logprob;

/* One generated token. Everything is borrowed until the next call on this session. `text` may be empty (a character or
 * a possible stop string is still incomplete) and never ends inside a character. */
typedef struct phi_generated {
    int32_t id; /* -1 when only held-back text comes out, with the finish */
    phi_finish finish;
    const char *text;
    size_t text_bytes;
    float logprob; /* of id, before temperature and truncation; NaN when n_logprobs is -1 */
    int32_t n_top;
    const phi_token_logprob *top; /* (n_top) best first */
} phi_generated;

PHI_API phi_generate_options phi_generate_options_default(void);
/* Begins to continue `tokens` (synced first, so a shared prefix costs nothing). Of a constraint: PHI_EINVAL, it is
 * malformed or nothing satisfies it; PHI_EUNSUPPORTED names what is not supported. Both say where. */
PHI_API phi_status phi_generate_begin(phi_session *s, const phi_generate_options *options, const int32_t *tokens,
                                      size_t n_tokens);
/* PHI_OK: *out is the next token. PHI_PENDING: call again. PHI_DONE: *out holds the finish and any last text.
 * PHI_ECANCELED or an error: generation has ended, the session stays usable. */
PHI_API phi_status phi_generate_next(phi_session *s, phi_generated *out);

/* ---- For bindings --------------------------------------------------------------------------------------------- */

/* Sizes and field offsets of the structs above, statuses and version, as JSON; static. JS hard-codes no layout. */
PHI_API const char *phi_abi_json(void);
/* Memory for arguments. The only allocation that a binding makes. NULL when out of memory. */
PHI_API void *phi_alloc(size_t bytes);
PHI_API void phi_free(void *p);
/* Bytes that all arenas of the process hold now, and at most so far. */
PHI_API uint64_t phi_memory_held(void);
PHI_API uint64_t phi_memory_peak(void);

#endif
