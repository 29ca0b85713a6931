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
        for (; i < last; i += 8, at++) {
            vc_eight *eight = field->eights + at;
            for (uint32_t n = 0; n < 8; n++) {
                uint32_t own = i + n < last ? i + n : last - 1;
                float w = i + n < last ? p->w[own] : 0;
                eight->x[n] = -2 * (p->x[own] - block->middle[0]);
                eight->y[n] = -2 * (p->y[own] - block->middle[1]);
                eight->z[n] = -2 * (p->z[own] - block->middle[2]);
                eight->labels[n] = UINT32_MAX;
                f4 terms = { w, w * p->x[own], w * p->y[own], w * p->z[own] };
                memcpy(field->terms + 4 * (8 * (size_t)at + n), &terms, sizeof terms);
            }
        }
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
