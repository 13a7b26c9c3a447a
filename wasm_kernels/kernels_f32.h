/* Prototypes of the float kernels, from their table: each has the type of the op that it implements. */
#ifndef PHI_KERNELS_F32_H
#define PHI_KERNELS_F32_H

#include "kernels.h"

#define PHI_KERNEL_F32(op, isa, function) __typeof__(*((phi_kernels *)0)->op) function;
#include "kernels_f32.def"
#undef PHI_KERNEL_F32

#endif
