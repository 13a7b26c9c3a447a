#include "token_parts.h"

#define AT(field)  offsetof(phi_token_part, field)
#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define SPACE_MARK "\xe2\x96\x81" /* U+2581 */

/* ------------------------------------------------------------------ reading */

/* {"String": " "} or {"Regex": "\\s+"} */
static phi_status read_pattern(phi_json_walk *w, void *field)
{
    static const phi_field fields[] = {
        {"String", PHI_FIELD_TEXT, AT(text), NULL},
        {"Regex", PHI_FIELD_TEXT, AT(regex), NULL},
    };
    /* `field` is the part's first member. */
    return phi_walk_fields(w, fields, COUNT(fields), field);
}

typedef struct part_reader {
    phi_token_part part;
    phi_token_parts *all;
} part_reader;

/* The components of a Sequence. */
static phi_status read_list(phi_json_walk *w, void *field)
{
    return phi_walk_items(w, phi_read_token_parts, *(phi_token_parts **)field);
}

static const phi_field part_fields[] = {
    {"type", PHI_FIELD_TEXT, AT(type), NULL},
    {"prepend", PHI_FIELD_TEXT, AT(prepend), NULL},
    {"content", PHI_FIELD_TEXT, AT(content), NULL},
    {"prepend_scheme", PHI_FIELD_TEXT, AT(scheme), NULL},
    {"behavior", PHI_FIELD_TEXT, AT(behaviour), NULL},
    {"replacement", PHI_FIELD_TEXT, AT(replacement), NULL},
    {"add_prefix_space", PHI_FIELD_FLAG, AT(adds_prefix_space), NULL},
    {"use_regex", PHI_FIELD_FLAG, AT(uses_regex), NULL},
    {"individual_digits", PHI_FIELD_FLAG, AT(isolates_digits), NULL},
    {"invert", PHI_FIELD_FLAG, AT(is_inverted), NULL},
    {"split", PHI_FIELD_FLAG, AT(splits), NULL},
    {"pattern", PHI_FIELD_OTHER, 0, read_pattern},
    {"normalizers", PHI_FIELD_OTHER, offsetof(part_reader, all), read_list},
    {"pretokenizers", PHI_FIELD_OTHER, offsetof(part_reader, all), read_list},
};

phi_status phi_read_token_parts(phi_json_walk *w, void *field)
{
    phi_token_parts *all = field;
    part_reader r = {.part = {.uses_regex = true, .splits = true}, .all = all};
    PHI_TRY(phi_walk_fields(w, part_fields, COUNT(part_fields), &r));
    if (phi_str_equal(r.part.type, PHI_STR("Sequence")))
        return PHI_OK;
    if (all->n == PHI_PARTS_MAX)
        return phi_json_fail(&w->r, "at most 8 parts of a normaliser or pre-tokeniser");
    all->items[all->n++] = r.part;
    return PHI_OK;
}

typedef struct frame_item {
    phi_str special; /* the id of a SpecialToken: its text */
    bool is_sequence;
} frame_item;

static phi_status read_special(phi_json_walk *w, void *field)
{
    static const phi_field fields[] = {{"id", PHI_FIELD_TEXT, 0, NULL}};
    return phi_walk_fields(w, fields, COUNT(fields), field);
}

static phi_status read_sequence(phi_json_walk *w, void *field)
{
    *(bool *)field = true;
    return phi_walk_skip(w);
}

/* [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}] */
static phi_status read_single(phi_json_walk *w, void *field)
{
    static const phi_field fields[] = {
        {"SpecialToken", PHI_FIELD_OTHER, offsetof(frame_item, special), read_special},
        {"Sequence", PHI_FIELD_OTHER, offsetof(frame_item, is_sequence), read_sequence},
    };
    phi_token_frame *frame = field;
    bool is_behind = false;
    bool has_more;
    PHI_TRY(phi_walk_enter(w, '['));
    for (;;) {
        frame_item item = {.is_sequence = false};
        PHI_TRY(phi_walk_item(w, &has_more));
        if (!has_more)
            return PHI_OK;
        PHI_TRY(phi_walk_fields(w, fields, COUNT(fields), &item));
        is_behind = is_behind || item.is_sequence;
        phi_str *side = is_behind ? &frame->after : &frame->before;
        if (!item.is_sequence && side->len > 0)
            return phi_json_fail(&w->r, "one special token at most on either side of a text");
        if (!item.is_sequence)
            *side = item.special;
    }
}

static phi_status read_processors(phi_json_walk *w, void *field)
{
    return phi_walk_items(w, phi_read_token_frame, field);
}

phi_status phi_read_token_frame(phi_json_walk *w, void *field)
{
    static const phi_field fields[] = {
        {"single", PHI_FIELD_OTHER, 0, read_single},
        {"processors", PHI_FIELD_OTHER, 0, read_processors},
    };
    return phi_walk_fields(w, fields, COUNT(fields), field);
}

/* ------------------------------------------------------------------ matching */

static phi_status refuse(const char *what, const phi_token_part *part, phi_error *err)
{
    const phi_str detail = part->regex.len > 0 ? part->regex : part->scheme;
    return phi_fail(err, PHI_EUNSUPPORTED, "tokenizer.json: the %s '%.*s'%s%.*s is not one that this build knows", what,
                    phi_str_print_len(part->type), part->type.ptr, detail.len > 0 ? " " : "", phi_str_print_len(detail),
                    detail.ptr);
}

static bool is_type(const phi_token_part *part, const char *type)
{
    return phi_str_equal(part->type, phi_str_of(type));
}

phi_status phi_match_spm(bool *adds_prefix, const phi_token_parts *normalizer, const phi_token_parts *pre,
                         phi_error *err)
{
    bool marks_spaces = false;
    *adds_prefix = false;
    for (size_t i = 0; i < normalizer->n; i++) {
        const phi_token_part *part = &normalizer->items[i];
        const bool prepends = is_type(part, "Prepend") && phi_str_equal(part->prepend, PHI_STR(SPACE_MARK)) && i == 0;
        const bool replaces = is_type(part, "Replace") && phi_str_equal(part->text, PHI_STR(" ")) &&
                              phi_str_equal(part->content, PHI_STR(SPACE_MARK));
        if (!prepends && !replaces)
            return refuse("normaliser", part, err);
        *adds_prefix = *adds_prefix || prepends;
        marks_spaces = marks_spaces || replaces;
    }
    for (size_t i = 0; i < pre->n; i++) {
        const phi_token_part *part = &pre->items[i];
        const bool is_always = phi_str_equal(part->scheme, PHI_STR("always"));
        const bool is_known = is_always || phi_str_equal(part->scheme, PHI_STR("never"));
        if (!is_type(part, "Metaspace") || !is_known || part->splits ||
            !phi_str_equal(part->replacement, PHI_STR(SPACE_MARK)) || marks_spaces)
            return refuse("pre-tokeniser", part, err);
        *adds_prefix = is_always;
        marks_spaces = true;
    }
    if (!marks_spaces)
        return phi_fail(err, PHI_EUNSUPPORTED,
                        "tokenizer.json: nothing writes spaces as U+2581, as byte-fallback BPE of this family does");
    return PHI_OK;
}

#define CL100K(digits)                                                   \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits \
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

/* The published expressions, and the names of pretokenize.c. `whole`: where a piece that is a token is taken whole. */
static const struct {
    const char *regex, *name, *whole;
} splits[] = {
    {CL100K("\\p{N}{1,3}"), "dbrx", "llama-bpe"},
    {CL100K("\\p{N}"), "qwen2", NULL},
    {"[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'"
     "ll|"
     "'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'"
     "m|"
     "'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
     "gpt-4o", NULL},
};

static phi_status match_split(const char **out, const phi_token_part *part, bool ignores_merges, phi_error *err)
{
    /* Pieces are the matches: isolated, or all that is not between them. */
    const bool keeps = part->is_inverted ? phi_str_equal(part->behaviour, PHI_STR("Removed"))
                                         : phi_str_equal(part->behaviour, PHI_STR("Isolated"));
    for (size_t i = 0; keeps && i < COUNT(splits); i++) {
        const char *name = ignores_merges ? splits[i].whole : splits[i].name;
        if (!phi_str_equal(part->regex, phi_str_of(splits[i].regex)) || !name)
            continue;
        *out = name;
        return PHI_OK;
    }
    return refuse(ignores_merges ? "pre-tokeniser with ignore_merges" : "pre-tokeniser", part, err);
}

phi_status phi_match_pre(const char **out, const phi_token_parts *normalizer, const phi_token_parts *pre,
                         bool ignores_merges, phi_error *err)
{
    const phi_token_part *last = pre->n > 0 ? &pre->items[pre->n - 1] : NULL;
    const phi_token_part *first = pre->n > 0 ? &pre->items[0] : NULL;
    if (normalizer->n > 0)
        return refuse("normaliser", &normalizer->items[0], err);
    if (!last || !is_type(last, "ByteLevel") || last->adds_prefix_space || pre->n > 2)
        return last
                   ? refuse("pre-tokeniser", last, err)
                   : phi_fail(err, PHI_EUNSUPPORTED, "tokenizer.json: no pre-tokeniser, expected ByteLevel at its end");
    if (pre->n == 2 && is_type(first, "Split") && !last->uses_regex)
        return match_split(out, first, ignores_merges, err);
    const bool has_digits = pre->n == 2 && is_type(first, "Digits") && first->isolates_digits;
    if (!last->uses_regex || ignores_merges || (pre->n == 2 && !has_digits))
        return refuse("pre-tokeniser", first, err);
    *out = has_digits ? "smollm" : "gpt-2";
    return PHI_OK;
}
