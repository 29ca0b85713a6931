/* Kernels over face encodings of 128 numbers, compiled once for the baseline processor and once for
 * AVX2 with FMA, chosen by what the processor can; on arm64 for NEON. Swift would compile them for the
 * baseline alone. */
#ifndef VEDETTE_CMATCHING_H
#define VEDETTE_CMATCHING_H

#include <stddef.h>
#include <stdint.h>

/* Numbers to an encoding. */
#define VM_WIDTH 128

/* One encoding and how far it is: the squared Euclidean distance. `person` is -1 where there is none. */
typedef struct {
    float squared;
    int32_t person;
    int64_t row;
} vm_candidate;

/* The nearest encoding, and the nearest one of anybody else. */
typedef struct {
    vm_candidate best;
    vm_candidate other;
} vm_pair;

/* Compares `count` rows of VM_WIDTH floats, whose owners are in `people`, with each of the queries, in one
 * pass over memory, and lowers each query's pair. Begin with infinities and persons of -1. Rows are
 * numbered from `first_row`; of equals the earlier stays. */
void vm_nearest(const float *rows, const int32_t *people, size_t count, int64_t first_row,
                const float *queries, size_t query_count, vm_pair *pairs);
/* The same by the baseline's instructions alone. */
void vm_nearest_baseline(const float *rows, const int32_t *people, size_t count, int64_t first_row,
                         const float *queries, size_t query_count, vm_pair *pairs);
/* The squared distance to the nearest row of this person; infinity where there is none. */
float vm_nearest_of(const float *rows, const int32_t *people, size_t count, int32_t person,
                    const float *query);

/* Multinomial logistic regression: for `count` samples (rows of VM_WIDTH floats, labels of 0..<classes)
 * adds the gradient of the summed cross-entropy to `gradient` and returns that sum. Weights and gradient
 * are `classes` rows of VM_WIDTH followed by `classes` intercepts. `scratch` takes 4 * classes numbers. */
double vm_cross_entropy(const float *rows, const int32_t *labels, size_t count, const double *weights,
                        size_t classes, double *gradient, double *scratch);
/* The scores, one for each class, of one encoding. */
void vm_scores(const float *row, const double *weights, size_t classes, double *scores);

/* 1 where each of `count` floats, which need not be aligned, is a number no larger than `most` in either direction. */
int vm_within(const void *floats, size_t count, float most);

/* Reads all of the memory once, as fast as this core can: what a benchmark compares with. */
uint64_t vm_read(const void *bytes, size_t count);

#endif
