#include "bytes.h"

#include <string.h>

phi_str phi_str_of(const char *nul_terminated)
{
    return (phi_str){nul_terminated, strlen(nul_terminated)};
}

bool phi_str_equal(phi_str a, phi_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool phi_str_has_prefix(phi_str s, phi_str prefix)
{
    return s.len >= prefix.len && phi_str_equal((phi_str){s.ptr, prefix.len}, prefix);
}

bool phi_str_contains(phi_str s, phi_str part)
{
    for (size_t i = 0; i + part.len <= s.len; i++)
        if (phi_str_equal((phi_str){s.ptr + i, part.len}, part))
            return true;
    return false;
}

int phi_str_print_len(phi_str s)
{
    return s.len > 200 ? 200 : (int)s.len;
}

size_t phi_cursor_left(const phi_cursor *c)
{
    return c->is_failed ? 0 : c->bytes.len - c->pos;
}

phi_bytes phi_cursor_take(phi_cursor *c, uint64_t n)
{
    if (c->is_failed || n > c->bytes.len - c->pos) {
        c->is_failed = true;
        return (phi_bytes){NULL, 0};
    }
    phi_bytes taken = {c->bytes.ptr + c->pos, (size_t)n};
    c->pos += (size_t)n;
    return taken;
}

void phi_cursor_skip(phi_cursor *c, uint64_t n)
{
    (void)phi_cursor_take(c, n);
}

static uint64_t take_little_endian(phi_cursor *c, size_t n)
{
    const phi_bytes b = phi_cursor_take(c, n);
    uint64_t v = 0;
    for (size_t i = b.len; i-- > 0;)
        v = v << 8 | b.ptr[i];
    return v;
}

uint8_t phi_cursor_u8(phi_cursor *c)
{
    return (uint8_t)take_little_endian(c, 1);
}

uint16_t phi_cursor_u16(phi_cursor *c)
{
    return (uint16_t)take_little_endian(c, 2);
}

uint32_t phi_cursor_u32(phi_cursor *c)
{
    return (uint32_t)take_little_endian(c, 4);
}

uint64_t phi_cursor_u64(phi_cursor *c)
{
    return take_little_endian(c, 8);
}
