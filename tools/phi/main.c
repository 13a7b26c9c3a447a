#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_command *const commands[] = {&cli_info,  &cli_tokenize, &cli_logits, &cli_embed,  &cli_generate,
                                              &cli_image, &cli_picture,  &cli_bench,  &cli_convert};

typedef enum option_kind { KIND_FLAG, KIND_INT, KIND_U64, KIND_FLOAT, KIND_TEXT, KIND_FILE, KIND_CHOICE } option_kind;

typedef struct option {
    const char *name;
    option_kind kind;
    size_t offset;       /* of the field in cli_options */
    const char *choices; /* KIND_CHOICE: names with commas; their place is the value */
    int32_t base;        /* value of the first choice */
} option;

#define AT(field) offsetof(cli_options, field)

static const option options[] = {
    {"--model", KIND_TEXT, AT(model), NULL, 0},
    {"--prompt", KIND_TEXT, AT(prompt), NULL, 0},
    {"--file", KIND_FILE, AT(prompt), NULL, 0},
    {"--tokens", KIND_TEXT, AT(tokens), NULL, 0},
    {"--image", KIND_TEXT, AT(images), NULL, 0},
    {"--threads", KIND_INT, AT(n_threads), NULL, 0},
    {"--accuracy-level", KIND_INT, AT(accuracy_level), NULL, 0},
    {"--kernels", KIND_CHOICE, AT(kernels), "auto,scalar,simd128,relaxed-i16,relaxed-i32,relaxed-s8,relaxed-u8", -1},
    {"--strip", KIND_CHOICE, AT(strip_rule), "auto,none,all,vision", 0},
    {"--weights", KIND_CHOICE, AT(weights), "int4,file", 0},
    {"--type", KIND_CHOICE, AT(type), "auto,file,f16,q8_0,q4_0", 0},
    {"--embedding", KIND_CHOICE, AT(embedding), "auto,file,f16,q8_0,q4_0", 0},
    {"--output", KIND_CHOICE, AT(output), "auto,file,f16,q8_0,q4_0", 0},
    {"--vision", KIND_CHOICE, AT(vision), "auto,file,f16,q8_0", 0},
    {"--split-bytes", KIND_U64, AT(split_bytes), NULL, 0},
    {"--context", KIND_INT, AT(context), NULL, 0},
    {"--batch", KIND_INT, AT(batch), NULL, 0},
    {"--kv", KIND_CHOICE, AT(kv_type), "f16,q8", 0},
    {"--rope", KIND_CHOICE, AT(rope), "auto,short,long", 0},
    {"--pooling", KIND_CHOICE, AT(pooling), "last,mean", 0},
    {"--repeat", KIND_INT, AT(repeat), NULL, 0},
    {"--prefill", KIND_INT, AT(prefill), NULL, 0},
    {"--top", KIND_INT, AT(top), NULL, 0},
    {"--json", KIND_FLAG, AT(json), NULL, 0},
    {"--plain", KIND_FLAG, AT(plain), NULL, 0},
    {"--no-special", KIND_FLAG, AT(no_special), NULL, 0},
    {"--every", KIND_FLAG, AT(every), NULL, 0},
    {"--fresh", KIND_FLAG, AT(fresh), NULL, 0},
    {"--lengths", KIND_TEXT, AT(lengths), NULL, 0},
    {"--out", KIND_TEXT, AT(out_path), NULL, 0},
    {"--max-tokens", KIND_INT, AT(generate.max_tokens), NULL, 0},
    {"--temperature", KIND_FLOAT, AT(generate.temperature), NULL, 0},
    {"--top-k", KIND_INT, AT(generate.top_k), NULL, 0},
    {"--top-p", KIND_FLOAT, AT(generate.top_p), NULL, 0},
    {"--min-p", KIND_FLOAT, AT(generate.min_p), NULL, 0},
    {"--repetition-penalty", KIND_FLOAT, AT(generate.repetition_penalty), NULL, 0},
    {"--presence-penalty", KIND_FLOAT, AT(generate.presence_penalty), NULL, 0},
    {"--frequency-penalty", KIND_FLOAT, AT(generate.frequency_penalty), NULL, 0},
    {"--seed", KIND_U64, AT(generate.seed), NULL, 0},
    {"--json-object", KIND_FLAG, AT(json_object), NULL, 0},
    {"--json-schema", KIND_TEXT, AT(json_schema), NULL, 0},
    {"--regex", KIND_TEXT, AT(regex), NULL, 0},
    {"--regex-flags", KIND_TEXT, AT(regex_flags), NULL, 0},
    {"--picture", KIND_TEXT, AT(picture), NULL, 0},
    {"--crops", KIND_INT, AT(crops), NULL, 0},
    {"--tile", KIND_INT, AT(tile), NULL, 0},
};

static int print_help(void)
{
    printf("phi: the PocketPhi engine on this machine\n\nusage: phi COMMAND [OPTIONS]     phi COMMAND --help\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
    return 0;
}

static bool parse_choice(int32_t *out, const option *opt, const char *value)
{
    const size_t n = strlen(value);
    int32_t place = opt->base;
    for (const char *at = opt->choices; at; place++) {
        const char *comma = strchr(at, ',');
        const size_t len = comma ? (size_t)(comma - at) : strlen(at);
        if (len == n && strncmp(at, value, n) == 0) {
            *out = place;
            return true;
        }
        at = comma ? comma + 1 : NULL;
    }
    (void)cli_fail("%s: '%s' is not one of %s", opt->name, value, opt->choices);
    return false;
}

static bool store(cli_options *o, const option *opt, const char *value)
{
    void *field = (char *)o + opt->offset;
    char *end = NULL;
    switch (opt->kind) {
    case KIND_FLAG:
        *(bool *)field = true;
        return true;
    case KIND_TEXT:
        *(const char **)field = value;
        o->prompt_bytes = o->prompt ? strlen(o->prompt) : 0;
        return true;
    case KIND_FILE:
        o->prompt = cli_read_file(value, &o->prompt_bytes);
        return o->prompt != NULL;
    case KIND_CHOICE:
        return parse_choice(field, opt, value);
    case KIND_INT:
        *(int32_t *)field = (int32_t)strtol(value, &end, 10);
        break;
    case KIND_U64:
        *(uint64_t *)field = strtoull(value, &end, 10);
        break;
    case KIND_FLOAT:
        *(float *)field = strtof(value, &end);
        break;
    }
    if (end == value || *end != 0) {
        (void)cli_fail("%s: '%s' is not a number", opt->name, value);
        return false;
    }
    return true;
}

static bool parse(cli_options *o, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        const option *found = NULL;
        const char **place = !o->input ? &o->input : !o->out_path ? &o->out_path : NULL;
        if (strcmp(argv[1], "convert") == 0 && argv[i][0] != '-' && place) {
            *place = argv[i];
            continue;
        }
        for (size_t k = 0; k < sizeof options / sizeof options[0]; k++)
            if (strcmp(argv[i], options[k].name) == 0)
                found = &options[k];
        if (!found) {
            (void)cli_fail("unknown option '%s'; phi %s --help lists them", argv[i], argv[1]);
            return false;
        }
        if (found->kind != KIND_FLAG && i + 1 == argc) {
            (void)cli_fail("%s needs a value", argv[i]);
            return false;
        }
        if (!store(o, found, found->kind == KIND_FLAG ? "" : argv[++i]))
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    cli_options o = {.n_threads = 1,
                     .accuracy_level = 4,
                     .kernels = -1,
                     .repeat = 3,
                     .prefill = 128,
                     .top = 5,
                     .pooling = PHI_POOLING_MEAN,
                     .tile = 336,
                     .generate = phi_generate_options_default()};
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return print_help();
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i]->name) != 0)
            continue;
        if (argc > 2 && strcmp(argv[2], "--help") == 0) {
            printf("phi %s: %s\n\n%s", commands[i]->name, commands[i]->summary, commands[i]->help);
            return 0;
        }
        return parse(&o, argc, argv) ? commands[i]->run(&o) : 2;
    }
    return cli_fail("unknown command '%s'; phi --help lists them", argv[1]) + 1;
}
