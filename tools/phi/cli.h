/* The native tool: the same engine as in the browser, with files in place of fetch.
 * Layer: above src/phi.h and src/phi_pixels.h, sees nothing else (but the kernel names for `bench kernels`). */
#ifndef PHI_CLI_H
#define PHI_CLI_H

#include "phi.h"

/* Options of all commands; each command takes those that its help names. */
typedef struct cli_options {
    const char *model;
    const char *prompt; /* --prompt TEXT, or what --file holds */
    size_t prompt_bytes;
    const char *tokens; /* --tokens 1,2,3 */
    const char *images; /* --image A.jpg,B.ppm */
    const char *system;
    int32_t n_threads;
    int32_t accuracy_level;
    int32_t kernels;
    int32_t strip_rule;
    int32_t weights; /* of a Hugging Face folder: PHI_IMPORT_AUTO or PHI_IMPORT_FILE */
    int32_t type;    /* convert: a phi_import_type, of linears */
    int32_t embedding;
    int32_t output;
    int32_t vision;
    uint64_t split_bytes;
    const char *input; /* convert: INPUT OUTPUT */
    int32_t context;
    int32_t batch;
    int32_t kv_type;
    int32_t rope;
    int32_t repeat;
    int32_t prefill;
    int32_t top;
    bool json;
    bool plain;              /* tokenize: control strings are plain text */
    bool no_special;         /* no BOS / EOS */
    bool every;              /* logits: of every position */
    bool fresh;              /* logits: each length from nothing */
    bool embeds;             /* the session is for embeddings */
    int32_t pooling;         /* embed: a phi_pooling */
    const char *lengths;     /* logits, embed: 1,2,3: so many tokens each */
    const char *json_schema; /* generate: a file */
    const char *regex;
    const char *regex_flags;
    bool json_object;
    phi_generate_options generate;
    const char *out_path;
    const char *picture; /* picture: a file */
    int32_t crops;       /* 0: the model's own number, or 4 */
    int32_t tile;
} cli_options;

typedef struct cli_command {
    const char *name;
    const char *summary;
    const char *help;
    int (*run)(cli_options *o);
} cli_command;

extern const cli_command cli_info, cli_tokenize, cli_logits, cli_embed, cli_generate, cli_image, cli_picture, cli_bench,
    cli_convert;

/* Prints "phi: …" to stderr and returns 1. */
int cli_fail(const char *fmt, ...) PHI_PRINTF(1, 2);

/* Opens, describes and loads a model (all files of a split one); NULL after printing the error. needs_weights false
 * stops after the description. */
phi_engine *cli_open_model(const cli_options *o, bool needs_weights);
phi_session *cli_open_session(const cli_options *o, phi_engine *e);

/* The pictures of --image, encoded; before the engine is destroyed they are closed. NULL after printing the error. */
typedef struct cli_picture_item {
    phi_image *image;
    double seconds; /* that encoding took */
} cli_picture_item;

typedef struct cli_images {
    cli_picture_item *at; /* (n) */
    size_t n;
} cli_images;
cli_images *cli_open_images(const cli_options *o, phi_engine *e);
void cli_close_images(cli_images *images); /* NULL is fine */

/* The token ids that a command works on: --tokens, where -k is the k-th image, or the encoded prompt, where <|image_k|>
 * is. malloc'ed; NULL after printing the error. */
int32_t *cli_tokens(const cli_options *o, phi_engine *e, const cli_images *images, size_t *n_out);
/* "1,2,3", malloc'ed; NULL after printing the error. */
int32_t *cli_parse_numbers(const char *list, size_t *n_out);
/* Which lengths of a text of n_ids tokens are asked for: --lengths, all (--every), or the whole.
 * malloc'ed; NULL after printing the error. */
int32_t *cli_lengths(const cli_options *o, size_t n_ids, size_t *n_out);
/* Runs step() to the end; false after printing the error. */
bool cli_compute(phi_session *s);
/* A whole file, malloc'ed; NULL after printing the error. "-" is standard input. */
char *cli_read_file(const char *path, size_t *n_out);
double cli_now(void); /* seconds */

#endif
