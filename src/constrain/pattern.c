/* An expression's structure: a tree first, because what is repeated is written several times. */
#include "pattern.h"

#include <string.h>

#include "limits.h"
#include "pattern_tree.h"

typedef enum tree_kind {
    TREE_EMPTY,
    TREE_CHAR,
    TREE_BEGIN,
    TREE_END,
    TREE_SEQUENCE,
    TREE_CHOICE,
    TREE_REPEAT
} tree_kind;

enum { NO_MAX = UINT32_MAX };

typedef struct tree {
    tree_kind kind;
    uint32_t set;      /* CHAR */
    uint32_t min, max; /* REPEAT */
    struct tree *last; /* SEQUENCE, CHOICE: the last item; REPEAT: the only one */
    struct tree *previous;
} tree;

phi_status phi_pattern_fail(const phi_pattern_reader *r, phi_status status, size_t at, const char *what)
{
    return phi_fail(r->err, status, "%s: byte %zu of \"%.*s\": %s%s", r->place, at, phi_str_print_len(r->text),
                    r->text.ptr, what, status == PHI_EUNSUPPORTED ? " are not supported" : "");
}

/* ------------------------------------------------------------------ reading */

static phi_status new_tree(tree **out, phi_pattern_reader *r, tree_kind kind)
{
    *out = phi_arena_zeroed(r->arena, tree, 1);
    if (!*out)
        return phi_fail(r->err, PHI_ENOMEM, "constraint: no memory for an expression of %zu bytes", r->text.len);
    (*out)->kind = kind;
    return PHI_OK;
}

static bool take(phi_pattern_reader *r, char c)
{
    if (r->at >= r->text.len || r->text.ptr[r->at] != c)
        return false;
    r->at++;
    return true;
}

static bool is_next(const phi_pattern_reader *r, const char *any_of)
{
    return r->at < r->text.len && r->text.ptr[r->at] != 0 && strchr(any_of, r->text.ptr[r->at]) != NULL;
}

static phi_status read_count(phi_pattern_reader *r, uint32_t *out)
{
    const size_t begin = r->at;
    for (*out = 0; is_next(r, "0123456789") && *out <= PHI_LIMIT_CONSTRAINT_REPEAT; r->at++)
        *out = *out * 10 + (uint32_t)(r->text.ptr[r->at] - '0');
    if (r->at == begin)
        return phi_pattern_fail(r, PHI_EINVAL, begin, "a count is expected ('{' itself is written \\{)");
    if (*out > PHI_LIMIT_CONSTRAINT_REPEAT)
        return phi_fail(r->err, PHI_EUNSUPPORTED, "%s: byte %zu: counts over %d are not supported", r->place, begin,
                        PHI_LIMIT_CONSTRAINT_REPEAT);
    return PHI_OK;
}

/* What {2,5} says, behind its '{'. */
static phi_status read_counts(phi_pattern_reader *r, tree *repeat)
{
    const size_t begin = r->at;
    PHI_TRY(read_count(r, &repeat->min));
    repeat->max = repeat->min;
    if (take(r, ',')) {
        repeat->max = NO_MAX;
        if (!is_next(r, "}"))
            PHI_TRY(read_count(r, &repeat->max));
    }
    if (!take(r, '}'))
        return phi_pattern_fail(r, PHI_EINVAL, r->at, "'}' is expected");
    return repeat->max >= repeat->min ? PHI_OK : phi_pattern_fail(r, PHI_EINVAL, begin, "the counts are out of order");
}

static phi_status read_quantifier(phi_pattern_reader *r, tree **item)
{
    tree *repeat;
    if (!is_next(r, "*+?{"))
        return PHI_OK;
    if ((*item)->kind == TREE_BEGIN || (*item)->kind == TREE_END)
        return phi_pattern_fail(r, PHI_EINVAL, r->at, "nothing to repeat");
    PHI_TRY(new_tree(&repeat, r, TREE_REPEAT));
    repeat->max = NO_MAX;
    if (take(r, '+'))
        repeat->min = 1;
    else if (take(r, '?'))
        repeat->max = 1;
    else if (take(r, '{'))
        PHI_TRY(read_counts(r, repeat));
    else
        r->at++;
    (void)take(r, '?'); /* lazy */
    repeat->last = *item;
    *item = repeat;
    return is_next(r, "*+?{") ? phi_pattern_fail(r, PHI_EINVAL, r->at, "nothing to repeat") : PHI_OK;
}

/* "?:", "?<name>" behind a '('; others are refused. */
static phi_status read_group_head(phi_pattern_reader *r)
{
    const size_t begin = r->at - 1;
    if (!take(r, '?') || take(r, ':'))
        return PHI_OK;
    const bool is_angle = take(r, '<');
    if (is_next(r, "=!"))
        return phi_pattern_fail(r, PHI_EUNSUPPORTED, begin, "lookahead and lookbehind");
    if (!is_angle)
        return phi_pattern_fail(r, PHI_EUNSUPPORTED, begin, "groups of this kind");
    while (r->at < r->text.len && !is_next(r, ">)"))
        r->at++;
    return take(r, '>') ? PHI_OK : phi_pattern_fail(r, PHI_EINVAL, begin, "'>' is expected behind a group's name");
}

static phi_status read_choice(phi_pattern_reader *r, tree **out);

static phi_status read_group(phi_pattern_reader *r, tree **out)
{
    const size_t begin = r->at - 1;
    PHI_TRY(read_group_head(r));
    if (r->depth == PHI_LIMIT_CONSTRAINT_NESTING)
        return phi_fail(r->err, PHI_EINVAL, "%s: byte %zu: more than %d groups inside each other", r->place, begin,
                        PHI_LIMIT_CONSTRAINT_NESTING);
    r->depth++;
    PHI_TRY(read_choice(r, out));
    r->depth--;
    return take(r, ')') ? PHI_OK : phi_pattern_fail(r, PHI_EINVAL, begin, "this group has no ')'");
}

static phi_status read_atom(phi_pattern_reader *r, tree **out)
{
    if (take(r, '('))
        return read_group(r, out);
    if (is_next(r, "*+?{"))
        return phi_pattern_fail(r, PHI_EINVAL, r->at, "nothing to repeat ('{' itself is written \\{)");
    if (is_next(r, "]}"))
        return phi_pattern_fail(r, PHI_EINVAL, r->at, "a lone bracket is written with a backslash");
    if (take(r, '^'))
        return new_tree(out, r, TREE_BEGIN);
    if (take(r, '$'))
        return new_tree(out, r, TREE_END);
    PHI_TRY(new_tree(out, r, TREE_CHAR));
    if (take(r, '.'))
        return phi_pattern_read_dot(r, &(*out)->set);
    if (take(r, '\\'))
        return phi_pattern_read_escape(r, &(*out)->set);
    if (take(r, '['))
        return phi_pattern_read_class(r, &(*out)->set);
    return phi_pattern_read_char(r, &(*out)->set);
}

static void append(tree *list, tree *item)
{
    item->previous = list->last;
    list->last = item;
}

static phi_status read_sequence(phi_pattern_reader *r, tree **out)
{
    PHI_TRY(new_tree(out, r, TREE_SEQUENCE));
    while (r->at < r->text.len && !is_next(r, "|)")) {
        tree *item;
        PHI_TRY(read_atom(r, &item));
        PHI_TRY(read_quantifier(r, &item));
        append(*out, item);
    }
    return PHI_OK;
}

static phi_status read_choice(phi_pattern_reader *r, tree **out)
{
    PHI_TRY(new_tree(out, r, TREE_CHOICE));
    do {
        tree *item;
        PHI_TRY(read_sequence(r, &item));
        append(*out, item);
    } while (take(r, '|'));
    return PHI_OK;
}

static phi_status read_flags(phi_pattern_reader *r, phi_str flags)
{
    for (size_t i = 0; i < flags.len; i++) {
        if (flags.ptr[i] == 'i')
            r->ignores_case = true;
        else if (flags.ptr[i] == 's')
            r->dot_takes_newlines = true;
        else if (flags.ptr[i] == 0 || !strchr("uvgyd", flags.ptr[i]))
            return phi_fail(r->err, PHI_EUNSUPPORTED, "%s: flag '%c' is not supported (i, s, u, v, g, y, d are)",
                            r->place, flags.ptr[i]);
    }
    return PHI_OK;
}

/* ------------------------------------------------------------------ writing the automaton */

typedef struct writer {
    phi_pattern *pattern;
    phi_builder *builder; /* its status counts */
} writer;

static uint32_t add_state(writer *w, phi_pattern_kind kind, uint32_t a, uint32_t b)
{
    phi_pattern *p = w->pattern;
    if (w->builder->status != PHI_OK)
        return 0;
    if (p->n == PHI_LIMIT_CONSTRAINT_NODES) {
        w->builder->status = phi_fail(
            w->builder->err, PHI_EUNSUPPORTED,
            "constraint: an expression that needs more than %d states; smaller counts need fewer",
            PHI_LIMIT_CONSTRAINT_NODES);
        return 0;
    }
    if (p->n == p->cap) {
        const uint32_t cap = p->cap ? 2 * p->cap : 64;
        phi_pattern_state *grown = phi_arena_array(w->builder->arena, phi_pattern_state, cap);
        if (!grown) {
            w->builder->status = phi_fail(w->builder->err, PHI_ENOMEM, "constraint: no memory for %u states",
                                          (unsigned)cap);
            return 0;
        }
        if (p->n > 0)
            memcpy(grown, p->states, p->n * sizeof *grown);
        p->states = grown;
        p->cap = cap;
    }
    p->states[p->n] = (phi_pattern_state){kind, a, b};
    return p->n++;
}

static uint32_t write_tree(writer *w, const tree *t, uint32_t next);

static uint32_t write_repeat(writer *w, const tree *t, uint32_t next)
{
    uint32_t at = next;
    if (t->max == NO_MAX) {
        at = add_state(w, PHI_PATTERN_SPLIT, 0, next);
        const uint32_t body = write_tree(w, t->last, at);
        if (w->builder->status == PHI_OK)
            w->pattern->states[at].a = body;
    }
    for (uint32_t i = t->min; t->max != NO_MAX && i < t->max && w->builder->status == PHI_OK; i++)
        at = add_state(w, PHI_PATTERN_SPLIT, write_tree(w, t->last, at), next);
    for (uint32_t i = 0; i < t->min && w->builder->status == PHI_OK; i++) {
        const uint32_t body = write_tree(w, t->last, at);
        if (body == at)
            break; /* empty: writing it again and again would take time and no states */
        at = body;
    }
    return at;
}

/* Back to front: the state to begin at, when `next` follows. */
static uint32_t write_tree(writer *w, const tree *t, uint32_t next)
{
    uint32_t at = next;
    switch (t->kind) {
    case TREE_CHAR:
        return add_state(w, PHI_PATTERN_CHAR, next, t->set);
    case TREE_BEGIN:
        return add_state(w, PHI_PATTERN_BEGIN, next, 0);
    case TREE_END:
        return add_state(w, PHI_PATTERN_END, next, 0);
    case TREE_REPEAT:
        return write_repeat(w, t, next);
    case TREE_SEQUENCE:
        for (const tree *item = t->last; item; item = item->previous)
            at = write_tree(w, item, at);
        return at;
    case TREE_CHOICE:
        at = write_tree(w, t->last, next);
        for (const tree *item = t->last->previous; item; item = item->previous)
            at = add_state(w, PHI_PATTERN_SPLIT, write_tree(w, item, next), at);
        return at;
    default:
        return next;
    }
}

/* Any text, then `next`. */
static uint32_t write_anything(writer *w, uint32_t next)
{
    const uint32_t loop = add_state(w, PHI_PATTERN_SPLIT, 0, next);
    const uint32_t body = add_state(w, PHI_PATTERN_CHAR, loop, PHI_CHARSET_ALL);
    if (w->builder->status == PHI_OK)
        w->pattern->states[loop].a = body;
    return loop;
}

phi_status phi_pattern_parse(phi_pattern *out, phi_charsets *sets, phi_str text, const phi_pattern_options *options,
                             phi_error *err)
{
    phi_pattern_reader r = {
        .sets = sets, .arena = sets->builder->arena, .text = text, .place = options->place, .err = err};
    tree *t;
    *out = (phi_pattern){0};
    if (text.len > PHI_LIMIT_CONSTRAINT_BYTES)
        return phi_fail(err, PHI_EINVAL, "%s: an expression of %zu bytes, at most %d", options->place, text.len,
                        PHI_LIMIT_CONSTRAINT_BYTES);
    PHI_TRY(read_flags(&r, options->flags));
    PHI_TRY(read_choice(&r, &t));
    if (r.at < text.len)
        return phi_pattern_fail(&r, PHI_EINVAL, r.at, "this ')' closes no group");
    writer w = {out, sets->builder};
    uint32_t end = add_state(&w, PHI_PATTERN_MATCH, 0, 0);
    if (options->is_search)
        end = write_anything(&w, end);
    out->start = write_tree(&w, t, end);
    if (options->is_search)
        out->start = write_anything(&w, out->start);
    return sets->builder->status;
}
