#ifndef VEDETTE_CCOLOURS_LISTS_H
#define VEDETTE_CCOLOURS_LISTS_H

#include "vectors.h"

/* Centres that may be the nearest of some point of a box. */
typedef struct {
    const float *x, *y, *z;
    const uint32_t *label; /* null: the number is the label */
    uint32_t count;
} list;

/* Which centres of a list are nearest to some point of a box, by the filter of Kanungo et al. (2002): a centre is not if
 * even the box's corner on its own side is nearer to the one that is nearest to the middle. */
typedef struct {
    list in;
    const float *gap; /* from the box's middle, squared */
    float least, x, y, z; /* the least of these, and whose it is */
    float wide[3];
} filter;

INLINE filter filter_of(const float low[3], const float high[3], list in, float *gap)
{
    float mx = (low[0] + high[0]) * 0.5f, my = (low[1] + high[1]) * 0.5f, mz = (low[2] + high[2]) * 0.5f;
    f8 best = ALL(3e38f);
    i8 which = ALL_INT(0), at = { 0, 1, 2, 3, 4, 5, 6, 7 };
    for (uint32_t i = 0; i < in.count; i += 8) {
        f8 x = LOAD(in.x + i) - mx, y = LOAD(in.y + i) - my, z = LOAD(in.z + i) - mz;
        f8 d = x * x + y * y + z * z;
        i8 nearer = d < best;
        best = PICK(nearer, d, best);
        which = PICK(nearer, at, which);
        at += 8;
        STORE(gap + i, d);
    }
    /* Floats that are not negative are in order as integers. */
    int32_t bits_of_least = __builtin_reduce_min((i8)best);
    uint32_t nearest = (uint32_t)which[__builtin_ctz(LANES((i8)best == bits_of_least))];
    float least;
    memcpy(&least, &bits_of_least, sizeof least);
    return (filter){ in, gap, least, in.x[nearest], in.y[nearest], in.z[nearest],
                     { high[0] - low[0], high[1] - low[1], high[2] - low[2] } };
}

/* Bits of those that stay, of 64 from `from` on. */
INLINE uint64_t staying(const filter *f, uint32_t from)
{
    uint64_t bits = 0;
    uint32_t end = f->in.count - from < 64 ? f->in.count : from + 64;
    for (uint32_t i = from; i < end; i += 8) {
        f8 x = ABSOLUTE(LOAD(f->in.x + i) - f->x), y = ABSOLUTE(LOAD(f->in.y + i) - f->y);
        f8 z = ABSOLUTE(LOAD(f->in.z + i) - f->z);
        f8 over = LOAD(f->gap + i) - f->least - (x * f->wide[0] + y * f->wide[1] + z * f->wide[2]);
        /* A quarter for rounding. */
        bits |= (uint64_t)LANES(over <= 0.25f) << (i - from);
    }
    return end - from < 64 ? bits & (((uint64_t)1 << (end - from)) - 1) : bits;
}

/* Keeps the centres of `in` that are nearest to some point of the box. */
INLINE list prune(const float low[3], const float high[3], list in, vc_scratch *scratch, int slot)
{
    float *ox = scratch->x[slot], *oy = scratch->y[slot], *oz = scratch->z[slot];
    uint32_t *ol = scratch->label[slot], count = 0;
    filter all = filter_of(low, high, in, scratch->gap);
    for (uint32_t from = 0; from < in.count; from += 64)
        for (uint64_t bits = staying(&all, from); bits; bits &= bits - 1) {
            uint32_t j = from + (uint32_t)__builtin_ctzll(bits);
            ox[count] = in.x[j];
            oy[count] = in.y[j];
            oz[count] = in.z[j];
            ol[count++] = in.label ? in.label[j] : j;
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
