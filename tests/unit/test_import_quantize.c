/* Rows of floats to blocks: against what the format says, and the fast functions against the scalar ones. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "half.h"
#include "quantize.h"
#include "rng.h"

enum { N = 32 * 40, TAIL = 5 };

/* Rows that are likely to differ: all zero, ties between the signs, subnormals, large and small values side by side. */
static void fill_row(float *x, size_t n, int kind, phi_rng *rng)
{
    for (size_t i = 0; i < n; i++) {
        const float u = phi_rng_f32(rng) * 2.0f - 1.0f;
        switch (kind) {
        case 0:
            x[i] = u;
            break;
        case 1:
            x[i] = 0.0f;
            break;
        case 2:
            x[i] = i % 3 == 0 ? 1.0f : i % 3 == 1 ? -1.0f : u;
            break;
        case 3:
            x[i] = u * 1e-42f;
            break;
        case 4:
            x[i] = i % 7 == 0 ? u * 3e38f : u * 1e-3f;
            break;
        default:
            x[i] = (float)(int)(u * 8.0f) * 0.5f;
        }
    }
}

static void check_row(const float *x)
{
    uint8_t a[N / 32 * 34];
    uint8_t b[N / 32 * 34];
    memset(a, 0x5a, sizeof a);
    memset(b, 0x5a, sizeof b);
    CHECK_INT(phi_quantizers_scalar.to_q4_0(a, x, N), phi_quantizers_simd.to_q4_0(b, x, N));
    CHECK(memcmp(a, b, sizeof a) == 0);
    CHECK_INT(phi_quantizers_scalar.to_q8_0(a, x, N), phi_quantizers_simd.to_q8_0(b, x, N));
    CHECK(memcmp(a, b, sizeof a) == 0);
}

TEST(import_quantize__simd_gives_the_scalar_bytes)
{
    phi_rng rng = phi_rng_seeded(7);
    for (int round = 0; round < 60; round++) {
        float x[N];
        fill_row(x, N, round % 6, &rng);
        check_row(x);
    }
}

/* Every half and every bfloat16 there is, in rows whose length is no multiple of a vector's. */
TEST(import_quantize__expanding_is_exact)
{
    static const phi_dtype types[] = {PHI_DTYPE_F16, PHI_DTYPE_BF16};
    for (size_t t = 0; t < 2; t++)
        for (uint32_t first = 0; first < 65536; first += 32) {
            uint16_t row[32 + TAIL];
            float a[32 + TAIL];
            float b[32 + TAIL];
            for (uint32_t i = 0; i < 32 + TAIL; i++)
                row[i] = (uint16_t)(first + i);
            const bool is_finite = phi_quantizers_scalar.expand(a, (const uint8_t *)row, types[t], 32 + TAIL);
            CHECK_INT(phi_quantizers_simd.expand(b, (const uint8_t *)row, types[t], 32 + TAIL), is_finite);
            CHECK(memcmp(a, b, sizeof a) == 0);
            bool is_all = true;
            for (uint32_t i = 0; i < 32 + TAIL; i++)
                is_all = is_all && isfinite(a[i]);
            CHECK_INT(is_finite, is_all);
        }
}

TEST(import_quantize__q4_0_is_what_the_format_says)
{
    float x[32];
    uint8_t out[18];
    for (int i = 0; i < 32; i++)
        x[i] = (float)(i % 16 - 8) * 0.5f;
    CHECK(phi_quantizers_scalar.to_q4_0(out, x, 32));
    CHECK_INT(phi_load_u16(out), phi_f32_to_f16(0.5f));
    for (int j = 0; j < 16; j++) {
        CHECK_INT(out[2 + j] & 15, j);
        CHECK_INT(out[2 + j] >> 4, j);
    }
    /* The value of largest magnitude becomes -8, whatever its sign; what lies beyond 7 is cut. */
    x[3] = 5.0f;
    x[4] = -5.0f;
    CHECK(phi_quantizers_scalar.to_q4_0(out, x, 32));
    CHECK_INT(phi_load_u16(out), phi_f32_to_f16(-0.625f));
    CHECK_INT(out[2 + 3] & 15, 0);
    CHECK_INT(out[2 + 4] & 15, 15);
}

TEST(import_quantize__what_is_not_finite_or_does_not_fit_is_refused)
{
    float x[32] = {0};
    float room[32];
    uint8_t out[128];
    x[31] = 70000.0f;
    const phi_row_kind to_f16 = {PHI_DTYPE_F16, PHI_DTYPE_F32, 32};
    const phi_row_kind to_q4 = {PHI_DTYPE_Q4_0, PHI_DTYPE_F32, 32};
    CHECK(!phi_quantize_row(out, (const uint8_t *)x, to_f16, room, &phi_quantizers_simd));
    CHECK(phi_quantize_row(out, (const uint8_t *)x, to_q4, room, &phi_quantizers_simd));
    x[31] = 1e6f;
    CHECK(!phi_quantize_row(out, (const uint8_t *)x, to_q4, room, &phi_quantizers_simd));
    CHECK(!phi_quantize_row(out, (const uint8_t *)x, to_q4, room, &phi_quantizers_scalar));
    x[31] = NAN;
    CHECK(!phi_quantize_row(out, (const uint8_t *)x, to_q4, room, &phi_quantizers_simd));
    x[31] = -INFINITY;
    CHECK(!phi_quantize_row(out, (const uint8_t *)x, to_q4, room, &phi_quantizers_scalar));
}
