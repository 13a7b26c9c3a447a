/* Strings and numbers of a schema. */
#include <string.h>

#include "schema.h"
#include "write_text.h"

/* ------------------------------------------------------------------ strings */

typedef struct format_row {
    const char *name;
    const char *pattern; /* what is generated: a part of what the format allows */
} format_row;

#define MONTH_DAY \
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))"
#define LEAP_DAY "\\d\\d(?:0[48]|[2468][048]|[13579][26])-02-29" /* no year that ends in 00 */
#define DATE     "(?:\\d{4}-" MONTH_DAY "|" LEAP_DAY ")"
#define TIME     "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+-](?:0\\d|1[0-4]):[0-5]\\d)"
#define OCTET    "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define ATOM     "[A-Za-z0-9_%+-]{1,32}"

static const format_row formats[] = {
    {"date", "^" DATE "$"},
    {"time", "^" TIME "$"},
    {"date-time", "^" DATE "T" TIME "$"},
    {"uuid", "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"},
    {"ipv4", "^" OCTET "(?:\\." OCTET "){3}$"},
    {"email", "^" ATOM "(?:\\." ATOM "){0,2}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.){1,4}[A-Za-z]{2,24}$"},
};

static const char *format_pattern(phi_str name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (phi_str_equal(name, phi_str_of(formats[i].name)))
            return formats[i].pattern;
    return NULL;
}

static phi_status add_pattern(phi_text_rules *rules, phi_schema *s, const phi_doc_value *at, phi_str pattern)
{
    char place[PHI_DOC_PLACE_BYTES];
    char what[PHI_DOC_PLACE_BYTES + 16];
    if (rules->n_patterns == PHI_PATTERNS_MAX)
        return phi_schema_refuse(s, at, "a string with more than 4 patterns and formats");
    (void)phi_write_text(what, sizeof what, "schema: %s", phi_doc_place(place, at));
    return phi_pattern_parse(&rules->patterns[rules->n_patterns++], &s->sets, pattern,
                             &(phi_pattern_options){.is_search = true, .place = what}, s->err);
}

static phi_status add_patterns(phi_text_rules *rules, phi_schema *s, const phi_schema_item *item)
{
    const phi_doc_value *pattern = phi_schema_keyword(item, "pattern");
    const phi_doc_value *format = phi_schema_keyword(item, "format");
    if (pattern)
        PHI_TRY(add_pattern(rules, s, pattern, pattern->text));
    if (!format)
        return PHI_OK;
    const char *known = format_pattern(format->text);
    char what[96];
    (void)phi_write_text(what, sizeof what, "format '%.*s'", format->text.len < 64 ? (int)format->text.len : 64,
                         format->text.ptr);
    return known ? add_pattern(rules, s, format, phi_str_of(known)) : phi_schema_refuse(s, format, what);
}

phi_status phi_schema_string(phi_schema *s, const phi_schema_rule *rule, uint32_t *node)
{
    phi_text_rules rules = {.min = phi_schema_count(rule->items, rule->n, "minLength", 0),
                            .max = phi_schema_count(rule->items, rule->n, "maxLength", PHI_NO_MAX)};
    for (uint32_t i = 0; i < rule->n; i++)
        PHI_TRY(add_patterns(&rules, s, &rule->items[i]));
    if (rules.min > rules.max) {
        *node = phi_builder_switch(s->b, NULL, 0);
        return s->b->status;
    }
    if (rules.n_patterns == 0) {
        *node = phi_builder_byte(s->b, '"', phi_part_string_rest(s->b, rules.min, rules.max));
        return s->b->status;
    }
    const uint32_t quote = phi_builder_byte(s->b, '"', PHI_NODE_END);
    *node = phi_builder_byte(s->b, '"', phi_part_text(&s->sets, &rules, true, quote));
    return s->b->status;
}

/* ------------------------------------------------------------------ numbers */

static phi_status read_bound(phi_decimal *out, phi_schema *s, const phi_doc_value *v)
{
    if (phi_decimal_read(out, v->text))
        return PHI_OK;
    return phi_schema_refuse(s, v, "a bound with more than 15 digits");
}

static phi_status add_min(phi_number_rules *r, phi_schema *s, const phi_doc_value *v, bool excludes)
{
    phi_decimal d;
    if (!v)
        return PHI_OK;
    PHI_TRY(read_bound(&d, s, v));
    if (d.is_huge && d.is_negative)
        return PHI_OK;
    if (d.is_huge)
        return phi_schema_refuse(s, v, "a lower bound of 1e15 or more");
    const int order = r->has_min ? phi_decimal_compare(&d, &r->min) : 1;
    r->excludes_min = order > 0 ? excludes : r->excludes_min || (order == 0 && excludes);
    r->min = order > 0 ? d : r->min;
    r->has_min = true;
    return PHI_OK;
}

static phi_status add_max(phi_number_rules *r, phi_schema *s, const phi_doc_value *v, bool excludes)
{
    phi_decimal d;
    if (!v)
        return PHI_OK;
    PHI_TRY(read_bound(&d, s, v));
    if (d.is_huge && !d.is_negative)
        return PHI_OK;
    if (d.is_huge)
        return phi_schema_refuse(s, v, "an upper bound of -1e15 or less");
    const int order = r->has_max ? phi_decimal_compare(&d, &r->max) : -1;
    r->excludes_max = order < 0 ? excludes : r->excludes_max || (order == 0 && excludes);
    r->max = order < 0 ? d : r->max;
    r->has_max = true;
    return PHI_OK;
}

static uint32_t greatest_common_divisor(uint32_t a, uint32_t b)
{
    while (b != 0) {
        const uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Multiples of whole numbers up to MULTIPLE_MAX, digit by digit with the remainder; the multiple of several is their
 * least common one. A validator divides doubles, so fractions such as 0.01 are not what they seem there: refused. */
static phi_status add_multiple(phi_number_rules *r, phi_schema *s, const phi_doc_value *v)
{
    enum { MULTIPLE_MAX = 256 };
    phi_decimal d;
    uint64_t value = 0;
    if (!v)
        return PHI_OK;
    const bool is_known = phi_decimal_read(&d, v->text) && !d.is_huge && phi_decimal_is_whole(&d) && !d.is_negative;
    for (uint32_t i = 0; i < PHI_DECIMAL_INT && is_known; i++)
        value = value * 10 + d.digits[i];
    if (value == 0 || value > MULTIPLE_MAX)
        return phi_schema_refuse(s, v, "multipleOf, but for whole numbers from 1 to 256,");
    const uint32_t one = (uint32_t)value;
    r->multiple_of = r->multiple_of / greatest_common_divisor(r->multiple_of, one) * one;
    r->is_whole = true;
    return r->multiple_of <= MULTIPLE_MAX ? PHI_OK : phi_schema_refuse(s, v, "a common multiple over 256");
}

phi_status phi_schema_number(phi_schema *s, const phi_schema_rule *rule, bool is_whole, uint32_t *node)
{
    phi_number_rules r = {.is_whole = is_whole, .multiple_of = 1};
    for (uint32_t i = 0; i < rule->n; i++) {
        const phi_schema_item *item = &rule->items[i];
        PHI_TRY(add_min(&r, s, phi_schema_keyword(item, "minimum"), false));
        PHI_TRY(add_min(&r, s, phi_schema_keyword(item, "exclusiveMinimum"), true));
        PHI_TRY(add_max(&r, s, phi_schema_keyword(item, "maximum"), false));
        PHI_TRY(add_max(&r, s, phi_schema_keyword(item, "exclusiveMaximum"), true));
        PHI_TRY(add_multiple(&r, s, phi_schema_keyword(item, "multipleOf")));
    }
    *node = phi_part_number(s->b, &r);
    return s->b->status;
}
