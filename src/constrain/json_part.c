/* White space, literals, strings without a pattern, keys. */
#include <string.h>

#include "limits.h"
#include "parts.h"
#include "utf8.h"

enum { INDENT_MAX = 24 };

uint32_t phi_part_white_space(phi_builder *b, uint32_t then)
{
    if (b->white_space == 0) {
        uint32_t indent = PHI_NODE_END;
        for (int i = 0; i < INDENT_MAX; i++) {
            const phi_edge edges[] = {{indent, ' ', ' '}, {indent, '\t', '\t'}};
            indent = phi_builder_split(b, PHI_NODE_END, phi_builder_switch(b, edges, 2));
        }
        const phi_edge edges[] = {{PHI_NODE_END, ' ', ' '}, {indent, '\n', '\n'}};
        b->white_space = phi_builder_split(b, PHI_NODE_END, phi_builder_switch(b, edges, 2));
    }
    return phi_builder_call(b, b->white_space, then);
}

uint32_t phi_part_colon(phi_builder *b, uint32_t then)
{
    return phi_builder_byte(b, ':', phi_builder_split(b, then, phi_builder_byte(b, ' ', then)));
}

/* ------------------------------------------------------------------ literals */

enum { ESCAPE_BYTES = 6 };

/* One byte of a string in JSON's spelling; returns the bytes written. */
static size_t write_escaped(uint8_t out[ESCAPE_BYTES], uint8_t byte)
{
    static const char escaped[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = byte != 0 ? strchr(escaped, byte) : NULL;
    if (found) {
        out[0] = '\\';
        out[1] = (uint8_t)letters[found - escaped];
        return 2;
    }
    if (byte >= 0x20) {
        out[0] = byte;
        return 1;
    }
    memcpy(out, "\\u00", 4);
    out[4] = (uint8_t)('0' + (byte >> 4));
    out[5] = (uint8_t) "0123456789abcdef"[byte & 15];
    return ESCAPE_BYTES;
}

uint32_t phi_part_literal(phi_builder *b, phi_str text, uint32_t then)
{
    then = phi_builder_byte(b, '"', then);
    for (size_t i = text.len; i > 0 && b->status == PHI_OK; i--) {
        uint8_t bytes[ESCAPE_BYTES];
        const size_t n = write_escaped(bytes, (uint8_t)text.ptr[i - 1]);
        then = phi_builder_bytes(b, bytes, n, then);
    }
    return phi_builder_byte(b, '"', then);
}

/* Items back to front, so that each knows what follows. Lists are singly linked, hence the recursion: as many levels as
 * items would be too many, so a list is turned round in an array. */
static uint32_t write_items(phi_builder *b, const phi_doc_value *list, uint32_t then)
{
    const bool is_object = list->type == PHI_DOC_OBJECT;
    const phi_doc_value **items = phi_arena_array(b->arena, const phi_doc_value *, list->n_items);
    uint32_t n = 0;
    if (!items) {
        if (b->status == PHI_OK)
            b->status = phi_fail(b->err, PHI_ENOMEM, "constraint: no memory for %u values", (unsigned)list->n_items);
        return then;
    }
    for (const phi_doc_value *item = list->first; item; item = item->next)
        items[n++] = item;
    then = phi_part_white_space(b, phi_builder_byte(b, is_object ? '}' : ']', then));
    for (; n > 0 && b->status == PHI_OK; n--) {
        then = phi_part_value(b, items[n - 1], then);
        if (is_object)
            then = phi_part_literal(b, items[n - 1]->key, phi_part_colon(b, then));
        if (n > 1)
            then = phi_builder_byte(b, ',', phi_part_white_space(b, then));
    }
    if (list->n_items > 0)
        then = phi_part_white_space(b, then);
    return phi_builder_byte(b, is_object ? '{' : '[', then);
}

uint32_t phi_part_value(phi_builder *b, const phi_doc_value *value, uint32_t then)
{
    switch (value->type) {
    case PHI_DOC_NULL:
        return phi_builder_bytes(b, (const uint8_t *)"null", 4, then);
    case PHI_DOC_TRUE:
        return phi_builder_bytes(b, (const uint8_t *)"true", 4, then);
    case PHI_DOC_FALSE:
        return phi_builder_bytes(b, (const uint8_t *)"false", 5, then);
    case PHI_DOC_NUMBER:
        return phi_builder_bytes(b, (const uint8_t *)value->text.ptr, value->text.len, then);
    case PHI_DOC_STRING:
        return phi_part_literal(b, value->text, then);
    default:
        return write_items(b, value, then);
    }
}

uint32_t phi_part_one_of(phi_builder *b, const phi_doc_value *const *values, uint32_t n)
{
    uint32_t at = phi_part_value(b, values[n - 1], PHI_NODE_END);
    for (uint32_t i = n - 1; i > 0 && b->status == PHI_OK; i--)
        at = phi_builder_split(b, phi_part_value(b, values[i - 1], PHI_NODE_END), at);
    return at;
}

/* ------------------------------------------------------------------ free strings */

static uint32_t write_tail(phi_builder *b, uint32_t n, uint32_t then)
{
    for (; n > 0; n--)
        then = phi_builder_switch(b, &(phi_edge){then, 0x80, 0xbf}, 1);
    return then;
}

/* n hexadecimal digits. */
static uint32_t write_hex(phi_builder *b, uint32_t n, uint32_t then)
{
    for (; n > 0; n--) {
        const phi_edge edges[] = {{then, '0', '9'}, {then, 'A', 'F'}, {then, 'a', 'f'}};
        then = phi_builder_switch(b, edges, 3);
    }
    return then;
}

/* "XXXX" of \uXXXX: anything but a surrogate, or a pair of them. */
static uint32_t write_unicode_escape(phi_builder *b, uint32_t then)
{
    const uint32_t hex3 = write_hex(b, 3, then);
    const uint32_t hex2 = write_hex(b, 2, then);
    const phi_edge low_seconds[] = {{hex2, 'C', 'F'}, {hex2, 'c', 'f'}};
    const uint32_t low_second = phi_builder_switch(b, low_seconds, 2);
    const phi_edge low_firsts[] = {{low_second, 'D', 'D'}, {low_second, 'd', 'd'}};
    uint32_t low = phi_builder_switch(b, low_firsts, 2);
    low = write_hex(b, 2, phi_builder_bytes(b, (const uint8_t *)"\\u", 2, low));
    const phi_edge seconds[] = {{hex2, '0', '7'}, {low, '8', '9'}, {low, 'A', 'B'}, {low, 'a', 'b'}};
    const uint32_t second = phi_builder_switch(b, seconds, 4);
    const phi_edge firsts[] = {{hex3, '0', '9'}, {hex3, 'A', 'C'},   {hex3, 'a', 'c'},  {hex3, 'E', 'F'},
                               {hex3, 'e', 'f'}, {second, 'D', 'D'}, {second, 'd', 'd'}};
    return phi_builder_switch(b, firsts, sizeof firsts / sizeof firsts[0]);
}

enum { FREE_EDGES = 13 };

/* Any character of a string, in every spelling that JSON has for it: edges of a node, which go on at `then`. */
static uint32_t free_edges(phi_edge out[FREE_EDGES], phi_builder *b, uint32_t then)
{
    const uint32_t tail1 = write_tail(b, 1, then);
    const uint32_t tail2 = write_tail(b, 2, then);
    const uint32_t tail3 = write_tail(b, 3, then);
    const uint32_t after_e0 = phi_builder_switch(b, &(phi_edge){tail1, 0xa0, 0xbf}, 1);
    const uint32_t after_ed = phi_builder_switch(b, &(phi_edge){tail1, 0x80, 0x9f}, 1);
    const uint32_t after_f0 = phi_builder_switch(b, &(phi_edge){tail2, 0x90, 0xbf}, 1);
    const uint32_t after_f4 = phi_builder_switch(b, &(phi_edge){tail2, 0x80, 0x8f}, 1);
    static const char letters[] = "\"\\/bfnrt";
    phi_edge escapes[sizeof letters];
    uint32_t n = 0;
    for (; letters[n]; n++)
        escapes[n] = (phi_edge){then, (uint8_t)letters[n], (uint8_t)letters[n]};
    escapes[n++] = (phi_edge){write_unicode_escape(b, then), 'u', 'u'};
    const phi_edge edges[FREE_EDGES] = {
        {then, 0x20, 0x21},     {then, 0x23, 0x5b},     {then, 0x5d, 0x7f},
        {tail1, 0xc2, 0xdf},    {after_e0, 0xe0, 0xe0}, {tail2, 0xe1, 0xec},
        {after_ed, 0xed, 0xed}, {tail2, 0xee, 0xef},    {after_f0, 0xf0, 0xf0},
        {tail3, 0xf1, 0xf3},    {after_f4, 0xf4, 0xf4}, {phi_builder_switch(b, escapes, n), '\\', '\\'}};
    memcpy(out, edges, sizeof edges);
    return FREE_EDGES - 1;
}

/* Any characters, the quote, the RETURN. */
static uint32_t free_string(phi_builder *b)
{
    if (b->free_string == 0) {
        phi_edge edges[FREE_EDGES];
        const uint32_t loop = phi_builder_reserve(b);
        const uint32_t n = free_edges(edges, b, loop);
        edges[n] = (phi_edge){PHI_NODE_END, '"', '"'};
        phi_builder_set_switch(b, loop, edges, n + 1);
        phi_builder_set_plain(b, loop, PHI_PLAIN_ALL);
        b->free_string = loop;
    }
    return b->free_string;
}

static uint32_t free_char(phi_builder *b)
{
    if (b->free_char == 0) {
        phi_edge edges[FREE_EDGES];
        const uint32_t n = free_edges(edges, b, PHI_NODE_END);
        b->free_char = phi_builder_switch(b, edges, n);
        phi_builder_set_plain(b, b->free_char, PHI_PLAIN_PART);
    }
    return b->free_char;
}

/* A node that promises `n` plain characters, and takes the quote if the string may end here. */
static uint32_t write_promise(phi_builder *b, bool may_end, uint32_t n)
{
    const phi_edge quote = {PHI_NODE_END, '"', '"'};
    const uint32_t node = phi_builder_switch(b, &quote, may_end);
    phi_builder_set_plain(b, node, n > 0 ? n : PHI_PLAIN_PART);
    return node;
}

uint32_t phi_part_string_rest(phi_builder *b, uint32_t min, uint32_t max)
{
    const uint32_t chain = max == PHI_NO_MAX ? min : max;
    uint32_t at = max == PHI_NO_MAX ? free_string(b) : write_promise(b, true, 0);
    if (chain == 0)
        return at;
    const uint32_t one = free_char(b);
    for (uint32_t n = chain; n > 0 && b->status == PHI_OK; n--) {
        const uint32_t plain = max == PHI_NO_MAX ? PHI_PLAIN_ALL : max - n + 1;
        at = phi_builder_split(b, phi_builder_call(b, one, at), write_promise(b, n - 1 >= min, plain));
    }
    return at;
}

/* ------------------------------------------------------------------ keys */

/* Names as a tree of code points. */
typedef struct name_node {
    uint32_t c;
    bool is_name;
    uint32_t node; /* of the program */
    struct name_node *child, *sibling;
} name_node;

static bool add_name(phi_builder *b, name_node *root, phi_str name)
{
    for (size_t at = 0; at < name.len;) {
        int32_t c;
        at += phi_utf8_decode(&c, (const uint8_t *)name.ptr + at, name.len - at);
        name_node *child = root->child;
        while (child && child->c != (uint32_t)c)
            child = child->sibling;
        if (!child) {
            child = phi_arena_zeroed(b->arena, name_node, 1);
            if (!child)
                return false;
            child->c = (uint32_t)c;
            child->sibling = root->child;
            root->child = child;
        }
        root = child;
    }
    root->is_name = true;
    return true;
}

/* Behind the characters that lead to `n`: the quote if this is no name, a character that leads on, or any other, and
 * then the key is none of the names whatever follows. Appends the children to the queue (through `c`, no longer
 * needed). */
static void write_key_node(phi_charsets *sets, name_node *n)
{
    phi_builder *b = sets->builder;
    uint32_t n_children = 0;
    uint32_t at = n->is_name ? phi_builder_reserve(b) : phi_builder_byte(b, '"', PHI_NODE_END);
    for (const name_node *child = n->child; child; child = child->sibling)
        n_children++;
    phi_char_range *taken = phi_arena_array(b->arena, phi_char_range, n_children);
    n_children = 0;
    for (name_node *child = n->child; child && taken && b->status == PHI_OK; child = child->sibling) {
        phi_char_range range = {child->c, child->c};
        const uint32_t step = phi_builder_reserve(b);
        child->node = phi_builder_reserve(b);
        phi_charsets_write(sets, phi_charsets_add(sets, &range, 1), true, step, child->node);
        at = phi_builder_split(b, step, at);
        taken[n_children++] = range;
    }
    if (!taken && b->status == PHI_OK)
        b->status = phi_fail(b->err, PHI_ENOMEM, "constraint: no memory for the names of properties");
    if (b->status != PHI_OK)
        return;
    const uint32_t other = phi_builder_reserve(b);
    const uint32_t set = phi_charsets_complement(sets, phi_charsets_add(sets, taken, n_children));
    phi_charsets_write(sets, set, true, other, free_string(b));
    phi_builder_set_split(b, n->node, other, at);
}

/* Depth first, without recursion: names may be long. */
static void write_key_tree(phi_charsets *sets, name_node *root)
{
    name_node *stack = root; /* linked through `sibling` of nodes whose siblings are on it already */
    root->sibling = NULL;
    while (stack && sets->builder->status == PHI_OK) {
        name_node *n = stack;
        stack = n->sibling;
        write_key_node(sets, n);
        name_node *last = n->child;
        while (last && last->sibling)
            last = last->sibling;
        if (last) {
            last->sibling = stack;
            stack = n->child;
        }
    }
}

uint32_t phi_part_other_key(phi_charsets *sets, const phi_str *names, uint32_t n_names)
{
    phi_builder *b = sets->builder;
    name_node root = {0};
    if (n_names == 0)
        return phi_builder_byte(b, '"', free_string(b));
    for (uint32_t i = 0; i < n_names && b->status == PHI_OK; i++)
        if (!add_name(b, &root, names[i]))
            b->status = phi_fail(b->err, PHI_ENOMEM, "constraint: no memory for the names of properties");
    root.node = phi_builder_reserve(b);
    const uint32_t key = phi_builder_byte(b, '"', root.node);
    write_key_tree(sets, &root);
    return key;
}
