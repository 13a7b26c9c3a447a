/* Masks against an oracle: the program followed thread by thread, with stacks as arrays; no interned states, no trees,
 * no cache, none of the short cuts for strings. */
#include "check.h"
#include "constraint_walk.h"
#include "schema.h"

enum { THREADS_MAX = 2000, DEPTH = PHI_LIMIT_CONSTRAINT_DEPTH, WALKS = 12, STEPS = 60 };

static const char *const words[] = {"ab",
                                    "abc",
                                    "b\"",
                                    "\"}",
                                    "\":",
                                    "\",",
                                    "\":\"",
                                    "{\"",
                                    "[[",
                                    "]]",
                                    "}}",
                                    "],",
                                    "true",
                                    "false",
                                    "null",
                                    "12",
                                    "0.5",
                                    "-1",
                                    "e5",
                                    "1\"",
                                    "\xc3\xa9",
                                    "\xc3",
                                    "\xa9\"",
                                    "\xf0\x9f\x98\x80",
                                    "\x98\x80",
                                    "\\\"",
                                    "\\n",
                                    "\\u00",
                                    "\xe2\x96\x81",
                                    "\xe2\x96\x81\"",
                                    "z\xe2\x96\x81z",
                                    "\n",
                                    "abcabc",
                                    "name",
                                    "\"name\"",
                                    "na",
                                    "me\":",
                                    "{\"na",
                                    ", ",
                                    ":\xe2\x96\x81",
                                    ",\xe2\x96\x81\"",
                                    "0000",
                                    "x\xc3\xa9y"};

static const char *const schemas[] = {
    "true",
    "{\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":4},\"na\":{\"type\":\"number\",\"minimum\":0.5}}}",
    "{\"type\":\"string\",\"pattern\":\"^(ab|abc)*\\u00e9?$\"}",
    "{\"type\":\"string\",\"minLength\":2,\"maxLength\":7}",
    "{\"type\":\"string\",\"minLength\":3}",
    "{\"type\":\"array\",\"items\":{\"enum\":[\"ab\",\"abc\",12,null,true]},\"maxItems\":3}",
    "{\"anyOf\":[{\"type\":\"string\",\"maxLength\":2},{\"type\":\"string\",\"pattern\":\"^a\"}]}",
    "{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}",
};
static const char *const expressions[] = {"(ab|abc)*(\xc3\xa9|x)?", "[^\"]{0,5}\"?", " ?true|false",
                                          "\\d{1,6}(\\.\\d+)?"};

typedef struct oracle_thread {
    uint32_t node;
    uint32_t n;
    uint32_t stack[DEPTH + 1];
} oracle_thread;

typedef struct oracle_set {
    oracle_thread threads[THREADS_MAX];
    size_t n;
    bool may_end, is_safe;
} oracle_set;

static void oracle_add(oracle_set *s, const phi_program *p, oracle_thread t)
{
    const phi_node *node = &p->nodes[t.node];
    for (size_t i = 0; i < s->n; i++)
        if (s->threads[i].node == t.node && s->threads[i].n == t.n &&
            memcmp(s->threads[i].stack, t.stack, t.n * sizeof t.stack[0]) == 0)
            return;
    if (s->n == THREADS_MAX)
        abort();
    s->threads[s->n++] = t; /* of every kind, so that loops without a byte end */
    if (node->kind == PHI_NODE_SPLIT) {
        oracle_thread other = t;
        t.node = node->a;
        other.node = node->b;
        oracle_add(s, p, t);
        oracle_add(s, p, other);
    } else if (node->kind == PHI_NODE_RETURN && t.n == 0) {
        s->may_end = s->is_safe = true;
    } else if (node->kind == PHI_NODE_RETURN) {
        t.node = t.stack[--t.n];
        oracle_add(s, p, t);
    } else if (node->kind == PHI_NODE_CALL) {
        const uint32_t inner = t.n + (node->b != PHI_NODE_END);
        if (inner + p->heights[node->a] > DEPTH || t.n + p->heights[node->b] > DEPTH)
            return;
        if (node->b != PHI_NODE_END)
            t.stack[t.n++] = node->b;
        t.node = node->a;
        oracle_add(s, p, t);
    } else if (t.n + p->heights[t.node] <= DEPTH) {
        s->is_safe = true;
    }
}

static void oracle_step(oracle_set *to, const oracle_set *from, const phi_program *p, uint8_t byte)
{
    to->n = 0;
    to->may_end = to->is_safe = false;
    for (size_t i = 0; i < from->n; i++) {
        oracle_thread t = from->threads[i];
        const phi_node *node = &p->nodes[t.node];
        for (uint32_t k = 0; node->kind == PHI_NODE_SWITCH && k < node->n_edges; k++) {
            const phi_edge *edge = &p->edges[node->a + k];
            t.node = edge->to;
            if (byte >= edge->low && byte <= edge->high)
                oracle_add(to, p, t);
        }
    }
}

typedef struct oracle {
    phi_arena arena;
    phi_program program;
    oracle_set sets[3]; /* [0] where the text stands; the others take turns along a token */
} oracle;

static bool oracle_open(oracle *o, const walk_bench *b, bool is_regex, const char *text)
{
    phi_builder builder;
    phi_error err;
    uint32_t start = 0;
    phi_arena_init(&o->arena, 1 << 14);
    phi_builder_init(&builder, &o->arena, &err);
    if (is_regex) {
        phi_charsets sets;
        phi_text_rules rules = {.n_patterns = 1, .max = PHI_NO_MAX};
        const phi_pattern_options options = {.flags = {"", 0}, .place = "test"};
        phi_charsets_init(&sets, &builder);
        if (phi_pattern_parse(&rules.patterns[0], &sets, phi_str_of(text), &options, &err) != PHI_OK)
            return false;
        start = phi_part_text(&sets, &rules, false, PHI_NODE_END);
    } else if (phi_schema_compile(phi_arena_array(&o->arena, phi_schema, 1), &builder, phi_str_of(text), &start,
                                  &err) != PHI_OK) {
        return false;
    }
    if (phi_program_seal(&o->program, &o->arena, &builder, start, b->trie->single) != PHI_OK)
        return false;
    o->sets[0].n = 0;
    o->sets[0].may_end = o->sets[0].is_safe = false;
    oracle_add(&o->sets[0], &o->program, (oracle_thread){.node = start});
    return true;
}

/* The set behind a token, or NULL if the token may not come. */
static const oracle_set *oracle_token(oracle *o, const phi_tokenizer *t, int32_t id)
{
    uint8_t piece[PHI_LIMIT_TOKEN_BYTES];
    const size_t n = phi_tokenizer_piece(piece, t, id, false);
    const oracle_set *at = &o->sets[0];
    for (size_t i = 0; i < n && at->n > 0; i++) {
        oracle_set *to = &o->sets[1 + i % 2];
        oracle_step(to, at, &o->program, piece[i]);
        at = to;
    }
    return n > 0 && at->is_safe ? at : NULL;
}

/* A random walk; false with a message when a mask differs. */
static bool walk(walk_bench *b, oracle *o, phi_constraint *c, phi_rng *rng)
{
    phi_matcher m;
    phi_matcher_begin(&m, c);
    bool is_good = true;
    for (int step = 0; step < STEPS && is_good; step++) {
        phi_mask mask;
        int32_t allowed[SMALL_TOKENS_MAX];
        uint32_t n_allowed = 0;
        is_good = phi_matcher_get_mask(&mask, &m, &b->err) == PHI_OK && mask.may_end == o->sets[0].may_end;
        for (int32_t id = 0; id < b->trie->n_tokens && is_good; id++) {
            const bool got = mask.bits[id / 32] >> (id % 32) & 1;
            is_good = got == (oracle_token(o, b->v->t, id) != NULL);
            if (!is_good)
                check_failed(__FILE__, __LINE__, "step %d, token %d: the mask says %d", step, (int)id, got);
            if (got)
                allowed[n_allowed++] = id;
        }
        is_good = is_good && mask.is_empty == (n_allowed == 0) && (n_allowed > 0 || mask.may_end);
        if (!is_good || n_allowed == 0)
            break;
        const int32_t id = allowed[phi_rng_u32(rng) % n_allowed];
        o->sets[0] = *oracle_token(o, b->v->t, id);
        is_good = phi_matcher_accept(&m, id, &b->err) == PHI_OK;
    }
    phi_matcher_end(&m);
    return is_good;
}

static bool compare_all(walk_bench *b, oracle *o, bool is_regex, const char *text)
{
    phi_rng rng = phi_rng_seeded(7);
    phi_constraint *c = walk_compile(b, is_regex, text, "");
    bool is_good = c != NULL;
    for (int i = 0; i < WALKS && is_good; i++) {
        is_good = oracle_open(o, b, is_regex, text) && walk(b, o, c, &rng);
        phi_arena_deinit(&o->arena);
    }
    if (!is_good)
        check_failed(__FILE__, __LINE__, "%s: %s", text, b->err.text);
    phi_constraint_destroy(c);
    return is_good;
}

TEST(constrain_mask__equals_a_walk_of_every_token)
{
    walk_bench b;
    CHECK(walk_open(&b, words, sizeof words / sizeof words[0]));
    oracle *o = calloc(1, sizeof *o);
    CHECK(o);
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++)
        CHECK(compare_all(&b, o, false, schemas[i]));
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++)
        CHECK(compare_all(&b, o, true, expressions[i]));
    free(o);
    walk_close(&b);
}

/* One automaton may keep hardly any states: it must say the same of every text as one that keeps all. */
TEST(constrain_automaton__forgets_without_a_trace)
{
    walk_bench b;
    phi_automaton all, few;
    phi_rng rng = phi_rng_seeded(3);
    CHECK(walk_open(&b, NULL, 0));
    oracle *o = calloc(1, sizeof *o);
    CHECK(o && oracle_open(o, &b, false, schemas[1]));
    CHECK_INT(phi_automaton_init(&all, &o->arena, &o->program, false, &b.err), PHI_OK);
    CHECK_INT(phi_automaton_init(&few, &o->arena, &o->program, false, &b.err), PHI_OK);
    few.states_max = 8;
    phi_position p = {.state = all.start.state};
    phi_position q = {.state = few.start.state};
    phi_automaton_register(&few, &q);
    static const char bytes[] = "{\"name\": \"ab\", \"na\": 0.75, \"x\": [1, {\"y\": null}]}";
    const size_t len = sizeof bytes - 1;
    size_t at = 0;
    for (int i = 0; i < 4000; i++) {
        uint32_t x = p.state;
        uint32_t y = q.state;
        /* The next byte of the text, or any other; a dead end begins again. */
        const uint8_t byte = phi_rng_u32(&rng) % 8 ? (uint8_t)bytes[at] : (uint8_t)phi_rng_u32(&rng);
        x = phi_automaton_compute(&all, &x, 1, byte);
        y = phi_automaton_compute(&few, &y, 1, byte);
        CHECK_INT(x == PHI_STATE_DEAD, y == PHI_STATE_DEAD);
        CHECK_INT(few.status, PHI_OK);
        if (x != PHI_STATE_DEAD) {
            CHECK_INT(all.states[x].may_end, few.states[y].may_end);
            CHECK_INT(all.states[x].is_safe, few.states[y].is_safe);
            CHECK_INT(all.states[x].plain, few.states[y].plain);
        }
        at = x == PHI_STATE_DEAD || at + 1 == len ? 0 : at + 1;
        p.state = at == 0 ? all.start.state : x;
        q.state = at == 0 ? few.start.state : y;
    }
    CHECK(few.n_forgotten > 10);
    phi_arena_deinit(&o->arena);
    free(o);
    walk_close(&b);
}

/* The first space of a SentencePiece text means nothing: the decoder drops it. */
TEST(constrain_mask__first_space_is_dropped)
{
    walk_bench b;
    CHECK(walk_open(&b, words, sizeof words / sizeof words[0]));
    b.trie->drops_first_space = true;
    phi_constraint *c = walk_compile(&b, true, " ?true|a", "");
    CHECK(c);
    CHECK(walk_accepts(c, PHI_STR("true")));
    CHECK(walk_accepts(c, PHI_STR(" true")));
    CHECK(walk_accepts(c, PHI_STR("  true")));
    CHECK(walk_accepts(c, PHI_STR(" a")));
    CHECK(!walk_accepts(c, PHI_STR("  a")));
    CHECK(!walk_accepts(c, PHI_STR("   true")));
    phi_constraint_destroy(c);
    walk_close(&b);
}

/* A vocabulary without some bytes: what needs them is refused, what can do without them goes on. */
TEST(constrain_mask__lacking_bytes_are_found_at_once)
{
    walk_bench b = {.v = small_open("llama", "default")};
    static const char *const few[] = {"\"", "a", "b", "\xc3\xa9", "{", "}", ":", "1"};
    for (size_t i = 0; i < sizeof few / sizeof few[0]; i++)
        (void)small_add(b.v, phi_str_of(few[i]), 0, PHI_TOKEN_NORMAL);
    phi_arena_init(&b.arena, 4096);
    CHECK_INT(small_create(b.v), PHI_OK);
    CHECK_INT(phi_token_trie_create(&b.trie, &b.arena, b.v->t, &b.err), PHI_OK);
    CHECK(!walk_compile(&b, false, "{\"const\":\"c\"}", ""));
    CHECK_INT(b.err.status, PHI_EUNSUPPORTED);
    CHECK(strstr(b.err.text, "lacks tokens for single bytes"));
    phi_constraint *c = walk_compile(&b, false, "{\"enum\":[\"c\",\"ab\"]}", "");
    phi_matcher m;
    phi_mask mask;
    CHECK(c);
    phi_matcher_begin(&m, c);
    CHECK_INT(phi_matcher_get_mask(&mask, &m, &b.err), PHI_OK);
    CHECK_INT(mask.bits[0], 1u << 0);
    CHECK_INT(phi_matcher_accept(&m, 0, &b.err), PHI_OK);
    CHECK_INT(phi_matcher_get_mask(&mask, &m, &b.err), PHI_OK);
    CHECK_INT(mask.bits[0], 1u << 1); /* "c" cannot be finished */
    phi_matcher_end(&m);
    phi_constraint_destroy(c);
    walk_close(&b);
}
