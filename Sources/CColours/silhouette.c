#include "vectors.h"

/* A tile's points, at most VC_TILE and padded to whole vectors by points without weight, all of one cluster.
 * Distances from each point of one tile to the points of another, weighted and summed: to `rows` for those of
 * the first, to `columns`, unless null, for those of the second. */

INLINE void vc_tile_float_body(const vc_points *p, uint32_t i0, uint32_t i1, uint32_t j0, uint32_t j1,
                               double *rows, double *columns)
{
    float sums[VC_TILE];
    memset(sums, 0, sizeof sums);
    for (uint32_t i = i0; i < i1; i++) {
        float x = p->x[i], y = p->y[i], z = p->z[i], w = p->w[i];
        f8 row = ALL(0);
        for (uint32_t j = j0; j < j1; j += 8) {
            f8 dx = LOAD(p->x + j) - x, dy = LOAD(p->y + j) - y, dz = LOAD(p->z + j) - z;
            f8 d = __builtin_elementwise_sqrt(dx * dx + dy * dy + dz * dz);
            row += LOAD(p->w + j) * d;
            f8 column = LOAD(sums + (j - j0)) + w * d;
            STORE(sums + (j - j0), column);
        }
        double sum = 0;
        for (int lane = 0; lane < 8; lane++)
            sum += row[lane];
        rows[i - i0] += sum;
    }
    if (columns)
        for (uint32_t j = 0; j < j1 - j0; j++)
            columns[j] += sums[j];
}

KERNEL(void, vc_tile_float,
       (const vc_points *p, uint32_t i0, uint32_t i1, uint32_t j0, uint32_t j1, double *rows, double *columns),
       (p, i0, i1, j0, j1, rows, columns))

#define LOAD_DOUBLES(p) ({ f4 v_; memcpy(&v_, (p), sizeof v_); __builtin_convertvector(v_, d4); })

INLINE void vc_tile_double_body(const vc_points *p, uint32_t i0, uint32_t i1, uint32_t j0, uint32_t j1,
                                double *rows, double *columns)
{
    double sums[VC_TILE];
    memset(sums, 0, sizeof sums);
    for (uint32_t i = i0; i < i1; i++) {
        double x = p->x[i], y = p->y[i], z = p->z[i], w = p->w[i];
        d4 row = { 0, 0, 0, 0 };
        for (uint32_t j = j0; j < j1; j += 4) {
            d4 dx = LOAD_DOUBLES(p->x + j) - x, dy = LOAD_DOUBLES(p->y + j) - y, dz = LOAD_DOUBLES(p->z + j) - z;
            d4 d = __builtin_elementwise_sqrt(dx * dx + dy * dy + dz * dz), column;
            row += LOAD_DOUBLES(p->w + j) * d;
            memcpy(&column, sums + (j - j0), sizeof column);
            column += w * d;
            memcpy(sums + (j - j0), &column, sizeof column);
        }
        rows[i - i0] += row[0] + row[1] + row[2] + row[3];
    }
    if (columns)
        for (uint32_t j = 0; j < j1 - j0; j++)
            columns[j] += sums[j];
}

KERNEL(void, vc_tile_double,
       (const vc_points *p, uint32_t i0, uint32_t i1, uint32_t j0, uint32_t j1, double *rows, double *columns),
       (p, i0, i1, j0, j1, rows, columns))
