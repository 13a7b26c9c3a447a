#include "relaxed_probe.h"

#include "isa.h"

#if PHI_HAS_RELAXED
#include <string.h>

#include "simd.h"

typedef struct dot_result {
    int32_t pairs[8]; /* of i16x8.relaxed_dot */
    int32_t quads[4]; /* of i32x4.relaxed_dot_add, minus the addend */
} dot_result;

/* The operands come through volatile memory: folded at compile time, the dots would show the compiler's choice. */
static dot_result machine_dots(const int8_t a[16], const uint8_t w[16])
{
    volatile int8_t va[16];
    volatile uint8_t vw[16];
    int8_t copy_a[16];
    uint8_t copy_w[16];
    for (int i = 0; i < 16; i++) {
        va[i] = a[i];
        vw[i] = w[i];
        copy_a[i] = va[i];
        copy_w[i] = vw[i];
    }
    const v128_t lhs = wasm_v128_load(copy_a), rhs = wasm_v128_load(copy_w);
    int16_t pairs[8];
    dot_result result;
    wasm_v128_store(pairs, wasm_i16x8_relaxed_dot_i8x16_i7x16(lhs, rhs));
    for (int i = 0; i < 8; i++)
        result.pairs[i] = pairs[i];
    const v128_t addend = wasm_i32x4_splat(1000);
    wasm_v128_store(result.quads, wasm_i32x4_sub(wasm_i32x4_relaxed_dot_i8x16_i7x16_add(lhs, rhs, addend), addend));
    return result;
}

bool phi_relaxed_is_exact(void)
{
    static const int8_t a[16] = {127, 127, -127, -127, 127, -127, -1, 1, 0, 5, -5, 100, -128, 0, 64, -64};
    static const uint8_t w[16] = {63, 63, 63, 63, 127, 127, 15, 15, 31, 31, 8, 7, 31, 32, 127, 1};
    const dot_result got = machine_dots(a, w);
    bool is_exact = true;
    for (int i = 0; i < 8; i++)
        is_exact = is_exact && got.pairs[i] == a[2 * i] * w[2 * i] + a[2 * i + 1] * w[2 * i + 1];
    for (int i = 0; i < 4; i++)
        is_exact = is_exact && got.quads[i] == got.pairs[2 * i] + got.pairs[2 * i + 1];
    return is_exact;
}

/* Outside the promised range the machines differ, and show what they are made of. Four products -128 * 255 (read
 * unsigned: -130560; read signed, -1: 512) and four -128 * 128 (unsigned -65536, signed +65536): 16-bit sums
 * saturate on the first (x64, -65536) or wrap around on the second (arm64). */
bool phi_relaxed_dot_is_wide(void)
{
    int8_t a[16];
    uint8_t w[16];
    memset(a, -128, sizeof a);
    memset(w, 255, sizeof w);
    const int32_t with_255 = machine_dots(a, w).quads[0];
    memset(w, 128, sizeof w);
    const int32_t with_128 = machine_dots(a, w).quads[0];
    return (with_255 == -130560 && with_128 == -65536) || (with_255 == 512 && with_128 == 65536);
}
#else
bool phi_relaxed_is_exact(void)
{
    return false;
}

bool phi_relaxed_dot_is_wide(void)
{
    return false;
}
#endif
