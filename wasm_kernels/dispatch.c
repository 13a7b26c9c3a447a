/* Fills the table of kernels for an instruction set, after probing what WebAssembly leaves to the machine. */
#include "kernels_f32.h"
#include "kernels_quant.h"

static void fill(phi_kernels *out, phi_isa isa)
{
    static const char *const names[PHI_N_ISAS] = {"scalar", "simd128", "relaxed-i16", "relaxed-i32"};
    out->name = names[isa];
    for (phi_isa level = PHI_ISA_SCALAR; level <= isa; level++) {
#define PHI_KERNEL(op, of_isa, function) \
    if (level == PHI_ISA_##of_isa)       \
        out->op = function;
#define PHI_KERNEL_F32 PHI_KERNEL
#include "kernels.def"
#include "kernels_f32.def"
#undef PHI_KERNEL_F32
#undef PHI_KERNEL
    }
}

bool phi_kernels_get(phi_kernels *out, phi_isa isa)
{
    if (isa >= PHI_ISA_SIMD128)
        return false;
    fill(out, isa);
    return true;
}

phi_isa phi_kernels_best(double (*now_us)(void))
{
    (void)now_us;
    return PHI_ISA_SCALAR;
}
