/* The bodies of the kernels, inlined into a function for each kind of processor. Vectors are clang's own:
 * one source for SSE2, AVX2 and NEON, and one order of additions. */
#include "CMatching.h"

#include <math.h>

#define INLINE static inline __attribute__((always_inline))

typedef float v8 __attribute__((vector_size(32), aligned(4)));
typedef float v4 __attribute__((vector_size(16), aligned(4)));
typedef double d4 __attribute__((vector_size(32), aligned(8)));
typedef uint64_t u4 __attribute__((vector_size(32), aligned(8)));

/* So many rows are compared with every query while they are in the first cache: 16 KiB. */
#define TILE_ROWS 32
#define SUM_PAIRS(a, b)                                                                            \
    (__builtin_shufflevector(a, b, 0, 2, 4, 6) + __builtin_shufflevector(a, b, 1, 3, 5, 7))
#define HALVES(a)                                                                                  \
    (__builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7))

/* Squared distances of four rows from one query. One row after the other, as memory lies: four rows side by side
 * are fewer instructions, but reach less of the memory's bandwidth. */
INLINE void four_rows(const float *rows, const float *query, float *squared)
{
    v8 sums[4];
    for (size_t r = 0; r < 4; r++) {
        const float *row = rows + r * VM_WIDTH;
        v8 a = {0}, b = {0}, c = {0}, d = {0};
        for (size_t i = 0; i < VM_WIDTH; i += 32) {
            v8 x = *(const v8 *)(row + i) - *(const v8 *)(query + i);
            v8 y = *(const v8 *)(row + i + 8) - *(const v8 *)(query + i + 8);
            v8 z = *(const v8 *)(row + i + 16) - *(const v8 *)(query + i + 16);
            v8 w = *(const v8 *)(row + i + 24) - *(const v8 *)(query + i + 24);
            a += x * x;
            b += y * y;
            c += z * z;
            d += w * w;
        }
        sums[r] = (a + b) + (c + d);
    }
    v4 ab = SUM_PAIRS(HALVES(sums[0]), HALVES(sums[1]));
    v4 cd = SUM_PAIRS(HALVES(sums[2]), HALVES(sums[3]));
    *(v4 *)squared = SUM_PAIRS(ab, cd);
}

/* The same of four rows from two queries, for which the rows are read once. */
INLINE void four_by_two(const float *rows, const float *query, const float *next, float *squared,
                        float *next_squared)
{
    v8 a = {0}, b = {0}, c = {0}, d = {0}, e = {0}, f = {0}, g = {0}, h = {0};
    for (size_t i = 0; i < VM_WIDTH; i += 8) {
        v8 q = *(const v8 *)(query + i), p = *(const v8 *)(next + i);
        v8 row = *(const v8 *)(rows + i), x = row - q, y = row - p;
        a += x * x;
        e += y * y;
        row = *(const v8 *)(rows + VM_WIDTH + i), x = row - q, y = row - p;
        b += x * x;
        f += y * y;
        row = *(const v8 *)(rows + 2 * VM_WIDTH + i), x = row - q, y = row - p;
        c += x * x;
        g += y * y;
        row = *(const v8 *)(rows + 3 * VM_WIDTH + i), x = row - q, y = row - p;
        d += x * x;
        h += y * y;
    }
    v4 ab = SUM_PAIRS(HALVES(a), HALVES(b)), cd = SUM_PAIRS(HALVES(c), HALVES(d));
    *(v4 *)squared = SUM_PAIRS(ab, cd);
    v4 ef = SUM_PAIRS(HALVES(e), HALVES(f)), gh = SUM_PAIRS(HALVES(g), HALVES(h));
    *(v4 *)next_squared = SUM_PAIRS(ef, gh);
}

INLINE float one_row(const float *row, const float *query)
{
    v8 a = {0};
    for (size_t i = 0; i < VM_WIDTH; i += 8) {
        v8 x = *(const v8 *)(row + i) - *(const v8 *)(query + i);
        a += x * x;
    }
    v4 half = HALVES(a), pair = SUM_PAIRS(half, half);
    return pair[0] + pair[1];
}

INLINE void lower(vm_pair *pair, const float *squared, const int32_t *people, size_t count,
                  int64_t first_row)
{
    for (size_t r = 0; r < count; r++) {
        if (!(squared[r] < pair->other.squared))
            continue;
        vm_candidate found = {squared[r], people[r], first_row + (int64_t)r};
        if (found.squared < pair->best.squared) {
            if (found.person != pair->best.person)
                pair->other = pair->best;
            pair->best = found;
        } else if (found.person != pair->best.person) {
            pair->other = found;
        }
    }
}

INLINE void nearest(const float *rows, const int32_t *people, size_t count, int64_t first_row,
                    const float *queries, size_t query_count, vm_pair *pairs)
{
    float squared[TILE_ROWS], next_squared[TILE_ROWS];
    for (size_t start = 0; start < count; start += TILE_ROWS) {
        size_t height = count - start < TILE_ROWS ? count - start : TILE_ROWS;
        const float *tile = rows + start * VM_WIDTH;
        int64_t row = first_row + (int64_t)start;
        size_t q = 0;
        for (; q + 1 < query_count; q += 2) {
            const float *query = queries + q * VM_WIDTH, *next = query + VM_WIDTH;
            size_t r = 0;
            for (; r + 4 <= height; r += 4)
                four_by_two(tile + r * VM_WIDTH, query, next, squared + r, next_squared + r);
            for (; r < height; r++) {
                squared[r] = one_row(tile + r * VM_WIDTH, query);
                next_squared[r] = one_row(tile + r * VM_WIDTH, next);
            }
            lower(pairs + q, squared, people + start, height, row);
            lower(pairs + q + 1, next_squared, people + start, height, row);
        }
        if (q < query_count) {
            const float *query = queries + q * VM_WIDTH;
            size_t r = 0;
            for (; r + 4 <= height; r += 4)
                four_rows(tile + r * VM_WIDTH, query, squared + r);
            for (; r < height; r++)
                squared[r] = one_row(tile + r * VM_WIDTH, query);
            lower(pairs + q, squared, people + start, height, row);
        }
    }
}

INLINE void four_scores(const double *samples, const double *weights, size_t classes, double *scores)
{
    for (size_t k = 0; k < classes; k++) {
        const double *row = weights + k * VM_WIDTH;
        d4 a = {0}, b = {0}, c = {0}, d = {0};
        for (size_t i = 0; i < VM_WIDTH; i += 4) {
            d4 w = *(const d4 *)(row + i);
            a += w * *(const d4 *)(samples + i);
            b += w * *(const d4 *)(samples + VM_WIDTH + i);
            c += w * *(const d4 *)(samples + 2 * VM_WIDTH + i);
            d += w * *(const d4 *)(samples + 3 * VM_WIDTH + i);
        }
        double intercept = weights[classes * VM_WIDTH + k];
        scores[k] = (a[0] + a[1]) + (a[2] + a[3]) + intercept;
        scores[classes + k] = (b[0] + b[1]) + (b[2] + b[3]) + intercept;
        scores[2 * classes + k] = (c[0] + c[1]) + (c[2] + c[3]) + intercept;
        scores[3 * classes + k] = (d[0] + d[1]) + (d[2] + d[3]) + intercept;
    }
}

/* Scores become probabilities less one for the class that it is; returns the cross-entropy. */
INLINE double residuals(double *scores, size_t classes, size_t label)
{
    double most = scores[0], sum = 0, own = scores[label];
    for (size_t k = 1; k < classes; k++)
        most = scores[k] > most ? scores[k] : most;
    for (size_t k = 0; k < classes; k++)
        sum += scores[k] = exp(scores[k] - most);
    for (size_t k = 0; k < classes; k++)
        scores[k] /= sum;
    scores[label] -= 1;
    return log(sum) - (own - most);
}

INLINE double cross_entropy(const float *rows, const int32_t *labels, size_t count,
                            const double *weights, size_t classes, double *gradient, double *scores)
{
    double samples[4 * VM_WIDTH], loss = 0;
    for (size_t start = 0; start < count; start += 4) {
        size_t height = count - start < 4 ? count - start : 4;
        for (size_t i = 0; i < 4 * VM_WIDTH; i++)
            samples[i] = i < height * VM_WIDTH ? (double)rows[start * VM_WIDTH + i] : 0;
        four_scores(samples, weights, classes, scores);
        for (size_t j = 0; j < height; j++)
            loss += residuals(scores + j * classes, classes, (size_t)labels[start + j]);
        for (size_t i = height * classes; i < 4 * classes; i++)
            scores[i] = 0;
        for (size_t k = 0; k < classes; k++) {
            double a = scores[k], b = scores[classes + k], c = scores[2 * classes + k],
                   d = scores[3 * classes + k];
            double *row = gradient + k * VM_WIDTH;
            for (size_t i = 0; i < VM_WIDTH; i += 4)
                *(d4 *)(row + i) += a * *(const d4 *)(samples + i) + b * *(const d4 *)(samples + VM_WIDTH + i)
                    + (c * *(const d4 *)(samples + 2 * VM_WIDTH + i) + d * *(const d4 *)(samples + 3 * VM_WIDTH + i));
            gradient[classes * VM_WIDTH + k] += (a + b) + (c + d);
        }
    }
    return loss;
}

INLINE uint64_t read_all(const unsigned char *bytes, size_t count)
{
    u4 a = {0}, b = {0}, c = {0}, d = {0};
    for (size_t i = 0; i + 128 <= count; i += 128) {
        a ^= *(const u4 *)(bytes + i);
        b ^= *(const u4 *)(bytes + i + 32);
        c ^= *(const u4 *)(bytes + i + 64);
        d ^= *(const u4 *)(bytes + i + 96);
    }
    a ^= b ^ c ^ d;
    return a[0] ^ a[1] ^ a[2] ^ a[3];
}
