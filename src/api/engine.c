/* An engine's life: describe, plan, reserve, load (engine_internal.h draws it). */
#include <stdlib.h>
#include <string.h>

#include "engine_internal.h"
#include "gguf.h"
#include "limits.h"

enum { ENGINE_ARENA_BYTES = 1 << 20, SCRATCH_ARENA_BYTES = 1 << 16 };

phi_engine_options phi_engine_options_default(void)
{
    return (phi_engine_options){
        .struct_size = sizeof(phi_engine_options), .n_threads = 1, .accuracy_level = 4, .kernels = -1};
}

static phi_status check_options(const phi_engine_options *o, phi_error *err)
{
    if (!o || o->struct_size != sizeof *o)
        return phi_fail(err, PHI_EINVAL,
                        "engine options: struct_size is %u, expected %zu; begin with phi_engine_options_default()",
                        o ? (unsigned)o->struct_size : 0, sizeof *o);
    const struct {
        const char *name;
        int64_t value, min, max;
    } ranges[] = {
        {"n_threads", o->n_threads, 1, PHI_LIMIT_THREADS},
        {"kernels", o->kernels, -1, PHI_N_ISAS - 1},
        {"strip_rule", o->strip_rule, 0, PHI_STRIP_VISION},
        {"staging_bytes", o->staging_bytes, 0, 1 << 30},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (ranges[i].value < ranges[i].min || ranges[i].value > ranges[i].max)
            return phi_fail(err, PHI_EINVAL, "engine options: %s is %lld, expected %lld to %lld", ranges[i].name,
                            (long long)ranges[i].value, (long long)ranges[i].min, (long long)ranges[i].max);
    if (o->accuracy_level != 1 && o->accuracy_level != 4)
        return phi_fail(err, PHI_EINVAL, "engine options: accuracy_level is %d, expected 1 or 4",
                        (int)o->accuracy_level);
    return PHI_OK;
}

static phi_status choose_kernels(phi_kernels *out, int32_t wanted, phi_error *err)
{
    const phi_isa isa = wanted < 0 ? phi_kernels_best(phi_pool_now_us) : (phi_isa)wanted;
    if (phi_kernels_get(out, isa))
        return PHI_OK;
    return phi_fail(err, PHI_EUNSUPPORTED,
                    "engine options: kernels %d are not in this build, or need relaxed SIMD that is exact, which this "
                    "machine lacks; -1 takes the fastest that work, the simd128 build needs no relaxed SIMD",
                    (int)wanted);
}

phi_status phi_engine_create(PHI_OWN phi_engine **out, const phi_engine_options *options, phi_error *error)
{
    phi_arena arena;
    if (error)
        *error = (phi_error){0};
    if (!out)
        return phi_fail(error, PHI_EINVAL, "engine: no place for the new engine (out is NULL)");
    PHI_TRY(check_options(options, error));
    phi_arena_init(&arena, ENGINE_ARENA_BYTES);
    phi_engine *e = phi_arena_zeroed(&arena, phi_engine, 1);
    if (!e)
        return phi_fail(error, PHI_ENOMEM, "engine: no memory for its first %d bytes", ENGINE_ARENA_BYTES);
    e->options = *options;
    phi_arena_init(&e->scratch, SCRATCH_ARENA_BYTES);
    phi_status status = choose_kernels(&e->kernels, options->kernels, error);
    if (status == PHI_OK)
        status = phi_pool_create(&e->pool, &arena, options->n_threads, error);
    if (status != PHI_OK) {
        phi_arena_deinit(&arena);
        return status;
    }
    e->header_mark = phi_arena_get_mark(&arena);
    e->arena = arena;
    *out = e;
    return PHI_OK;
}

void phi_engine_destroy(PHI_OWN phi_engine *e)
{
    if (!e)
        return;
    phi_pool_drain(e->pool);
    phi_pool_destroy(e->pool);
    phi_engine_drop_constraints(e);
    phi_weights_deinit(&e->weights);
    phi_arena_deinit(&e->scratch);
    phi_arena arena = e->arena; /* holds the engine itself */
    phi_arena_deinit(&arena);
}

const phi_error *phi_engine_error(const phi_engine *e)
{
    return &e->error;
}

phi_engine_state_id phi_engine_state(const phi_engine *e)
{
    return e->state;
}

const char *phi_engine_kernels_name(const phi_engine *e)
{
    return e->kernels.name;
}

int32_t phi_engine_n_threads(const phi_engine *e)
{
    return phi_pool_n_threads(e->pool);
}

static phi_status wrong_state(phi_engine *e, const char *call, const char *expected)
{
    static const char *const names[] = {"EMPTY", "DESCRIBED", "LOADING", "READY", "POISONED"};
    return phi_fail(&e->error, e->state == PHI_ENGINE_POISONED ? PHI_EPOISONED : PHI_ESTATE,
                    "%s is legal in state %s; the engine is %s", call, expected, names[e->state]);
}

uint8_t *phi_engine_header_room(phi_engine *e, uint64_t bytes)
{
    if (e->state != PHI_ENGINE_EMPTY || bytes > PHI_LIMIT_HEADER_BYTES)
        return NULL;
    phi_arena_rewind(&e->arena, e->header_mark);
    e->header = phi_arena_array(&e->arena, uint8_t, (size_t)bytes);
    e->header_cap = e->header ? bytes : 0;
    return e->header;
}

/* Every file is known: check the whole, build what the rest of the engine works with. */
static phi_status understand(phi_engine *e)
{
    PHI_TRY(phi_directory_check_complete(&e->directory, &e->error));
    PHI_TRY(phi_model_bind(&e->model, &e->weights, &e->arena, &e->directory, &e->error));
    PHI_TRY(phi_engine_build_tokenizer(e, &e->error));
    if (phi_tokenizer_n_tokens(e->tokenizer) > e->model->hparams.n_vocabulary)
        return phi_fail(&e->error, PHI_ECORRUPT, "the vocabulary has %d tokens, the embedding only %d rows",
                        (int)phi_tokenizer_n_tokens(e->tokenizer), (int)e->model->hparams.n_vocabulary);
    return PHI_OK;
}

phi_status phi_engine_describe(phi_engine *e, uint32_t file_idx, uint64_t n_bytes, uint64_t file_bytes,
                               uint64_t *wanted_bytes)
{
    phi_directory part;
    if (e->state != PHI_ENGINE_EMPTY)
        return wrong_state(e, "describe", "EMPTY");
    if (!e->header || n_bytes > e->header_cap || file_idx != e->n_described || !wanted_bytes)
        return phi_fail(&e->error, PHI_EINVAL, "describe: file %u with %llu bytes; file %u is next, room is %llu bytes",
                        (unsigned)file_idx, (unsigned long long)n_bytes, (unsigned)e->n_described,
                        (unsigned long long)e->header_cap);
    const phi_bytes header = {e->header, (size_t)n_bytes};
    PHI_TRY(phi_directory_open(&part, wanted_bytes, &e->arena, header, file_bytes, &e->error));
    if (file_idx == 0)
        e->directory = part;
    else
        PHI_TRY(phi_directory_join(&e->directory, &part, &e->arena, &e->error));
    e->n_described++;
    e->header = NULL;
    e->header_cap = 0;
    e->header_mark = phi_arena_get_mark(&e->arena);
    if (e->n_described < e->directory.n_files)
        return PHI_OK;
    const phi_status status = understand(e);
    e->state = status == PHI_OK ? PHI_ENGINE_DESCRIBED : PHI_ENGINE_POISONED;
    return status;
}

uint32_t phi_engine_n_files(const phi_engine *e)
{
    return e->n_described ? e->directory.n_files : 1;
}

phi_status phi_engine_file_name(phi_engine *e, char *out, size_t out_bytes, const char *first_name, uint32_t file_idx)
{
    return phi_split_name(out, out_bytes, phi_str_of(first_name), file_idx, phi_engine_n_files(e), &e->error);
}

phi_status phi_engine_reserve(phi_engine *e)
{
    if (e->state != PHI_ENGINE_DESCRIBED)
        return wrong_state(e, "reserve", "DESCRIBED");
    PHI_TRY(phi_weights_reserve(&e->weights, e->pool, e->options.staging_bytes, &e->error));
    e->state = PHI_ENGINE_LOADING;
    return PHI_OK;
}

static phi_status finish_loading(phi_engine *e)
{
    PHI_TRY(phi_model_finish(e->model, &e->error));
    e->state = PHI_ENGINE_READY;
    return PHI_OK;
}

const phi_range *phi_engine_wants(phi_engine *e, size_t *n_out)
{
    const phi_weight_range *wanted;
    size_t n = 0;
    *n_out = 0;
    if (e->state != PHI_ENGINE_LOADING)
        return e->ranges;
    phi_status status = phi_weights_wants(&wanted, &n, &e->weights, &e->error);
    if (status == PHI_OK && n == 0)
        status = finish_loading(e);
    if (status != PHI_OK) {
        e->state = PHI_ENGINE_POISONED;
        return e->ranges;
    }
    for (size_t i = 0; i < n; i++)
        e->ranges[i] = (phi_range){.offset = wanted[i].offset,
                                   .dst = wanted[i].dst,
                                   .bytes = wanted[i].bytes,
                                   .file_idx = wanted[i].file_idx,
                                   .slot = wanted[i].slot};
    *n_out = n;
    return e->ranges;
}

phi_status phi_engine_provide(phi_engine *e, uint32_t slot, uint32_t n_bytes)
{
    if (e->state != PHI_ENGINE_LOADING)
        return wrong_state(e, "provide", "LOADING");
    const phi_status status = phi_weights_provide(&e->weights, slot, n_bytes, &e->error);
    if (status != PHI_OK && status != PHI_EINVAL)
        e->state = PHI_ENGINE_POISONED;
    return status;
}

phi_status phi_engine_encode(phi_engine *e, const char *text, size_t text_bytes, bool adds_special, bool parses_special,
                             const int32_t **ids, size_t *n_ids)
{
    if (!e->tokenizer)
        return wrong_state(e, "encode", "DESCRIBED or later");
    phi_arena_rewind(&e->scratch, (phi_arena_mark){0});
    const size_t cap = phi_tokenizer_ids_max(e->tokenizer, text_bytes);
    int32_t *room = phi_arena_array(&e->scratch, int32_t, cap);
    if (!room)
        return phi_fail(&e->error, PHI_ENOMEM, "encode: no memory for the tokens of %zu bytes of text", text_bytes);
    const phi_encode_options options = {adds_special, parses_special};
    *ids = room;
    return phi_tokenizer_encode(room, n_ids, cap, e->tokenizer, (phi_str){text, text_bytes}, &options, &e->scratch,
                                &e->error);
}

phi_status phi_engine_decode(phi_engine *e, const int32_t *ids, size_t n_ids, bool shows_special, const char **text,
                             size_t *text_bytes)
{
    if (!e->tokenizer)
        return wrong_state(e, "decode", "DESCRIBED or later");
    phi_arena_rewind(&e->scratch, (phi_arena_mark){0});
    uint8_t *piece = phi_arena_array(&e->scratch, uint8_t, PHI_DECODER_BYTES_MAX);
    /* Two passes: the length first, so that a long text needs one allocation of its own size. */
    size_t total = 0;
    uint8_t *out = NULL;
    for (int pass = 0; pass < 2 && piece; pass++) {
        phi_decoder d = phi_decoder_open(true, shows_special);
        size_t at = 0;
        for (size_t i = 0; i <= n_ids; i++) {
            const size_t n = i < n_ids ? phi_decoder_push(piece, &d, e->tokenizer, ids[i])
                                       : phi_decoder_flush(piece, &d);
            if (out)
                memcpy(out + at, piece, n);
            at += n;
        }
        total = at;
        if (!out)
            out = phi_arena_array(&e->scratch, uint8_t, total + 1);
        if (!out)
            break;
    }
    if (!out)
        return phi_fail(&e->error, PHI_ENOMEM, "decode: no memory for the text of %zu tokens", n_ids);
    out[total] = 0;
    *text = (const char *)out;
    *text_bytes = total;
    return PHI_OK;
}

phi_status phi_engine_token_bytes(phi_engine *e, int32_t id, const uint8_t **bytes, size_t *n_bytes)
{
    if (!e->tokenizer)
        return wrong_state(e, "token_bytes", "DESCRIBED or later");
    const int32_t n_tokens = phi_tokenizer_n_tokens(e->tokenizer);
    if (id < 0 || id >= n_tokens)
        return phi_fail(&e->error, PHI_EINVAL, "token_bytes: token %d, the tokenizer has %d", (int)id, (int)n_tokens);
    phi_arena_rewind(&e->scratch, (phi_arena_mark){0});
    uint8_t *piece = phi_arena_array(&e->scratch, uint8_t, PHI_LIMIT_TOKEN_BYTES);
    if (!piece)
        return phi_fail(&e->error, PHI_ENOMEM, "token_bytes: no memory for %d bytes", PHI_LIMIT_TOKEN_BYTES);
    *n_bytes = phi_tokenizer_piece(piece, e->tokenizer, id, true);
    *bytes = piece;
    return PHI_OK;
}

int32_t phi_engine_n_vocabulary(const phi_engine *e)
{
    return e->model ? e->model->hparams.n_vocabulary : 0;
}

int32_t phi_engine_n_tokens(const phi_engine *e)
{
    return e->tokenizer ? phi_tokenizer_n_tokens(e->tokenizer) : 0;
}

void *phi_alloc(size_t bytes)
{
    return phi_system_alloc(bytes);
}

void phi_free(void *p)
{
    phi_system_free(p);
}

uint64_t phi_memory_held(void)
{
    return phi_arena_total_held();
}

uint64_t phi_memory_peak(void)
{
    return phi_arena_total_peak();
}
