/* SentencePiece's scores, out of the list of merges that tokenizer.json has in their place.
 *
 * GGUF merges by the score of the piece that a merge makes, Hugging Face by the rank of the pair. The lists that were
 * made from SentencePiece models are all pairs of pieces whose join is a piece, sorted by that piece's score: then both
 * are one order, and it is enough to number the pieces as they appear. Pieces of equal score (runs of one character, in
 * Llama 2's) lie intermingled, and get one score again. A list of another kind is refused. */
#include <string.h>

#include "import_impl.h"
#include "limits.h"
#include "utf8.h"

enum { NORMAL = 1, UNUSED = 5, PROBES_MAX = 1024 };

typedef struct text_table {
    const phi_hf_tokens *t;
    uint32_t *slots; /* id + 1; 0 is free */
    uint32_t mask;
} text_table;

static uint32_t hash_bytes(uint32_t h, phi_str text)
{
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (uint8_t)text.ptr[i]) * 16777619u;
    return h;
}

static uint32_t slot_of(uint32_t h)
{
    h = (h ^ (h >> 16)) * 0x7feb352du;
    return h ^ (h >> 15);
}

static bool is_join(phi_str text, phi_str a, phi_str b)
{
    return text.len == a.len + b.len && phi_str_has_prefix(text, a) &&
           phi_str_equal((phi_str){text.ptr + a.len, b.len}, b);
}

/* The id of the token a + b, or -1. */
static int32_t find_join(const text_table *table, phi_str a, phi_str b)
{
    const uint32_t hash = slot_of(hash_bytes(hash_bytes(2166136261u, a), b));
    for (uint32_t i = 0; i < PROBES_MAX; i++) {
        const uint32_t slot = table->slots[(hash + i) & table->mask];
        if (slot == 0)
            return -1;
        if (is_join(table->t->texts[slot - 1], a, b))
            return (int32_t)slot - 1;
    }
    return -1;
}

static phi_status build_table(text_table *table, const phi_hf_tokens *t, phi_arena *arena, phi_error *err)
{
    uint32_t cap = 16;
    while (cap < 2u * (uint32_t)t->n_tokens)
        cap *= 2;
    *table = (text_table){t, phi_arena_zeroed(arena, uint32_t, cap), cap - 1};
    if (!table->slots)
        return phi_fail(err, PHI_ENOMEM, "tokenizer.json: no memory for a table of %u texts", cap);
    for (int32_t id = 0; id < t->n_tokens; id++) {
        const uint32_t hash = slot_of(hash_bytes(2166136261u, t->texts[id]));
        uint32_t i = 0;
        while (i < PROBES_MAX && table->slots[(hash + i) & table->mask] != 0)
            i++;
        if (i == PROBES_MAX)
            return phi_fail(err, PHI_ECORRUPT, "tokenizer.json: more than %d texts have hashes that collide",
                            PROBES_MAX);
        if (t->types[id] != UNUSED)
            table->slots[(hash + i) & table->mask] = (uint32_t)id + 1;
    }
    return PHI_OK;
}

/* Where each piece is first and last made; UINT32_MAX: never. */
typedef struct piece_ranks {
    uint32_t first, last;
} piece_ranks;

static phi_status rank_pieces(int32_t *made, piece_ranks *ranks, const text_table *table, phi_error *err)
{
    const phi_hf_tokens *t = table->t;
    for (int32_t id = 0; id < t->n_tokens; id++)
        ranks[id] = (piece_ranks){UINT32_MAX, UINT32_MAX};
    for (size_t rank = 0; rank < t->n_merges; rank++) {
        const phi_hf_merge *m = &t->merges[rank];
        const phi_str nothing = {"", 0};
        made[rank] = find_join(table, m->left, m->right);
        if (made[rank] < 0 || find_join(table, m->left, nothing) < 0 || find_join(table, m->right, nothing) < 0)
            return phi_fail(err, PHI_ECORRUPT,
                            "tokenizer.json: merge %zu, '%.*s' and '%.*s': not all are in the "
                            "vocabulary, or their join is not",
                            rank, m->left.len < 60 ? (int)m->left.len : 60, m->left.ptr,
                            m->right.len < 60 ? (int)m->right.len : 60, m->right.ptr);
        piece_ranks *r = &ranks[made[rank]];
        r->first = r->first == UINT32_MAX ? (uint32_t)rank : r->first;
        r->last = (uint32_t)rank;
    }
    return PHI_OK;
}

/* One character, several times. */
static bool is_run(phi_str text)
{
    int32_t c;
    const size_t n = phi_utf8_decode(&c, (const uint8_t *)text.ptr, text.len);
    for (size_t i = n; i < text.len; i++)
        if (text.ptr[i] != text.ptr[i - n])
            return false;
    return true;
}

static phi_status refuse_order(phi_str piece, phi_error *err)
{
    return phi_fail(
        err, PHI_EUNSUPPORTED,
        "tokenizer.json: the merges that make '%.*s' are not those of a SentencePiece model (all its pairs, in "
        "one place of the list); byte_fallback is supported for such models only",
        phi_str_print_len(piece), piece.ptr);
}

static phi_status score_groups(phi_hf_tokens *t, const int32_t *made, const piece_ranks *ranks, phi_error *err)
{
    uint32_t end = 0; /* the last rank of the group's pieces */
    float score = 0.0f;
    bool is_mixed = false;
    for (uint32_t rank = 0; rank < t->n_merges; rank++) {
        const int32_t id = made[rank];
        const bool begins = rank == 0 || rank > end;
        if (begins) {
            score -= 1.0f;
            is_mixed = false;
        } else if (id != made[rank - 1]) {
            is_mixed = true;
        }
        end = begins || ranks[id].last > end ? ranks[id].last : end;
        if (is_mixed && (!is_run(t->texts[id]) || !is_run(t->texts[made[rank - 1]])))
            return refuse_order(t->texts[id], err);
        t->scores[id] = score;
    }
    return PHI_OK;
}

/* Pairs of pieces whose join is a piece, by all ways to cut each. */
static phi_status check_complete(const text_table *table, const int32_t *made, phi_arena *arena, phi_error *err)
{
    const phi_hf_tokens *t = table->t;
    uint32_t *n_listed = phi_arena_zeroed(arena, uint32_t, (size_t)t->n_tokens);
    const phi_str nothing = {"", 0};
    if (!n_listed)
        return phi_fail(err, PHI_ENOMEM, "tokenizer.json: no memory to check %zu merges", t->n_merges);
    for (size_t rank = 0; rank < t->n_merges; rank++)
        n_listed[made[rank]]++;
    for (int32_t id = 0; id < t->n_tokens; id++) {
        const phi_str text = t->texts[id];
        uint32_t n_ways = 0;
        for (size_t cut = 1; t->types[id] == NORMAL && cut < text.len; cut++) {
            const int32_t left = find_join(table, (phi_str){text.ptr, cut}, nothing);
            const int32_t right = left < 0 ? -1 : find_join(table, (phi_str){text.ptr + cut, text.len - cut}, nothing);
            n_ways += right >= 0 && t->types[left] == NORMAL && t->types[right] == NORMAL;
        }
        if (t->types[id] == NORMAL && n_ways > n_listed[id])
            return refuse_order(text, err);
    }
    return PHI_OK;
}

phi_status phi_hf_score_tokens(phi_hf_tokens *t, phi_arena *arena, phi_error *err)
{
    enum { NEVER = -1000000000 };
    text_table table;
    int32_t *made = phi_arena_array(arena, int32_t, t->n_merges);
    piece_ranks *ranks = phi_arena_array(arena, piece_ranks, (size_t)t->n_tokens);
    t->scores = phi_arena_array(arena, float, (size_t)t->n_tokens);
    if (!made || !ranks || !t->scores)
        return phi_fail(err, PHI_ENOMEM, "tokenizer.json: no memory for %zu merges", t->n_merges);
    PHI_TRY(build_table(&table, t, arena, err));
    PHI_TRY(rank_pieces(made, ranks, &table, err));
    for (int32_t id = 0; id < t->n_tokens; id++)
        t->scores[id] = t->types[id] == NORMAL ? (float)NEVER : 0.0f;
    PHI_TRY(score_groups(t, made, ranks, err));
    return check_complete(&table, made, arena, err);
}
