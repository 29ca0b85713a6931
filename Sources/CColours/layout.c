#include "vectors.h"

/* A run with fewer points goes on into the next cube; cubes with fewer points together are one block. Both found by trial. */
enum { FEW = 16, MERGED = 384 };

/* Cubes 16 wide. */
enum { CUBES = 4096 };

size_t vc_room_for_eights(size_t colours) { return colours / 8 + CUBES; }
size_t vc_room_for_groups(size_t colours) { return (colours / (8 * VC_RUN) + CUBES) / 8 + VC_BLOCKS; }

/* Sets the box of a run. */
INLINE void frame(const vc_field *field, vc_group *group, uint32_t lane, uint32_t first, uint32_t end)
{
    f8 low[3], high[3];
    for (uint32_t e = first; e < end; e++) {
        const vc_eight *eight = field->eights + e;
        f8 at[3] = { LOAD(eight->x), LOAD(eight->y), LOAD(eight->z) };
        for (int axis = 0; axis < 3; axis++) {
            low[axis] = e == first ? at[axis] : __builtin_elementwise_min(low[axis], at[axis]);
            high[axis] = e == first ? at[axis] : __builtin_elementwise_max(high[axis], at[axis]);
        }
    }
    for (int axis = 0; axis < 3; axis++) {
        float least = low[axis][0], most = high[axis][0];
        for (int i = 1; i < 8; i++) {
            least = low[axis][i] < least ? low[axis][i] : least;
            most = high[axis][i] > most ? high[axis][i] : most;
        }
        /* Points are -2 times what they exceed the middle by. */
        group->middle[axis][lane] = (least + most) * -0.25f;
        group->width[axis][lane] = (most - least) * 0.5f;
    }
    group->first[lane] = first;
    group->end[lane] = end;
    group->owner[lane] = UINT32_MAX;
    group->lanes |= 1u << lane;
}

INLINE void widen(vc_cube *cube, const vc_box *box)
{
    for (int axis = 0; axis < 3; axis++) {
        cube->low[axis] = box->low[axis] < cube->low[axis] ? box->low[axis] : cube->low[axis];
        cube->high[axis] = box->high[axis] > cube->high[axis] ? box->high[axis] : cube->high[axis];
        cube->middle[axis] = (cube->low[axis] + cube->high[axis]) * 0.5f;
    }
}

/* Where the run that begins with point `i` ends: in the same cube 16 wide, unless that has few. */
INLINE uint32_t end_of_run(const vc_grid *grid, uint32_t i, uint32_t end)
{
    uint32_t last = end - i < 8 * VC_RUN ? end : i + 8 * VC_RUN, few = i + FEW, cube = grid->keys[i] & 0xf0f0f0;
    for (; i < last; i++)
        if ((grid->keys[i] & 0xf0f0f0) != cube) {
            if (i >= few)
                break;
            cube = grid->keys[i] & 0xf0f0f0;
        }
    return i;
}

/* Lays out eight points from `i` on. Those after the last are like it, without weight. */
INLINE void lay_eight(vc_eight *eight, float *terms, const vc_points *p, uint32_t i, uint32_t last, const float middle[3])
{
    f8 x = LOAD(p->x + i), y = LOAD(p->y + i), z = LOAD(p->z + i), w = LOAD(p->w + i);
    for (uint32_t n = last - i; n < 8; n++) {
        x[n] = p->x[last - 1];
        y[n] = p->y[last - 1];
        z[n] = p->z[last - 1];
        w[n] = 0;
    }
    STORE(eight->x, -2 * (x - middle[0]));
    STORE(eight->y, -2 * (y - middle[1]));
    STORE(eight->z, -2 * (z - middle[2]));
    STORE(eight->labels, ALL_INT(-1));
    f8 wx = w * x, wy = w * y, wz = w * z;
    for (int n = 0; n < 8; n++) {
        f4 own = { w[n], wx[n], wy[n], wz[n] };
        memcpy(terms + 4 * n, &own, sizeof own);
    }
}

/* Lays out the points of a block from `from` to `end`, from eight `at` on; returns where they end. */
INLINE uint32_t lay_block(vc_field *field, const vc_grid *grid, const vc_cube *block, uint32_t from, uint32_t end, uint32_t at,
                          uint32_t *groups)
{
    const vc_points *p = &grid->points;
    for (uint32_t i = from, lane = 8; i < end; lane++) {
        if (lane == 8) {
            memset(field->groups + (*groups)++, 0, sizeof *field->groups);
            lane = 0;
        }
        uint32_t first = at, last = end_of_run(grid, i, end);
        for (; i < last; i += 8, at++)
            lay_eight(field->eights + at, field->terms + 32 * (size_t)at, p, i, last, block->middle);
        i = last;
        frame(field, field->groups + *groups - 1, lane, first, at);
    }
    return at;
}

/* Where a block's points begin; where all end after the last. */
INLINE uint32_t start_of(const vc_grid *grid, uint32_t block)
{
    return block < grid->block_count ? grid->cells[grid->blocks[block].first].first : grid->points.count;
}

/* The cube 64 wide that a block lies in. */
INLINE uint32_t region_of(const vc_grid *grid, uint32_t block)
{
    return block < grid->block_count ? grid->keys[start_of(grid, block)] & 0xc0c0c0 : UINT32_MAX;
}

INLINE void vc_lay_out_body(vc_field *field, const vc_grid *grid)
{
    uint32_t at = 0, groups = 0, blocks = 0;
    for (uint32_t b = 0; b < grid->block_count;) {
        /* Cubes that follow each other in one 64 wide and have few points together are one block. */
        vc_cube *block = field->blocks + blocks++;
        *block = (vc_cube){ { 1e9f, 1e9f, 1e9f }, { -1e9f, -1e9f, -1e9f }, { 0, 0, 0 }, 0, 0 };
        uint32_t first = start_of(grid, b), cube = region_of(grid, b);
        do
            widen(block, grid->blocks + b++);
        while (region_of(grid, b) == cube && start_of(grid, b + 1) - first <= MERGED);
        at = lay_block(field, grid, block, first, start_of(grid, b), at, &groups);
        block->end = groups;
    }
    field->block_count = blocks;
}

KERNEL(void, vc_lay_out, (vc_field *field, const vc_grid *grid), (field, grid))
