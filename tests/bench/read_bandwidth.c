/* Memory read bandwidth: sums a buffer far larger than the caches, threads reading disjoint parts.
 * Usage: read_bandwidth MEBIBYTES THREADS ROUNDS; prints the best round in GB/s (1e9 bytes).
 * The buffer is filled first, so that no page is the shared zero page. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

enum { THREADS_MAX = 64, BLOCK_BYTES = 128 };

typedef struct {
    const uint8_t *data;
    size_t bytes;
    uint64_t sum;
    pthread_barrier_t *start;
} part;

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Four independent sums hide the latency of the adds. */
static uint64_t sum_bytes(const uint8_t *data, size_t bytes)
{
#if defined(__AVX2__)
    __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
    for (size_t at = 0; at + BLOCK_BYTES <= bytes; at += BLOCK_BYTES) {
        const __m256i *v = (const __m256i *)(const void *)(data + at);
        s0 = _mm256_add_epi64(s0, _mm256_load_si256(v));
        s1 = _mm256_add_epi64(s1, _mm256_load_si256(v + 1));
        s2 = _mm256_add_epi64(s2, _mm256_load_si256(v + 2));
        s3 = _mm256_add_epi64(s3, _mm256_load_si256(v + 3));
    }
    s0 = _mm256_add_epi64(_mm256_add_epi64(s0, s1), _mm256_add_epi64(s2, s3));
    uint64_t lane[4];
    _mm256_storeu_si256((__m256i *)(void *)lane, s0);
    return lane[0] + lane[1] + lane[2] + lane[3];
#else
    uint64_t s[4] = {0, 0, 0, 0};
    for (size_t at = 0; at + 32 <= bytes; at += 32) {
        uint64_t v[4];
        memcpy(v, data + at, sizeof v);
        for (int i = 0; i < 4; i++) {
            s[i] += v[i];
        }
    }
    return s[0] + s[1] + s[2] + s[3];
#endif
}

static void *read_part(void *context)
{
    part *p = context;
    pthread_barrier_wait(p->start);
    p->sum = sum_bytes(p->data, p->bytes);
    return NULL;
}

/* Thread start-up lies before the barrier, so it is not timed. */
static double time_round(const uint8_t *data, size_t bytes, unsigned n_threads, uint64_t *sum)
{
    pthread_t threads[THREADS_MAX];
    part parts[THREADS_MAX];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, n_threads + 1);
    size_t part_bytes = bytes / n_threads / BLOCK_BYTES * BLOCK_BYTES;
    for (unsigned i = 0; i < n_threads; i++) {
        parts[i] = (part){data + i * part_bytes, part_bytes, 0, &start};
        if (pthread_create(&threads[i], NULL, read_part, &parts[i]) != 0) {
            fprintf(stderr, "read_bandwidth: cannot start thread %u\n", i);
            exit(1);
        }
    }
    double begin = now_seconds();
    pthread_barrier_wait(&start);
    for (unsigned i = 0; i < n_threads; i++) {
        pthread_join(threads[i], NULL);
        *sum += parts[i].sum;
    }
    double seconds = now_seconds() - begin;
    pthread_barrier_destroy(&start);
    return (double)(part_bytes * n_threads) / seconds;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: read_bandwidth MEBIBYTES THREADS ROUNDS\n");
        return 2;
    }
    size_t bytes = (size_t)strtoul(argv[1], NULL, 10) << 20;
    unsigned n_threads = (unsigned)strtoul(argv[2], NULL, 10);
    unsigned n_rounds = (unsigned)strtoul(argv[3], NULL, 10);
    if (bytes == 0 || n_threads == 0 || n_threads > THREADS_MAX || n_rounds == 0) {
        fprintf(stderr, "read_bandwidth: expected a size, 1 to %d threads, rounds\n", THREADS_MAX);
        return 2;
    }
    uint8_t *data = aligned_alloc(4096, bytes);
    if (data == NULL) {
        fprintf(stderr, "read_bandwidth: no memory for %zu bytes\n", bytes);
        return 1;
    }
    memset(data, 1, bytes);
    double best = 0;
    uint64_t sum = 0;
    for (unsigned i = 0; i < n_rounds; i++) {
        double rate = time_round(data, bytes, n_threads, &sum);
        best = rate > best ? rate : best;
    }
    printf("{\"gb_per_s\": %.2f, \"sum\": %llu}\n", best / 1e9, (unsigned long long)sum);
    free(data);
    return 0;
}
