/* Generation under a constraint, over a tiny model with random weights. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "doc.h"
#include "model_file.h"

enum { TEXT_BYTES = 4096 };

typedef struct answer {
    char text[TEXT_BYTES];
    size_t n;
    int32_t n_tokens;
    phi_finish finish;
    phi_status status;
} answer;

static const int32_t prompt[] = {3, 50, 7, 90, 11};
static const char person[] =
    "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":6},\"age\":{\"type\":"
    "\"integer\",\"minimum\":0,\"maximum\":120}},\"required\":[\"name\",\"age\"],\"additionalProperties\":false}";

static phi_generate_options options_of(phi_constraint_kind kind, const char *text)
{
    phi_generate_options o = phi_generate_options_default();
    o.constraint_kind = (int32_t)kind;
    o.constraint = phi_str_of(text);
    o.constraint_flags = phi_str_of("");
    o.temperature = 1.5f;
    o.seed = 5;
    return o;
}

static bool open_engine(phi_engine **e, model_file *f)
{
    const phi_engine_options eo = phi_engine_options_default();
    *f = model_file_read("phi3-mha.gguf");
    return f->bytes && model_file_load(e, f, &eo, NULL) == PHI_OK;
}

static phi_session *open_session(phi_engine *e)
{
    phi_session *s = NULL;
    phi_session_options so = phi_session_options_default();
    so.n_context = 256;
    return phi_session_create(&s, e, &so) == PHI_OK ? s : NULL;
}

/* One token; true while there may be more. */
static bool take(answer *a, phi_session *s)
{
    phi_generated g = {0};
    do
        a->status = phi_generate_next(s, &g);
    while (a->status == PHI_PENDING);
    if (a->status != PHI_OK && a->status != PHI_DONE)
        return false;
    memcpy(a->text + a->n, g.text, g.text_bytes);
    a->n += g.text_bytes;
    a->text[a->n] = 0;
    a->n_tokens += g.id >= 0;
    a->finish = g.finish;
    return a->status == PHI_OK;
}

static answer generate(phi_session *s, const phi_generate_options *o)
{
    answer a = {.status = phi_generate_begin(s, o, prompt, 5)};
    while (a.status == PHI_OK && take(&a, s)) {
    }
    return a;
}

static bool is_json(const answer *a)
{
    phi_arena arena;
    phi_doc_value *v;
    phi_error err;
    phi_arena_init(&arena, 4096);
    const bool is_good = phi_doc_parse(&v, &arena, (phi_str){a->text, a->n}, &err) == PHI_OK;
    phi_arena_deinit(&arena);
    return is_good;
}

TEST(api_constraint__a_complete_text_ends_by_itself)
{
    model_file f;
    phi_engine *e;
    CHECK(open_engine(&e, &f));
    phi_session *s = open_session(e);
    for (uint64_t seed = 0; seed < 20; seed++) {
        phi_generate_options o = options_of(PHI_CONSTRAINT_JSON_SCHEMA, person);
        o.seed = seed;
        const answer a = generate(s, &o);
        CHECK_INT(a.status, PHI_DONE);
        CHECK_INT(a.finish, PHI_FINISH_STOP);
        CHECK(a.text[0] == '{' && a.text[a.n - 1] == '}' && is_json(&a));
    }
    phi_session_stats stats;
    CHECK_INT(phi_session_get_stats(s, &stats), PHI_OK);
    CHECK(stats.n_masks > 20 && stats.mask_us > 0 && stats.mask_us_max <= stats.mask_us);
    phi_session_destroy(s);
    phi_engine_destroy(e);
    model_file_close(&f);
}

TEST(api_constraint__every_kind_is_obeyed)
{
    model_file f;
    phi_engine *e;
    CHECK(open_engine(&e, &f));
    phi_session *s = open_session(e);
    phi_generate_options o = options_of(PHI_CONSTRAINT_REGEX, "yes|no");
    answer a = generate(s, &o);
    CHECK(strcmp(a.text, "yes") == 0 || strcmp(a.text, "no") == 0);
    CHECK_INT(a.finish, PHI_FINISH_STOP);
    o = options_of(PHI_CONSTRAINT_REGEX, "YES");
    o.constraint_flags = phi_str_of("i");
    a = generate(s, &o);
    CHECK_INT(a.n, 3);
    o = options_of(PHI_CONSTRAINT_REGEX, ""); /* complete before it begins */
    a = generate(s, &o);
    CHECK_INT(a.status, PHI_DONE);
    CHECK_INT(a.finish, PHI_FINISH_STOP);
    CHECK_INT(a.n + (size_t)a.n_tokens, 0);
    o = options_of(PHI_CONSTRAINT_JSON_OBJECT, "");
    o.max_tokens = 3;
    a = generate(s, &o);
    CHECK_INT(a.text[0], '{');
    CHECK(a.finish == PHI_FINISH_LENGTH || (a.finish == PHI_FINISH_STOP && is_json(&a)));
    phi_session_destroy(s);
    phi_engine_destroy(e);
    model_file_close(&f);
}

/* The same seed gives the same text: again, in a clone, and while another session uses the same constraint in turn. */
TEST(api_constraint__generations_do_not_disturb_each_other)
{
    model_file f;
    phi_engine *e;
    phi_session *copy;
    CHECK(open_engine(&e, &f));
    phi_session *s = open_session(e);
    const phi_generate_options o = options_of(PHI_CONSTRAINT_JSON_SCHEMA, person);
    phi_generate_options p = o;
    p.seed = 6;
    const answer first = generate(s, &o);
    const answer second = generate(s, &p);
    CHECK_INT(phi_session_clone(&copy, s), PHI_OK);
    answer a = {.status = phi_generate_begin(s, &o, prompt, 5)};
    answer b = {.status = phi_generate_begin(copy, &p, prompt, 5)};
    for (bool goes_a = true, goes_b = true; goes_a || goes_b;) {
        goes_a = goes_a && take(&a, s);
        goes_b = goes_b && take(&b, copy);
    }
    CHECK_TEXT(a.text, first.text);
    CHECK_TEXT(b.text, second.text);
    phi_session_destroy(copy);
    const answer again = generate(s, &o);
    CHECK_TEXT(again.text, first.text);
    phi_session_destroy(s);
    phi_engine_destroy(e);
    model_file_close(&f);
}

TEST(api_constraint__stop_strings_and_stop_ids_still_count)
{
    model_file f;
    phi_engine *e;
    CHECK(open_engine(&e, &f));
    phi_session *s = open_session(e);
    const phi_str stop = PHI_STR("name");
    phi_generate_options o = options_of(PHI_CONSTRAINT_JSON_SCHEMA, person);
    o.stops = &stop;
    o.n_stops = 1;
    answer a = generate(s, &o);
    CHECK_INT(a.finish, PHI_FINISH_STOP);
    CHECK(!strstr(a.text, "name") && strchr(a.text, '"'));
    const phi_str rest = PHI_STR("}x"); /* held back until the end */
    o.stops = &rest;
    a = generate(s, &o);
    CHECK(is_json(&a));
    /* Digits may end or go on: only a stop id can say so. */
    o = options_of(PHI_CONSTRAINT_REGEX, "[0-9]+");
    a = generate(s, &o);
    CHECK(a.n > 0 && strspn(a.text, "0123456789") == a.n);
    phi_session_destroy(s);
    phi_engine_destroy(e);
    model_file_close(&f);
}

TEST(api_constraint__many_constraints_are_kept_and_dropped)
{
    model_file f;
    phi_engine *e;
    CHECK(open_engine(&e, &f));
    phi_session *s = open_session(e);
    uint64_t held_max = 0;
    for (int i = 0; i < 40; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "a{%d}", i % 20 + 1);
        const phi_generate_options o = options_of(PHI_CONSTRAINT_REGEX, text);
        const answer a = generate(s, &o);
        CHECK_INT(a.n, i % 20 + 1);
        if (i == 8)
            held_max = phi_memory_held() + (1 << 20);
        CHECK(i < 9 || phi_memory_held() < held_max);
    }
    phi_session_destroy(s);
    phi_engine_destroy(e);
    model_file_close(&f);
}

TEST(api_constraint__refusals_leave_the_session_usable)
{
    model_file f;
    phi_engine *e;
    CHECK(open_engine(&e, &f));
    phi_session *s = open_session(e);
    phi_generate_options o = options_of(PHI_CONSTRAINT_JSON_SCHEMA, "{\"not\":{}}");
    CHECK_INT(generate(s, &o).status, PHI_EUNSUPPORTED);
    CHECK_TEXT(phi_session_error(s)->text, "schema: keyword 'not' at #/not is not supported");
    o = options_of(PHI_CONSTRAINT_JSON_SCHEMA, "{");
    CHECK_INT(generate(s, &o).status, PHI_EINVAL);
    o = options_of(PHI_CONSTRAINT_JSON_SCHEMA, "{}");
    o.constraint_flags = phi_str_of("i");
    CHECK_INT(generate(s, &o).status, PHI_EINVAL);
    o = options_of((phi_constraint_kind)9, "{}");
    CHECK_INT(generate(s, &o).status, PHI_EINVAL);
    o = options_of(PHI_CONSTRAINT_NONE, "");
    o.max_tokens = 2;
    CHECK_INT(generate(s, &o).status, PHI_DONE);
    phi_session_destroy(s);
    phi_engine_destroy(e);
    model_file_close(&f);
}
