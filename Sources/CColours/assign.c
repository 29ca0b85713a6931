#include "exact.h"
#include "lists.h"

/* The same in double precision, for those that floats cannot tell apart. */
static uint32_t nearest_exactly(const uint32_t *label, uint32_t count, double x, double y, double z,
                                const vc_centres *centres)
{
    double least = 1e300;
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t own = label[i];
        double d = exact(centres, own, x, y, z);
        if (d < least || (d == least && own < found)) {
            least = d;
            found = own;
        }
    }
    return found;
}

/* The label of the nearest of `count` centres; the first of those equally near. */
INLINE uint32_t nearest_of(const float *cx, const float *cy, const float *cz, const uint32_t *label,
                           uint32_t count, float x, float y, float z, const vc_centres *centres)
{
    float best = 3e38f, second = 3e38f;
    uint32_t found = 0;
    if (count <= 8) {
        /* The lanes' numbers in the lowest bits of the distances: the least of them tells which it is. */
        f8 dx = LOAD(cx) - x, dy = LOAD(cy) - y, dz = LOAD(cz) - z;
        i8 lanes = { 0, 1, 2, 3, 4, 5, 6, 7 };
        i8 bits = ((i8)(dx * dx + dy * dy + dz * dz) & ~7) | lanes;
        int32_t least = __builtin_reduce_min(bits);
        bits = PICK(bits == least, ALL_INT(0x7f7fffff), bits);
        int32_t next = __builtin_reduce_min(bits);
        memcpy(&best, &least, sizeof best);
        memcpy(&second, &next, sizeof second);
        if (second - best > SURE + best * 4e-6f)
            return label[least & 7];
        return nearest_exactly(label, count, x, y, z, centres);
    }
    for (uint32_t i = 0; i < count; i += 8) {
        f8 dx = LOAD(cx + i) - x, dy = LOAD(cy + i) - y, dz = LOAD(cz + i) - z;
        f8 d = dx * dx + dy * dy + dz * dz;
        uint32_t lanes = count - i < 8 ? count - i : 8;
        for (uint32_t lane = 0; lane < lanes; lane++) {
            float own = d[lane];
            int nearer = own < best;
            second = nearer ? best : own < second ? own : second;
            found = nearer ? label[i + lane] : found;
            best = nearer ? own : best;
        }
    }
    if (second - best > SURE)
        return found;
    return nearest_exactly(label, count, x, y, z, centres);
}

INLINE void add(vc_sum *sum, const vc_sum *more)
{
    sum->w += more->w;
    sum->x += more->x;
    sum->y += more->y;
    sum->z += more->z;
}

INLINE void look(vc_far *far, double distance, uint32_t index)
{
    if (distance > far->distance) {
        far->distance = (float)distance;
        far->index = index;
    }
}

INLINE void reset(vc_sum *sums, vc_far *far, uint32_t k, float floor)
{
    memset(sums, 0, k * sizeof *sums);
    for (uint32_t j = 0; j < k; j++)
        far[j] = (vc_far){ floor, UINT32_MAX };
}

INLINE void vc_assign_body(const vc_grid *grid, const vc_centres *centres, vc_scratch *scratch,
                           uint32_t *labels, vc_sum *sums, vc_far *far, float floor)
{
    const vc_points *p = &grid->points;
    list all = { centres->x, centres->y, centres->z, NULL, centres->count };
    reset(sums, far, centres->count, floor);
    for (uint32_t b = 0; b < grid->block_count; b++) {
        const vc_box *block = grid->blocks + b;
        list wide = prune(block->low, block->high, all, scratch, 0);
        for (uint32_t c = block->first; c < block->end; c++) {
            const vc_box *cell = grid->cells + c;
            list near = wide.count == 1 ? wide : prune(cell->low, cell->high, wide, scratch, 1);
            uint32_t only = near.label[0];
            if (near.count == 1) {
                add(sums + only, &cell->sum);
                if (labels)
                    for (uint32_t i = cell->first; i < cell->end; i++)
                        labels[i] = only;
                if (corner(cell->low, cell->high, near.x[0], near.y[0], near.z[0]) + SURE <= far[only].distance)
                    continue;
                for (uint32_t i = cell->first; i < cell->end; i++)
                    look(far + only, exact(centres, only, p->x[i], p->y[i], p->z[i]), i);
                continue;
            }
            for (uint32_t i = cell->first; i < cell->end; i++) {
                float x = p->x[i], y = p->y[i], z = p->z[i];
                uint32_t label =
                    nearest_of(near.x, near.y, near.z, near.label, near.count, x, y, z, centres);
                double w = p->w[i];
                vc_sum more = { w, w * x, w * y, w * z };
                add(sums + label, &more);
                if (labels)
                    labels[i] = label;
                look(far + label, exact(centres, label, x, y, z), i);
            }
        }
    }
}

KERNEL(void, vc_assign,
       (const vc_grid *grid, const vc_centres *centres, vc_scratch *scratch, uint32_t *labels, vc_sum *sums,
        vc_far *far, float floor),
       (grid, centres, scratch, labels, sums, far, floor))
