/* GGUF, version 3 and (the same layout) 2, little endian. Specification: ggml, docs/gguf.md.
 *
 *   u32 "GGUF" | u32 version | u64 n_tensors | u64 n_metas | metas | infos | padding | tensor data
 */
#ifndef PHI_GGUF_H
#define PHI_GGUF_H

#include "format.h"

/* A row of formats.def; the contract is that of phi_directory_open(), which calls it and rewinds
 * `arena` on failure. */
phi_status phi_gguf_open(phi_directory *out, uint64_t *wanted_bytes, phi_arena *arena, phi_bytes header,
                         uint64_t file_bytes, phi_error *err);

#endif
