#include "sort.h"

static void swap(char *a, char *b, size_t n)
{
    while (n-- > 0) {
        const char c = a[n];
        a[n] = b[n];
        b[n] = c;
    }
}

void phi_sort(void *items, size_t n, size_t item_bytes, int (*compare)(const void *a, const void *b))
{
    char *const base = items;
    size_t n_roots = n / 2; /* still to be made heaps */
    while (n > 1) {
        if (n_roots > 0)
            n_roots--;
        else
            swap(base, base + --n * item_bytes, item_bytes);
        size_t parent = n_roots;
        for (size_t child; (child = 2 * parent + 1) < n; parent = child) {
            if (child + 1 < n && compare(base + child * item_bytes, base + (child + 1) * item_bytes) < 0)
                child++;
            if (compare(base + parent * item_bytes, base + child * item_bytes) >= 0)
                break;
            swap(base + parent * item_bytes, base + child * item_bytes, item_bytes);
        }
    }
}
