/* Element-wise float operations on one row, 128-bit. The specification is f32_vector_scalar.c.
 *
 * Rows of any length: the last n % 4 or n % 8 elements go through a buffer of eight, filled up with a neutral value. */
#include <math.h>

#include "f32_simd.h"
#include "kernels_f32.h"

typedef struct eight {
    float at[8];
} eight;

static inline eight load_tail(const float *x, int32_t n, float filler)
{
    eight e;
    for (int32_t i = 0; i < 8; i++)
        e.at[i] = i < n ? x[i] : filler;
    return e;
}

static inline void store_tail(float *x, const eight *e, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        x[i] = e->at[i];
}

/* Eight partial sums of x - centre, or of its squares. One function for three uses: a product with 1 and a difference
 * from 0 change nothing. The tail is filled up with the centre: adding its difference, 0, or the square of it changes
 * no partial sum, since these start at +0 and cannot become -0. */
static __attribute__((noinline)) float sum_of_differences(const float *x, int32_t n, float centre, bool is_squared)
{
    const v128_t c = wasm_f32x4_splat(centre), one = wasm_f32x4_splat(1);
    const v128_t squares = wasm_i32x4_splat(is_squared ? -1 : 0);
    v128_t low = wasm_f32x4_splat(0), high = low;
    eight tail;
    PHI_ROLLED
    for (int32_t i = 0; i < n; i += 8, x += 8) {
        const bool is_tail = n - i < 8;
        if (is_tail)
            tail = load_tail(x, n - i, centre);
        const float *from = is_tail ? tail.at : x;
        const v128_t a = wasm_f32x4_sub(wasm_v128_load(from), c), b = wasm_f32x4_sub(wasm_v128_load(from + 4), c);
        low = simd_mul_add(a, wasm_v128_bitselect(a, one, squares), low);
        high = simd_mul_add(b, wasm_v128_bitselect(b, one, squares), high);
    }
    return simd_sum8(low, high);
}

void phi_f32_rms_norm__simd128(float *y, const float *x, const float *w, int32_t n, float eps)
{
    const float inverse = 1.0f / sqrtf(sum_of_differences(x, n, 0, true) / (float)n + eps);
    const v128_t factor = wasm_f32x4_splat(inverse);
    int32_t i = 0;
    for (; i + 4 <= n; i += 4)
        wasm_v128_store(y + i, wasm_f32x4_mul(wasm_v128_load(w + i), wasm_f32x4_mul(wasm_v128_load(x + i), factor)));
    for (; i < n; i++)
        y[i] = w[i] * (x[i] * inverse);
}

void phi_f32_layer_norm__simd128(float *y, const float *x, const float *w, const float *b, int32_t n, float eps)
{
    const float mean = sum_of_differences(x, n, 0, false) / (float)n;
    const float inverse = 1.0f / sqrtf(sum_of_differences(x, n, mean, true) / (float)n + eps);
    const v128_t centre = wasm_f32x4_splat(mean), factor = wasm_f32x4_splat(inverse);
    int32_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const v128_t normed = wasm_f32x4_mul(wasm_f32x4_sub(wasm_v128_load(x + i), centre), factor);
        wasm_v128_store(y + i, simd_mul_add(wasm_v128_load(w + i), normed, wasm_v128_load(b + i)));
    }
    for (; i < n; i++)
        y[i] = w[i] * ((x[i] - mean) * inverse) + b[i];
}

static inline v128_t quick_gelu(const simd_exp *c, v128_t x)
{
    static const float factor = -1.702f;
    return wasm_f32x4_div(x, wasm_f32x4_add(c->one, simd_exp_f32(c, wasm_f32x4_mul(x, simd_keep_f32(&factor)))));
}

void phi_f32_quick_gelu__simd128(float *x, int32_t n)
{
    const simd_exp c = simd_exp_make();
    PHI_ROLLED
    for (; n > 0; n -= 4, x += 4) {
        if (n < 4) {
            eight tail = load_tail(x, n, 0.0f);
            phi_f32_quick_gelu__simd128(tail.at, 4);
            store_tail(x, &tail, n);
            return;
        }
        wasm_v128_store(x, quick_gelu(&c, wasm_v128_load(x)));
    }
}

/* One by one, small rather than fast: a picture needs it once, in its projection, for 0.3 % of the time. */
void phi_f32_gelu__simd128(float *x, int32_t n)
{
    PHI_ROLLED
    for (const float *end = x + n; x != end; x++) {
        PHI_HIDE(x);
        *x = phi_gelu_f32(*x);
    }
}

static inline v128_t silu(const simd_exp *c, v128_t gate)
{
    return wasm_f32x4_div(gate, wasm_f32x4_add(c->one, simd_exp_f32(c, wasm_f32x4_neg(gate))));
}

void phi_f32_silu_mul__simd128(float *y, const float *gate, const float *up, int32_t n)
{
    const simd_exp c = simd_exp_make();
    int32_t i = 0;
    for (; i + 4 <= n; i += 4)
        wasm_v128_store(y + i, wasm_f32x4_mul(wasm_v128_load(up + i), silu(&c, wasm_v128_load(gate + i))));
    if (i == n)
        return;
    const eight g = load_tail(gate + i, n - i, 0.0f), u = load_tail(up + i, n - i, 0.0f);
    eight result;
    wasm_v128_store(result.at, wasm_f32x4_mul(wasm_v128_load(u.at), silu(&c, wasm_v128_load(g.at))));
    store_tail(y + i, &result, n - i);
}

void phi_f32_add__simd128(float *y, const float *x, int32_t n)
{
    int32_t i = 0;
    for (; i + 4 <= n; i += 4)
        wasm_v128_store(y + i, wasm_f32x4_add(wasm_v128_load(y + i), wasm_v128_load(x + i)));
    for (; i < n; i++)
        y[i] += x[i];
}

static float max_of(const float *x, int32_t n)
{
    v128_t max = wasm_f32x4_splat(-INFINITY);
    int32_t i = 0;
    for (; i + 4 <= n; i += 4)
        max = wasm_f32x4_pmax(max, wasm_v128_load(x + i)); /* pmax(a, b) = a < b ? b : a */
    const eight tail = load_tail(x + i, n - i, -INFINITY);
    max = wasm_f32x4_pmax(max, wasm_v128_load(tail.at));
    eight lanes;
    wasm_v128_store(lanes.at, max);
    float result = lanes.at[0];
    for (int lane = 1; lane < 4; lane++)
        result = result < lanes.at[lane] ? lanes.at[lane] : result;
    return result;
}

/* exp(-infinity) = 0 fills up the tail: it changes no partial sum. */
static float exp_and_sum(float *x, int32_t n, float max)
{
    const simd_exp c = simd_exp_make();
    const v128_t shift = wasm_f32x4_splat(max);
    v128_t low = wasm_f32x4_splat(0), high = low;
    int32_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const v128_t a = simd_exp_f32(&c, wasm_f32x4_sub(wasm_v128_load(x + i), shift));
        const v128_t b = simd_exp_f32(&c, wasm_f32x4_sub(wasm_v128_load(x + i + 4), shift));
        wasm_v128_store(x + i, a);
        wasm_v128_store(x + i + 4, b);
        low = wasm_f32x4_add(low, a);
        high = wasm_f32x4_add(high, b);
    }
    eight tail = load_tail(x + i, n - i, -INFINITY);
    const v128_t a = simd_exp_f32(&c, wasm_f32x4_sub(wasm_v128_load(tail.at), shift));
    const v128_t b = simd_exp_f32(&c, wasm_f32x4_sub(wasm_v128_load(tail.at + 4), shift));
    wasm_v128_store(tail.at, a);
    wasm_v128_store(tail.at + 4, b);
    store_tail(x + i, &tail, n - i);
    return simd_sum8(wasm_f32x4_add(low, a), wasm_f32x4_add(high, b));
}

void phi_f32_softmax__simd128(float *x, int32_t n)
{
    const float inverse = 1.0f / exp_and_sum(x, n, max_of(x, n));
    const v128_t factor = wasm_f32x4_splat(inverse);
    int32_t i = 0;
    for (; i + 4 <= n; i += 4)
        wasm_v128_store(x + i, wasm_f32x4_mul(wasm_v128_load(x + i), factor));
    for (; i < n; i++)
        x[i] *= inverse;
}

void phi_f32_rope_neox__simd128(float *x, const float *cos, const float *sin, int32_t n_rot)
{
    const int32_t n_pairs = n_rot / 2;
    float *high = x + n_pairs;
    int32_t i = 0;
    for (; i + 4 <= n_pairs; i += 4) {
        const v128_t a = wasm_v128_load(x + i), b = wasm_v128_load(high + i);
        const v128_t c = wasm_v128_load(cos + i), s = wasm_v128_load(sin + i);
        wasm_v128_store(x + i, wasm_f32x4_sub(wasm_f32x4_mul(a, c), wasm_f32x4_mul(b, s)));
        wasm_v128_store(high + i, wasm_f32x4_add(wasm_f32x4_mul(b, c), wasm_f32x4_mul(a, s)));
    }
    for (; i < n_pairs; i++) {
        const float a = x[i], b = high[i];
        x[i] = a * cos[i] - b * sin[i];
        high[i] = b * cos[i] + a * sin[i];
    }
}

void phi_f32_rope_pairs__simd128(float *x, const float *cos, const float *sin, int32_t n_rot)
{
    const int32_t n_pairs = n_rot / 2;
    int32_t i = 0;
    for (; i + 4 <= n_pairs; i += 4) {
        const v128_t lo = wasm_v128_load(x + 2 * i), hi = wasm_v128_load(x + 2 * i + 4);
        const v128_t a = wasm_i32x4_shuffle(lo, hi, 0, 2, 4, 6), b = wasm_i32x4_shuffle(lo, hi, 1, 3, 5, 7);
        const v128_t c = wasm_v128_load(cos + i), s = wasm_v128_load(sin + i);
        const v128_t even = wasm_f32x4_sub(wasm_f32x4_mul(a, c), wasm_f32x4_mul(b, s));
        const v128_t odd = wasm_f32x4_add(wasm_f32x4_mul(b, c), wasm_f32x4_mul(a, s));
        wasm_v128_store(x + 2 * i, wasm_i32x4_shuffle(even, odd, 0, 4, 1, 5));
        wasm_v128_store(x + 2 * i + 4, wasm_i32x4_shuffle(even, odd, 2, 6, 3, 7));
    }
    for (; i < n_pairs; i++) {
        const float a = x[2 * i], b = x[2 * i + 1];
        x[2 * i] = a * cos[i] - b * sin[i];
        x[2 * i + 1] = b * cos[i] + a * sin[i];
    }
}

/* phi_f32_to_f16 in four lanes, in the low half of each; its comments explain the constants. Magnitudes are below
 * 2^31, so that signed comparisons serve. */
static inline v128_t to_f16x4(v128_t bits)
{
    const v128_t sign = wasm_v128_and(wasm_u32x4_shr(bits, 16), wasm_i32x4_splat(0x8000));
    const v128_t mag = wasm_v128_and(bits, wasm_i32x4_splat(0x7fffffff));
    const v128_t is_odd = wasm_v128_and(wasm_u32x4_shr(mag, 13), wasm_i32x4_splat(1));
    const v128_t biased = wasm_i32x4_add(mag, wasm_i32x4_splat((int32_t)0xc8000fffu));
    const v128_t normal = wasm_u32x4_shr(wasm_i32x4_add(biased, is_odd), 13);
    const v128_t small = wasm_i32x4_sub(wasm_f32x4_add(mag, wasm_f32x4_splat(0.5f)), wasm_i32x4_splat(0x3f000000));
    const v128_t is_small = wasm_i32x4_lt(mag, wasm_i32x4_splat(0x38800000));
    const v128_t is_large = wasm_i32x4_ge(mag, wasm_i32x4_splat(0x477ff000));
    const v128_t is_nan = wasm_i32x4_gt(mag, wasm_i32x4_splat(0x7f800000));
    const v128_t large = wasm_v128_or(wasm_i32x4_splat(0x7c00), wasm_v128_and(is_nan, wasm_i32x4_splat(0x0200)));
    const v128_t finite = wasm_v128_bitselect(small, normal, is_small);
    return wasm_v128_or(sign, wasm_v128_bitselect(large, finite, is_large));
}

void phi_f32_to_f16__simd128(uint16_t *out, const float *x, int32_t n)
{
    int32_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const v128_t low = to_f16x4(wasm_v128_load(x + i)), high = to_f16x4(wasm_v128_load(x + i + 4));
        wasm_v128_store(out + i, wasm_i16x8_shuffle(low, high, 0, 2, 4, 6, 8, 10, 12, 14));
    }
    for (; i < n; i++)
        out[i] = phi_f32_to_f16(x[i]);
}
