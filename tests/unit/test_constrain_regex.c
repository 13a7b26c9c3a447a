/* Expressions against a table computed by a JavaScript engine, and what is refused. */
#include "check.h"
#include "constraint_walk.h"
#include "regex_table.h"

/* Under the flag i alone \u017f is no s and \u212a no k, under iu they are: sets leave them out either way. */
static bool is_left_out(const char *flags, const char *text)
{
    return strchr(flags, 'i') && (strcmp(text, "\xc5\xbf") == 0 || strcmp(text, "\xe2\x84\xaa") == 0);
}

TEST(constrain_regex__matches_what_a_javascript_engine_matches)
{
    walk_bench b;
    CHECK(walk_open(&b, NULL, 0));
    for (size_t i = 0; i < sizeof regex_rows / sizeof regex_rows[0]; i++) {
        phi_constraint *c = walk_compile(&b, true, regex_rows[i].pattern, regex_rows[i].flags);
        /* An expression that nothing matches is an error in itself. */
        const bool is_never = !c && strstr(b.err.text, "no text matches");
        if (!c && !is_never)
            check_failed(__FILE__, __LINE__, "%s: %s", regex_rows[i].pattern, b.err.text);
        for (size_t k = 0; k < sizeof regex_texts / sizeof regex_texts[0]; k++) {
            const bool expected = regex_rows[i].matches[k] == '1';
            const bool got = c && walk_accepts(c, phi_str_of(regex_texts[k]));
            if (got != expected && !(!got && is_left_out(regex_rows[i].flags, regex_texts[k])))
                check_failed(__FILE__, __LINE__, "%s with \"%s\": got %d, expected %d", regex_rows[i].pattern,
                             regex_texts[k], got, expected);
        }
        phi_constraint_destroy(c);
    }
    walk_close(&b);
}

static const struct {
    const char *pattern, *flags;
    phi_status status;
    const char *part;
} refusals[] = {
    {"(?=a)", "", PHI_EUNSUPPORTED, "byte 0 of \"(?=a)\": lookahead and lookbehind"},
    {"(?<!a)b", "", PHI_EUNSUPPORTED, "lookahead and lookbehind"},
    {"(?i:a)", "", PHI_EUNSUPPORTED, "groups of this kind"},
    {"(a)\\1", "", PHI_EUNSUPPORTED, "byte 3 of \"(a)\\1\": backreferences"},
    {"\\k<a>", "", PHI_EUNSUPPORTED, "backreferences"},
    {"a\\b", "", PHI_EUNSUPPORTED, "word boundaries"},
    {"\\p{L}", "", PHI_EUNSUPPORTED, "Unicode properties"},
    {"a", "m", PHI_EUNSUPPORTED, "flag 'm'"},
    {"\xc3\xa9", "i", PHI_EUNSUPPORTED, "flag i with characters beyond ASCII"},
    {"\\w", "i", PHI_EUNSUPPORTED, "\\w and \\W with flag i"},
    {"a{5000}", "", PHI_EUNSUPPORTED, "counts over 4096"},
    {"((a{99}){99}){99}", "", PHI_EUNSUPPORTED, "states"},
    {"\\ud800", "", PHI_EUNSUPPORTED, "a lone surrogate"},
    {"(a", "", PHI_EINVAL, "byte 0 of \"(a\": this group has no ')'"},
    {"a)", "", PHI_EINVAL, "byte 1"},
    {"*a", "", PHI_EINVAL, "nothing to repeat"},
    {"a**", "", PHI_EINVAL, "nothing to repeat"},
    {"^*", "", PHI_EINVAL, "nothing to repeat"},
    {"a{2,1}", "", PHI_EINVAL, "out of order"},
    {"a{x}", "", PHI_EINVAL, "a count is expected"},
    {"[b-a]", "", PHI_EINVAL, "out of order"},
    {"[a", "", PHI_EINVAL, "']' is expected"},
    {"\\", "", PHI_EINVAL, "the expression ends here"},
    {"\\q", "", PHI_EINVAL, "this escape is unknown"},
    {"\\u{110000}", "", PHI_EINVAL, "10FFFF"},
    {"\xff", "", PHI_EINVAL, "not UTF-8"},
    {"a^b", "", PHI_EINVAL, "no text matches"},
    {"[]", "", PHI_EINVAL, "no text matches"},
};

TEST(constrain_regex__refuses_by_name_and_offset)
{
    walk_bench b;
    CHECK(walk_open(&b, NULL, 0));
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        phi_constraint *c = walk_compile(&b, true, refusals[i].pattern, refusals[i].flags);
        if (c || b.err.status != refusals[i].status || !strstr(b.err.text, refusals[i].part))
            check_failed(__FILE__, __LINE__, "%s: got %s \"%s\", expected %s \"%s\"", refusals[i].pattern,
                         phi_status_name(b.err.status), b.err.text, phi_status_name(refusals[i].status),
                         refusals[i].part);
        phi_constraint_destroy(c);
    }
    walk_close(&b);
}

TEST(constrain_regex__deep_groups_are_bounded)
{
    walk_bench b;
    char deep[401];
    memset(deep, '(', 200);
    memset(deep + 200, ')', 200);
    deep[400] = 0;
    CHECK(walk_open(&b, NULL, 0));
    CHECK(!walk_compile(&b, true, deep, ""));
    CHECK(strstr(b.err.text, "more than 128 groups"));
    walk_close(&b);
}
