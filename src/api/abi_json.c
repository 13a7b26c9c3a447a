/* Struct layouts and statuses as the compiler that built this module sees them, for bindings (phi_abi_json in
 * phi.h). */
#include <stddef.h>
#include <string.h>

#include "phi.h"
#include "write_text.h"

typedef struct abi_field {
    const char *struct_name;
    size_t struct_size;
    const char *name;
    size_t offset;
    const char *type;
} abi_field;

#define FIELD(type, name, kind)                                \
    {                                                          \
#type, sizeof(type), #name, offsetof(type, name), kind \
    }

/* Fields of one struct stand together. */
static const abi_field fields[] = {
    FIELD(phi_engine_options, struct_size, "u32"),
    FIELD(phi_engine_options, n_threads, "i32"),
    FIELD(phi_engine_options, accuracy_level, "i32"),
    FIELD(phi_engine_options, kernels, "i32"),
    FIELD(phi_engine_options, strip_rule, "i32"),
    FIELD(phi_engine_options, staging_bytes, "u32"),
    FIELD(phi_plan, weights_bytes, "u64"),
    FIELD(phi_plan, kv_bytes, "u64"),
    FIELD(phi_plan, session_bytes, "u64"),
    FIELD(phi_plan, model_bytes, "u64"),
    FIELD(phi_plan, staging_bytes, "u64"),
    FIELD(phi_plan, file_bytes, "u64"),
    FIELD(phi_range, offset, "u64"),
    FIELD(phi_range, dst, "ptr"),
    FIELD(phi_range, bytes, "u32"),
    FIELD(phi_range, file_idx, "u32"),
    FIELD(phi_range, slot, "u32"),
    FIELD(phi_image_plan, n_tokens, "i32"),
    FIELD(phi_image_plan, n_steps, "i32"),
    FIELD(phi_image_plan, work_bytes, "u64"),
    FIELD(phi_image_plan, feature_bytes, "u64"),
    FIELD(phi_error, status, "i32"),
    FIELD(phi_error, requested, "u64"),
    FIELD(phi_error, quota, "u64"),
    FIELD(phi_error, text, "text"),
    FIELD(phi_session_options, struct_size, "u32"),
    FIELD(phi_session_options, n_context, "i32"),
    FIELD(phi_session_options, n_batch, "i32"),
    FIELD(phi_session_options, kv_type, "i32"),
    FIELD(phi_session_options, rope_choice, "i32"),
    FIELD(phi_session_options, yields, "i32"),
    FIELD(phi_session_options, embeds, "i32"),
    FIELD(phi_session_stats, n_prefill_tokens, "u64"),
    FIELD(phi_session_stats, n_decode_tokens, "u64"),
    FIELD(phi_session_stats, n_cached_tokens, "u64"),
    FIELD(phi_session_stats, prefill_us, "f64"),
    FIELD(phi_session_stats, decode_us, "f64"),
    FIELD(phi_session_stats, kv_bytes, "u64"),
    FIELD(phi_session_stats, session_bytes, "u64"),
    FIELD(phi_session_stats, n_masks, "u64"),
    FIELD(phi_session_stats, mask_us, "f64"),
    FIELD(phi_session_stats, mask_us_max, "f64"),
    FIELD(phi_logit_bias, id, "i32"),
    FIELD(phi_logit_bias, bias, "f32"),
    FIELD(phi_str, ptr, "ptr"),
    FIELD(phi_str, len, "usize"),
    FIELD(phi_generate_options, struct_size, "u32"),
    FIELD(phi_generate_options, max_tokens, "i32"),
    FIELD(phi_generate_options, temperature, "f32"),
    FIELD(phi_generate_options, top_k, "i32"),
    FIELD(phi_generate_options, top_p, "f32"),
    FIELD(phi_generate_options, min_p, "f32"),
    FIELD(phi_generate_options, repetition_penalty, "f32"),
    FIELD(phi_generate_options, presence_penalty, "f32"),
    FIELD(phi_generate_options, frequency_penalty, "f32"),
    FIELD(phi_generate_options, n_logprobs, "i32"),
    FIELD(phi_generate_options, seed, "u64"),
    FIELD(phi_generate_options, biases, "ptr"),
    FIELD(phi_generate_options, n_biases, "usize"),
    FIELD(phi_generate_options, stops, "ptr"),
    FIELD(phi_generate_options, n_stops, "usize"),
    FIELD(phi_generate_options, stop_ids, "ptr"),
    FIELD(phi_generate_options, n_stop_ids, "usize"),
    FIELD(phi_generate_options, constraint_kind, "i32"),
    FIELD(phi_generate_options, constraint, "str"),
    FIELD(phi_generate_options, constraint_flags, "str"),
    FIELD(phi_token_logprob, id, "i32"),
    FIELD(phi_token_logprob, logprob, "f32"),
    FIELD(phi_generated, id, "i32"),
    FIELD(phi_generated, finish, "i32"),
    FIELD(phi_generated, text, "ptr"),
    FIELD(phi_generated, text_bytes, "usize"),
    FIELD(phi_generated, logprob, "f32"),
    FIELD(phi_generated, n_top, "i32"),
    FIELD(phi_generated, top, "ptr"),
};

enum { ABI_JSON_BYTES = 8192 };

static size_t append(char *out, size_t at, const char *text)
{
    const size_t n = strlen(text);
    if (at + n >= ABI_JSON_BYTES)
        return at;
    memcpy(out + at, text, n + 1);
    return at + n;
}

static size_t append_structs(char *out, size_t at)
{
    char piece[160];
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const abi_field *f = &fields[i];
        const bool is_first = i == 0 || strcmp(f->struct_name, fields[i - 1].struct_name) != 0;
        if (is_first) {
            (void)phi_write_text(piece, sizeof piece, "%s\"%s\":{\"size\":%zu,\"fields\":{", i ? "}}," : "",
                                 f->struct_name, f->struct_size);
            at = append(out, at, piece);
        }
        (void)phi_write_text(piece, sizeof piece, "%s\"%s\":{\"offset\":%zu,\"type\":\"%s\"}", is_first ? "" : ",",
                             f->name, f->offset, f->type);
        at = append(out, at, piece);
    }
    return append(out, at, "}}");
}

const char *phi_abi_json(void)
{
    static char text[ABI_JSON_BYTES]; /* the same whoever writes it */
    char piece[96];
    size_t at = 0;
    (void)phi_write_text(piece, sizeof piece, "{\"version\":\"%s\",\"pointer_bytes\":%zu,\"structs\":{", PHI_VERSION,
                         sizeof(void *));
    at = append_structs(text, append(text, at, piece));
    at = append(text, at, "},\"statuses\":{");
#define PHI_STATUS(name, value, js, meaning)                                                             \
    (void)phi_write_text(piece, sizeof piece, "%s\"PHI_" #name "\":%d", (value) == 0 ? "" : ",", value); \
    at = append(text, at, piece);
#include "status.def"
#undef PHI_STATUS
    (void)append(text, at, "}}");
    return text;
}
