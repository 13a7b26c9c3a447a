/* Continuing a text: the one place that knows both tokens and a model.
 *
 *   begin() -> sync(prompt)
 *   next()  -> step() until logits -> sampler -> stop ids -> decoder -> stop strings -> one token out
 *              the token is appended, and computed by the following next(): the last one never is
 *
 * Under a constraint the sampler picks from a mask, computed when the token before is known. When nothing may follow,
 * the text is complete: no step is spent on a stop id.
 */
#include <math.h>
#include <string.h>

#include "engine_internal.h"
#include "limits.h"
#include "sampler.h"
#include "stop.h"

struct phi_generation {
    phi_sampler *sampler;
    phi_stop *stop;
    phi_decoder decoder;
    int32_t *stop_ids; /* (n_stop_ids) */
    size_t n_stop_ids;
    int32_t n_left; /* tokens that may still come */
    phi_finish finish;
    bool is_complete; /* as the constraint sees it: nothing may follow */
    uint32_t
        *mask; /* of the constraint, and where the text may end the stop ids: (n_tokens) bits; NULL: no constraint */
    uint8_t *piece; /* (PHI_DECODER_BYTES_MAX) */
    phi_token_logprob top[PHI_LIMIT_TOP_LOGPROBS];
};

phi_generate_options phi_generate_options_default(void)
{
    return (phi_generate_options){
        .struct_size = sizeof(phi_generate_options), .top_p = 1.0f, .repetition_penalty = 1.0f, .n_logprobs = -1};
}

static phi_status out_of_memory(phi_session *s)
{
    return phi_fail(&s->error, PHI_ENOMEM, "generation: no memory for its buffers");
}

/* Rows that no text stands for, such as the padding of a vocabulary: only a numeric accident would pick them. */
static phi_status list_unused(int32_t **out, size_t *n_out, phi_session *s)
{
    const phi_tokenizer *t = s->engine->tokenizer;
    const int32_t n_tokens = phi_tokenizer_n_tokens(t);
    size_t n = 0;
    for (int32_t id = 0; id < n_tokens; id++)
        n += phi_tokenizer_type(t, id) == PHI_TOKEN_UNUSED;
    *out = phi_arena_array(&s->generation_arena, int32_t, n);
    *n_out = n;
    if (!*out)
        return out_of_memory(s);
    for (int32_t id = n_tokens; id-- > 0;)
        if (phi_tokenizer_type(t, id) == PHI_TOKEN_UNUSED)
            (*out)[--n] = id;
    return PHI_OK;
}

static phi_status make_sampler(phi_generation *g, phi_session *s, const phi_generate_options *o)
{
    phi_arena *arena = &s->generation_arena;
    int32_t *ids = phi_arena_array(arena, int32_t, o->n_biases);
    float *biases = phi_arena_array(arena, float, o->n_biases);
    if (!ids || !biases)
        return out_of_memory(s);
    for (size_t i = 0; i < o->n_biases; i++) {
        ids[i] = o->biases[i].id;
        biases[i] = o->biases[i].bias;
    }
    int32_t *banned;
    size_t n_banned;
    PHI_TRY(list_unused(&banned, &n_banned, s));
    const phi_sampling sampling = {.temperature = o->temperature,
                                   .top_p = o->top_p,
                                   .min_p = o->min_p,
                                   .repetition_penalty = o->repetition_penalty,
                                   .presence_penalty = o->presence_penalty,
                                   .frequency_penalty = o->frequency_penalty,
                                   .top_k = o->top_k,
                                   .n_logprobs = o->n_logprobs,
                                   .seed = o->seed,
                                   .bias_ids = ids,
                                   .biases = biases,
                                   .n_biases = o->n_biases,
                                   .banned_ids = banned,
                                   .n_banned = n_banned};
    return phi_sampler_create(&g->sampler, arena, &sampling, s->engine->model->hparams.n_vocabulary,
                              phi_tokenizer_n_tokens(s->engine->tokenizer), &s->error);
}

static phi_status copy_stop_ids(phi_generation *g, phi_session *s, const phi_generate_options *o)
{
    const int32_t *ids = o->stop_ids;
    g->n_stop_ids = o->n_stop_ids;
    if (g->n_stop_ids == 0)
        ids = phi_tokenizer_stop_ids(s->engine->tokenizer, &g->n_stop_ids);
    g->stop_ids = phi_arena_array(&s->generation_arena, int32_t, g->n_stop_ids);
    if (!g->stop_ids)
        return out_of_memory(s);
    if (g->n_stop_ids > 0)
        memcpy(g->stop_ids, ids, g->n_stop_ids * sizeof *ids);
    return PHI_OK;
}

static void set_bit(uint32_t *bits, int32_t id, bool value)
{
    const uint32_t bit = 1u << (id % 32);
    bits[id / 32] = value ? bits[id / 32] | bit : bits[id / 32] & ~bit;
}

/* What may come next. Stop ids come where the text may end, and nowhere else. */
static phi_status update_mask(phi_generation *g, phi_session *s)
{
    const int32_t n_tokens = phi_tokenizer_n_tokens(s->engine->tokenizer);
    phi_mask mask;
    if (!g->mask)
        return PHI_OK;
    const double begin = phi_pool_now_us();
    PHI_TRY(phi_matcher_get_mask(&mask, &s->matcher, &s->error));
    memcpy(g->mask, mask.bits, ((size_t)n_tokens + 31) / 32 * sizeof *g->mask);
    for (size_t i = 0; i < g->n_stop_ids; i++)
        if (g->stop_ids[i] >= 0 && g->stop_ids[i] < n_tokens)
            set_bit(g->mask, g->stop_ids[i], mask.may_end);
    const double spent = phi_pool_now_us() - begin;
    s->stats.n_masks++;
    s->stats.mask_us += spent;
    s->stats.mask_us_max = spent > s->stats.mask_us_max ? spent : s->stats.mask_us_max;
    g->is_complete = mask.is_empty && mask.may_end;
    if (g->is_complete)
        g->finish = PHI_FINISH_STOP;
    return PHI_OK;
}

static phi_status begin_constraint(phi_generation *g, phi_session *s, const phi_generate_options *o)
{
    const int32_t n_tokens = phi_tokenizer_n_tokens(s->engine->tokenizer);
    PHI_TRY(phi_engine_begin_constraint(&s->matcher, s->engine, o, &s->error));
    if (!s->matcher.constraint)
        return PHI_OK;
    g->mask = phi_arena_array(&s->generation_arena, uint32_t, ((size_t)n_tokens + 31) / 32);
    if (!g->mask)
        return out_of_memory(s);
    /* The output begins with its first character: SentencePiece's first space means nothing (automaton.h). */
    g->decoder = phi_decoder_open(true, false);
    phi_sampler_set_allowed(g->sampler, g->mask);
    return update_mask(g, s);
}

static phi_status check_options(phi_session *s, const phi_generate_options *o)
{
    if (!o || o->struct_size != sizeof *o)
        return phi_fail(&s->error, PHI_EINVAL, "generate options: struct_size is not that of this build");
    if (o->max_tokens < 0)
        return phi_fail(&s->error, PHI_EINVAL, "generate options: max_tokens is %d, expected 0 (no limit) or more",
                        (int)o->max_tokens);
    if ((o->n_biases > 0 && !o->biases) || (o->n_stop_ids > 0 && !o->stop_ids))
        return phi_fail(&s->error, PHI_EINVAL, "generate options: %s is NULL but has a count",
                        o->n_biases > 0 && !o->biases ? "biases" : "stop_ids");
    if (o->n_stop_ids > PHI_LIMIT_VOCABULARY || o->n_biases > PHI_LIMIT_VOCABULARY)
        return phi_fail(&s->error, PHI_EINVAL, "generate options: %zu stop ids, %zu biases; at most %d", o->n_stop_ids,
                        o->n_biases, PHI_LIMIT_VOCABULARY);
    return PHI_OK;
}

phi_status phi_generate_begin(phi_session *s, const phi_generate_options *options, const int32_t *tokens,
                              size_t n_tokens)
{
    s->generation = NULL;
    if (s->options.embeds)
        return phi_fail(&s->error, PHI_ESTATE, "generate: this session embeds; create one without `embeds`");
    PHI_TRY(check_options(s, options));
    phi_arena_rewind(&s->generation_arena, (phi_arena_mark){0});
    phi_generation *g = phi_arena_zeroed(&s->generation_arena, phi_generation, 1);
    if (!g)
        return out_of_memory(s);
    g->piece = phi_arena_array(&s->generation_arena, uint8_t, PHI_DECODER_BYTES_MAX);
    if (!g->piece)
        return out_of_memory(s);
    g->n_left = options->max_tokens > 0 ? options->max_tokens : INT32_MAX;
    g->decoder = phi_decoder_open(false, false);
    PHI_TRY(make_sampler(g, s, options));
    PHI_TRY(copy_stop_ids(g, s, options));
    PHI_TRY(phi_stop_create(&g->stop, &s->generation_arena, options->stops, options->n_stops, PHI_DECODER_BYTES_MAX,
                            &s->error));
    PHI_TRY(begin_constraint(g, s, options));
    PHI_TRY(phi_session_sync(s, tokens, n_tokens));
    phi_sampler_add_prompt(g->sampler, tokens, n_tokens);
    s->generation = g;
    return PHI_OK;
}

static bool is_stop_id(const phi_generation *g, int32_t id)
{
    for (size_t i = 0; i < g->n_stop_ids; i++)
        if (g->stop_ids[i] == id)
            return true;
    return false;
}

static void put_text(phi_generated *out, phi_str text)
{
    out->text = text.ptr ? text.ptr : "";
    out->text_bytes = text.len;
}

/* The generation is over: its last text comes out with the reason. */
static phi_status finish(phi_generation *g, phi_session *s, phi_generated *out)
{
    *out = (phi_generated){.id = -1, .finish = g->finish, .text = "", .logprob = NAN};
    s->generation = NULL;
    return PHI_DONE;
}

/* At a stop id or the last token: what the decoder and the matcher still hold goes through. */
static phi_status drain_text(phi_generation *g, phi_session *s, phi_generated *out)
{
    phi_stop_output safe;
    const size_t n = phi_decoder_flush(g->piece, &g->decoder);
    PHI_TRY(phi_stop_feed(&safe, g->stop, (phi_str){(const char *)g->piece, n}, &s->error));
    /* Both texts are short: the decoder's rest behind what the matcher let through. */
    uint8_t *joined = phi_arena_array(&s->generation_arena, uint8_t, safe.text.len + PHI_STOP_BYTES_MAX * 2 + n);
    if (!joined)
        return out_of_memory(s);
    if (safe.text.len)
        memcpy(joined, safe.text.ptr, safe.text.len);
    size_t len = safe.text.len;
    if (safe.hit_idx >= 0) {
        g->finish = PHI_FINISH_STOP;
    } else {
        const phi_str rest = phi_stop_flush(g->stop);
        if (rest.len)
            memcpy(joined + len, rest.ptr, rest.len);
        len += rest.len;
    }
    *out = (phi_generated){.id = -1, .finish = g->finish, .logprob = NAN};
    put_text(out, (phi_str){(const char *)joined, len});
    s->generation = NULL;
    return PHI_DONE;
}

static void report_pick(phi_generated *out, phi_generation *g, const phi_picked *picked)
{
    *out = (phi_generated){.id = picked->id, .logprob = picked->logprob, .n_top = picked->n_top, .top = g->top};
    for (int32_t i = 0; i < picked->n_top; i++)
        g->top[i] = (phi_token_logprob){picked->top[i].id, picked->top[i].logprob};
}

/* Text of the token through the decoder and the stop strings. */
static phi_status emit(phi_generated *out, phi_generation *g, phi_session *s, const phi_picked *picked)
{
    phi_stop_output safe;
    const size_t n = phi_decoder_push(g->piece, &g->decoder, s->engine->tokenizer, picked->id);
    PHI_TRY(phi_stop_feed(&safe, g->stop, (phi_str){(const char *)g->piece, n}, &s->error));
    report_pick(out, g, picked);
    put_text(out, safe.text);
    phi_sampler_accept(g->sampler, picked->id);
    g->n_left--;
    if (safe.hit_idx < 0 && g->mask) {
        PHI_TRY(phi_matcher_accept(&s->matcher, picked->id, &s->error));
        PHI_TRY(update_mask(g, s));
    }
    if (safe.hit_idx >= 0 || g->is_complete)
        g->finish = PHI_FINISH_STOP;
    else if (g->n_left == 0)
        g->finish = PHI_FINISH_LENGTH;
    else if (s->n_target == s->options.n_context)
        g->finish = PHI_FINISH_CONTEXT;
    else
        PHI_TRY(phi_session_append(s, picked->id));
    return PHI_OK;
}

static phi_status next_token(phi_generated *out, phi_generation *g, phi_session *s)
{
    phi_picked picked;
    size_t n;
    PHI_TRY(phi_session_step(s));
    PHI_TRY(phi_sampler_pick(&picked, g->sampler, phi_session_logits(s, &n), &s->error));
    if (!is_stop_id(g, picked.id))
        return emit(out, g, s, &picked);
    g->finish = PHI_FINISH_STOP;
    return drain_text(g, s, out);
}

phi_status phi_generate_next(phi_session *s, phi_generated *out)
{
    phi_generation *g = s->generation;
    if (!g)
        return phi_fail(&s->error, PHI_ESTATE, "generate: begin() first; a finished generation does not go on");
    if (g->finish == PHI_FINISH_STOP && !g->is_complete)
        return finish(g, s, out);
    const phi_status status = g->finish == PHI_FINISH_NONE ? next_token(out, g, s) : drain_text(g, s, out);
    if (status != PHI_OK && status != PHI_PENDING)
        s->generation = NULL;
    return status;
}
