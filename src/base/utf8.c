#include "utf8.h"

size_t phi_utf8_decode(int32_t *code_point, const uint8_t *p, size_t n)
{
    const uint8_t lead = p[0];
    if (lead < 0x80) {
        *code_point = lead;
        return 1;
    }
    *code_point = PHI_UTF8_BAD;
    if (lead < 0xc2 || lead > 0xf4)
        return 1;
    const size_t n_bytes = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    /* Only the second byte is narrowed: no overlong forms, no surrogates, nothing above U+10FFFF. */
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    int32_t value = lead & (0x7f >> n_bytes);
    for (size_t i = 1; i < n_bytes; i++) {
        if (i == n) {
            *code_point = PHI_UTF8_CUT;
            return n;
        }
        if (p[i] < low || p[i] > high)
            return i;
        value = value << 6 | (p[i] & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    *code_point = value;
    return n_bytes;
}

size_t phi_utf8_encode(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    const size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (uint8_t)(leads[n] | c);
    return n;
}
