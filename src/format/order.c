#include "order.h"

#include <string.h>

int phi_order_text(phi_str a, phi_str b)
{
    const size_t common = a.len < b.len ? a.len : b.len;
    const int difference = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;
    return difference != 0 ? difference : (a.len > b.len) - (a.len < b.len);
}

/* Moves the row at `at` down until both its children are no greater. */
static void sift_down(uint32_t *heap, size_t at, size_t n, const void *rows, phi_order_compare *compare)
{
    const uint32_t row = heap[at];
    for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && compare(rows, heap[child], heap[child + 1]) < 0)
            child++;
        if (compare(rows, row, heap[child]) >= 0)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = row;
}

/* Heapsort (Williams 1964). */
void phi_order_rows(uint32_t *order, size_t n, const void *rows, phi_order_compare *compare)
{
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (size_t i = n / 2; i-- > 0;)
        sift_down(order, i, n, rows, compare);
    for (size_t last = n; last-- > 1;) {
        const uint32_t greatest = order[0];
        order[0] = order[last];
        order[last] = greatest;
        sift_down(order, 0, last, rows, compare);
    }
}

const uint32_t *phi_order_find(const uint32_t *order, size_t n, const void *rows, phi_order_name *name_of, phi_str name)
{
    while (n > 0) {
        const uint32_t *middle = order + n / 2;
        const int difference = phi_order_text(name, name_of(rows, *middle));
        if (difference == 0)
            return middle;
        order = difference > 0 ? middle + 1 : order;
        n = difference > 0 ? n - n / 2 - 1 : n / 2;
    }
    return NULL;
}
