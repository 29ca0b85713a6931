#include "lists.h"

/* Candidates of a part as bits over its block's list: as many as there are bits. Longer lists are gone through whole. */
enum { LISTED = 64 };

/* The block's candidates relative to its corner, as its points are, with their squared lengths: small numbers, so that
 * floats tell apart what lies nearly as far. */
typedef struct {
    float *x, *y, *z, *square;
    const uint32_t *label;
    uint32_t count;
} nearby;

INLINE nearby relate(const float low[3], list near, const vc_centres *centres, vc_scratch *scratch)
{
    nearby all = { scratch->x[0], scratch->y[0], scratch->z[0], scratch->x[1], near.label, near.count };
    for (uint32_t j = 0; j < near.count; j++) {
        const double *c = centres->exact + 3 * near.label[j];
        double x = c[0] - low[0], y = c[1] - low[1], z = c[2] - low[2];
        all.x[j] = (float)x;
        all.y[j] = (float)y;
        all.z[j] = (float)z;
        all.square[j] = (float)(x * x + y * y + z * z);
    }
    return all;
}

/* Those of the block's candidates that are nearest to some point of the part; see `prune`. */
INLINE uint64_t narrow(const vc_part *part, const nearby *all)
{
    const float *low = part->low, *high = part->high;
    float mx = (low[0] + high[0]) * 0.5f, my = (low[1] + high[1]) * 0.5f, mz = (low[2] + high[2]) * 0.5f;
    float hx = high[0] - low[0], hy = high[1] - low[1], hz = high[2] - low[2];
    uint32_t count = all->count;
    f8 gaps[LISTED / 8];
    i8 least = ALL_INT(0x7f7fffff), lanes = { 0, 1, 2, 3, 4, 5, 6, 7 }, sign = ALL_INT(0x7fffffff);
    for (uint32_t j = 0; j < count; j += 8) {
        f8 x = LOAD(all->x + j) - mx, y = LOAD(all->y + j) - my, z = LOAD(all->z + j) - mz;
        gaps[j / 8] = x * x + y * y + z * z;
        i8 numbered = ((i8)gaps[j / 8] & ~(LISTED - 1)) | (lanes + (int32_t)j);
        if (count - j < 8)
            numbered = PICK(lanes < ALL_INT((int32_t)(count - j)), numbered, ALL_INT(0x7f7fffff));
        least = __builtin_elementwise_min(least, numbered);
    }
    uint32_t nearest = (uint32_t)__builtin_reduce_min(least) & (LISTED - 1);
    float nx = all->x[nearest], ny = all->y[nearest], nz = all->z[nearest];
    float gap = (nx - mx) * (nx - mx) + (ny - my) * (ny - my) + (nz - mz) * (nz - mz);
    uint64_t mask = 0;
    for (uint32_t j = 0; j < count; j += 8) {
        f8 x = LOAD(all->x + j) - nx, y = LOAD(all->y + j) - ny, z = LOAD(all->z + j) - nz;
        x = (f8)((i8)x & sign);
        y = (f8)((i8)y & sign);
        z = (f8)((i8)z & sign);
        f8 over = gaps[j / 8] - gap - (x * hx + y * hy + z * hz);
        /* A bit more than rounding. */
        mask |= (uint64_t)LANES(over <= 0.02f) << j;
    }
    return count == LISTED ? mask : mask & (((uint64_t)1 << count) - 1);
}

/* A point's weight and weighted coordinates go from one cluster's sums to another's. */
INLINE void move_point(const vc_field *field, const float low[3], uint32_t at, uint32_t from, uint32_t to, vc_sum *sums)
{
    f4 point = { 1, field->x[at] + low[0], field->y[at] + low[1], field->z[at] + low[2] };
    d4 more = (double)field->w[at] * __builtin_convertvector(point, d4), sum;
    if (from != UINT32_MAX) {
        memcpy(&sum, sums + from, sizeof sum);
        sum -= more;
        memcpy(sums + from, &sum, sizeof sum);
    }
    memcpy(&sum, sums + to, sizeof sum);
    sum += more;
    memcpy(sums + to, &sum, sizeof sum);
}

#define NEARER(j)                                                                  \
    do {                                                                           \
        f8 d = x * all->x[j] + (y * all->y[j] + (z * all->z[j] + all->square[j])); \
        i8 nearer = d < best;                                                      \
        best = PICK(nearer, d, best);                                              \
        label = PICK(nearer, ALL_INT((int32_t)all->label[j]), label);              \
    } while (0)

/* Labels the part's points; returns the squared distance of the farthest, right to 0.02. */
INLINE float label_part(const vc_field *field, const vc_part *part, const float low[3], const nearby *all,
                        uint64_t mask, vc_sum *sums)
{
    f8 most = ALL(0);
    for (uint32_t i = part->first; i < part->end; i += 8) {
        f8 x = LOAD(field->x + i), y = LOAD(field->y + i), z = LOAD(field->z + i);
        f8 square = x * x + y * y + z * z, best = ALL(3e38f);
        i8 label = ALL_INT(0), old;
        x *= -2.0f;
        y *= -2.0f;
        z *= -2.0f;
        if (all->count <= LISTED)
            for (uint64_t left = mask; left; left &= left - 1)
                NEARER(__builtin_ctzll(left));
        else
            for (uint32_t j = 0; j < all->count; j++)
                NEARER(j);
        best += square;
        most = PICK(best > most, best, most);
        memcpy(&old, field->labels + i, sizeof old);
        uint32_t changed = LANES(label != old);
        if (__builtin_expect(changed == 0, 1))
            continue;
        STORE(field->labels + i, label);
        for (; changed; changed &= changed - 1) {
            uint32_t lane = (uint32_t)__builtin_ctz(changed);
            move_point(field, low, i + lane, (uint32_t)old[lane], field->labels[i + lane], sums);
        }
    }
    float farthest = 0;
    for (int lane = 0; lane < 8; lane++)
        farthest = most[lane] > farthest ? most[lane] : farthest;
    return farthest;
}

INLINE void find_farthest(const vc_field *field, const vc_part *part, const float low[3], const vc_centres *centres,
                          vc_founder *far)
{
    for (uint32_t i = part->first; i < part->end; i++) {
        uint32_t label = field->labels[i];
        float x = field->x[i] + low[0], y = field->y[i] + low[1], z = field->z[i] + low[2];
        float dx = x - centres->x[label], dy = y - centres->y[label], dz = z - centres->z[label];
        float d = dx * dx + dy * dy + dz * dz;
        if (d > far->distance)
            *far = (vc_founder){ d, x, y, z };
    }
}

INLINE vc_founder vc_pass_body(vc_field *field, const vc_centres *centres, vc_sum *sums, vc_scratch *scratch, float floor)
{
    vc_founder far = { floor, 0, 0, 0 };
    list every = { centres->x, centres->y, centres->z, NULL, centres->count };
    uint32_t number = 0;
    for (uint32_t b = 0; b < field->block_count; b++) {
        const vc_block *block = field->blocks + b;
        list near = prune(block->low, block->high, every, scratch, 0);
        nearby all = relate(block->low, near, centres, scratch);
        for (; number < block->end; number++) {
            vc_part *part = field->parts + number;
            /* Narrowing costs as much as some vectors of points. */
            uint64_t mask = ~(uint64_t)0;
            if (all.count <= LISTED && all.count * (part->end - part->first) >= 192)
                mask = narrow(part, &all);
            else if (all.count < LISTED)
                mask = ((uint64_t)1 << all.count) - 1;
            uint32_t owner = UINT32_MAX;
            if (all.count <= LISTED && (mask & (mask - 1)) == 0) {
                uint32_t j = (uint32_t)__builtin_ctzll(mask);
                owner = all.label[j];
                if (owner == part->owner &&
                    corner(part->low, part->high, all.x[j], all.y[j], all.z[j]) <= far.distance)
                    continue;
            }
            part->owner = owner;
            if (label_part(field, part, block->low, &all, mask, sums) > far.distance - 0.05f)
                find_farthest(field, part, block->low, centres, &far);
        }
    }
    return far;
}

KERNEL(vc_founder, vc_pass,
       (vc_field *field, const vc_centres *centres, vc_sum *sums, vc_scratch *scratch, float floor),
       (field, centres, sums, scratch, floor))

void vc_lay_out(vc_field *field, const vc_grid *grid)
{
    const vc_points *p = &grid->points;
    uint32_t at = 0, parts = 0;
    for (uint32_t b = 0; b < grid->block_count; b++) {
        const vc_box *box = grid->blocks + b;
        vc_block *block = field->blocks + b;
        memcpy(block->low, box->low, sizeof block->low);
        memcpy(block->high, box->high, sizeof block->high);
        for (uint32_t c = box->first; c < box->end;) {
            vc_part *part = field->parts + parts++;
            *part = (vc_part){ { 1e9f, 1e9f, 1e9f }, { -1e9f, -1e9f, -1e9f }, at, at, UINT32_MAX };
            /* Cells are sorted so that those of a cube 16 wide follow each other. */
            uint32_t cube = grid->keys[grid->cells[c].first] & 0xf0f0f0;
            for (; c < box->end && (grid->keys[grid->cells[c].first] & 0xf0f0f0) == cube; c++) {
                const vc_box *cell = grid->cells + c;
                for (int axis = 0; axis < 3; axis++) {
                    float low = cell->low[axis] - block->low[axis], high = cell->high[axis] - block->low[axis];
                    part->low[axis] = low < part->low[axis] ? low : part->low[axis];
                    part->high[axis] = high > part->high[axis] ? high : part->high[axis];
                }
                for (uint32_t i = cell->first; i < cell->end; i++, at++) {
                    field->x[at] = p->x[i] - block->low[0];
                    field->y[at] = p->y[i] - block->low[1];
                    field->z[at] = p->z[i] - block->low[2];
                    field->w[at] = p->w[i];
                }
            }
            for (; at % 8; at++) {
                field->x[at] = field->x[at - 1];
                field->y[at] = field->y[at - 1];
                field->z[at] = field->z[at - 1];
                field->w[at] = 0;
            }
            part->end = at;
        }
        block->end = parts;
    }
    memset(field->labels, 0xff, at * sizeof *field->labels);
    field->block_count = grid->block_count;
    field->count = at;
}
