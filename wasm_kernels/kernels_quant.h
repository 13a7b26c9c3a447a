/* Prototypes of the quantised kernels, from their table: each has the type of the op that it implements. */
#ifndef PHI_KERNELS_QUANT_H
#define PHI_KERNELS_QUANT_H

#include "isa.h"
#include "kernels.h"

#define PHI_KERNEL(op, isa, function) __typeof__(*((phi_kernels *)0)->op) function;
#include "kernels.def"
#undef PHI_KERNEL

#endif
