/* Fills the table of kernels for an instruction set, after probing what WebAssembly leaves to the machine. */
#include <string.h>

#include "kernels_f32.h"
#include "kernels_quant.h"
#include "relaxed_probe.h"

static bool is_in_build(phi_isa isa)
{
    switch (isa) {
    case PHI_ISA_SCALAR:
        return PHI_HAS_SCALAR;
    case PHI_ISA_SIMD128:
        return PHI_HAS_SIMD128_DOTS;
    default:
        return PHI_HAS_RELAXED;
    }
}

/* The isa whose relaxed dot reads bytes as this machine's does; PHI_ISA_RELAXED_I32: where it takes seven bits. */
static phi_isa isa_of_bytes(void)
{
    const phi_relaxed_bytes bytes = phi_relaxed_dot_bytes();
    return bytes == PHI_BYTES_SIGNED     ? PHI_ISA_RELAXED_S8
           : bytes == PHI_BYTES_UNSIGNED ? PHI_ISA_RELAXED_U8
                                         : PHI_ISA_RELAXED_I32;
}

bool phi_kernels_get(phi_kernels *out, phi_isa isa)
{
    static const char *const names[PHI_N_ISAS] = {"scalar",      "simd128",    "relaxed-i16",
                                                  "relaxed-i32", "relaxed-s8", "relaxed-u8"};
    if ((unsigned)isa >= PHI_N_ISAS || !is_in_build(isa) || (isa >= PHI_ISA_RELAXED_I16 && !phi_relaxed_is_exact()) ||
        (isa > PHI_ISA_RELAXED_I32 && isa != isa_of_bytes()))
        return false;
    out->name = names[isa];
    for (phi_isa level = PHI_ISA_SCALAR; level <= isa; level++) {
#define PHI_KERNEL(op, of_isa, function)                                                     \
    if ((PHI_HAS_SCALAR || PHI_ISA_##of_isa != PHI_ISA_SCALAR) && level == PHI_ISA_##of_isa) \
        out->op = function;
#define PHI_KERNEL_F32 PHI_KERNEL
#include "kernels.def"
#include "kernels_f32.def"
#undef PHI_KERNEL_F32
#undef PHI_KERNEL
    }
    return true;
}

/* One group of 8 blocks, in cache: what the two relaxed forms differ in is the arithmetic. */
enum { TRIAL_COLS = 256, TRIAL_BLOCKS = TRIAL_COLS / PHI_BLOCK_COLS, TRIAL_CALLS = 64, TRIAL_ROUNDS = 8 };

typedef struct trial {
    _Alignas(16) uint8_t w[TRIAL_BLOCKS * 288];
    _Alignas(16) int8_t q[TRIAL_COLS];
    _Alignas(16) float scale[TRIAL_BLOCKS], weighted[TRIAL_BLOCKS], y[PHI_GROUP_ROWS];
    _Alignas(16) int16_t sums[TRIAL_BLOCKS * 4];
} trial;

static double time_us(const phi_kernels *k, trial *t, double (*now_us)(void))
{
    const phi_q8 x = {t->q, t->scale, t->weighted, t->sums, TRIAL_COLS};
    const double start = now_us();
    for (int i = 0; i < TRIAL_CALLS; i++)
        k->gemv[PHI_LAYOUT_Q4](t->y, &x, t->w, 1);
    return now_us() - start;
}

/* The probe tells what the machine has; the clock overrules it only where it is sure, since at start-up this code may
 * still run unoptimised. */
phi_isa phi_kernels_best(double (*now_us)(void))
{
    phi_kernels forms[2];
    if (!phi_kernels_get(&forms[0], PHI_ISA_RELAXED_I16) || !phi_kernels_get(&forms[1], PHI_ISA_RELAXED_I32))
        return PHI_ISA_SIMD128;
    const phi_isa wide = isa_of_bytes();
    const int expected = wide != PHI_ISA_RELAXED_I32 ? 1 : 0, other = 1 - expected;
    int best = expected;
    if (now_us) {
        trial t;
        memset(&t, 0, sizeof t);
        double fastest[2] = {1e9, 1e9};
        for (int round = 0; round < 2 * TRIAL_ROUNDS; round++) {
            const double us = time_us(&forms[round % 2], &t, now_us);
            fastest[round % 2] = us < fastest[round % 2] ? us : fastest[round % 2];
        }
        best = fastest[other] * 1.25 < fastest[expected] ? other : expected;
    }
    return best == 0 ? PHI_ISA_RELAXED_I16 : wide;
}
