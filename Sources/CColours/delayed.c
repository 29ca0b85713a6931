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

/* Those of the block's candidates that are nearest to some point of the part; see `prune`. `nearest` becomes the one that
 * is nearest to its middle. */
INLINE uint64_t narrow(const vc_part *part, const nearby *all, uint32_t *nearest)
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
    *nearest = (uint32_t)__builtin_reduce_min(least) & (LISTED - 1);
    float nx = all->x[*nearest], ny = all->y[*nearest], nz = all->z[*nearest];
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

/* What a point weighs goes from one cluster's sums to another's. */
INLINE void move_point(const vc_field *field, uint32_t at, uint32_t from, uint32_t to, vc_sum *sums)
{
    f4 terms;
    memcpy(&terms, field->terms + 4 * (size_t)at, sizeof terms);
    d4 more = __builtin_convertvector(terms, d4), sum;
    if (from != UINT32_MAX) {
        memcpy(&sum, sums + from, sizeof sum);
        sum -= more;
        memcpy(sums + from, &sum, sizeof sum);
    }
    memcpy(&sum, sums + to, sizeof sum);
    sum += more;
    memcpy(sums + to, &sum, sizeof sum);
}

/* A bit for each of a vector's points that has another label now. */
INLINE uint32_t changes(const vc_field *field, uint32_t at, i8 label)
{
    i8 old;
    memcpy(&old, field->labels + at, sizeof old);
    return LANES(label != old);
}

INLINE void relabel(const vc_field *field, uint32_t at, i8 label, vc_sum *sums)
{
    uint32_t labels[8];
    STORE(labels, label);
    for (uint32_t changed = changes(field, at, label); changed; changed &= changed - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(changed);
        move_point(field, at + lane, field->labels[at + lane], labels[lane], sums);
    }
    STORE(field->labels + at, label);
}

/* One centre against one vector of points: their squared distance less the points' own squared length. */
#define NEARER(n)                                                              \
    do {                                                                       \
        f8 d = x##n * cx + (y##n * cy + (z##n * cz + square));                 \
        i8 nearer = d < best##n;                                               \
        best##n = PICK(nearer, d, best##n);                                    \
        label##n = PICK(nearer, own, label##n);                                \
    } while (0)
#define CENTRE(j)                                                              \
    f8 cx = ALL(all->x[j]), cy = ALL(all->y[j]), cz = ALL(all->z[j]);          \
    f8 square = ALL(all->square[j]);                                           \
    i8 own = ALL_INT((int32_t)all->label[j])
#define POINTS(n, at)                                                          \
    f8 x##n = LOAD(field->x + (at)), y##n = LOAD(field->y + (at));             \
    f8 z##n = LOAD(field->z + (at)), best##n = ALL(3e38f);                     \
    i8 label##n = ALL_INT(0)
#define SQUARE(n) (x##n * x##n + y##n * y##n + z##n * z##n) * 0.25f

/* Labels one or two vectors of points. Where `looks`, returns their squared distances, the larger of two. */
INLINE f8 label_vectors(const vc_field *field, uint32_t at, int both, int looks, const nearby *all, uint64_t mask,
                        vc_sum *sums)
{
    POINTS(0, at);
    POINTS(1, both ? at + 8 : at);
    if (all->count <= LISTED)
        for (uint64_t left = mask; left; left &= left - 1) {
            CENTRE(__builtin_ctzll(left));
            NEARER(0);
            if (both)
                NEARER(1);
        }
    else
        for (uint32_t j = 0; j < all->count; j++) {
            CENTRE(j);
            NEARER(0);
            if (both)
                NEARER(1);
        }
    uint32_t changed = changes(field, at, label0);
    if (both)
        changed |= changes(field, at + 8, label1);
    if (__builtin_expect(changed != 0, 0)) {
        relabel(field, at, label0, sums);
        if (both)
            relabel(field, at + 8, label1, sums);
    }
    if (!looks)
        return best0;
    best0 += SQUARE(0);
    if (both) {
        best1 += SQUARE(1);
        best0 = PICK(best1 > best0, best1, best0);
    }
    return best0;
}

/* Labels the part's points. Where `looks`, returns the squared distance of the farthest, right to 0.02, else 0. */
INLINE float label_part(const vc_field *field, const vc_part *part, const nearby *all, uint64_t mask, int looks,
                        vc_sum *sums)
{
    f8 most = ALL(0);
    uint32_t at = part->first;
    for (; at + 16 <= part->end; at += 16) {
        f8 far = label_vectors(field, at, 1, looks, all, mask, sums);
        if (looks)
            most = PICK(far > most, far, most);
    }
    if (at < part->end) {
        f8 far = label_vectors(field, at, 0, looks, all, mask, sums);
        if (looks)
            most = PICK(far > most, far, most);
    }
    float farthest = 0;
    for (int lane = 0; looks && lane < 8; lane++)
        farthest = most[lane] > farthest ? most[lane] : farthest;
    return farthest;
}

INLINE void find_farthest(const vc_field *field, const vc_part *part, const float low[3], const vc_centres *centres,
                          vc_founder *far)
{
    for (uint32_t i = part->first; i < part->end; i++) {
        uint32_t label = field->labels[i];
        float x = low[0] - 0.5f * field->x[i], y = low[1] - 0.5f * field->y[i], z = low[2] - 0.5f * field->z[i];
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
            uint32_t owner = UINT32_MAX, one = 0;
            if (all.count <= LISTED && all.count * (part->end - part->first) >= 96)
                mask = narrow(part, &all, &one);
            else if (all.count < LISTED)
                mask = ((uint64_t)1 << all.count) - 1;
            /* No point is farther from its centre than the part's farthest corner is from any. */
            int looks = corner(part->low, part->high, all.x[one], all.y[one], all.z[one]) > far.distance;
            if (all.count <= LISTED && (mask & (mask - 1)) == 0)
                owner = all.label[one];
            if (owner != UINT32_MAX && owner == part->owner && !looks)
                continue;
            part->owner = owner;
            if (!looks)
                label_part(field, part, &all, mask, 0, sums);
            else if (label_part(field, part, &all, mask, 1, sums) > far.distance - 0.05f)
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
                    field->x[at] = -2 * (p->x[i] - block->low[0]);
                    field->y[at] = -2 * (p->y[i] - block->low[1]);
                    field->z[at] = -2 * (p->z[i] - block->low[2]);
                    f4 terms = { p->w[i], p->w[i] * p->x[i], p->w[i] * p->y[i], p->w[i] * p->z[i] };
                    memcpy(field->terms + 4 * (size_t)at, &terms, sizeof terms);
                }
            }
            for (; at % 8; at++) {
                field->x[at] = field->x[at - 1];
                field->y[at] = field->y[at - 1];
                field->z[at] = field->z[at - 1];
                memset(field->terms + 4 * (size_t)at, 0, 4 * sizeof(float));
            }
            part->end = at;
        }
        block->end = parts;
    }
    memset(field->labels, 0xff, at * sizeof *field->labels);
    field->block_count = grid->block_count;
    field->count = at;
}
