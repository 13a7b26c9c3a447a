/* What a picture's file is, and whether all of it is there. stb_image takes zeros for what is missing at the end of a
 * JPEG, GIF or BMP and says nothing, so that a half of a picture would be described as if it were the whole. (It finds
 * the cut in a PNG itself.) */
#include <inttypes.h>
#include <string.h>

#include "limits.h"
#include "picture_file.h"

static const struct {
    phi_picture_kind kind;
    const char *name;
    const char *magic;
    size_t magic_bytes;
} kinds[] = {
    {PHI_PICTURE_JPEG, "JPEG", "\xff\xd8\xff", 3},
    {PHI_PICTURE_PNG, "PNG", "\x89PNG\r\n\x1a\n", 8},
    {PHI_PICTURE_GIF, "GIF", "GIF8", 4},
    {PHI_PICTURE_BMP, "BMP", "BM", 2},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

/* What others are called whose files people have, to be told by name. */
static const struct {
    const char *name;
    const char *magic;
    size_t at;
} others[] = {
    {"WebP", "WEBP", 8},     {"AVIF", "ftypavif", 4},    {"HEIC", "ftyphei", 4},
    {"HEIF", "ftypmif1", 4}, {"TIFF", "II*", 0},         {"TIFF", "MM", 0},
    {"SVG", "<svg", 0},      {"SVG or XML", "<?xml", 0}, {"PDF", "%PDF", 0},
};
enum { N_OTHERS = sizeof others / sizeof others[0] };

static bool has_bytes(const uint8_t *bytes, size_t n_bytes, size_t at, const char *wanted, size_t n_wanted)
{
    return n_bytes >= at + n_wanted && memcmp(bytes + at, wanted, n_wanted) == 0;
}

const char *phi_picture_kind_name(phi_picture_kind kind)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        if (kinds[i].kind == kind)
            return kinds[i].name;
    }
    return "unknown";
}

static phi_status find_kind(phi_picture_kind *out, const uint8_t *bytes, size_t n_bytes, phi_error *err)
{
    if (n_bytes < 16)
        return phi_fail(err, PHI_ECORRUPT, "picture: a file of %zu bytes", n_bytes);
    for (size_t i = 0; i < N_KINDS; i++) {
        if (has_bytes(bytes, n_bytes, 0, kinds[i].magic, kinds[i].magic_bytes)) {
            *out = kinds[i].kind;
            return PHI_OK;
        }
    }
    for (size_t i = 0; i < N_OTHERS; i++) {
        if (has_bytes(bytes, n_bytes, others[i].at, others[i].magic, strlen(others[i].magic)))
            return phi_fail(err, PHI_EUNSUPPORTED, "picture: a %s file; JPEG, PNG, GIF and BMP are decoded here",
                            others[i].name);
    }
    return phi_fail(err, PHI_EUNSUPPORTED,
                    "picture: the file begins with bytes %02x %02x %02x %02x, expected a JPEG, PNG, GIF or BMP",
                    bytes[0], bytes[1], bytes[2], bytes[3]);
}

phi_status phi_picture_fail_cut(phi_error *err, phi_picture_kind kind, size_t n_bytes, const char *missing)
{
    return phi_fail(err, PHI_ECORRUPT, "picture: the %s is cut off: its %zu bytes end before %s",
                    phi_picture_kind_name(kind), n_bytes, missing);
}

/* ---- PNG ------------------------------------------------------------------------------------------------------- */

static phi_status examine_png(phi_picture_facts *out, const uint8_t *bytes, size_t n_bytes, phi_error *err)
{
    if (n_bytes < 24 || memcmp(bytes + 12, "IHDR", 4) != 0)
        return phi_fail(err, PHI_ECORRUPT, "picture: malformed PNG: no IHDR at its start");
    out->width = read_be(bytes + 16, 4);
    out->height = read_be(bytes + 20, 4);
    return PHI_OK;
}

/* ---- GIF ------------------------------------------------------------------------------------------------------- */

enum { GIF_HEADER_BYTES = 13, GIF_IMAGE_BYTES = 10, GIF_IMAGE = 0x2c, GIF_EXTENSION = 0x21 };

/* Where the blocks that begin at `at` end, each with its length in front, a 0 behind the last; 0: not in the file. */
static size_t skip_blocks(const uint8_t *bytes, size_t n_bytes, size_t at)
{
    while (at < n_bytes && bytes[at] != 0)
        at += (size_t)bytes[at] + 1;
    return at < n_bytes ? at + 1 : 0;
}

static size_t colours_bytes(uint8_t flags)
{
    return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

/* The first frame is there from its descriptor to its last block. */
static phi_status examine_gif(phi_picture_facts *out, const uint8_t *bytes, size_t n_bytes, phi_error *err)
{
    size_t at = GIF_HEADER_BYTES + colours_bytes(bytes[10]);
    out->width = read_le(bytes + 6, 2);
    out->height = read_le(bytes + 8, 2);
    while (at + 2 <= n_bytes && bytes[at] == GIF_EXTENSION) {
        at = skip_blocks(bytes, n_bytes, at + 2);
        if (at == 0)
            return phi_picture_fail_cut(err, PHI_PICTURE_GIF, n_bytes, "an extension does");
    }
    if (n_bytes <= GIF_IMAGE_BYTES || at >= n_bytes - GIF_IMAGE_BYTES)
        return phi_picture_fail_cut(err, PHI_PICTURE_GIF, n_bytes, "the first frame begins");
    if (bytes[at] != GIF_IMAGE)
        return phi_fail(err, PHI_ECORRUPT, "picture: GIF: byte %zu is 0x%02x, expected 0x2c: a frame", at, bytes[at]);
    if (skip_blocks(bytes, n_bytes, at + GIF_IMAGE_BYTES + colours_bytes(bytes[at + 9]) + 1) == 0)
        return phi_picture_fail_cut(err, PHI_PICTURE_GIF, n_bytes, "the first frame does");
    return PHI_OK;
}

/* ---- BMP ------------------------------------------------------------------------------------------------------- */

enum { BMP_OLD_HEADER_BYTES = 12, BMP_HEADERS_MIN = 14 + BMP_OLD_HEADER_BYTES, BMP_FIELDS = 34 };

/* The last row is there. */
static phi_status examine_bmp(phi_picture_facts *out, const uint8_t *bytes, size_t n_bytes, phi_error *err)
{
    const bool is_old = n_bytes >= BMP_HEADERS_MIN && read_le(bytes + 14, 4) == BMP_OLD_HEADER_BYTES;
    if (n_bytes < (is_old ? BMP_HEADERS_MIN : BMP_FIELDS))
        return phi_picture_fail_cut(err, PHI_PICTURE_BMP, n_bytes, "the header does");
    const uint32_t height = is_old ? read_le(bytes + 20, 2) : read_le(bytes + 22, 4);
    out->width = is_old ? read_le(bytes + 18, 2) : read_le(bytes + 18, 4);
    out->height = height > INT32_MAX ? 0 - height : height; /* negative: the top row comes first */
    if (out->width > PHI_LIMIT_PICTURE_SIDE || out->height > PHI_LIMIT_PICTURE_SIDE || out->height == 0)
        return PHI_OK; /* refused with the numbers by whoever takes the size */
    const uint64_t row_bits = (uint64_t)out->width * read_le(bytes + (is_old ? 24 : 28), 2);
    if (read_le(bytes + 10, 4) + (row_bits + 31) / 32 * 4 * (out->height - 1) + (row_bits + 7) / 8 > n_bytes)
        return phi_picture_fail_cut(err, PHI_PICTURE_BMP, n_bytes, "the last row does");
    return PHI_OK;
}

static phi_status examine(phi_picture_facts *out, const uint8_t *bytes, size_t n_bytes, phi_error *err)
{
    switch (out->kind) {
    case PHI_PICTURE_JPEG:
        return phi_jpeg_examine(out, bytes, n_bytes, err);
    case PHI_PICTURE_PNG:
        return examine_png(out, bytes, n_bytes, err);
    case PHI_PICTURE_GIF:
        return examine_gif(out, bytes, n_bytes, err);
    default:
        return examine_bmp(out, bytes, n_bytes, err);
    }
}

phi_status phi_picture_examine(phi_picture_facts *out, const uint8_t *bytes, size_t n_bytes, phi_error *err)
{
    *out = (phi_picture_facts){.orientation = 1};
    PHI_TRY(find_kind(&out->kind, bytes, n_bytes, err));
    PHI_TRY(examine(out, bytes, n_bytes, err));
    if (out->width == 0 || out->height == 0)
        return phi_fail(err, PHI_ECORRUPT, "picture: a %s of %" PRIu32 " x %" PRIu32 " pixels",
                        phi_picture_kind_name(out->kind), out->width, out->height);
    return PHI_OK;
}
