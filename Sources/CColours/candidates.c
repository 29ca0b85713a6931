#include "lists.h"

/* The exact distances of centres that floats tell apart by less are compared in double precision. Coordinates up
 * to 256 and float's 24 bits leave squared distances right to 0.05. */
#define SURE 0.1f

INLINE double exact(const vc_centres *centres, uint32_t label, double x, double y, double z)
{
    const double *c = centres->exact + 3 * label;
    return (c[0] - x) * (c[0] - x) + (c[1] - y) * (c[1] - y) + (c[2] - z) * (c[2] - z);
}

/* The same in double precision, for those that floats cannot tell apart. */
static uint32_t nearest_exactly(const uint32_t *label, uint32_t count, uint32_t step, double x, double y,
                                double z, const vc_centres *centres)
{
    double least = 1e300;
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t own = label[i / 8 * step + i % 8];
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
                           uint32_t count, uint32_t step, float x, float y, float z,
                           const vc_centres *centres)
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
        return nearest_exactly(label, count, step, x, y, z, centres);
    }
    for (uint32_t i = 0; i < count; i += 8, cx += step, cy += step, cz += step, label += step) {
        f8 dx = LOAD(cx) - x, dy = LOAD(cy) - y, dz = LOAD(cz) - z;
        f8 d = dx * dx + dy * dy + dz * dz;
        uint32_t lanes = count - i < 8 ? count - i : 8;
        for (uint32_t lane = 0; lane < lanes; lane++) {
            float own = d[lane];
            int nearer = own < best;
            second = nearer ? best : own < second ? own : second;
            found = nearer ? label[lane] : found;
            best = nearer ? own : best;
        }
    }
    if (second - best > SURE)
        return found;
    return nearest_exactly(label - step * ((count + 7) / 8), count, step, x, y, z, centres);
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
                    nearest_of(near.x, near.y, near.z, near.label, near.count, 8, x, y, z, centres);
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

#define ALONE 0x80000000u
#define FAR_AWAY 0x40000000u

INLINE size_t vc_candidates_body(uint32_t *entries, uint32_t *lists, size_t capacity, const uint32_t *numbers,
                                 uint32_t count, int bits, const vc_centres *centres, vc_scratch *scratch,
                                 float floor)
{
    list all = { centres->x, centres->y, centres->z, NULL, centres->count };
    uint32_t mask = (1u << bits) - 1, family = UINT32_MAX;
    float step = (float)(1 << (8 - bits)), last = step - 1;
    list wide = all;
    size_t used = 1; /* so that 0 can say that there is no room */
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = numbers[i], r = n >> 2 * bits, g = n >> bits & mask, b = n & mask;
        /* Bins ascend by red, green, blue: eight in a row of blue share what is left of all centres. */
        uint32_t own = n >> 3;
        if (own != family && centres->count > 16) {
            family = own;
            float low[3] = { (float)r * step, (float)g * step, (float)(b & ~7u) * step };
            float high[3] = { low[0] + last, low[1] + last, low[2] + 8 * step - 1 };
            wide = prune(low, high, all, scratch, 0);
        }
        float low[3] = { (float)r * step, (float)g * step, (float)b * step };
        float high[3] = { low[0] + last, low[1] + last, low[2] + last };
        list near = wide.count == 1 ? wide : prune(low, high, wide, scratch, 1);
        uint32_t entry = 0;
        for (uint32_t j = 0; j < near.count && !entry; j++)
            if (corner(low, high, near.x[j], near.y[j], near.z[j]) > floor)
                entry = FAR_AWAY;
        if (near.count == 1) {
            entries[n] = entry | ALONE | (near.label ? near.label[0] : 0);
            continue;
        }
        uint32_t packs = (near.count + 7) / 8;
        if (used + 5 + packs * 32 > capacity)
            return 0;
        entries[n] = entry | (uint32_t)used;
        lists[used] = near.count;
        /* Of the first two the plane between them: positive on the second one's side. */
        const double *c0 = centres->exact + 3 * (near.label ? near.label[0] : 0);
        const double *c1 = centres->exact + 3 * (near.label ? near.label[1] : 1);
        float plane[4] = { 0, 0, 0, 0 };
        for (int axis = 0; axis < 3; axis++) {
            plane[axis] = (float)(2 * (c1[axis] - c0[axis]));
            plane[3] += (float)(c0[axis] * c0[axis] - c1[axis] * c1[axis]);
        }
        memcpy(lists + used + 1, plane, sizeof plane);
        used += 5;
        for (uint32_t j = 0; j < packs; j++, used += 32) {
            memcpy(lists + used, near.x + 8 * j, 32);
            memcpy(lists + used + 8, near.y + 8 * j, 32);
            memcpy(lists + used + 16, near.z + 8 * j, 32);
            memcpy(lists + used + 24, near.label + 8 * j, 32);
        }
    }
    return used;
}

KERNEL(size_t, vc_candidates,
       (uint32_t *entries, uint32_t *lists, size_t capacity, const uint32_t *numbers, uint32_t count,
        int bits, const vc_centres *centres, vc_scratch *scratch, float floor),
       (entries, lists, capacity, numbers, count, bits, centres, scratch, floor))

/* The label of a pixel, red, green, blue and 1, by its bin's list. Where there are two centres, as mostly, the side
 * of the plane between them tells; its floats are right to 0.2. */
INLINE uint32_t choose(const uint32_t *list, u4 point, const vc_centres *centres)
{
    const float *c = (const float *)(list + 5);
    const uint32_t *labels = list + 29;
    i4 whole = (i4)point;
    f4 p = __builtin_convertvector(whole, f4);
    if (list[0] == 2) {
        f4 plane;
        memcpy(&plane, list + 1, sizeof plane);
        plane *= p;
        float side = (plane[0] + plane[2]) + (plane[1] + plane[3]);
        if (side > 0.25f || side < -0.25f)
            return labels[side > 0];
        return nearest_exactly(labels, 2, 32, p[0], p[1], p[2], centres);
    }
    return nearest_of(c, c + 8, c + 16, labels, list[0], 32, p[0], p[1], p[2], centres);
}

INLINE void flush(vc_sum *sums, uint32_t *tallies, uint32_t k)
{
    for (uint32_t i = 0; i < 2 * k; i++) {
        uint32_t j = i < k ? i : i - k;
        uint32_t *t = tallies + 4 * i;
        vc_sum more = { t[3], t[0], t[1], t[2] };
        add(sums + j, &more);
    }
    memset(tallies, 0, 8 * k * sizeof *tallies);
}

/* What pixels that are not settled by their bins find. */
typedef struct {
    const uint32_t *entries, *lists;
    const vc_centres *centres;
    uint32_t *labels, *tallies, *found;
    uint8_t *painted;
    const uint8_t *palette;
    vc_far *far;
    float limit;
    uint32_t capacity, count;
} finding;

INLINE void label_row(finding *all, int bits, int writes, const uint8_t *pixel, size_t first, size_t width)
{
    uint32_t k = all->centres->count;
    u4 mask = { 255, 255, 255, 0 }, one = { 0, 0, 0, 1 };
    for (size_t i = 0; i < width; i++, pixel += 3) {
        uint32_t word = packed(pixel, i + 1 == width);
        uint32_t entry = all->entries[bin_number(word, bits)];
        if (!writes && (entry & (ALONE | FAR_AWAY)) == ALONE)
            continue;
        uint32_t label = entry & ~(ALONE | FAR_AWAY);
        if (!(entry & ALONE)) {
            u4 now, point = (spread(word) & mask) | one;
            label = choose(all->lists + label, point, all->centres);
            /* Two sets in turn: neighbours mostly have the same label. */
            uint32_t *tally = all->tallies + 4 * (label + (i & 1 ? k : 0));
            memcpy(&now, tally, sizeof now);
            now += point;
            memcpy(tally, &now, sizeof now);
        }
        if (entry & FAR_AWAY) {
            double distance = exact(all->centres, label, word & 255, word >> 8 & 255, word >> 16 & 255);
            look(all->far + label, distance, (uint32_t)(first + i));
            if (distance > all->limit && all->count < all->capacity)
                all->found[all->count++] = (uint32_t)(first + i);
        }
        if (writes && all->labels)
            all->labels[first + i] = label;
        if (writes && all->painted)
            memcpy(all->painted + 3 * (first + i), all->palette + 4 * label, 3);
    }
}

INLINE uint32_t vc_label_body(const uint32_t *entries, const uint32_t *lists, const vc_bin *table,
                              const uint32_t *numbers, uint32_t count, int bits, const uint8_t *rgb, size_t width,
                              size_t height, size_t stride, const vc_centres *centres, uint32_t *labels,
                              uint8_t *painted, const uint8_t *palette, vc_sum *sums, vc_far *far, float floor,
                              uint32_t *tallies, float limit, uint32_t *found, uint32_t capacity)
{
    uint32_t k = centres->count, mask = (1u << bits) - 1;
    int drop = 8 - bits;
    reset(sums, far, k, floor);
    memset(tallies, 0, 8 * k * sizeof *tallies);
    int writes = labels != NULL || painted != NULL, looks = writes;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = numbers[i], entry = entries[n];
        looks |= (entry & (ALONE | FAR_AWAY)) != ALONE;
        if (!(entry & ALONE))
            continue;
        const vc_bin *bin = table + n;
        double w = bin->count;
        vc_sum more = { w, w * ((n >> 2 * bits) << drop) + bin->red, w * ((n >> bits & mask) << drop) + bin->green,
                        w * ((n & mask) << drop) + bin->blue };
        add(sums + (entry & ~(ALONE | FAR_AWAY)), &more);
    }
    if (!looks)
        return 0;
    finding all = { entries, lists, centres, labels, tallies, found, painted, palette, far, limit, capacity, 0 };
    uint32_t since = 0;
    for (size_t row = 0; row < height; row++) {
        const uint8_t *pixel = rgb + row * stride;
        if (writes)
            label_row(&all, bits, 1, pixel, row * width, width);
        else if (bits == 5)
            label_row(&all, 5, 0, pixel, row * width, width);
        else if (bits == 6)
            label_row(&all, 6, 0, pixel, row * width, width);
        else
            label_row(&all, bits, 0, pixel, row * width, width);
        /* A tally holds 255 times 16 million. */
        since += (uint32_t)width;
        if (since >= 1u << 20) {
            flush(sums, tallies, k);
            since = 0;
        }
    }
    flush(sums, tallies, k);
    return all.count;
}

KERNEL(uint32_t, vc_label,
       (const uint32_t *entries, const uint32_t *lists, const vc_bin *table, const uint32_t *numbers,
        uint32_t count, int bits, const uint8_t *rgb, size_t width, size_t height, size_t stride,
        const vc_centres *centres, uint32_t *labels, uint8_t *painted, const uint8_t *palette, vc_sum *sums,
        vc_far *far, float floor, uint32_t *tallies, float limit, uint32_t *found, uint32_t capacity),
       (entries, lists, table, numbers, count, bits, rgb, width, height, stride, centres, labels, painted,
        palette, sums, far, floor, tallies, limit, found, capacity))
