/* The only file that sees stb_image.h (public domain or MIT, by Sean Barrett and contributors; Debian's libstb-dev).
 *
 * Its memory comes from phi_system_alloc() through hooks that keep a budget: compressed data may unpack to any size,
 * whatever width and height say. Everything that a failed decoding leaves behind is given back. Memory comes zeroed:
 * stb_image reads tables and coefficients that a malformed JPEG never wrote. The hooks have no argument of the
 * caller's, hence the one variable of this file. */
#include <inttypes.h>
#include <string.h>

#include "arena.h"
#include "limits.h"
#include "picture.h"

/* In front of each block, which keeps the alignment that phi_system_alloc() gives. */
typedef struct stb_block {
    struct stb_block *next, *previous;
    size_t bytes;
} stb_block;

enum { HEAD_BYTES = 32 };
_Static_assert(sizeof(stb_block) <= HEAD_BYTES, "the head holds a block's record");

static _Thread_local struct {
    stb_block *blocks;
    uint64_t used, budget;
    uint64_t refused; /* bytes of the first request beyond the budget, or that the system refused; 0: none */
    bool is_over_budget;
} stb;

static void *stb_alloc(size_t bytes)
{
    stb_block *block = NULL;
    const bool fits = stb.used <= stb.budget && bytes <= stb.budget - stb.used;
    if (fits)
        block = phi_system_alloc(HEAD_BYTES + bytes + PHI_PICTURE_SLACK);
    if (!block) {
        if (stb.refused == 0) {
            stb.refused = bytes;
            stb.is_over_budget = !fits;
        }
        return NULL;
    }
    *block = (stb_block){.next = stb.blocks, .bytes = bytes};
    if (stb.blocks)
        stb.blocks->previous = block;
    stb.blocks = block;
    stb.used += bytes;
    memset((uint8_t *)block + HEAD_BYTES, 0, bytes + PHI_PICTURE_SLACK);
    return (uint8_t *)block + HEAD_BYTES;
}

static stb_block *block_of(void *p)
{
    return (stb_block *)(void *)((uint8_t *)p - HEAD_BYTES);
}

/* Out of the list; the block itself stays. */
static void forget_block(stb_block *block)
{
    if (block->previous)
        block->previous->next = block->next;
    else
        stb.blocks = block->next;
    if (block->next)
        block->next->previous = block->previous;
    stb.used -= block->bytes;
}

static void stb_free(void *p)
{
    if (!p)
        return;
    forget_block(block_of(p));
    phi_system_free(block_of(p));
}

static void *stb_realloc(void *p, size_t bytes)
{
    void *grown = stb_alloc(bytes);
    if (grown && p) {
        const size_t old = block_of(p)->bytes;
        memcpy(grown, p, old < bytes ? old : bytes);
        stb_free(p);
    }
    return grown;
}

#if defined(__wasm__)
#define STBI_ASSERT(holds) ((holds) ? (void)0 : __builtin_trap()) /* an error for the binding, and no text to carry */
#else
#define STBI_ASSERT(holds) ((void)sizeof(holds)) /* malformed files reach them; sanitizers watch the bounds */
#endif
/* Its <limits.h> finds the engine's header of that name. */
#define INT_MAX                __INT_MAX__
#define UINT_MAX               (2u * INT_MAX + 1)
#define STBI_MALLOC(bytes)     stb_alloc(bytes)
#define STBI_REALLOC(p, bytes) stb_realloc(p, bytes)
#define STBI_FREE(p)           stb_free(p)
#define STBI_MAX_DIMENSIONS    PHI_LIMIT_PICTURE_SIDE
#define STBI_NO_SIMD           /* the same code, hence the same bits, natively and in WebAssembly */
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_GIF
#define STBI_ONLY_BMP
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
/* It is outside code, and static: some of it is not used, and inlining shows what a compiler takes for a mistake. */
#pragma GCC diagnostic ignored "-Wunused-function"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <stb_image.h>

/* Its states while it decodes: for any picture. */
enum { BUDGET_FIXED = 4 << 20 };
/* PNG with 16-bit RGBA, interlaced, takes most: inflated (8 bytes a pixel, twice that where its guess was short), one
 * pass and the whole beside it (8 each), cut to 8 bits (4). */
enum { BUDGET_PER_PIXEL = 40 };

/* Bytes for a picture whose size pixels.c has allowed. */
static uint64_t budget_of(uint64_t n_pixels, uint64_t n_bytes)
{
    return BUDGET_FIXED + 4 * n_bytes + BUDGET_PER_PIXEL * n_pixels;
}

_Static_assert(BUDGET_FIXED + 4 * (uint64_t)PHI_LIMIT_PICTURE_BYTES +
                       BUDGET_PER_PIXEL * (uint64_t)PHI_LIMIT_PICTURE_PIXELS + HEAD_BYTES + PHI_PICTURE_SLACK <
                   UINT32_MAX,
               "HEAD_BYTES + bytes + PHI_PICTURE_SLACK fits a size_t of 32 bits");

static void begin(uint64_t budget)
{
    stb.blocks = NULL;
    stb.used = 0;
    stb.budget = budget;
    stb.refused = 0;
    stb.is_over_budget = false;
}

static void end(void)
{
    while (stb.blocks)
        stb_free((uint8_t *)stb.blocks + HEAD_BYTES);
}

static phi_status fail(phi_error *err, const phi_picture_facts *facts)
{
    const char *name = phi_picture_kind_name(facts->kind), *reason = stbi_failure_reason();
    if (stb.is_over_budget)
        return phi_fail(err, PHI_ECORRUPT,
                        "picture: the %s unpacks to more than %" PRIu32 " x %" PRIu32 " pixels can need (%" PRIu64
                        " bytes asked for, %" PRIu64 " held, %" PRIu64 " allowed)",
                        name, facts->width, facts->height, stb.refused, stb.used, stb.budget);
    if (stb.refused == 0)
        return phi_fail(err, PHI_ECORRUPT, "picture: malformed %s: %s", name, reason ? reason : "no reason known");
    (void)phi_fail(err, PHI_ENOMEM,
                   "picture: no memory for %" PRIu64 " bytes to decode %" PRIu32 " x %" PRIu32 " pixels", stb.refused,
                   facts->width, facts->height);
    if (err)
        err->requested = stb.refused;
    return PHI_ENOMEM;
}

phi_status phi_picture_decode(phi_decoded *out, const phi_picture_facts *facts, uint8_t *bytes, size_t n_bytes,
                              phi_error *err)
{
    enum { GIF_BACKGROUND = 11 };
    int width = 0, height = 0, n_channels = 0;
    /* stb_image fills what a GIF's first frame leaves transparent with the background colour; browsers do not. */
    if (facts->kind == PHI_PICTURE_GIF)
        bytes[GIF_BACKGROUND] = 0;
    begin(budget_of((uint64_t)facts->width * facts->height, n_bytes));
    uint8_t *pixels = stbi_load_from_memory(bytes, (int)n_bytes, &width, &height, &n_channels, 0);
    phi_status status = PHI_OK;
    *out = (phi_decoded){0};
    if (!pixels) {
        status = fail(err, facts);
    } else if ((uint32_t)width != facts->width || (uint32_t)height != facts->height) {
        /* A JPEG of several frames, say. */
        status = phi_fail(err, PHI_ECORRUPT, "picture: %d x %d pixels, its header says %" PRIu32 " x %" PRIu32, width,
                          height, facts->width, facts->height);
    } else {
        stb_block *block = block_of(pixels);
        forget_block(block);
        *out = (phi_decoded){n_channels, pixels, block};
    }
    end();
    return status;
}
