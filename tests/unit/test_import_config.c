/* What config.json and the preprocessor's configuration may say: no more than the engine runs. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "import_impl.h"

enum { TEXT_BYTES = 1024 };

/* The error of a small configuration that `member` is put behind; "" for none. */
static const char *config_error(phi_error *err, const char *member)
{
    char text[TEXT_BYTES];
    phi_hf_config c;
    phi_arena arena;
    const int n = snprintf(text, sizeof text, "{\"model_type\": \"phi3\", \"rms_norm_eps\": 1e-5, %s}", member);
    phi_arena_init(&arena, 1 << 14);
    *err = (phi_error){0};
    const phi_status status = phi_hf_read_config(&c, &arena, (phi_bytes){(const uint8_t *)text, (size_t)n}, err);
    phi_arena_deinit(&arena);
    return status == PHI_OK ? "" : err->text;
}

static const char *preprocessor_error(phi_error *err, const char *text)
{
    phi_hf_vision v = {.num_crops = 4};
    phi_arena arena;
    phi_arena_init(&arena, 1 << 14);
    *err = (phi_error){0};
    const phi_status status = phi_hf_read_preprocessor(&v, &arena, (phi_bytes){(const uint8_t *)text, strlen(text)},
                                                       err);
    phi_arena_deinit(&arena);
    return status == PHI_OK ? "" : err->text;
}

#define SIZES "\"vocab_size\": 100, \"hidden_size\": 64, \"intermediate_size\": 96, \"num_hidden_layers\": 2, "

TEST(import_config__counts_are_those_that_the_engine_takes)
{
    static const struct {
        const char *member, *error;
    } rows[] = {
        {SIZES "\"num_attention_heads\": 4, \"max_position_embeddings\": 1048576", ""},
        {SIZES "\"num_attention_heads\": 4, \"max_position_embeddings\": 1048577",
         "config.json: max_position_embeddings is 1048577, expected 1 to 1048576"},
        {SIZES "\"num_attention_heads\": 4, \"max_position_embeddings\": 64, "
               "\"original_max_position_embeddings\": 1048577",
         "config.json: original_max_position_embeddings is 1048577, expected 1 to 1048576"},
        {SIZES "\"num_attention_heads\": 4, \"num_key_value_heads\": 3, \"max_position_embeddings\": 64",
         "config.json: 4 heads cannot share 3 key-value heads evenly"},
        {SIZES "\"num_attention_heads\": 4, \"head_dim\": 513, \"max_position_embeddings\": 64",
         "config.json: head_dim 513 or sliding_window 0 is out of range"},
        {SIZES "\"num_attention_heads\": 4, \"head_dim\": 6, \"max_position_embeddings\": 64",
         "config.json: heads of 6 dimensions, expected a multiple of 4 up to 512"},
        {"\"vocab_size\": 100, \"hidden_size\": 516, \"intermediate_size\": 96, \"num_hidden_layers\": 2, "
         "\"num_attention_heads\": 1, \"max_position_embeddings\": 64",
         "config.json: heads of 516 dimensions, expected a multiple of 4 up to 512"},
        {SIZES "\"num_attention_heads\": 4, \"partial_rotary_factor\": 0.2, \"max_position_embeddings\": 64",
         "config.json: 3 of 16 dimensions are rotated, expected an even number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        phi_error err;
        CHECK_TEXT(config_error(&err, rows[i].member), rows[i].error);
    }
}

TEST(import_config__crops_are_those_that_the_engine_takes)
{
    phi_error err;
    CHECK_TEXT(preprocessor_error(&err, "{\"num_crops\": 64}"), "");
    CHECK_TEXT(preprocessor_error(&err, "{}"), "");
    CHECK_TEXT(preprocessor_error(&err, "{\"num_crops\": 65}"),
               "preprocessor_config.json: num_crops is 65, expected 1 to 64");
    CHECK_TEXT(preprocessor_error(&err, "{\"num_crops\": 0}"),
               "preprocessor_config.json: num_crops is 0, expected 1 to 64");
}
