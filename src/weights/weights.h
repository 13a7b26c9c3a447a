/* Weights on their way from a file's byte ranges to the packed form that kernels read, and the views of them.
 *
 *   phi_weights_add() for every tensor a model binds      -> sizes are known          (plan)
 *   phi_weights_reserve()                                 -> one block, places dealt  (reserve once)
 *   phi_weights_wants() / phi_weights_provide()           -> ranges in, packed out    (load)
 *
 * A tensor is cut into pieces of whole 16-row groups that fit a staging slot. Pieces are asked for in file order, so
 * one sequential stream can serve them all. A slot's life:
 *
 *   FREE --wants()--> ASKED --provide()--> PACKING (a job of the pool) --done--> FREE
 *
 * Float matrices need no packing: their bytes go straight to their place and the job only checks that they are
 * finite. */
#ifndef PHI_WEIGHTS_H
#define PHI_WEIGHTS_H

#include "format.h"
#include "layouts.h"
#include "pool.h"

/* A matrix as kernels see it; y = W x. Immutable once loaded. A vector is a matrix of one F32 row. */
typedef struct phi_matrix {
    const uint8_t *data; /* layouts.h; 64-byte aligned; NULL until reserved */
    phi_layout layout;
    int32_t n_rows;
    int32_t n_cols;
    int32_t n_groups; /* of 16 rows (packed layouts), or n_rows (float layouts) */
} phi_matrix;

/* One tensor that a model wants loaded into a matrix. */
typedef struct phi_weight {
    const phi_tensor_info *tensor;
    phi_matrix *matrix;
    uint8_t *place;
    bool is_vector; /* converted to F32 whatever the file holds */
} phi_weight;

typedef struct phi_weight_range {
    uint64_t offset;
    uint8_t *dst;
    uint32_t bytes;
    uint32_t file_idx;
    uint32_t slot;
} phi_weight_range;

/* Half a megabyte a slot keeps a packing thread busy for some hundred microseconds, and the whole below the peak that a
 * session needs later. */
enum { PHI_WEIGHT_SLOTS = 8, PHI_STAGING_BYTES = 4 << 20 };

typedef struct phi_weight_slot phi_weight_slot;

typedef struct phi_weights {
    phi_weight *items; /* (n_items), in file order after reserve() */
    size_t n_items;
    size_t items_cap;
    uint64_t packed_bytes; /* what reserve() will take */
    uint64_t file_bytes;   /* what wants() will ask for in all */
    phi_arena region;      /* the packed weights */
    phi_arena staging;     /* slots; given back when everything is loaded */
    phi_weight_slot *slots;
    size_t slot_bytes;
    size_t next_item; /* the next piece to ask for */
    int32_t next_row;
    size_t n_open; /* slots that are not FREE */
    phi_weight_range ranges[PHI_WEIGHT_SLOTS];
    phi_pool *pool;
} phi_weights;

/* `arena` holds the list and outlives the weights. */
phi_status phi_weights_init(phi_weights *w, phi_arena *arena, size_t items_cap, phi_error *err);
void phi_weights_deinit(phi_weights *w); /* after the pool is drained */

/* Lists a tensor of shape (n_rows, n_cols) to be loaded into *matrix, whose fields but `data` are set now. Errors name
 * the tensor: wrong shape, columns that the layout cannot hold. */
phi_status phi_weights_add(phi_weights *w, phi_matrix *matrix, const phi_tensor_info *tensor, int32_t n_rows,
                           int32_t n_cols, phi_error *err);
/* A vector of n floats, F32 in memory. */
phi_status phi_weights_add_vector(phi_weights *w, phi_matrix *matrix, const phi_tensor_info *tensor, int32_t n,
                                  phi_error *err);

phi_status phi_weights_reserve(phi_weights *w, phi_pool *pool, size_t staging_bytes, phi_error *err);
/* Ranges that are asked for and not provided, ascending, borrowed until the next call. *n_out 0 and PHI_OK: all loaded.
 * Waits for the pool when every slot is being packed. An error of a packing job comes out here or in provide(). */
phi_status phi_weights_wants(const phi_weight_range **out, size_t *n_out, phi_weights *w, phi_error *err);
phi_status phi_weights_provide(phi_weights *w, uint32_t slot, uint32_t n_bytes, phi_error *err);

static inline const float *phi_vector_data(const phi_matrix *m)
{
    return (const float *)(const void *)m->data;
}

#endif
