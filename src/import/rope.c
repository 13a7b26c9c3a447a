/* Scaling of the rotary embedding, as the divisors that GGUF keeps in tensors. */
#include <math.h>

#include "elementary.h"
#include "import_impl.h"

#define AT(field) offsetof(phi_hf_rope, field)

static phi_status read_factors(phi_json_walk *w, void *field)
{
    phi_hf_floats *f = phi_arena_zeroed(w->r.arena, phi_hf_floats, 1);
    bool has_more;
    if (!f)
        return phi_fail(w->r.err, PHI_ENOMEM, "%s: no memory for the factors", w->r.what);
    PHI_TRY(phi_walk_enter(w, '['));
    for (;;) {
        PHI_TRY(phi_walk_item(w, &has_more));
        if (!has_more)
            break;
        if (f->n == PHI_HF_FACTORS_MAX)
            return phi_json_fail(&w->r, "at most 512 factors");
        PHI_TRY(phi_walk_real(w, &f->values[f->n++]));
    }
    *(phi_hf_floats **)field = f;
    return PHI_OK;
}

phi_status phi_hf_read_rope(phi_json_walk *w, void *field)
{
    static const phi_field fields[] = {
        {"rope_type", PHI_FIELD_TEXT, AT(type), NULL},
        {"type", PHI_FIELD_TEXT, AT(old_type), NULL},
        {"factor", PHI_FIELD_REAL, AT(factor), NULL},
        {"low_freq_factor", PHI_FIELD_REAL, AT(low_freq_factor), NULL},
        {"high_freq_factor", PHI_FIELD_REAL, AT(high_freq_factor), NULL},
        {"attention_factor", PHI_FIELD_REAL, AT(attention_factor), NULL},
        {"rope_theta", PHI_FIELD_REAL, AT(theta), NULL},
        {"partial_rotary_factor", PHI_FIELD_REAL, AT(partial), NULL},
        {"original_max_position_embeddings", PHI_FIELD_INT, AT(original_max), NULL},
        {"short_factor", PHI_FIELD_OTHER, AT(short_factor), read_factors},
        {"long_factor", PHI_FIELD_OTHER, AT(long_factor), read_factors},
    };
    return phi_walk_fields(w, fields, sizeof fields / sizeof fields[0], field);
}

static phi_status take_factors(const float **out, const phi_hf_floats *f, const char *name, int32_t n, phi_arena *arena,
                               phi_error *err)
{
    if (!f || f->n != n)
        return phi_fail(err, PHI_ECORRUPT, "config.json: %s has %d numbers, expected %d, half the rotated dimensions",
                        name, f ? (int)f->n : 0, (int)n);
    float *values = phi_arena_array(arena, float, (size_t)n);
    if (!values)
        return phi_fail(err, PHI_ENOMEM, "config.json: no memory for %d factors", (int)n);
    for (int32_t i = 0; i < n; i++) {
        values[i] = (float)f->values[i];
        if (!(values[i] > 0.0f && isfinite(values[i])))
            return phi_fail(err, PHI_ECORRUPT, "config.json: %s[%d] is %g, expected a positive number", name, (int)i,
                            f->values[i]);
    }
    *out = values;
    return PHI_OK;
}

/* LongRoPE (hf modeling_rope_utils.py, _compute_longrope_parameters). Type "yarn" of the first Phi-3 differs in the
 * factor on cos and sin only; llama.cpp's converter has the same two formulas. */
static phi_status take_long_rope(phi_hf_factors *out, const phi_hf_config *c, bool is_yarn, phi_arena *arena,
                                 phi_error *err)
{
    const double s = (double)c->max_position / (double)c->original_max;
    if (c->original_max < 2)
        return phi_fail(err, PHI_ECORRUPT, "config.json: original_max_position_embeddings is %lld, expected 2 or more",
                        (long long)c->original_max);
    out->n = phi_hf_rotary_dim(c) / 2;
    PHI_TRY(take_factors(&out->short_text, c->rope.short_factor, "short_factor", out->n, arena, err));
    PHI_TRY(take_factors(&out->long_text, c->rope.long_factor, "long_factor", out->n, arena, err));
    out->attention_factor = 1.0;
    if (s > 1.0)
        out->attention_factor = is_yarn ? 0.1 * phi_log(s) + 1.0
                                        : sqrt(1.0 + phi_log(s) / phi_log((double)c->original_max));
    if (c->rope.attention_factor > 0.0)
        out->attention_factor = c->rope.attention_factor;
    return PHI_OK;
}

/* Llama 3.1: low frequencies are divided by the factor, high ones are left alone, those between are blended. */
static phi_status take_llama3(phi_hf_factors *out, const phi_hf_config *c, phi_arena *arena, phi_error *err)
{
    const phi_hf_rope *r = &c->rope;
    const int32_t n_rot = phi_hf_rotary_dim(c);
    if (!(r->factor >= 1.0 && r->low_freq_factor > 0.0 && r->high_freq_factor > r->low_freq_factor))
        return phi_fail(err, PHI_ECORRUPT,
                        "config.json: llama3 scaling by %g between frequencies %g and %g, expected 1 or more and a low "
                        "one below a high one",
                        r->factor, r->low_freq_factor, r->high_freq_factor);
    out->n = n_rot / 2;
    float *divisors = phi_arena_array(arena, float, (size_t)out->n);
    if (!divisors)
        return phi_fail(err, PHI_ENOMEM, "config.json: no memory for %d factors", (int)out->n);
    for (int32_t i = 0; i < out->n; i++) {
        const double turns = (double)c->original_max /
                             (2.0 * 3.14159265358979323846 * phi_pow(c->theta, 2.0 * i / (double)n_rot));
        const double smooth = (turns - r->low_freq_factor) / (r->high_freq_factor - r->low_freq_factor);
        const double blended = 1.0 / ((1.0 - smooth) / r->factor + smooth);
        divisors[i] = (float)(turns < r->low_freq_factor ? r->factor : turns > r->high_freq_factor ? 1.0 : blended);
    }
    out->plain = divisors;
    return PHI_OK;
}

phi_status phi_hf_factors_of(phi_hf_factors *out, const phi_hf_config *c, phi_arena *arena, phi_error *err)
{
    const phi_str type = c->rope.type.len > 0 ? c->rope.type : c->rope.old_type;
    const bool is_phi3 = phi_hf_architecture(c)[0] == 'p';
    const bool is_yarn = phi_str_equal(type, PHI_STR("yarn"));
    *out = (phi_hf_factors){0};
    if (type.len == 0 || phi_str_equal(type, PHI_STR("default")))
        return PHI_OK;
    if (is_phi3 && (is_yarn || phi_str_equal(type, PHI_STR("su")) || phi_str_equal(type, PHI_STR("longrope"))))
        return take_long_rope(out, c, is_yarn, arena, err);
    if (!is_phi3 && phi_str_equal(type, PHI_STR("llama3")))
        return take_llama3(out, c, arena, err);
    if (!is_phi3 && phi_str_equal(type, PHI_STR("linear")) && c->rope.factor > 0.0) {
        out->linear = c->rope.factor;
        return PHI_OK;
    }
    return phi_fail(err, PHI_EUNSUPPORTED, "config.json: rope scaling '%.*s'; this build knows %s",
                    phi_str_print_len(type), type.ptr, is_phi3 ? "su, longrope, yarn" : "llama3, linear");
}
