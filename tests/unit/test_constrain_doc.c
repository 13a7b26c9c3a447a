#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "decimal.h"
#include "doc.h"

static phi_arena g_arena;
static phi_error g_err;

static phi_doc_value *parse(const char *text)
{
    phi_doc_value *v = NULL;
    phi_arena_deinit(&g_arena);
    phi_arena_init(&g_arena, 4096);
    g_err = (phi_error){0};
    return phi_doc_parse(&v, &g_arena, phi_str_of(text), &g_err) == PHI_OK ? v : NULL;
}

static void close_all(void)
{
    phi_arena_deinit(&g_arena);
}

TEST(constrain_doc__reads_every_kind_of_value)
{
    const phi_doc_value *v = parse(
        " {\"a\" : [1, -2.5e+3 , true,false,null], \"\\u00e9\\n\\ud83d\\ude00\":\"\\\"\\/\"}\r\n");
    CHECK(v && v->type == PHI_DOC_OBJECT);
    CHECK_INT(v->n_items, 2);
    const phi_doc_value *a = phi_doc_get(v, PHI_STR("a"));
    CHECK(a && a->type == PHI_DOC_ARRAY);
    CHECK_INT(a->n_items, 5);
    CHECK(phi_str_equal(a->first->next->text, PHI_STR("-2.5e+3")));
    const phi_doc_value *s = phi_doc_get(v, PHI_STR("\xc3\xa9\n\xf0\x9f\x98\x80"));
    CHECK(s && phi_str_equal(s->text, PHI_STR("\"/")));
    CHECK(!phi_doc_get(v, PHI_STR("b")));
    close_all();
}

TEST(constrain_doc__says_where_it_is_wrong)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "JSON: the text ends at byte 0; expected a value"},
        {"{\"a\":1,}", "JSON: byte 7 is 0x7d; expected a string"},
        {"[1 2]", "JSON: byte 3 is 0x32; expected ',' or ']'"},
        {"01", "JSON: byte 1 is 0x31; expected the end of the text"},
        {"1.", "JSON: the text ends at byte 2; expected a digit"},
        {"-", "JSON: the text ends at byte 1; expected a value"},
        {"tru", "JSON: byte 0 is 0x74; expected a value"},
        {"\"a", "JSON: the text ends at byte 2; expected a closing quote (control characters are written \\u00XX)"},
        {"\"\n\"", "JSON: byte 1 is 0x0a; expected a closing quote (control characters are written \\u00XX)"},
        {"\"\\x\"", "JSON: byte 2 is 0x78; expected an escape such as \\n or \\u00e9"},
        {"\"\\ud800\"", "JSON: byte 7 is 0x22; expected no lone surrogate (\\ud83d needs \\ude00 behind it)"},
        {"\"\\udc00\"", "JSON: byte 7 is 0x22; expected no lone surrogate (\\ud83d needs \\ude00 behind it)"},
        {"\"\xc0\xaf\"", "JSON: byte 1 is 0xc0; expected UTF-8"},
        {"\"\xed\xa0\x80\"", "JSON: byte 1 is 0xed; expected UTF-8"},
        {"{\"a\":1,\"\\u0061\":2}", "JSON: byte 7: the name \"a\" is there twice"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(!parse(rows[i].text));
        CHECK_INT(g_err.status, PHI_EINVAL);
        CHECK_TEXT(g_err.text, rows[i].message);
    }
    close_all();
}

TEST(constrain_doc__bounds_depth)
{
    char deep[400];
    memset(deep, '[', 200);
    memset(deep + 200, ']', 199);
    deep[399] = 0;
    CHECK(!parse(deep));
    CHECK_TEXT(g_err.text, "JSON: byte 128: more than 128 levels");
    close_all();
}

TEST(constrain_doc__places_are_pointers)
{
    char place[PHI_DOC_PLACE_BYTES];
    const phi_doc_value *v = parse("{\"properties\":{\"a\":{\"enum\":[1,2]}}}");
    CHECK(v);
    CHECK_TEXT(phi_doc_place(place, v), "#");
    CHECK_TEXT(phi_doc_place(place, v->first->first->first->first->next), "#/properties/a/enum/1");
    close_all();
}

TEST(constrain_doc__numbers_are_equal_exactly)
{
    static const struct {
        const char *a, *b;
        bool is_equal;
    } rows[] = {
        {"1", "1.0", true},     {"100", "1e2", true},         {"0", "-0.00e5", true},
        {"0.05", "5e-2", true}, {"1e400", "10e399", true},    {"123456789012345678901", "123456789012345678902", false},
        {"1", "-1", false},     {"120.50", "1.205E+2", true}, {"1e999999999999", "1e999999999999", true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(phi_decimal_text_equal(phi_str_of(rows[i].a), phi_str_of(rows[i].b)), rows[i].is_equal);
    const phi_doc_value *v = parse("[{\"a\":1,\"b\":[true]},{\"b\":[true],\"a\":1.0},{\"a\":1}]");
    CHECK(phi_doc_equal(v->first, v->first->next));
    CHECK(!phi_doc_equal(v->first, v->first->next->next));
    close_all();
}

TEST(constrain_decimal__compares_as_doubles_do)
{
    static const char *const texts[] = {"-1e300",    "-12.5",  "-12.4999", "-0.00000000000001",
                                        "0",         "1e-15",  "0.25",     "3",
                                        "3.0000001", "29.999", "1e14",     "1e15"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
            phi_decimal a, b;
            CHECK(phi_decimal_read(&a, phi_str_of(texts[i])) && phi_decimal_read(&b, phi_str_of(texts[k])));
            const double x = strtod(texts[i], NULL);
            const double y = strtod(texts[k], NULL);
            CHECK_INT(phi_decimal_compare(&a, &b), x < y ? -1 : x > y);
        }
    }
    phi_decimal d;
    CHECK(!phi_decimal_read(&d, PHI_STR("1234567890123456.7e-3"))); /* 17 digits */
    CHECK(!phi_decimal_read(&d, PHI_STR("1e-16")));
    CHECK(phi_decimal_text_is_whole(PHI_STR("1.50e1")));
    CHECK(!phi_decimal_text_is_whole(PHI_STR("1.5")));
}
