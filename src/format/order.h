/* Orders over the rows of a table: the rows stay where they are, a list of row numbers is sorted.
 * Files are hostile, so the sort is one without a bad case. */
#ifndef PHI_FORMAT_ORDER_H
#define PHI_FORMAT_ORDER_H

#include "bytes.h"

/* Negative, zero or positive, as memcmp; a prefix comes before what it begins. */
int phi_order_text(phi_str a, phi_str b);

typedef int phi_order_compare(const void *rows, uint32_t a, uint32_t b);

/* Fills order[0..n) with 0..n-1 and sorts it. In place, O(n log n) always, not stable. */
void phi_order_rows(uint32_t *order, size_t n, const void *rows, phi_order_compare *compare);

typedef phi_str phi_order_name(const void *rows, uint32_t row);

/* Where in an order by name the row of this name is; NULL: there is none. O(log n). */
const uint32_t *phi_order_find(const uint32_t *order, size_t n, const void *rows, phi_order_name *name_of,
                               phi_str name);

#endif
