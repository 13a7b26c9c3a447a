/* Regular expressions out of any bytes.
 *
 *   byte 0   bit 0: flag i, bit 1: flag s, bits 2..7 seed the walk
 *   the rest is the expression
 *
 * Promises: as fuzz_schema.c; a walk ends in UTF-8. */
#include "fuzz_walk.h"

#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char flags[] = "is";
    fuzz_walk w;
    if (size < 1)
        return 0;
    const size_t first = data[0] & 1 ? 0 : 1;
    const size_t n_flags = (size_t)(data[0] & 1) + (data[0] >> 1 & 1);
    const phi_constraint_text text = {.is_regex = true,
                                      .text = {(const char *)data + 1, size - 1},
                                      .flags = {flags + (n_flags ? first : 0), n_flags}};
    if (!fuzz_walk_run(&w, &text, data[0] >> 2))
        return 0;
    int32_t c = 0;
    for (size_t at = 0; at < w.n_output && c >= 0;)
        at += phi_utf8_decode(&c, w.output + at, w.n_output - at);
    expect(c >= 0, "what a walk ends with is UTF-8");
    return 0;
}
