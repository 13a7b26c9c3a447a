/* Each keyword: texts that a schema allows and forbids, byte by byte; what is refused, and how. */
#include "check.h"
#include "constraint_walk.h"

enum { TEXTS_MAX = 12 };

typedef struct schema_row {
    const char *schema;
    const char *good[TEXTS_MAX];
    const char *bad[TEXTS_MAX];
} schema_row;

#define NODE_SCHEMA                                                                                     \
    "{\"$ref\":\"#/$defs/"                                                                              \
    "n\",\"$defs\":{\"n\":{\"type\":\"object\",\"properties\":{\"v\":{\"type\":\"integer\"},\"next\":{" \
    "\"anyOf\":[{\"type\":\"null\"},{\"$ref\":\"#/$defs/"                                               \
    "n\"}]}},\"required\":[\"v\"],\"additionalProperties\":false}}}"

static const schema_row rows[] = {
    {"{\"type\":\"null\"}", {"null"}, {"nul", "nulll", "true", " null"}},
    {"{\"type\":\"boolean\"}", {"true", "false"}, {"True", "0"}},
    {"{\"type\":[\"null\",\"integer\"]}", {"null", "12", "0", "-7"}, {"1.5", "-0", "01", "\"\""}},
    {"{\"type\":\"integer\"}", {"123456789012345"}, {"1234567890123456", "1e2", "1.0"}},
    {"{\"type\":\"number\"}", {"0", "-0.5", "1e9", "1.25E-10", "12.0"}, {".5", "1.", "+1", "1e", "1e999", "00"}},
    {"{\"minimum\":-12,\"maximum\":345,\"type\":\"integer\"}",
     {"-12", "-9", "-1", "0", "9", "99", "345", "340", "299"},
     {"-13", "-20", "346", "350", "1000", "-0"}},
    {"{\"exclusiveMinimum\":9,\"exclusiveMaximum\":12,\"type\":\"integer\"}", {"10", "11"}, {"9", "12", "1", "100"}},
    {"{\"minimum\":1.5,\"maximum\":3.5,\"type\":\"integer\"}", {"2", "3"}, {"1", "4"}},
    {"{\"maximum\":-5,\"type\":\"integer\"}", {"-5", "-6", "-99999"}, {"-4", "0", "5"}},
    {"{\"minimum\":0.25,\"exclusiveMaximum\":12.5,\"type\":\"number\"}",
     {"0.25", "0.250", "0.3", "1", "12", "12.49", "12.4999999", "9.99"},
     {"0.24", "0.2", "12.5", "12.50", "13", "0", "1e0", "-1"}},
    {"{\"exclusiveMinimum\":0,\"type\":\"number\"}", {"0.001", "1", "5.0"}, {"0", "0.000", "-1"}},
    {"{\"multipleOf\":7,\"minimum\":10,\"type\":\"integer\"}", {"14", "700", "77"}, {"7", "15", "0"}},
    {"{\"multipleOf\":3,\"type\":\"integer\"}", {"0", "-3", "12"}, {"1", "-4", "-0"}},
    {"{\"type\":\"string\"}",
     {"\"\"", "\"a b\"", "\"\\u00e9\\n\\/\"", "\"\xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00\""},
     {"\"\n\"", "\"\\x\"", "\"\\ud83d\"", "\"\\udc00\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"", "a"}},
    {"{\"minLength\":2,\"maxLength\":3,\"type\":\"string\"}",
     {"\"ab\"", "\"\xc3\xa9\xf0\x9f\x98\x80z\"", "\"\\n\\u0041\"", "\"\\ud83d\\ude00x\""},
     {"\"a\"", "\"abcd\"", "\"\"", "\"\\ud83d\\ude00\""}},
    {"{\"minLength\":1,\"type\":\"string\"}", {"\"a\"", "\"abcdefgh\""}, {"\"\""}},
    {"{\"pattern\":\"^a+$\",\"type\":\"string\"}", {"\"a\"", "\"aaa\""}, {"\"\"", "\"ab\"", "\"\\u0061\""}},
    {"{\"pattern\":\"b\",\"maxLength\":3,\"type\":\"string\"}",
     {"\"b\"", "\"abc\"", "\"\\\"b\""},
     {"\"aac\"", "\"abcd\""}},
    {"{\"pattern\":\"^[\\\\n\\\"]$\",\"type\":\"string\"}",
     {"\"\\n\"", "\"\\\"\""},
     {"\"n\"", "\"\n\"", "\"\\u000a\""}},
    {"{\"allOf\":[{\"pattern\":\"^a\"},{\"pattern\":\"z$\"}],\"maxLength\":3,\"type\":\"string\"}",
     {"\"az\"", "\"abz\""},
     {"\"a\"", "\"ab\"", "\"abbz\"", "\"z\""}},
    {"{\"format\":\"date\"}",
     {"\"2024-02-29\"", "\"1999-12-31\""},
     {"\"2023-02-29\"", "\"2024-13-01\"", "\"2024-04-31\"", "1"}},
    {"{\"format\":\"time\"}", {"\"23:59:59Z\"", "\"00:00:00.5+02:00\""}, {"\"24:00:00Z\"", "\"12:00:00\""}},
    {"{\"format\":\"date-time\"}", {"\"2024-01-01T00:00:00Z\""}, {"\"2024-01-01 00:00:00Z\""}},
    {"{\"format\":\"uuid\"}", {"\"01234567-89ab-cdef-0123-456789abcdef\""}, {"\"0123\""}},
    {"{\"format\":\"ipv4\"}", {"\"255.0.10.199\""}, {"\"256.0.0.1\"", "\"01.2.3.4\""}},
    {"{\"format\":\"email\"}", {"\"a.b+c@d-e.org\""}, {"\"a@b\"", "\"@b.org\"", "\"a..b@c.org\""}},
    {"{\"enum\":[1,\"one\",null,[true,{\"k\":[]}]]}",
     {"1", "\"one\"", "null", "[true, {\"k\": []}]", "[true,{\"k\":[]}]"},
     {"2", "\"on\"", "[true]", "11"}},
    {"{\"enum\":[1,\"one\",2.5],\"type\":[\"string\",\"integer\"]}", {"1", "\"one\""}, {"2.5"}},
    {"{\"const\":\"a\\\"\\u0001\\u00e9\"}", {"\"a\\\"\\u0001\xc3\xa9\""}, {"\"a\""}},
    {"{\"type\":\"array\",\"items\":{\"type\":\"boolean\"}}",
     {"[]", "[true]", "[true, false]", "[\n  true,\n  false\n]", "[ ]"},
     {"[1]", "[true,]", "[,true]", "[true  ,false]", "[true"}},
    {"{\"type\":\"array\",\"items\":{\"const\":1},\"minItems\":2,\"maxItems\":3}",
     {"[1,1]", "[1,1,1]"},
     {"[]", "[1]", "[1,1,1,1]"}},
    {"{\"type\":\"array\",\"prefixItems\":[{\"const\":1},{\"const\":2}],\"items\":{\"const\":3}}",
     {"[]", "[1]", "[1,2]", "[1,2,3,3]"},
     {"[2]", "[1,3]", "[1,2,1]"}},
    {"{\"type\":\"array\",\"prefixItems\":[{\"const\":1}],\"items\":false}", {"[]", "[1]"}, {"[1,1]", "[1,"}},
    {"{\"type\":\"object\",\"properties\":{\"a\":{\"const\":1},\"b\":{\"const\":2},\"c\":{\"const\":3}},\"required\":["
     "\"b\"],"
     "\"additionalProperties\":false}",
     {"{\"b\":2}", "{\"a\":1,\"b\":2}", "{\"b\":2, \"c\":3}", "{\n\t\"a\": 1,\n\t\"b\": 2,\n\t\"c\": 3\n}"},
     {"{}", "{\"a\":1}", "{\"c\":3,\"b\":2}", "{\"b\":2,\"b\":2}", "{\"b\":2,\"d\":1}", "{\"b\":2,}", "{\"b\" :2}"}},
    {"{\"type\":\"object\",\"properties\":{\"ab\":{\"const\":1}},\"additionalProperties\":{\"const\":2}}",
     {"{}", "{\"ab\":1}", "{\"a\":2}", "{\"abc\":2}", "{\"ab\":1,\"b\":2,\"\":2}", "{\"a\xc3\xa9\":2}", "{\"a\\n\":2}",
      "{\"\xc3\xa9\\u0061\":2}"},
     {"{\"ab\":2}", "{\"a\":1}", "{\"a\":2,\"ab\":1}", "{\"\\u0061b\":2}", "{\"a\\u0062\":2}"}},
    {"{\"type\":\"object\",\"required\":[\"z\"]}",
     {"{\"z\":[]}", "{\"z\": {\"y\": 1}, \"x\": \"\"}"},
     {"{}", "{\"y\":1}"}},
    {"{\"type\":\"object\",\"properties\":{\"a\":{\"const\":1},\"b\":{\"const\":2}},\"additionalProperties\":{"
     "\"const\":3},"
     "\"minProperties\":2,\"maxProperties\":3}",
     {"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":3}", "{\"a\":1,\"b\":2,\"c\":3}", "{\"b\":2,\"c\":3,\"d\":3}"},
     {"{}", "{\"a\":1}", "{\"c\":3}", "{\"c\":3,\"d\":3}", "{\"a\":1,\"b\":2,\"c\":3,\"d\":3}"}},
    {"{\"properties\":{\"a\":{\"type\":\"null\"}},\"additionalProperties\":false}",
     {"{}", "{\"a\":null}"},
     {"1", "\"\""}},
    {"{\"anyOf\":[{\"const\":1},{\"type\":\"string\",\"maxLength\":1}]}", {"1", "\"\"", "\"x\""}, {"2", "\"xy\""}},
    {"{\"type\":\"object\",\"anyOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\"]}],\"properties\":{\"a\":{\"const\":"
     "1},\"b\":{"
     "\"const\":2}},\"additionalProperties\":false}",
     {"{\"a\":1}", "{\"b\":2}", "{\"a\":1,\"b\":2}"},
     {"{}"}},
    {"{\"allOf\":[{\"properties\":{\"a\":{\"minimum\":1,\"type\":\"integer\"}},\"required\":[\"a\"]},{\"properties\":{"
     "\"a\":{"
     "\"maximum\":2}},\"additionalProperties\":false}]}",
     {"{\"a\":1}", "{\"a\":2}"},
     {"{\"a\":0}", "{\"a\":3}", "{\"a\":1,\"b\":1}", "{}"}},
    {"{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\",\"maxLength\":0},{\"type\":\"null\"}]}",
     {"1", "\"\"", "null"},
     {"\"a\""}},
    {NODE_SCHEMA,
     {"{\"v\":1}", "{\"v\":1,\"next\":null}", "{\"v\":1,\"next\":{\"v\":2}}"},
     {"{}", "null", "{\"v\":1,\"next\":{}}"}},
    {"{\"anyOf\":[{\"$ref\":\"#\"},{\"type\":\"null\"}]}", {"null"}, {"1", "{}"}},
    {"{\"$defs\":{\"a/b c\":{\"const\":1}},\"$ref\":\"#/$defs/a~1b%20c\"}", {"1"}, {"2"}},
    {"{\"title\":\"t\",\"description\":\"d\",\"default\":1,\"examples\":[],\"$comment\":\"c\",\"$schema\":\"s\",\"$"
     "id\":\"i\",\"const\":1}",
     {"1"},
     {"2"}},
    {"true", {"1", "{\"a\": [null, \"x\", {}]}", "\"s\"", "[[]]"}, {"", "{]", "tru"}},
    {"{\"type\":\"object\"}", {"{}", "{\"a\":{\"b\":[1,2.5e3]}}"}, {"[]", "{\"a\"}", "1"}},
};

TEST(constrain_schema__allows_and_forbids)
{
    walk_bench b;
    CHECK(walk_open(&b, NULL, 0));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        phi_constraint *c = walk_compile(&b, false, rows[i].schema, "");
        if (!c)
            check_failed(__FILE__, __LINE__, "%s: %s", rows[i].schema, b.err.text);
        for (int k = 0; c && k < TEXTS_MAX && rows[i].good[k]; k++)
            if (!walk_accepts(c, phi_str_of(rows[i].good[k])))
                check_failed(__FILE__, __LINE__, "%s forbids %s", rows[i].schema, rows[i].good[k]);
        for (int k = 0; c && k < TEXTS_MAX && rows[i].bad[k]; k++)
            if (walk_accepts(c, phi_str_of(rows[i].bad[k])))
                check_failed(__FILE__, __LINE__, "%s allows %s", rows[i].schema, rows[i].bad[k]);
        phi_constraint_destroy(c);
    }
    walk_close(&b);
}

static const struct {
    const char *schema;
    phi_status status;
    const char *part; /* of the message */
} refusals[] = {
    {"[]", PHI_EINVAL, "#: expected a schema"},
    {"{\"type\":\"strin\"}", PHI_EINVAL, "#/type: expected null, boolean"},
    {"{\"minLength\":-1}", PHI_EINVAL, "#/minLength: expected a whole number"},
    {"{\"maxItems\":1.5}", PHI_EINVAL, "#/maxItems"},
    {"{\"required\":[1]}", PHI_EINVAL, "#/required/0: expected a string"},
    {"{\"properties\":{\"a\":1}}", PHI_EINVAL, "#/properties/a: expected a schema"},
    {"{\"anyOf\":[]}", PHI_EINVAL, "#/anyOf: expected a list"},
    {"{\"enum\":[]}", PHI_EINVAL, "#/enum: expected a list"},
    {"{\"$ref\":\"#/$defs/a\"}", PHI_EINVAL, "#/$ref: expected a $ref to a schema that is there"},
    {"{\"$ref\":\"other.json\"}", PHI_EUNSUPPORTED, "does not begin with '#/'"},
    {"false", PHI_EINVAL, "#: no value satisfies it"},
    {"{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":\"array\",\"minItems\":2,\"maxItems\":"
     "1}}}",
     PHI_EINVAL, "#/properties/a: no value satisfies it"},
    {"{\"type\":\"integer\",\"minimum\":3,\"maximum\":2}", PHI_EINVAL, "no value satisfies it"},
    {"{\"type\":\"integer\",\"exclusiveMinimum\":2,\"exclusiveMaximum\":3}", PHI_EINVAL, "no value satisfies it"},
    {"{\"type\":\"string\",\"pattern\":\"^a$\",\"minLength\":2}", PHI_EINVAL, "no value satisfies it"},
    {"{\"type\":\"array\",\"items\":{\"$ref\":\"#\"},\"minItems\":1}", PHI_EINVAL, "no value satisfies it"},
    {"{\"allOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", PHI_EINVAL, "no value satisfies it"},
    {"{\"not\":{}}", PHI_EUNSUPPORTED, "keyword 'not' at #/not"},
    {"{\"properties\":{\"a\":{\"if\":{}}}}", PHI_EUNSUPPORTED, "keyword 'if' at #/properties/a/if"},
    {"{\"patternProperties\":{}}", PHI_EUNSUPPORTED, "keyword 'patternProperties'"},
    {"{\"propertyNames\":{}}", PHI_EUNSUPPORTED, "keyword 'propertyNames'"},
    {"{\"contains\":{}}", PHI_EUNSUPPORTED, "keyword 'contains'"},
    {"{\"nullable\":true}", PHI_EUNSUPPORTED, "keyword 'nullable'"},
    {"{\"x-mine\":1}", PHI_EUNSUPPORTED, "keyword 'x-mine'"},
    {"{\"uniqueItems\":true}", PHI_EUNSUPPORTED, "keyword 'uniqueItems'"},
    {"{\"items\":[{}]}", PHI_EUNSUPPORTED, "prefixItems"},
    {"{\"format\":\"uri\"}", PHI_EUNSUPPORTED, "format 'uri' at #/format"},
    {"{\"multipleOf\":0.01}", PHI_EUNSUPPORTED, "multipleOf"},
    {"{\"minimum\":12345678901234.567}", PHI_EUNSUPPORTED, "15 digits"},
    {"{\"enum\":[\"a\"],\"minLength\":1}", PHI_EUNSUPPORTED, "beside enum or const"},
    {"{\"minProperties\":2}", PHI_EUNSUPPORTED, "minProperties"},
    {"{\"$defs\":{\"a\":{\"$id\":\"b\"}},\"$ref\":\"#/$defs/a\"}", PHI_EUNSUPPORTED, "'$id' below the root"},
    {"{\"pattern\":\"(?=a)\"}", PHI_EUNSUPPORTED, "#/pattern: byte 0 of \"(?=a)\": lookahead"},
    {"{\"pattern\":\"(a\"}", PHI_EINVAL, "#/pattern: byte 0"},
    {"{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}", PHI_EUNSUPPORTED, "branches 0 and 1 may both hold"},
    {"{\"oneOf\":[{\"properties\":{\"a\":{\"const\":1}}},{\"properties\":{\"a\":{\"const\":2}}}]}", PHI_EUNSUPPORTED,
     "branches 0 and 1"},
    {"{\"type\":\"string\",\"minLength\":200000}", PHI_EUNSUPPORTED, "steps"},
    {"{\"type\":\"object\",\"maxProperties\":4000000000}", PHI_EUNSUPPORTED, "steps"},
};

TEST(constrain_schema__refuses_by_name_and_place)
{
    walk_bench b;
    CHECK(walk_open(&b, NULL, 0));
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        phi_constraint *c = walk_compile(&b, false, refusals[i].schema, "");
        if (c || b.err.status != refusals[i].status || !strstr(b.err.text, refusals[i].part))
            check_failed(__FILE__, __LINE__, "%s: got %s \"%s\", expected %s \"%s\"", refusals[i].schema,
                         phi_status_name(b.err.status), b.err.text, phi_status_name(refusals[i].status),
                         refusals[i].part);
        phi_constraint_destroy(c);
    }
    walk_close(&b);
}

/* {"type":"object",…} with `n` levels of required objects. */
TEST(constrain_schema__depth_of_the_output_is_bounded)
{
    walk_bench b;
    phi_mask mask;
    phi_matcher m;
    CHECK(walk_open(&b, NULL, 0));
    phi_constraint *c = walk_compile(&b, false, "true", "");
    CHECK(c);
    phi_matcher_begin(&m, c);
    int n_open = 0;
    while (phi_matcher_accept(&m, FIRST_BYTE_ID + '[', &b.err) == PHI_OK)
        n_open++;
    CHECK(n_open > 30 && n_open <= 64);
    for (; n_open > 0; n_open--) {
        CHECK_INT(phi_matcher_get_mask(&mask, &m, &b.err), PHI_OK);
        CHECK(!mask.is_empty && !mask.may_end);
        CHECK_INT(phi_matcher_accept(&m, FIRST_BYTE_ID + ']', &b.err), PHI_OK);
    }
    CHECK_INT(phi_matcher_get_mask(&mask, &m, &b.err), PHI_OK);
    CHECK(mask.is_empty && mask.may_end);
    phi_matcher_end(&m);
    phi_constraint_destroy(c);
    walk_close(&b);
}
