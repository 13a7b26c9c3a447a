/* JSON Schema (draft 2020-12) -> program. What is supported, and what is refused, is in docs/CONSTRAINTS.md.
 *
 *   schema_read.c    keywords and their values, $ref, lists of schemas that hold together
 *   schema_apart.c   may two schemas hold of one value? (oneOf)
 *   schema.c         a list of schemas -> a part of the program, one for each list that is reached
 *   schema_text.c    strings, numbers    schema_items.c  arrays    schema_members.c  objects
 *
 * The unit is a list of schemas all of which must hold: allOf and $ref put their schemas on the list, a property takes
 * what each schema on the list says of it. So allOf needs no merging of texts, and recursion ends because there are
 * finitely many lists. anyOf and oneOf stand on the list as items of their own until a list is compiled: then each
 * branch takes the place of the item, in a list of its own. */
#ifndef PHI_SCHEMA_H
#define PHI_SCHEMA_H

#include "parts.h"

enum { PHI_LIST_MAX = 256 };

typedef enum phi_schema_role {
    PHI_ROLE_ALL, /* every keyword but anyOf and oneOf */
    PHI_ROLE_ANY_OF,
    PHI_ROLE_ONE_OF
} phi_schema_role;

typedef struct phi_schema_item {
    const phi_doc_value *schema; /* an object */
    phi_schema_role role;
} phi_schema_item;

typedef struct phi_schema_list {
    phi_schema_item items[PHI_LIST_MAX];
    uint32_t n;
    bool is_never; /* holds `false` */
} phi_schema_list;

/* A list that was reached, and the part that it becomes. */
typedef struct phi_schema_rule {
    const phi_schema_item *items; /* (n) */
    uint32_t n;
    uint32_t hash, next; /* rule + 1 in the same slot */
    bool is_never;
    uint32_t node;
    uint32_t nodes_end;         /* the nodes written for it lie before this one */
    const phi_doc_value *place; /* for messages */
} phi_schema_rule;

enum { PHI_RULE_SLOTS = 1024 };

typedef struct phi_schema {
    phi_arena *arena;
    phi_builder *b;
    phi_charsets sets;
    const phi_doc_value *root;
    phi_schema_rule *rules;
    uint32_t n_rules, rules_cap;
    uint32_t slots[PHI_RULE_SLOTS]; /* 0: none, else rule + 1 */
    uint64_t work;
    phi_schema_list list; /* the one in work: phi_schema_part() copies it */
    phi_error *err;
} phi_schema;

/* Types as bits. A whole number is INTEGER, any other FRACTION, so "number" is both. */
enum {
    PHI_TYPE_NULL = 1,
    PHI_TYPE_BOOLEAN = 2,
    PHI_TYPE_OBJECT = 4,
    PHI_TYPE_ARRAY = 8,
    PHI_TYPE_FRACTION = 16,
    PHI_TYPE_INTEGER = 32,
    PHI_TYPE_STRING = 64,
    PHI_TYPE_NUMBER = PHI_TYPE_FRACTION | PHI_TYPE_INTEGER,
    PHI_TYPE_ALL = 127
};

/* Compiles a schema's text. *start is where the program begins. PHI_EINVAL: not JSON, not a schema, or no value
 * satisfies it is found later (phi_schema_find_cause). PHI_EUNSUPPORTED names the keyword and its place. */
phi_status phi_schema_compile(phi_schema *s, phi_builder *b, phi_str text, uint32_t *start, phi_error *err);
/* Where the reason lies that no value satisfies the schema: the innermost part with no way to its end. */
const phi_doc_value *phi_schema_find_cause(const phi_schema *s, const phi_program *p);

/* schema_read.c */
/* Puts a schema and what it refers to on the list. */
phi_status phi_schema_gather(phi_schema_list *list, phi_schema *s, const phi_doc_value *schema);
/* Of the ALL items: types that all allow. With `guesses`, a list that says no type gets those that its keywords are
 * about. */
uint32_t phi_schema_types(const phi_schema_item *items, uint32_t n, bool guesses);
uint32_t phi_doc_value_type(const phi_doc_value *v);
/* The keyword of an ALL item, or NULL. */
const phi_doc_value *phi_schema_keyword(const phi_schema_item *item, const char *name);
/* The greatest or smallest of a count keyword (minItems, …); `when_absent` if no item has it. */
uint32_t phi_schema_count(const phi_schema_item *items, uint32_t n, const char *name, uint32_t when_absent);
phi_status phi_schema_refuse(const phi_schema *s, const phi_doc_value *at, const char *what);
phi_status phi_schema_no_memory(const phi_schema *s);
/* Counts comparisons, so that a hostile schema cannot keep the engine busy: PHI_EUNSUPPORTED past a bound. */
phi_status phi_schema_spend(phi_schema *s, uint64_t n);

/* schema_apart.c: PHI_OK when no value can satisfy two branches of this oneOf; `types` is what its surroundings allow.
 * */
phi_status phi_schema_check_apart(phi_schema *s, const phi_doc_value *one_of, uint32_t types);

/* schema.c: the part of s->list, made or found. */
phi_status phi_schema_part(phi_schema *s, const phi_doc_value *place, uint32_t *node);
/* s->list, emptied. */
phi_schema_list *phi_schema_clear_list(phi_schema *s);

/* The part of each type; ends at the RETURN. */
phi_status phi_schema_string(phi_schema *s, const phi_schema_rule *rule, uint32_t *node);
phi_status phi_schema_number(phi_schema *s, const phi_schema_rule *rule, bool is_whole, uint32_t *node);
phi_status phi_schema_array(phi_schema *s, const phi_schema_rule *rule, uint32_t *node);
phi_status phi_schema_object(phi_schema *s, const phi_schema_rule *rule, uint32_t *node);

#endif
