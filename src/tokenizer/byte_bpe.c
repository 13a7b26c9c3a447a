/* Byte-level BPE (GPT-2 and after: Phi-4, Phi-4-mini, SmolLM2, Llama 3): the text is split into pieces (pretokenize.c),
 * and the bytes of a piece merge by a list of pairs in rank order.
 *
 * Files spell a token with one printable character a byte: "Ġthe" is " the". Bytes 33..126, 161..172 and 174..255 are
 * themselves, the others are U+0100 and up in order. The map is arithmetic, so the texts stay as the file has them. */
#include "pretokenize.h"
#include "tokenizer_impl.h"
#include "utf8.h"

enum { PROBES_MAX = 1024 }; /* see token_table.c */

static int32_t character_of_byte(uint8_t byte)
{
    if (byte <= 32)
        return 256 + byte;
    if (byte >= 127 && byte <= 160)
        return 289 + (byte - 127);
    return byte == 173 ? 323 : byte;
}

/* -1: not a character that stands for a byte. */
static int32_t byte_of_character(int32_t code_point)
{
    if (code_point >= 256 && code_point <= 288)
        return code_point - 256;
    if (code_point >= 289 && code_point <= 322)
        return code_point - 289 + 127;
    if (code_point == 323)
        return 173;
    const bool is_itself = (code_point >= 33 && code_point <= 126) || (code_point >= 161 && code_point <= 255);
    return is_itself && code_point != 173 ? code_point : -1;
}

/* At most 2 * n bytes. */
static size_t write_spelling(uint8_t *out, phi_str bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes.len; i++)
        n += phi_utf8_encode(out + n, (uint32_t)character_of_byte((uint8_t)bytes.ptr[i]));
    return n;
}

static size_t copy_text(uint8_t *out, phi_str text)
{
    for (size_t i = 0; i < text.len; i++)
        out[i] = (uint8_t)text.ptr[i];
    return text.len;
}

/* User-defined tokens are raw text, and so is a text that is not spelled in this way. */
static size_t write_piece(uint8_t *out, phi_str text, phi_token_type type)
{
    if (type == PHI_TOKEN_USER_DEFINED)
        return copy_text(out, text);
    size_t n = 0;
    for (size_t at = 0; at < text.len;) {
        int32_t code_point;
        at += phi_utf8_decode(&code_point, (const uint8_t *)text.ptr + at, text.len - at);
        const int32_t byte = byte_of_character(code_point);
        if (byte < 0)
            return copy_text(out, text);
        out[n++] = (uint8_t)byte;
    }
    return n;
}

/* ------------------------------------------------------------------ merges */

static uint32_t hash_pair(int32_t left, int32_t right)
{
    uint32_t h = (uint32_t)left * 0x9e3779b1u ^ (uint32_t)right * 0x85ebca6bu;
    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    return h ^ (h >> 13);
}

/* The rank of the merge, or -1. */
static int32_t find_merge(const phi_byte_tables *b, int32_t left, int32_t right)
{
    const uint32_t hash = hash_pair(left, right);
    for (uint32_t i = 0; i < PROBES_MAX; i++) {
        const uint32_t slot = b->slots[(hash + i) & b->mask];
        if (slot == 0)
            break;
        if (b->merges[slot - 1].left == left && b->merges[slot - 1].right == right)
            return (int32_t)slot - 1;
    }
    return -1;
}

static bool lookup_merge(uint32_t *rank, int32_t *id, const void *context, const phi_bpe_symbol *left,
                         const phi_bpe_symbol *right)
{
    const phi_byte_tables *b = context;
    const int32_t found = find_merge(b, left->id, right->id);
    if (found < 0)
        return false;
    *rank = (uint32_t)found;
    *id = b->merges[found].result;
    return true;
}

/* ------------------------------------------------------------------ encoding */

static int32_t find_whole(const phi_tokenizer *t, phi_str piece)
{
    uint8_t spelling[2 * PHI_LIMIT_TOKEN_BYTES];
    if (piece.len > t->u.byte.text_bytes_max)
        return -1;
    const int32_t id = phi_token_table_find(t, (phi_str){(const char *)spelling, write_spelling(spelling, piece)});
    return id >= 0 && t->types[id] == PHI_TOKEN_NORMAL ? id : -1;
}

static phi_status encode_piece(phi_encoder *e, phi_bpe_work *w, phi_str piece, phi_error *err)
{
    const phi_byte_tables *b = &e->t->u.byte;
    if (phi_pretokenizer_takes_whole(b->pre)) {
        const int32_t id = find_whole(e->t, piece);
        if (id >= 0) {
            phi_encoder_push(e, id);
            return PHI_OK;
        }
    }
    PHI_TRY(phi_bpe_work_reserve(w, piece.len, err));
    for (size_t i = 0; i < piece.len; i++) {
        const int32_t id = b->byte_ids[(uint8_t)piece.ptr[i]];
        if (id >= 0) /* else it is dropped, and its neighbours meet: as Hugging Face's tokenizers do */
            phi_bpe_work_add(w, (uint32_t)i, 1, id);
    }
    phi_bpe_work_merge(w, lookup_merge, b);
    for (int32_t i = phi_bpe_work_first(w); i != PHI_BPE_NO_SYMBOL; i = w->symbols[i].next)
        phi_encoder_push(e, w->symbols[i].id);
    return PHI_OK;
}

static phi_status encode_segment(phi_encoder *e, phi_str segment, phi_error *err)
{
    phi_bpe_work w = phi_bpe_work_open(e->scratch);
    for (size_t at = 0; at < segment.len;) {
        const size_t end = phi_pretokenizer_piece_end(e->t->u.byte.pre, segment, at);
        PHI_TRY(encode_piece(e, &w, (phi_str){segment.ptr + at, end - at}, err));
        at = end;
    }
    return PHI_OK;
}

/* ------------------------------------------------------------------ building */

static int32_t find_part(const phi_tokenizer *t, phi_str text)
{
    const int32_t id = text.len > PHI_LIMIT_TOKEN_BYTES ? -1 : phi_token_table_find(t, text);
    return id >= 0 && phi_token_is_mergeable(t, id) ? id : -1;
}

/* "left right" -> ids, -1 for what the vocabulary lacks. PHI_ECORRUPT without two parts. */
static phi_status read_merge(phi_byte_merge *out, const phi_tokenizer *t, const phi_vocabulary *v, size_t rank,
                             phi_error *err)
{
    const phi_str line = v->merges[rank];
    size_t space = 1;
    while (space < line.len && line.ptr[space] != ' ')
        space++;
    if (space + 1 >= line.len)
        return phi_fail(err, PHI_ECORRUPT, "vocabulary: merge %zu is \"%.*s\"; expected \"left right\"", rank,
                        phi_str_print_len(line), line.ptr);
    const phi_str right = {line.ptr + space + 1, line.len - space - 1};
    out->left = find_part(t, (phi_str){line.ptr, space});
    out->right = find_part(t, right);
    out->result = -1;
    if (out->left < 0 || out->right < 0 || line.len - 1 > PHI_LIMIT_TOKEN_BYTES)
        return PHI_OK;
    char joined[PHI_LIMIT_TOKEN_BYTES];
    for (size_t i = 0; i + 1 < line.len; i++)
        joined[i] = line.ptr[i < space ? i : i + 1];
    out->result = find_part(t, (phi_str){joined, line.len - 1});
    return PHI_OK;
}

static phi_status insert_merge(phi_byte_tables *b, uint32_t rank, phi_error *err)
{
    const phi_byte_merge *m = &b->merges[rank];
    const uint32_t hash = hash_pair(m->left, m->right);
    for (uint32_t i = 0; i < PROBES_MAX; i++) {
        uint32_t *slot = &b->slots[(hash + i) & b->mask];
        if (*slot == 0) {
            *slot = rank + 1;
            return PHI_OK;
        }
        if (b->merges[*slot - 1].left == m->left && b->merges[*slot - 1].right == m->right)
            return PHI_OK; /* the first of equals counts */
    }
    return phi_fail(err, PHI_ECORRUPT, "vocabulary: merge %u: more than %d merges have hashes that collide", rank,
                    PROBES_MAX);
}

static phi_status build_merges(phi_tokenizer *t, phi_arena *arena, const phi_vocabulary *v, phi_error *err)
{
    phi_byte_tables *b = &t->u.byte;
    if (v->n_merges == 0 || v->n_merges > PHI_LIMIT_ARRAY_ITEMS)
        return phi_fail(err, PHI_ECORRUPT, "vocabulary: %zu merges; expected 1 to %d for byte-level BPE", v->n_merges,
                        PHI_LIMIT_ARRAY_ITEMS);
    uint32_t cap = 16;
    while (cap < v->n_merges + v->n_merges / 2)
        cap *= 2;
    b->mask = cap - 1;
    b->slots = phi_arena_zeroed(arena, uint32_t, cap);
    b->merges = phi_arena_array(arena, phi_byte_merge, v->n_merges);
    if (!b->slots || !b->merges)
        return phi_fail(err, PHI_ENOMEM, "tokenizer: no memory for %zu merges", v->n_merges);
    for (size_t rank = 0; rank < v->n_merges; rank++) {
        PHI_TRY(read_merge(&b->merges[rank], t, v, rank, err));
        if (b->merges[rank].result >= 0)
            PHI_TRY(insert_merge(b, (uint32_t)rank, err));
    }
    return PHI_OK;
}

static void find_byte_tokens(phi_tokenizer *t)
{
    phi_byte_tables *b = &t->u.byte;
    for (int byte = 0; byte < 256; byte++) {
        const char raw = (char)byte;
        uint8_t spelling[2];
        const size_t n = write_spelling(spelling, (phi_str){&raw, 1});
        b->byte_ids[byte] = find_part(t, (phi_str){(const char *)spelling, n});
    }
    for (int32_t id = 0; id < t->n_tokens; id++)
        if (t->types[id] == PHI_TOKEN_NORMAL && t->texts[id].len > b->text_bytes_max)
            b->text_bytes_max = t->texts[id].len;
}

phi_status phi_byte_bpe_build(phi_tokenizer *t, phi_arena *arena, const phi_vocabulary *v, phi_error *err)
{
    t->u.byte.pre = phi_pretokenizer_find(v->pre);
    if (!t->u.byte.pre)
        return phi_fail(err, PHI_EUNSUPPORTED, "vocabulary: pre-tokenizer \"%.*s\"; this build knows %s",
                        phi_str_print_len(v->pre), v->pre.ptr, phi_pretokenizer_names());
    find_byte_tokens(t);
    PHI_TRY(build_merges(t, arena, v, err));
    t->family = (phi_token_family){encode_segment, write_piece, 1, false};
    return PHI_OK;
}
