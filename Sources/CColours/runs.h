#ifndef VEDETTE_CCOLOURS_RUNS_H
#define VEDETTE_CCOLOURS_RUNS_H

#include "vectors.h"

/* Candidates of a run are bits over its block's list: as many as there are bits. Longer lists are gone through whole. */
enum { LISTED = 64 };
_Static_assert(VC_RUN <= 8, "a run's points are the bits of a word");

/* x, y, z and squared length. */
typedef float place __attribute__((vector_size(16), aligned(4), may_alias));

/* A block's candidates relative to its middle, as its points are: small numbers, so that floats tell apart what lies
 * nearly as far. */
typedef struct {
    const place *places;
    const uint32_t *labels;
    uint32_t count;
} nearby;

/* A run whose labels are to be found, and which of its block's list are candidates. */
typedef struct {
    uint32_t first, end; /* eights */
    const place *places;
    const uint32_t *labels;
    uint64_t candidates;
} run;

/* New labels of a run, and bits of the points where they are others than before. */
typedef struct {
    uint32_t first;
    uint64_t changed;
    i8 fresh[VC_RUN];
} change;

INLINE void add_sum(vc_sum *sums, uint32_t label, d4 more)
{
    d4 sum;
    memcpy(&sum, sums + label, sizeof sum);
    sum += more;
    memcpy(sums + label, &sum, sizeof sum);
}

/* Takes new labels: what a point weighs goes from one cluster's sums to another's. */
INLINE void relabel(const vc_field *field, const change *new, vc_sum *sums)
{
    vc_eight *eights = field->eights + new->first;
    const float *terms = field->terms + 32 * (size_t)new->first;
    for (uint64_t changed = new->changed; changed; changed &= changed - 1) {
        size_t i = (size_t)__builtin_ctzll(changed);
        uint32_t to, *label = eights[i / 8].labels + i % 8;
        f4 more;
        memcpy(&to, (const char *)new->fresh + i * sizeof to, sizeof to);
        memcpy(&more, terms + 4 * i, sizeof more);
        d4 sum = __builtin_convertvector(more, d4);
        add_sum(sums, to, sum);
        if (*label != UINT32_MAX)
            add_sum(sums, *label, -sum);
        *label = to;
    }
}

#define ALONG(e, plane) \
    (LOAD((e)->x) * (plane)[0] + (LOAD((e)->y) * (plane)[1] + (LOAD((e)->z) * (plane)[2] + (plane)[3])))
/* Bits of those of eight points whose label is another than before. */
#define CHANGED(e, label)                        \
    ({                                           \
        i8 old_;                                 \
        memcpy(&old_, (e)->labels, sizeof old_); \
        (uint64_t)LANES(old_ != (label));        \
    })

/* Finds the labels of a run of `count` candidates: by how much each is nearer (squared) than the first is a plane's
 * distance, so that two take one comparison. */
INLINE void label_run(const vc_field *field, const run *of, int count, change *new)
{
    f8 planes[LISTED][4];
    i8 labels[LISTED];
    uint64_t bits = of->candidates, changed = 0;
    uint32_t own = (uint32_t)__builtin_ctzll(bits);
    place first = of->places[own];
    labels[0] = ALL_INT((int32_t)of->labels[own]);
    for (int j = 1; j < count; j++) {
        own = (uint32_t)__builtin_ctzll(bits &= bits - 1);
        place plane = of->places[own] - first;
        for (int term = 0; term < 4; term++)
            planes[j][term] = ALL(plane[term]);
        labels[j] = ALL_INT((int32_t)of->labels[own]);
    }
    const vc_eight *eight = field->eights + of->first;
    for (uint32_t n = 0; n < of->end - of->first; n++, eight++) {
        i8 label = labels[0];
        f8 least = ALL(0);
        for (int j = 1; j < count; j++) {
            f8 d = ALONG(eight, planes[j]);
            i8 nearer = j == 1 ? (i8)d < 0 : d < least;
            label = PICK(nearer, labels[j], label);
            least = PICK(nearer, d, least);
        }
        changed |= CHANGED(eight, label) << 8 * n;
        new->fresh[n] = label;
    }
    new->first = of->first;
    new->changed = changed;
}

/* The same of all that its block lists. */
INLINE void label_by_all(const vc_field *field, uint32_t first, uint32_t end, const nearby *all, change *new)
{
    uint64_t changed = 0;
    const vc_eight *eight = field->eights + first;
    for (uint32_t n = 0; n < end - first; n++, eight++) {
        f8 least = ALL(3e38f);
        i8 label = ALL_INT(0);
        for (uint32_t j = 0; j < all->count; j++) {
            place centre = all->places[j];
            f8 d = ALONG(eight, centre);
            i8 nearer = d < least;
            least = PICK(nearer, d, least);
            label = PICK(nearer, ALL_INT((int32_t)all->labels[j]), label);
        }
        changed |= CHANGED(eight, label) << 8 * n;
        new->fresh[n] = label;
    }
    new->first = first;
    new->changed = changed;
}

INLINE void find_farthest(const vc_field *field, uint32_t first, uint32_t end, const float middle[3],
                          const vc_centres *centres, vc_founder *far)
{
    for (uint32_t i = 8 * first; i < 8 * end; i++) {
        const vc_eight *eight = field->eights + i / 8;
        uint32_t lane = i % 8, label = eight->labels[lane];
        float x = middle[0] - 0.5f * eight->x[lane], y = middle[1] - 0.5f * eight->y[lane];
        float z = middle[2] - 0.5f * eight->z[lane];
        float dx = x - centres->x[label], dy = y - centres->y[label], dz = z - centres->z[label];
        float d = dx * dx + dy * dy + dz * dz;
        if (d > far->distance)
            *far = (vc_founder){ d, x, y, z };
    }
}

#endif
