#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "picture.h"
#include "picture_golden.h"

enum { RGB = 3 };

/* A picture as it is seen: (height, width, 3), malloc'ed. */
typedef struct seen {
    int32_t width, height;
    uint8_t *rgb;
} seen;

static phi_error g_err;

/* The definition of the orientations, pixel by pixel. */
static seen turn(const phi_picture_facts *facts, const uint8_t *rgb)
{
    const int32_t o = facts->orientation, w = (int32_t)facts->width, h = (int32_t)facts->height;
    const bool swaps = phi_orientation_swaps(o);
    seen s = {swaps ? h : w, swaps ? w : h, malloc((size_t)w * (size_t)h * RGB)};
    for (int32_t y = 0; s.rgb && y < s.height; y++) {
        for (int32_t x = 0; x < s.width; x++) {
            int32_t column = swaps ? y : x, row = swaps ? x : y;
            column = phi_orientation_mirrors_columns(o) ? w - 1 - column : column;
            row = phi_orientation_mirrors_rows(o) ? h - 1 - row : row;
            memcpy(s.rgb + (y * s.width + x) * RGB, rgb + (row * w + column) * RGB, RGB);
        }
    }
    return s;
}

/* Examined, decoded, flattened, turned. The caller frees s->rgb. */
static phi_status decode(seen *s, uint8_t *bytes, size_t n_bytes)
{
    phi_picture_facts facts;
    phi_decoded d;
    *s = (seen){0};
    PHI_TRY(phi_picture_examine(&facts, bytes, n_bytes, &g_err));
    PHI_TRY(phi_picture_decode(&d, &facts, bytes, n_bytes, &g_err));
    const size_t n_pixels = (size_t)facts.width * facts.height;
    uint8_t *rgb = malloc(n_pixels * RGB);
    if (rgb && d.n_channels == RGB)
        memcpy(rgb, d.pixels, n_pixels * RGB);
    else if (rgb)
        phi_picture_flatten(rgb, d.pixels, n_pixels, d.n_channels);
    if (rgb)
        *s = turn(&facts, rgb);
    free(rgb);
    phi_system_free(d.memory);
    return PHI_OK;
}

/* The largest difference from <name>.rgb, and the mean square; 256 if the sizes differ. */
static int32_t compare(const seen *s, const char *name, double *mean_square)
{
    size_t n_bytes;
    uint8_t *golden = read_picture(name, ".rgb", &n_bytes);
    const size_t n = (size_t)s->width * (size_t)s->height * RGB;
    int32_t worst = 256;
    double sum = 0;
    if (golden && s->rgb && n_bytes == 4 + n && (golden[0] | golden[1] << 8) == s->width) {
        worst = 0;
        for (size_t i = 0; i < n; i++) {
            const int32_t d = abs((int32_t)s->rgb[i] - (int32_t)golden[4 + i]);
            worst = d > worst ? d : worst;
            sum += (double)d * d;
        }
    }
    free(golden);
    *mean_square = n > 0 ? sum / (double)n : 0;
    return worst;
}

static int32_t decode_and_compare(const char *name, double *mean_square)
{
    size_t n_bytes;
    uint8_t *bytes = read_picture(name, "", &n_bytes);
    seen s = {0};
    int32_t worst = 256;
    g_err = (phi_error){0};
    if (bytes && decode(&s, bytes, n_bytes) == PHI_OK)
        worst = compare(&s, name, mean_square);
    if (worst > 0 && g_err.text[0])
        printf("%s: %s\n", name, g_err.text);
    free(s.rgb);
    free(bytes);
    return worst;
}

TEST(pixels_decode__png_bmp_gif_are_pillow_s_to_the_byte)
{
    double mean_square;
    for (int32_t i = 0; i < N_EXACT_FILES; i++)
        CHECK_INT(decode_and_compare(exact_files[i], &mean_square), 0);
}

/* Inverse transform and colour conversion are each rounded a little otherwise than libjpeg-turbo does it: brightness
 * and colour differences within 1, hence (1.772 times the one and the other) red, green and blue within 3. Half-width
 * colours without half height are filled in with another rounding, twice: measured 6. */
TEST(pixels_decode__jpeg_is_close_to_libjpeg_turbo_s)
{
    for (int32_t i = 0; i < N_JPEG_FILES; i++) {
        const bool is_422 = strcmp(jpeg_files[i], "422.jpg") == 0;
        double mean_square = 1e9;
        CHECK(decode_and_compare(jpeg_files[i], &mean_square) <= (is_422 ? 6 : 3));
        CHECK(10 * log10(255.0 * 255.0 / mean_square) > (is_422 ? 50 : 55));
    }
}

TEST(pixels_decode__every_sixteenth_part_is_refused)
{
    int32_t n_taken = 0;
    for (int32_t i = 0; i < N_EXACT_FILES + N_JPEG_FILES; i++) {
        const char *name = i < N_EXACT_FILES ? exact_files[i] : jpeg_files[i - N_EXACT_FILES];
        size_t n_bytes;
        uint8_t *bytes = read_picture(name, "", &n_bytes);
        for (size_t part = 0; bytes && part < 16; part++) {
            const size_t n = n_bytes * part / 16;
            uint8_t *exact = malloc(n > 0 ? n : 1); /* the sanitizer sees reads past its end */
            seen s;
            if (exact)
                memcpy(exact, bytes, n);
            g_err = (phi_error){0};
            const phi_status status = decode(&s, exact, n);
            n_taken += status == PHI_OK || (status == PHI_ECORRUPT && !g_err.text[0]);
            free(s.rgb);
            free(exact);
        }
        free(bytes);
    }
    /* The first frame of two is whole from the ninth part on. */
    CHECK_INT(n_taken, 7);
}

TEST(pixels_decode__data_that_unpack_to_more_than_the_size_says_are_refused)
{
    size_t n_bytes;
    uint8_t *bytes = check_read_file("golden/pixels/refused/bomb.png", &n_bytes);
    seen s;
    CHECK(bytes != NULL);
    const phi_status status = decode(&s, bytes, n_bytes);
    free(bytes);
    CHECK_INT(status, PHI_ECORRUPT);
    CHECK(strstr(g_err.text, "unpacks to more than 1 x 1 pixels can need") != NULL);
}

/* A JPEG of this many scans of nothing. */
static size_t write_scans(uint8_t *out, int32_t n_scans)
{
    static const uint8_t frame[] = {0xff, 0xd8, 0xff, 0xc2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0};
    static const uint8_t scan[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0};
    static const uint8_t end[] = {0xff, 0xd9};
    uint8_t *at = out;
    memcpy(at, frame, sizeof frame), at += sizeof frame;
    for (int32_t i = 0; i < n_scans; i++, at += sizeof scan)
        memcpy(at, scan, sizeof scan);
    memcpy(at, end, sizeof end), at += sizeof end;
    return (size_t)(at - out);
}

TEST(pixels_decode__a_jpeg_of_very_many_scans_is_refused)
{
    static uint8_t bytes[2000];
    phi_picture_facts facts;
    CHECK_INT(phi_picture_examine(&facts, bytes, write_scans(bytes, 128), &g_err), PHI_OK);
    CHECK_INT(phi_picture_examine(&facts, bytes, write_scans(bytes, 129), &g_err), PHI_EUNSUPPORTED);
    CHECK(strstr(g_err.text, "more than 128 scans") != NULL);
}

TEST(pixels_decode__huffman_tables_of_more_codes_than_bytes_are_refused)
{
    static uint8_t bytes[1000];
    phi_picture_facts facts;
    const size_t n = write_scans(bytes, 1), table_bytes = 4 + 1 + 16 + 300, at = n - 2;
    memmove(bytes + at + table_bytes, bytes + at, 2);
    memset(bytes + at, 0, table_bytes);
    bytes[at] = 0xff, bytes[at + 1] = 0xc4, bytes[at + 2] = 1, bytes[at + 3] = (1 + 16 + 300 + 2) & 255;
    bytes[at + 4 + 16] = 255, bytes[at + 4 + 15] = 2;
    CHECK_INT(phi_picture_examine(&facts, bytes, n + table_bytes, &g_err), PHI_ECORRUPT);
    CHECK(strstr(g_err.text, "a Huffman table of 257 codes in 317 bytes") != NULL);
    bytes[at + 4 + 15] = 0; /* 255, and the next table has no room */
    bytes[at + 3] = (1 + 16 + 255 + 16 + 2) & 255;
    CHECK_INT(phi_picture_examine(&facts, bytes, n + table_bytes, &g_err), PHI_ECORRUPT);
    CHECK(strstr(g_err.text, "a Huffman table of 0 codes in 16 bytes") != NULL);
    bytes[at + 3] = (1 + 16 + 255 + 2) & 255; /* it fits exactly; zeros behind it */
    CHECK_INT(phi_picture_examine(&facts, bytes, n + table_bytes, &g_err), PHI_OK);
}

TEST(pixels_decode__exif_says_1_to_8_or_nothing)
{
    /* Big-endian: mark, 42, directory at 8, one entry: orientation, SHORT, 1, value. */
    uint8_t tiff[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0};
    CHECK_INT(phi_exif_orientation(tiff, sizeof tiff), 6);
    for (size_t n = 0; n < sizeof tiff; n++)
        CHECK_INT(phi_exif_orientation(tiff, n), 1);
    tiff[19] = 9;
    CHECK_INT(phi_exif_orientation(tiff, sizeof tiff), 1);
    tiff[19] = 0;
    CHECK_INT(phi_exif_orientation(tiff, sizeof tiff), 1);
    tiff[19] = 6, tiff[13] = 4; /* a LONG */
    CHECK_INT(phi_exif_orientation(tiff, sizeof tiff), 1);
    tiff[13] = 3, tiff[4] = tiff[5] = tiff[6] = tiff[7] = 0xff; /* a directory beyond the end */
    CHECK_INT(phi_exif_orientation(tiff, sizeof tiff), 1);
    const uint8_t little[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 5, 0, 0, 0};
    CHECK_INT(phi_exif_orientation(little, sizeof little), 5);
}
