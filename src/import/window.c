/* Output bytes out of source bytes.
 *
 *   source rows   [ … | first_row ………… first_row + n_rows | … ]     in memory: the window
 *   output rows         [ asked for, whole ones, ………… ]             converted into `out`, cut to the bytes asked for
 *
 * The next rows of the same tensor are read behind those that are still wanted, so a reader that goes front to back
 * asks for every source byte once, in order, even if its ranges cut rows. */
#include <inttypes.h>
#include <string.h>

#include "import_impl.h"
#include "limits.h"
#include "quantize.h"

enum { PIECE_BYTES = 1 << 20 };

static const uint8_t zeros[64];

/* Rows that are converted together: whole heads, if their rows change places. */
static uint64_t rows_of_piece(const phi_product *p)
{
    const uint64_t largest = p->row_bytes > p->source_row_bytes ? p->row_bytes : p->source_row_bytes;
    const uint64_t step = p->head_rows > 0 ? p->head_rows : 1;
    const uint64_t rows = PIECE_BYTES / largest / step * step;
    return rows > 0 ? rows : step;
}

phi_status phi_window_init(phi_import *i)
{
    uint64_t source_max = 0;
    uint64_t out_max = 0;
    uint64_t cols_max = 0;
    for (size_t k = 0; k < i->n_products; k++) {
        const phi_product *p = &i->products[k];
        /* A piece that begins within a head or a row keeps it from the piece before. */
        const uint64_t rows = rows_of_piece(p) + (p->head_rows > 0 ? p->head_rows : 1);
        source_max = rows * p->source_row_bytes > source_max ? rows * p->source_row_bytes : source_max;
        out_max = rows * p->row_bytes > out_max ? rows * p->row_bytes : out_max;
        cols_max = p->n_cols > cols_max ? p->n_cols : cols_max;
    }
    if (source_max > PHI_LIMIT_HEADER_BYTES || out_max > PHI_LIMIT_HEADER_BYTES)
        return phi_fail(&i->error, PHI_EUNSUPPORTED, "rows of %" PRIu64 " bytes, expected at most %d",
                        source_max > out_max ? source_max : out_max, PHI_LIMIT_HEADER_BYTES);
    i->window.source = phi_arena_array(&i->arena, uint8_t, (size_t)source_max);
    i->window.out = phi_arena_array(&i->arena, uint8_t, (size_t)out_max);
    i->window.row = phi_arena_array(&i->arena, float, (size_t)cols_max);
    if (!i->window.source || !i->window.out || !i->window.row)
        return phi_fail(&i->error, PHI_ENOMEM, "no memory for rows of %" PRIu64 " bytes", source_max);
    return PHI_OK;
}

/* The last tensor of the output that begins at `offset` or before it; NULL: the offset is in the header. */
static const phi_product *product_at(const phi_import *i, const phi_output *o, uint64_t offset)
{
    size_t first = o->first;
    size_t n = o->n;
    if (o->n == 0 || offset < i->products[first].offset)
        return NULL;
    while (n > 1) {
        const size_t half = n / 2;
        if (i->products[first + half].offset <= offset) {
            first += half;
            n -= half;
        } else {
            n = half;
        }
    }
    return &i->products[first];
}

/* Bytes that are there already. */
static void give(phi_import *i, const uint8_t *bytes, uint64_t n, uint32_t n_max)
{
    i->window.asked = (phi_import_asked){.bytes = bytes, .n = n < n_max ? (uint32_t)n : n_max};
}

/* Which source rows [from, to) the asked output rows are made of. */
static void source_rows(uint64_t *from, uint64_t *to, const phi_import_asked *a)
{
    const uint64_t step = a->product->head_rows > 0 ? a->product->head_rows : 1;
    *from = a->first_row / step * step;
    *to = (a->first_row + a->n_rows + step - 1) / step * step;
}

static void ask_rows(phi_import *i, const phi_product *p, uint64_t at, uint32_t bytes, phi_import_range *r)
{
    phi_window *w = &i->window;
    const uint64_t first = at / p->row_bytes;
    const uint64_t most = p->n_rows * p->row_bytes - at;
    const uint64_t end = at + (bytes < most ? bytes : most);
    uint64_t n = (end + p->row_bytes - 1) / p->row_bytes - first;
    n = n < rows_of_piece(p) ? n : rows_of_piece(p);
    const uint64_t room = n * p->row_bytes - at % p->row_bytes;
    w->asked = (phi_import_asked){.n = (uint32_t)(end - at < room ? end - at : room),
                                  .product = p,
                                  .first_row = first,
                                  .n_rows = n,
                                  .skip = (uint32_t)(at % p->row_bytes)};
    uint64_t from;
    uint64_t to;
    source_rows(&from, &to, &w->asked);
    /* What the window has of them stays. */
    const uint64_t have = w->first_row + w->n_rows;
    const bool continues = w->product == p && from >= w->first_row && from <= have;
    uint64_t kept = 0;
    if (continues) {
        kept = (have < to ? have : to) - from;
        memmove(w->source, w->source + (from - w->first_row) * p->source_row_bytes,
                (size_t)(kept * p->source_row_bytes));
    }
    w->product = p;
    w->first_row = from;
    w->n_rows = kept; /* the others are there when take() has seen them: a read may fail, and be asked for again */
    *r = (phi_import_range){.offset = p->source_offset + (from + kept) * p->source_row_bytes,
                            .dst = w->source + kept * p->source_row_bytes,
                            .bytes = (uint32_t)((to - from - kept) * p->source_row_bytes),
                            .file_idx = p->file_idx};
}

phi_status phi_import_ask(phi_import *i, uint32_t output_idx, uint64_t offset, uint32_t bytes, phi_import_range *r)
{
    *r = (phi_import_range){.bytes = 0};
    if (!i->is_finished || output_idx >= i->n_outputs)
        return phi_fail(&i->error, PHI_EINVAL, "ask: output %u of %u", output_idx, i->is_finished ? i->n_outputs : 0);
    const phi_output *o = &i->outputs[output_idx];
    if (bytes == 0 || offset >= o->bytes)
        return phi_fail(&i->error, PHI_EINVAL, "ask: %u bytes at %" PRIu64 " of a file of %" PRIu64, bytes, offset,
                        o->bytes);
    const phi_product *p = product_at(i, o, offset);
    if (!p) {
        give(i, o->header + offset, o->header_bytes - offset, bytes);
        return PHI_OK;
    }
    const uint64_t at = offset - p->offset;
    const uint64_t n = p->n_rows * p->row_bytes;
    const bool is_last = p == &i->products[o->first + o->n - 1];
    const uint64_t next = is_last ? o->bytes : p[1].offset;
    if (at >= n)
        give(i, zeros, next - offset, bytes);
    else if (p->constant)
        give(i, (const uint8_t *)p->constant + at, n - at, bytes);
    else
        ask_rows(i, p, at, bytes, r);
    return PHI_OK;
}

/* Output row `row` of a head is its half's source row. */
static uint64_t source_row(const phi_product *p, uint64_t row)
{
    if (p->head_rows == 0)
        return row;
    const uint64_t in_head = row % p->head_rows;
    return row - in_head + in_head / 2 + (in_head % 2) * (p->head_rows / 2);
}

/* The largest magnitude that a type holds: f16's, as a value or as a scale. */
static float largest_of(phi_dtype dtype)
{
    const float half = 65519.0f;
    return dtype == PHI_DTYPE_F16    ? half
           : dtype == PHI_DTYPE_Q4_0 ? 8.0f * half
           : dtype == PHI_DTYPE_Q8_0 ? 127.0f * half
                                     : 3.4e38f;
}

static phi_status fail_row(phi_import *i, const phi_product *p, uint64_t row, const uint8_t *bytes)
{
    const float most = largest_of(p->dtype);
    size_t col = 0;
    (void)phi_quantizers_scalar.expand(i->window.row, bytes, p->from, (size_t)p->n_cols);
    while (col + 1 < p->n_cols && i->window.row[col] <= most && i->window.row[col] >= -most)
        col++;
    i->window.product = NULL;
    return phi_fail(&i->error, PHI_ECORRUPT,
                    "tensor '%.*s', row %" PRIu64 ", column %zu: %g, expected a finite number that %s can hold",
                    phi_str_print_len(p->name), p->name.ptr, row, col, (double)i->window.row[col],
                    phi_dtype_get(p->dtype)->name);
}

phi_status phi_import_take(phi_import *i, const uint8_t **out, uint32_t *n_out)
{
    phi_window *w = &i->window;
    const phi_import_asked a = w->asked;
    *out = a.bytes;
    *n_out = a.n;
    if (a.bytes)
        return PHI_OK;
    const phi_product *p = a.product;
    if (!p)
        return phi_fail(&i->error, PHI_EINVAL, "take: nothing was asked for");
    const phi_row_kind kind = {p->dtype, p->from, (size_t)p->n_cols};
    for (uint64_t k = 0; k < a.n_rows; k++) {
        const uint64_t row = source_row(p, a.first_row + k);
        const uint8_t *source = w->source + (row - w->first_row) * p->source_row_bytes;
        if (!phi_quantize_row(w->out + k * p->row_bytes, source, kind, w->row, &phi_quantizers_simd))
            return fail_row(i, p, row, source);
    }
    uint64_t from;
    uint64_t to;
    source_rows(&from, &to, &a);
    w->n_rows = to - from;
    *out = w->out + a.skip;
    return PHI_OK;
}
