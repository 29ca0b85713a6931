#include "lists.h"

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

/* Keeps the centres that may be the nearest or second nearest of a point of the box: those that are no farther from it
 * than the box's farthest point is from two. */
INLINE list two_nearest(const vc_box *box, const vc_centres *centres, vc_scratch *scratch)
{
    float m[3], half = 0;
    for (int axis = 0; axis < 3; axis++) {
        float wide = (box->high[axis] - box->low[axis]) * 0.5f;
        m[axis] = box->low[axis] + wide;
        half += wide * wide;
    }
    half = __builtin_sqrtf(half);
    f8 best = ALL(3e38f), second = best;
    for (uint32_t i = 0; i < centres->count; i += 8) {
        f8 x = LOAD(centres->x + i) - m[0], y = LOAD(centres->y + i) - m[1], z = LOAD(centres->z + i) - m[2];
        f8 d = x * x + y * y + z * z;
        second = __builtin_elementwise_min(second, __builtin_elementwise_max(best, d));
        best = __builtin_elementwise_min(best, d);
        STORE(scratch->gap + i, d);
    }
    float least = 3e38f, next = 3e38f;
    for (int lane = 0; lane < 8; lane++) {
        float a = best[lane], b = second[lane];
        next = a < least ? (least < b ? least : b) : (a < next ? a : next);
        least = a < least ? a : least;
    }
    /* One more for rounding. */
    float reach = __builtin_sqrtf(next) + 2 * half + 1;
    float *x = scratch->x[0], *y = scratch->y[0], *z = scratch->z[0];
    uint32_t count = 0;
    for (uint32_t i = 0; i < centres->count; i++) {
        x[count] = centres->x[i];
        y[count] = centres->y[i];
        z[count] = centres->z[i];
        count += scratch->gap[i] <= reach * reach;
    }
    return (list){ x, y, z, NULL, count };
}

INLINE double vc_simplified_body(const vc_grid *grid, const vc_centres *centres, vc_scratch *scratch)
{
    const vc_points *p = &grid->points;
    const i8 lanes = { 0, 1, 2, 3, 4, 5, 6, 7 };
    double total = 0;
    for (uint32_t b = 0; b < grid->block_count; b++) {
        const vc_box *block = grid->blocks + b;
        list near = two_nearest(block, centres, scratch);
        f8 sum = ALL(0);
        uint32_t end = grid->cells[block->end - 1].end;
        for (uint32_t i = grid->cells[block->first].first; i < end; i += 16) {
            f8 x[2], y[2], z[2], best[2], second[2];
            for (int v = 0; v < 2; v++) {
                x[v] = LOAD(p->x + i + 8 * v);
                y[v] = LOAD(p->y + i + 8 * v);
                z[v] = LOAD(p->z + i + 8 * v);
                best[v] = second[v] = ALL(3e38f);
            }
            for (uint32_t j = 0; j < near.count; j++) {
                f8 cx = ALL(near.x[j]), cy = ALL(near.y[j]), cz = ALL(near.z[j]);
                for (int v = 0; v < 2; v++) {
                    f8 dx = x[v] - cx, dy = y[v] - cy, dz = z[v] - cz, d = dx * dx + dy * dy + dz * dz;
                    second[v] = __builtin_elementwise_min(second[v], __builtin_elementwise_max(best[v], d));
                    best[v] = __builtin_elementwise_min(best[v], d);
                }
            }
            for (int v = 0; v < 2; v++) {
                f8 width = 1 - __builtin_elementwise_sqrt(best[v] / second[v]);
                i8 counts = (lanes + (int32_t)(i + 8 * v) < ALL_INT((int32_t)end)) & (second[v] > 0);
                sum += PICK(counts, LOAD(p->w + i + 8 * v) * width, ALL(0));
            }
        }
        for (int lane = 0; lane < 8; lane++)
            total += sum[lane];
    }
    return total;
}

KERNEL(double, vc_simplified, (const vc_grid *grid, const vc_centres *centres, vc_scratch *scratch),
       (grid, centres, scratch))
