/* Ids -> text. A token may end inside a character, so up to three bytes wait for the next one. */
#include <string.h>

#include "tokenizer_impl.h"
#include "utf8.h"

_Static_assert(PHI_DECODER_BYTES_MAX >= 3 * (PHI_LIMIT_TOKEN_BYTES + 4), "each byte may become U+FFFD");

size_t phi_tokenizer_piece(uint8_t *out, const phi_tokenizer *t, int32_t id, bool shows_special)
{
    const phi_str text = phi_tokenizer_text(t, id);
    const phi_token_type type = phi_tokenizer_type(t, id);
    if (type == PHI_TOKEN_NORMAL || type == PHI_TOKEN_BYTE || type == PHI_TOKEN_USER_DEFINED)
        return t->family.piece(out, text, type);
    if (!shows_special || text.len == 0)
        return 0;
    memcpy(out, text.ptr, text.len);
    return text.len;
}

phi_decoder phi_decoder_open(bool is_start, bool shows_special)
{
    return (phi_decoder){.is_start = is_start, .shows_special = shows_special};
}

static size_t write_replacement(uint8_t *out)
{
    memcpy(out, "\xef\xbf\xbd", 3); /* U+FFFD */
    return 3;
}

/* Moves what the held bytes already settle to `out`. Afterwards they are the beginning of a character, or none. */
static size_t settle(uint8_t *out, phi_decoder *d)
{
    size_t n = 0;
    while (d->n_held > 0) {
        int32_t code_point;
        const size_t taken = phi_utf8_decode(&code_point, d->held, d->n_held);
        if (code_point == PHI_UTF8_CUT)
            break;
        if (code_point == PHI_UTF8_BAD) {
            n += write_replacement(out + n);
        } else {
            memcpy(out + n, d->held, taken);
            n += taken;
        }
        d->n_held = (uint8_t)(d->n_held - taken);
        memmove(d->held, d->held + taken, d->n_held);
    }
    return n;
}

size_t phi_decoder_push(uint8_t *out, phi_decoder *d, const phi_tokenizer *t, int32_t id)
{
    uint8_t piece[PHI_LIMIT_TOKEN_BYTES];
    const size_t n_piece = phi_tokenizer_piece(piece, t, id, d->shows_special);
    size_t at = 0;
    if (n_piece > 0 && d->is_start) {
        d->is_start = false;
        at = t->family.drops_first_space && piece[0] == ' ';
    }
    size_t n = 0;
    for (; at < n_piece; at++) {
        d->held[d->n_held++] = piece[at];
        n += settle(out + n, d);
    }
    return n;
}

size_t phi_decoder_flush(uint8_t *out, phi_decoder *d)
{
    const size_t n = d->n_held > 0 ? write_replacement(out) : 0;
    d->n_held = 0;
    return n;
}
