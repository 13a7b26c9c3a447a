/* What an engine and a session are made of. Private to src/api. */
#ifndef PHI_ENGINE_INTERNAL_H
#define PHI_ENGINE_INTERNAL_H

#include <stdatomic.h>

#include "constrain.h"
#include "format.h"
#include "model.h"
#include "phi.h"
#include "pool.h"
#include "tokenizer.h"
#include "weights.h"

/*   EMPTY --describe()--> DESCRIBED --reserve()--> LOADING --wants(): nothing left--> READY
 *     any state --a load failed half way--> POISONED (only destroy is legal)
 *
 * Trusted in each state: EMPTY: options, pool, kernels. DESCRIBED: + directory, model's shapes, tokenizer. LOADING: +
 * the weights' places. READY: + the weights. */
struct phi_engine {
    phi_arena arena;   /* the engine itself, directory, names, tokenizer, model: until destroy */
    phi_arena scratch; /* of one call; results stay until the next call */
    phi_engine_options options;
    phi_engine_state_id state;
    phi_error error;
    phi_pool *pool;
    phi_kernels kernels;
    phi_arena_mark header_mark; /* where the header being read begins */
    uint8_t *header;
    uint64_t header_cap;
    phi_directory directory;
    uint32_t n_described; /* files */
    phi_tokenizer *tokenizer;
    phi_weights weights;
    phi_model *model;
    phi_range ranges[PHI_WEIGHT_SLOTS];
    const char *info_json;
    uint32_t n_sessions;
    phi_image *images;    /* linked, the last one created first */
    int32_t n_image_ids;  /* given so far */
    phi_arena trie_arena; /* `trie`: made for the first constraint */
    phi_token_trie *trie;
    phi_constraint *constraints; /* linked, the last one used first */
};

typedef struct phi_generation phi_generation;

struct phi_session {
    phi_arena arena;            /* one fixed block: KV, activations, scratch, this struct */
    phi_arena generation_arena; /* of one generation */
    phi_engine *engine;
    phi_session_options options;
    phi_error error;
    phi_exec exec;
    phi_forward forward;
    phi_kv kv;
    int32_t *tokens; /* (n_context) [0, n_target): what the state is to represent */
    int32_t n_target;
    int32_t n_past;   /* computed; layer >= 0: the batch [n_past, n_past + forward.batch.n_tokens) is on its way */
    int32_t layer;    /* the next layer of the batch on its way, or -1 */
    bool uses_long;   /* LongRoPE factors of the cached keys */
    bool has_logits;  /* forward.logits are those of token n_past - 1 */
    bool is_prefill;  /* for the statistics */
    float *embedding; /* (d_model) what phi_session_embedding() gave last; options.embeds only */
    _Atomic int32_t cancel_flag;
    phi_session_stats stats;
    phi_generation *generation;
    phi_matcher matcher; /* where the generation stands in its constraint, if it has one */
};

/* Builds the tokenizer from a directory's metadata (engine_vocabulary.c). */
phi_status phi_engine_build_tokenizer(phi_engine *e, phi_error *err);

/* NULL: there is none of this id (image.c). */
const phi_image *phi_engine_find_image(const phi_engine *e, int32_t id);

/* constraints.c: places `m` at the beginning of the constraint that the options ask for, compiled now or before; as one
 * that never began when they ask for none. */
phi_status phi_engine_begin_constraint(phi_matcher *m, phi_engine *e, const phi_generate_options *options,
                                       phi_error *err);
void phi_engine_drop_constraints(phi_engine *e);

/* A growing JSON text in an arena; a failed allocation shows in `is_failed` (json_writer.c). */
typedef struct phi_json {
    phi_arena *arena;
    char *text;
    size_t len;
    size_t cap;
    bool wants_comma;
    bool is_failed;
} phi_json;

void phi_json_raw(phi_json *j, const char *fmt, ...) PHI_PRINTF(2, 3); /* text as it is */
void phi_json_open(phi_json *j, const char *key, char bracket);        /* key NULL: in an array or at the top */
void phi_json_close(phi_json *j, char bracket);
void phi_json_str(phi_json *j, const char *key, phi_str value); /* escaped; invalid UTF-8 becomes U+FFFD */
void phi_json_int(phi_json *j, const char *key, int64_t value);
void phi_json_float(phi_json *j, const char *key, double value);
void phi_json_bool(phi_json *j, const char *key, bool value);
/* NUL-terminated; NULL if memory ran out. */
const char *phi_json_finish(phi_json *j);

#endif
