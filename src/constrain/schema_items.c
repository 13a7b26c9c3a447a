/* Arrays of a schema: a chain of places, one for each number of items, as long as places differ. */
#include "schema.h"

static phi_status check_unique(phi_schema *s, const phi_schema_rule *rule, uint32_t max)
{
    for (uint32_t i = 0; i < rule->n; i++) {
        const phi_doc_value *unique = phi_schema_keyword(&rule->items[i], "uniqueItems");
        if (unique && unique->type == PHI_DOC_TRUE && max > 1)
            return phi_schema_refuse(s, unique, "keyword 'uniqueItems'");
    }
    return PHI_OK;
}

/* Items that some prefixItems names one by one. */
static uint32_t prefix_length(const phi_schema_rule *rule)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < rule->n; i++) {
        const phi_doc_value *prefix = phi_schema_keyword(&rule->items[i], "prefixItems");
        n = prefix && prefix->n_items > n ? prefix->n_items : n;
    }
    return n;
}

/* What each schema of the rule says of item `idx`, together. */
static phi_status item_part(phi_schema *s, const phi_schema_rule *rule, uint32_t idx, uint32_t *node)
{
    phi_schema_list *list = phi_schema_clear_list(s);
    const phi_doc_value *place = rule->place;
    for (uint32_t i = 0; i < rule->n; i++) {
        const phi_doc_value *prefix = phi_schema_keyword(&rule->items[i], "prefixItems");
        const phi_doc_value *said = prefix ? prefix->first : NULL;
        PHI_TRY(phi_schema_spend(s, idx + 1));
        for (uint32_t k = 0; k < idx && said; k++)
            said = said->next;
        if (!said)
            said = phi_schema_keyword(&rule->items[i], "items");
        if (!said)
            continue;
        place = said;
        PHI_TRY(phi_schema_gather(list, s, said));
    }
    return phi_schema_part(s, place, node);
}

/* Behind an item: a comma and `item`, or the end if that may be. */
static uint32_t write_after(phi_builder *b, uint32_t item, bool may_end, uint32_t end)
{
    const uint32_t more = phi_builder_byte(b, ',', phi_part_white_space(b, item));
    return may_end ? phi_builder_split(b, more, phi_part_white_space(b, end)) : more;
}

phi_status phi_schema_array(phi_schema *s, const phi_schema_rule *rule, uint32_t *node)
{
    phi_builder *b = s->b;
    const uint32_t min = phi_schema_count(rule->items, rule->n, "minItems", 0);
    const uint32_t max = phi_schema_count(rule->items, rule->n, "maxItems", PHI_NO_MAX);
    const uint32_t n_prefix = prefix_length(rule);
    uint32_t rest_part = PHI_NODE_END;
    uint32_t chain = max != PHI_NO_MAX ? max : min > n_prefix ? min : n_prefix;
    const uint32_t end = phi_builder_byte(b, ']', PHI_NODE_END);
    PHI_TRY(check_unique(s, rule, max));
    if (chain > n_prefix || max == PHI_NO_MAX)
        PHI_TRY(item_part(s, rule, n_prefix, &rest_part));
    /* `item` expects item number i, `after` stands behind item i - 1; from the back. */
    uint32_t item = PHI_NODE_END;
    if (max == PHI_NO_MAX) {
        const uint32_t after = phi_builder_reserve(b);
        item = phi_builder_call(b, rest_part, after);
        const uint32_t more = write_after(b, item, true, end);
        phi_builder_set_split(b, after, more, more);
    }
    for (uint32_t i = chain; i > 0 && b->status == PHI_OK; i--) {
        uint32_t part = rest_part;
        /* No item follows the last one of a bounded array. */
        const uint32_t after = item != PHI_NODE_END ? write_after(b, item, i >= min, end)
                                                    : phi_part_white_space(b, end);
        if (i <= n_prefix)
            PHI_TRY(item_part(s, rule, i - 1, &part));
        item = phi_builder_call(b, part, after);
    }
    uint32_t first = item;
    if (min == 0)
        first = item != PHI_NODE_END ? phi_builder_split(b, item, end) : end;
    *node = min <= max && first != PHI_NODE_END ? phi_builder_byte(b, '[', phi_part_white_space(b, first))
                                                : phi_builder_switch(b, NULL, 0);
    return b->status;
}
