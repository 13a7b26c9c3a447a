#include "arena.h"

#include <stdlib.h>
#include <string.h>

#include "checked.h"

#if defined(__SANITIZE_ADDRESS__)
#define PHI_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PHI_HAS_ASAN 1
#endif
#endif
#ifdef PHI_HAS_ASAN
#include <sanitizer/asan_interface.h>
#define REDZONE_BYTES  ((size_t)PHI_ARENA_ALIGN)
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define REDZONE_BYTES  ((size_t)0)
#define POISON(p, n)   ((void)0)
#define UNPOISON(p, n) ((void)0)
#endif

struct phi_arena_block {
    phi_arena_block *older;
    void *raw;     /* what malloc returned */
    uint8_t *data; /* 64-byte aligned, data_bytes long */
    size_t data_bytes;
    size_t used;
};

static uint64_t g_requests; /* test hook, see phi_arena_fail_at */
static uint64_t g_fail_at;
static uint64_t g_held; /* accounting only: nothing depends on it */
static uint64_t g_peak;

uint64_t phi_arena_total_held(void)
{
    return g_held;
}

uint64_t phi_arena_total_peak(void)
{
    return g_peak;
}

uint64_t phi_arena_fail_at(uint64_t n)
{
    const uint64_t made = g_requests;
    g_requests = 0;
    g_fail_at = n;
    return made;
}

void *phi_system_alloc(size_t bytes)
{
    g_requests++;
    if (g_fail_at != 0 && g_requests == g_fail_at)
        return NULL;
    return malloc(bytes);
}

void phi_system_free(void *p)
{
    free(p);
}

static void account(phi_arena *a, size_t bytes, bool is_taken)
{
    if (is_taken) {
        a->held_bytes += bytes;
        g_held += bytes;
        g_peak = g_held > g_peak ? g_held : g_peak;
    } else {
        a->held_bytes -= bytes;
        g_held -= bytes;
    }
}

static size_t round_to_align(size_t n)
{
    return (n + (PHI_ARENA_ALIGN - 1)) & ~(size_t)(PHI_ARENA_ALIGN - 1);
}

size_t phi_arena_cost(size_t count, size_t item_bytes)
{
    size_t bytes;
    if (!phi_mul_size(&bytes, count, item_bytes) || bytes > SIZE_MAX - 2 * PHI_ARENA_ALIGN - REDZONE_BYTES)
        return SIZE_MAX;
    return round_to_align(bytes) + REDZONE_BYTES;
}

static bool push_block(phi_arena *a, size_t data_bytes)
{
    const size_t extra = sizeof(phi_arena_block) + 2 * PHI_ARENA_ALIGN;
    if (data_bytes > SIZE_MAX - extra)
        return false;
    uint8_t *raw = phi_system_alloc(data_bytes + extra);
    if (!raw)
        return false;
    phi_arena_block *block = (phi_arena_block *)(void *)raw;
    const uintptr_t first = (uintptr_t)(raw + sizeof *block);
    const size_t skip = (size_t)(round_to_align((size_t)first) - (size_t)first);
    *block = (phi_arena_block){a->top, raw, raw + sizeof *block + skip, data_bytes, 0};
    POISON(block->data, data_bytes);
    a->top = block;
    account(a, data_bytes + extra, true);
    return true;
}

static void pop_block(phi_arena *a)
{
    phi_arena_block *block = a->top;
    a->top = block->older;
    account(a, block->data_bytes + sizeof(phi_arena_block) + 2 * PHI_ARENA_ALIGN, false);
    UNPOISON(block->data, block->data_bytes);
    phi_system_free(block->raw);
}

void phi_arena_init(phi_arena *a, size_t block_bytes)
{
    *a = (phi_arena){.block_bytes = block_bytes};
}

phi_status phi_arena_init_fixed(phi_arena *a, uint64_t bytes, const char *what, phi_error *err)
{
    const bool fits = bytes <= SIZE_MAX / 2;
    *a = (phi_arena){.block_bytes = fits ? (size_t)bytes : 0, .is_fixed = true};
    if (fits && push_block(a, (size_t)bytes))
        return PHI_OK;
    (void)phi_fail(err, PHI_ENOMEM, "%s: %llu bytes %s", what, (unsigned long long)bytes,
                   fits ? "could not be reserved" : "do not fit the address space");
    if (err)
        err->requested = bytes;
    return PHI_ENOMEM;
}

void phi_arena_deinit(phi_arena *a)
{
    while (a->top)
        pop_block(a);
    *a = (phi_arena){0};
}

void *phi_arena_alloc(phi_arena *a, size_t count, size_t item_bytes)
{
    const size_t cost = phi_arena_cost(count, item_bytes);
    if (cost == SIZE_MAX)
        return NULL;
    if (!a->top || cost > a->top->data_bytes - a->top->used) {
        if (a->is_fixed || !push_block(a, cost > a->block_bytes ? cost : a->block_bytes))
            return NULL;
    }
    uint8_t *p = a->top->data + a->top->used;
    a->top->used += cost;
    a->used_bytes += cost;
    UNPOISON(p, count * item_bytes);
    return p;
}

void *phi_arena_calloc(phi_arena *a, size_t count, size_t item_bytes)
{
    void *p = phi_arena_alloc(a, count, item_bytes);
    if (p && count * item_bytes > 0)
        memset(p, 0, count * item_bytes);
    return p;
}

phi_arena_mark phi_arena_get_mark(const phi_arena *a)
{
    return (phi_arena_mark){a->top, a->top ? a->top->used : 0, a->used_bytes};
}

void phi_arena_rewind(phi_arena *a, phi_arena_mark mark)
{
    while (a->top != mark.block)
        pop_block(a);
    if (a->top) {
        POISON(a->top->data + mark.block_used, a->top->used - mark.block_used);
        a->top->used = mark.block_used;
    }
    a->used_bytes = mark.used_bytes;
}
