/* Heap sort over items of any size: no recursion, no memory, n log n whatever the input. Equal items may change
 * places. */
#ifndef PHI_SORT_H
#define PHI_SORT_H

#include <stddef.h>

/* compare(a, b) is negative, zero or positive as a belongs before, with or behind b. */
void phi_sort(void *items, size_t n, size_t item_bytes, int (*compare)(const void *a, const void *b));

#endif
