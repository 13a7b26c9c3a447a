#include "check.h"
#include "rng.h"
#include "sort.h"

enum { N_MAX = 300 };

typedef struct item {
    uint32_t key;
    uint8_t check; /* of the key: an item moves as a whole */
} item;

static int by_key(const void *a, const void *b)
{
    const item *const x = a, *const y = b;
    return (x->key > y->key) - (x->key < y->key);
}

TEST(base_sort__sorts_every_length)
{
    phi_rng rng = {1};
    for (uint32_t n = 0; n <= N_MAX; n++) {
        item items[N_MAX];
        uint32_t sum = 0;
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t key = phi_rng_u32(&rng) % (n % 3 == 0 ? 5 : 1000);
            items[i] = (item){key, (uint8_t)(key * 7)};
            sum += key;
        }
        phi_sort(items, n, sizeof items[0], by_key);
        for (uint32_t i = 0; i < n; i++) {
            CHECK(items[i].check == (uint8_t)(items[i].key * 7) && (i == 0 || items[i - 1].key <= items[i].key));
            sum -= items[i].key;
        }
        CHECK_INT(sum, 0);
    }
}

TEST(base_sort__keeps_what_is_sorted)
{
    item items[100];
    for (uint32_t i = 0; i < 100; i++)
        items[i] = (item){i, 0};
    phi_sort(items, 100, sizeof items[0], by_key);
    for (uint32_t i = 0; i < 100; i++)
        CHECK_INT(items[i].key, i);
}
