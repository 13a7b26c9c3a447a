/* Text -> id. A text may be there twice only if all but one of the ids are unused (padding rows). */
#include "tokenizer_impl.h"

enum {
    ID_BITS = 21,
    /* An honest table, at most half full, stays far below; a hostile one would make every lookup a walk. */
    PROBES_MAX = 1024
};
_Static_assert(PHI_LIMIT_VOCABULARY < 1 << ID_BITS, "id + 1 fits its bits");

/* FNV-1a (Fowler, Noll, Vo), then an avalanche, for the low bits choose the slot. */
static uint32_t hash_text(phi_str text)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (uint8_t)text.ptr[i]) * 16777619u;
    h = (h ^ (h >> 16)) * 0x7feb352du;
    return h ^ (h >> 15);
}

static uint32_t tag_of(uint32_t hash)
{
    return hash & ~((1u << ID_BITS) - 1);
}

static int32_t id_of(uint32_t slot)
{
    return (int32_t)(slot & ((1u << ID_BITS) - 1)) - 1;
}

int32_t phi_token_table_find(const phi_tokenizer *t, phi_str text)
{
    const uint32_t hash = hash_text(text);
    const uint32_t tag = tag_of(hash);
    for (uint32_t i = 0; i < PROBES_MAX; i++) {
        const uint32_t slot = t->table.slots[(hash + i) & t->table.mask];
        if (slot == 0)
            return -1;
        if (tag_of(slot) == tag && phi_str_equal(t->texts[id_of(slot)], text))
            return id_of(slot);
    }
    return -1;
}

static phi_status insert(phi_tokenizer *t, int32_t id, phi_error *err)
{
    const phi_str text = t->texts[id];
    const uint32_t hash = hash_text(text);
    for (uint32_t i = 0; i < PROBES_MAX; i++) {
        uint32_t *slot = &t->table.slots[(hash + i) & t->table.mask];
        if (*slot == 0) {
            *slot = tag_of(hash) | (uint32_t)(id + 1);
            return PHI_OK;
        }
        if (tag_of(*slot) != tag_of(hash) || !phi_str_equal(t->texts[id_of(*slot)], text))
            continue;
        if (t->types[id] == PHI_TOKEN_UNUSED)
            return PHI_OK;
        return phi_fail(err, PHI_ECORRUPT, "vocabulary: tokens %d and %d have the same text \"%.*s\"", id_of(*slot), id,
                        phi_str_print_len(text), text.ptr);
    }
    return phi_fail(err, PHI_ECORRUPT, "vocabulary: token %d: more than %d texts have hashes that collide", id,
                    PROBES_MAX);
}

phi_status phi_token_table_build(phi_tokenizer *t, phi_arena *arena, phi_error *err)
{
    uint32_t cap = 16;
    while (cap < 2u * (uint32_t)t->n_tokens)
        cap *= 2;
    t->table.mask = cap - 1;
    t->table.slots = phi_arena_zeroed(arena, uint32_t, cap);
    if (!t->table.slots)
        return phi_fail(err, PHI_ENOMEM, "tokenizer: no memory for a table of %u texts", cap);
    /* Unused ids last: then a text that is there twice belongs to the id that is in use. */
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t id = 0; id < t->n_tokens; id++) {
            if (t->texts[id].len > 0 && (t->types[id] == PHI_TOKEN_UNUSED) == (pass == 1))
                PHI_TRY(insert(t, id, err));
        }
    }
    return PHI_OK;
}
