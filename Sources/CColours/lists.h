#ifndef VEDETTE_CCOLOURS_LISTS_H
#define VEDETTE_CCOLOURS_LISTS_H

#include "vectors.h"

/* Centres that may be the nearest of some point of a box. */
typedef struct {
    const float *x, *y, *z;
    const uint32_t *label; /* null: the number is the label */
    uint32_t count;
} list;

/* Keeps the centres of `in` that are nearest to some point of the box, by the filter of Kanungo et al. (2002): a centre is not
 * if even the box's corner on its own side is nearer to the one that is nearest to the middle. */
INLINE list prune(const float low[3], const float high[3], list in, vc_scratch *scratch, int slot)
{
    float mx = (low[0] + high[0]) * 0.5f, my = (low[1] + high[1]) * 0.5f, mz = (low[2] + high[2]) * 0.5f;
    float wx = high[0] - low[0], wy = high[1] - low[1], wz = high[2] - low[2], *gaps = scratch->gap;
    f8 best = ALL(3e38f);
    i8 which = ALL_INT(0), at = { 0, 1, 2, 3, 4, 5, 6, 7 };
    for (uint32_t i = 0; i < in.count; i += 8) {
        f8 x = LOAD(in.x + i) - mx, y = LOAD(in.y + i) - my, z = LOAD(in.z + i) - mz;
        f8 gap = x * x + y * y + z * z;
        i8 nearer = gap < best;
        best = PICK(nearer, gap, best);
        which = PICK(nearer, at, which);
        at += 8;
        STORE(gaps + i, gap);
    }
    /* Floats that are not negative are in order as integers. */
    int32_t bits_of_least = __builtin_reduce_min((i8)best);
    uint32_t nearest = (uint32_t)which[__builtin_ctz(LANES((i8)best == bits_of_least))];
    float least, nx = in.x[nearest], ny = in.y[nearest], nz = in.z[nearest];
    memcpy(&least, &bits_of_least, sizeof least);
    float *ox = scratch->x[slot], *oy = scratch->y[slot], *oz = scratch->z[slot];
    uint32_t *ol = scratch->label[slot], count = 0;
    for (uint32_t from = 0; from < in.count; from += 8) {
        f8 x = ABSOLUTE(LOAD(in.x + from) - nx), y = ABSOLUTE(LOAD(in.y + from) - ny), z = ABSOLUTE(LOAD(in.z + from) - nz);
        /* A quarter for rounding. */
        uint32_t bits = LANES(LOAD(gaps + from) - least - (x * wx + y * wy + z * wz) <= 0.25f);
        if (in.count - from < 8)
            bits &= (1u << (in.count - from)) - 1;
        for (; bits; bits &= bits - 1) {
            uint32_t j = from + (uint32_t)__builtin_ctz(bits);
            ox[count] = in.x[j];
            oy[count] = in.y[j];
            oz[count] = in.z[j];
            ol[count++] = in.label ? in.label[j] : j;
        }
    }
    for (uint32_t i = count; i < ((count + 7) & ~7u); i++)
        ox[i] = oy[i] = oz[i] = 1e9f;
    return (list){ ox, oy, oz, ol, count };
}

INLINE float largest(float a, float b) { return a > b ? a : b; }

/* Squared distance from a centre to the corner of the box that is farthest from it. */
INLINE float corner(const float low[3], const float high[3], float x, float y, float z)
{
    float dx = largest(x - low[0], high[0] - x), dy = largest(y - low[1], high[1] - y);
    float dz = largest(z - low[2], high[2] - z);
    return dx * dx + dy * dy + dz * dz;
}

#endif
