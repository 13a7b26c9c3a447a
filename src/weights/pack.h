/* File blocks to packed groups (layouts.h). Exact: a packed weight has the value that the file gives it. */
#ifndef PHI_PACK_H
#define PHI_PACK_H

#include "dtype.h"
#include "layouts.h"
#include "status.h"

/* The layout that a matrix of `dtype` is kept in. F32, F16 and BF16 stay as they are. */
phi_layout phi_pack_layout_of(phi_dtype dtype);

/* Packs one group. `rows` holds n_rows (1 … 16) rows of file blocks, one after the other, unaligned; rows that are
 * missing become zeros. `out` takes phi_layout_group_bytes(). n_cols is a multiple of phi_layout_cols_step().
 * PHI_ECORRUPT: a scale or a minimum is infinite or NaN; then *out is undefined. */
phi_status phi_pack_group(uint8_t *out, phi_dtype dtype, const uint8_t *rows, int32_t n_rows, int32_t n_cols,
                          phi_error *err);

#endif
