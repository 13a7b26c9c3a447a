/* Tensor element types as files store them. */
#ifndef PHI_DTYPE_H
#define PHI_DTYPE_H

#include <stddef.h>
#include <stdint.h>

typedef enum phi_dtype {
#define PHI_DTYPE(name, elements, bytes, gguf_id) PHI_DTYPE_##name,
#include "dtypes.def"
#undef PHI_DTYPE
    PHI_N_DTYPES
} phi_dtype;

typedef struct phi_dtype_info {
    const char *name;
    uint16_t block_elements; /* consecutive elements of a row that share a block */
    uint16_t block_bytes;
    uint32_t gguf_id;
} phi_dtype_info;

/* NULL for a value outside the table. */
const phi_dtype_info *phi_dtype_get(phi_dtype dtype);

/* The dtype of a GGUF type id, or PHI_N_DTYPES when this build cannot load it. */
phi_dtype phi_dtype_of_gguf(uint32_t gguf_id);

/* The published name of a GGUF type id, also of those that are refused; NULL when unknown. */
const char *phi_dtype_gguf_name(uint32_t gguf_id);

#endif
