/* What the relaxed dot products of this machine compute. */
#ifndef PHI_RELAXED_PROBE_H
#define PHI_RELAXED_PROBE_H

#include <stdbool.h>

/* Whether both dots are exact for signed bytes times bytes below 128, as the standard promises and the kernels need. */
bool phi_relaxed_is_exact(void);

/* How i32x4.relaxed_dot_i8x16_i7x16_add reads bytes of its second operand, if it sums in 32 bits, as machines with an
 * instruction for it do (vpdpbusd; vpdpbssd, sdot). Others build it from 16-bit sums and several instructions: then the
 * 16-bit form is faster, and bytes past 127 are out of question. The standard lets an implementation choose once, for
 * all of its running time: what the probe sees holds everywhere. */
typedef enum phi_relaxed_bytes { PHI_BYTES_NARROW, PHI_BYTES_SIGNED, PHI_BYTES_UNSIGNED } phi_relaxed_bytes;
phi_relaxed_bytes phi_relaxed_dot_bytes(void);

#endif
