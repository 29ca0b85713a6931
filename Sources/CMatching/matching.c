#include "bodies.h"

void vm_nearest_baseline(const float *rows, const int32_t *people, size_t count, int64_t first_row,
                         const float *queries, size_t query_count, vm_pair *pairs)
{
    nearest(rows, people, count, first_row, queries, query_count, pairs);
}

#if defined(__x86_64__)
#define FAST __attribute__((target("avx2,fma")))

static int is_fast(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

FAST static void nearest_fast(const float *rows, const int32_t *people, size_t count, int64_t first_row,
                              const float *queries, size_t query_count, vm_pair *pairs)
{
    nearest(rows, people, count, first_row, queries, query_count, pairs);
}

FAST static double cross_entropy_fast(const float *rows, const int32_t *labels, size_t count,
                                      const double *weights, size_t classes, double *gradient,
                                      double *scratch)
{
    return cross_entropy(rows, labels, count, weights, classes, gradient, scratch);
}

FAST static uint64_t read_fast(const void *bytes, size_t count) { return read_all(bytes, count); }

#else
/* NEON, or whatever the baseline is, is all there is. */
static int is_fast(void) { return 0; }
#define nearest_fast vm_nearest_baseline
#define cross_entropy_fast cross_entropy
#define read_fast read_all
#endif

void vm_nearest(const float *rows, const int32_t *people, size_t count, int64_t first_row,
                const float *queries, size_t query_count, vm_pair *pairs)
{
    if (is_fast())
        nearest_fast(rows, people, count, first_row, queries, query_count, pairs);
    else
        vm_nearest_baseline(rows, people, count, first_row, queries, query_count, pairs);
}

float vm_nearest_of(const float *rows, const int32_t *people, size_t count, int32_t person,
                    const float *query)
{
    float least = INFINITY;
    for (size_t r = 0; r < count; r++) {
        if (people[r] != person)
            continue;
        float squared = one_row(rows + r * VM_WIDTH, query);
        least = squared < least ? squared : least;
    }
    return least;
}

double vm_cross_entropy(const float *rows, const int32_t *labels, size_t count, const double *weights,
                        size_t classes, double *gradient, double *scratch)
{
    if (is_fast())
        return cross_entropy_fast(rows, labels, count, weights, classes, gradient, scratch);
    return cross_entropy(rows, labels, count, weights, classes, gradient, scratch);
}

void vm_scores(const float *row, const double *weights, size_t classes, double *scores)
{
    for (size_t k = 0; k < classes; k++) {
        d4 sum = {0};
        for (size_t i = 0; i < VM_WIDTH; i += 4) {
            d4 x = {row[i], row[i + 1], row[i + 2], row[i + 3]};
            sum += *(const d4 *)(weights + k * VM_WIDTH + i) * x;
        }
        scores[k] = (sum[0] + sum[1]) + (sum[2] + sum[3]) + weights[classes * VM_WIDTH + k];
    }
}

int vm_within(const void *floats, size_t count, float most)
{
    int within = 1;
    for (size_t i = 0; i < count; i++) {
        float number;
        __builtin_memcpy(&number, (const char *)floats + i * sizeof number, sizeof number);
        /* Written so that NaN fails it. */
        within &= number >= -most && number <= most;
    }
    return within;
}

uint64_t vm_read(const void *bytes, size_t count)
{
    return is_fast() ? read_fast(bytes, count) : read_all(bytes, count);
}
