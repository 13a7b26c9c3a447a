/* What tokenizer.json may say, and what is refused with which words. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "import_impl.h"
#include "limits.h"

/* The status of a tokenizer.json whose vocabulary has one token, of n_bytes bytes. */
static phi_status read_token_of(size_t n_bytes, bool is_added, phi_error *err)
{
    const phi_hf_config c = {.vocab_size = 4};
    const char *before = is_added ? "{\"added_tokens\": [{\"id\": 2, \"content\": \"" : "{\"model\": {\"vocab\": {\"";
    const char *behind = is_added ? "\"}]}" : "\": 2}}}";
    const size_t n_before = strlen(before), n_behind = strlen(behind);
    const size_t n_all = n_before + n_bytes + n_behind;
    char *text = malloc(n_all);
    phi_hf_tokens t;
    phi_arena arena;
    if (!text)
        return PHI_ENOMEM;
    memcpy(text, before, n_before);
    memset(text + n_before, 'x', n_bytes);
    memcpy(text + n_before + n_bytes, behind, n_behind);
    phi_arena_init(&arena, 1 << 16);
    *err = (phi_error){0};
    const phi_hf_texts texts = {.tokenizer = {(const uint8_t *)text, n_all}};
    const phi_status status = phi_hf_read_tokens(&t, &c, &texts, &arena, err);
    phi_arena_deinit(&arena);
    free(text);
    return status;
}

/* Whoever checks the merges cuts each text at every place. */
TEST(import_tokens__refuses_texts_beyond_the_limit)
{
    phi_error err;
    for (int is_added = 0; is_added < 2; is_added++) {
        CHECK_INT(read_token_of(PHI_LIMIT_TOKEN_BYTES + 1, is_added, &err), PHI_ECORRUPT);
        CHECK_TEXT(err.text, "tokenizer.json: token 2 has 4097 bytes, the limit is 4096");
        /* Not for its text: nothing splits words here. */
        CHECK_INT(read_token_of(PHI_LIMIT_TOKEN_BYTES, is_added, &err), PHI_EUNSUPPORTED);
        CHECK(strstr(err.text, "pre-tokeniser") != NULL);
    }
}
