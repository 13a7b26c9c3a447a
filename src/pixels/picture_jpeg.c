/* A JPEG's segments from its start to its end, in the steps in which stb_image takes them.
 *
 *   FF D8 │ FF xx length … │ FF xx length … │ FF DA length … coded data (FF only as FF 00 or FF D0 … D7) │ … │ FF D9
 *
 * Besides size and orientation it looks for what stb_image (2.27) does not: a Huffman table that has more codes than
 * there are bytes would be written beyond its room. */
#include <string.h>

#include "limits.h"
#include "picture_file.h"

enum {
    SOF0 = 0xc0, /* to 0xcf, but for the next three */
    DHT = 0xc4,
    JPG = 0xc8,
    DAC = 0xcc,
    RST0 = 0xd0,
    RST7 = 0xd7,
    EOI = 0xd9,
    SOS = 0xda,
    APP1 = 0xe1
};

enum { CODE_LENGTHS = 16, CODES_MAX = 256 };

typedef struct jpeg_walk {
    const uint8_t *bytes;
    size_t n_bytes, at;
    int32_t n_scans;
} jpeg_walk;

static bool is_frame(uint8_t mark)
{
    return (mark & 0xf0) == SOF0 && mark != DHT && mark != JPG && mark != DAC;
}

/* Tables that fill a segment: each a byte, the number of codes by their length, and the codes. */
static phi_status check_tables(const uint8_t *at, size_t length, phi_error *err)
{
    while (length > 0) {
        size_t n_codes = 0;
        for (size_t i = 1; length > CODE_LENGTHS && i <= CODE_LENGTHS; i++)
            n_codes += at[i];
        if (n_codes > CODES_MAX || length < 1 + CODE_LENGTHS + n_codes)
            return phi_fail(err, PHI_ECORRUPT, "picture: malformed JPEG: a Huffman table of %zu codes in %zu bytes",
                            n_codes, length);
        at += 1 + CODE_LENGTHS + n_codes;
        length -= 1 + CODE_LENGTHS + n_codes;
    }
    return PHI_OK;
}

static phi_status read_segment(phi_picture_facts *out, uint8_t mark, const uint8_t *at, size_t length, phi_error *err)
{
    static const char exif[] = "Exif\0"; /* and the terminator */
    if (mark == DHT)
        return check_tables(at, length, err);
    if (is_frame(mark) && length >= 5 && out->width == 0) {
        out->height = read_be(at + 1, 2);
        out->width = read_be(at + 3, 2);
    } else if (mark == APP1 && length >= sizeof exif && memcmp(at, exif, sizeof exif) == 0) {
        out->orientation = phi_exif_orientation(at + sizeof exif, length - sizeof exif);
    }
    return PHI_OK;
}

/* Behind the next mark, but for those that coded data may hold; 0 when there is none. In front of the frame stb_image
 * overlooks bytes between segments, behind it it refuses them: here they are always overlooked. */
static uint8_t next_mark(jpeg_walk *w)
{
    while (w->at + 1 < w->n_bytes) {
        const uint8_t *found = memchr(w->bytes + w->at, 0xff, w->n_bytes - 1 - w->at);
        if (!found)
            break;
        w->at = (size_t)(found - w->bytes) + 1;
        const uint8_t mark = w->bytes[w->at];
        if (mark == 0 || mark == 0xff || (mark >= RST0 && mark <= RST7))
            continue;
        w->at++;
        return mark;
    }
    w->at = w->n_bytes;
    return 0;
}

phi_status phi_jpeg_examine(phi_picture_facts *out, const uint8_t *bytes, size_t n_bytes, phi_error *err)
{
    jpeg_walk w = {bytes, n_bytes, 2, 0};
    for (uint8_t mark = next_mark(&w); mark != EOI; mark = next_mark(&w)) {
        const size_t left = n_bytes - w.at;
        const size_t length = left < 2 ? 0 : read_be(bytes + w.at, 2);
        if (mark == 0 || length > left)
            return phi_picture_fail_cut(err, PHI_PICTURE_JPEG, n_bytes, "the mark of the end");
        if (length < 2)
            return phi_fail(err, PHI_ECORRUPT, "picture: malformed JPEG: a segment of %zu bytes", length);
        PHI_TRY(read_segment(out, mark, bytes + w.at + 2, length - 2, err));
        w.at += length;
        w.n_scans += mark == SOS;
        if (w.n_scans > PHI_LIMIT_JPEG_SCANS)
            return phi_fail(err, PHI_EUNSUPPORTED, "picture: a JPEG of more than %d scans", PHI_LIMIT_JPEG_SCANS);
    }
    if (w.n_scans == 0)
        return phi_fail(err, PHI_ECORRUPT, "picture: malformed JPEG: it ends without a picture");
    return PHI_OK;
}
