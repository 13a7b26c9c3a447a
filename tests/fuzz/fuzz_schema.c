/* JSON schemas out of any bytes.
 *
 *   byte 0   seeds the walk
 *   the rest is the schema
 *
 * Promises: a refusal says why and leaks nothing; of what is accepted, the mask is never empty before the end; each
 * token of a mask is taken and none outside it; a walk ends in text that is JSON. */
#include "fuzz_walk.h"

#include "doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_walk w;
    phi_arena arena;
    phi_doc_value *value;
    phi_error err = {0};
    if (size < 1)
        return 0;
    const phi_constraint_text text = {.text = {(const char *)data + 1, size - 1}, .flags = {"", 0}};
    if (!fuzz_walk_run(&w, &text, data[0]))
        return 0;
    phi_arena_init(&arena, 4096);
    expect(phi_doc_parse(&value, &arena, (phi_str){(const char *)w.output, w.n_output}, &err) == PHI_OK ||
               strstr(err.text, "twice") || strstr(err.text, "more than"),
           "what a walk ends with is JSON");
    phi_arena_deinit(&arena);
    return 0;
}
