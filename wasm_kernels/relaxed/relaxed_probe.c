#include "relaxed_probe.h"

#include "isa.h"

#if PHI_HAS_RELAXED
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

/* Outside the promised range the machines differ, and show what they are made of: 16-bit sums saturate (x64, -128 * 255
 * twice) or wrap around (arm64, -128 * -128 twice), whichever way the bytes are read. Every lane sees every product. */
phi_relaxed_bytes phi_relaxed_dot_bytes(void)
{
    static const int8_t a[] = {-128, -128, -128, -128, 127, 127, 127, 127, -1, 127, -128, 1, -127, 100, 127, -128};
    static const uint8_t w[] = {255, 255, 255, 255, 128, 128, 128, 128, 254, 129, 127, 200, 1, 255, 255, 128};
    bool is_signed = true, is_unsigned = true;
    for (int turn = 0; turn < 16; turn++) {
        uint8_t turned[16];
        for (int i = 0; i < 16; i++)
            turned[i] = w[(i + turn) % 16];
        const dot_result got = machine_dots(a, turned);
        for (int q = 0; q < 4; q++) {
            int32_t with_signed = 0, with_unsigned = 0;
            for (int i = 4 * q; i < 4 * q + 4; i++) {
                with_signed += a[i] * (int8_t)turned[i];
                with_unsigned += a[i] * turned[i];
            }
            is_signed = is_signed && got.quads[q] == with_signed;
            is_unsigned = is_unsigned && got.quads[q] == with_unsigned;
        }
    }
    return is_signed ? PHI_BYTES_SIGNED : is_unsigned ? PHI_BYTES_UNSIGNED : PHI_BYTES_NARROW;
}
#else
bool phi_relaxed_is_exact(void)
{
    return false;
}

phi_relaxed_bytes phi_relaxed_dot_bytes(void)
{
    return PHI_BYTES_NARROW;
}
#endif
