#include "lists.h"

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

INLINE nearby relate(const vc_cube *block, list in, const vc_centres *centres, vc_scratch *scratch)
{
    place *places = (place *)scratch->places;
    uint32_t *labels = scratch->label[1], count = 0;
    double mx = block->middle[0], my = block->middle[1], mz = block->middle[2];
    filter near = filter_of(block->low, block->high, in, scratch->gap);
    for (uint32_t from = 0; from < in.count; from += 64)
        for (uint64_t bits = staying(&near, from); bits; bits &= bits - 1) {
            uint32_t label = in.label[from + (uint32_t)__builtin_ctzll(bits)];
            const double *c = centres->exact + 3 * label;
            double x = c[0] - mx, y = c[1] - my, z = c[2] - mz;
            places[count] = (place){ (float)x, (float)y, (float)z, (float)(x * x + y * y + z * z) };
            labels[count++] = label;
        }
    return (nearby){ places, labels, count };
}

/* What is known of a group's runs, lane by lane. */
typedef struct {
    uint8_t candidates[LISTED / 8][8]; /* bits of which may be nearest to one of the run's points, eight and eight */
    uint32_t open;                     /* whose points must be looked at */
    uint32_t far;                      /* of those, where one may lie farther than any yet */
} view;

/* Rows of bits to columns: bit i of byte j becomes bit j of byte i. (Warren, 'Hacker's Delight', 7-3.) */
INLINE uint64_t transpose(uint64_t bits)
{
    uint64_t swap = (bits ^ bits >> 7) & 0x00aa00aa00aa00aa;
    bits ^= swap ^ swap << 7;
    swap = (bits ^ bits >> 14) & 0x0000cccc0000cccc;
    bits ^= swap ^ swap << 14;
    swap = (bits ^ bits >> 28) & 0x00000000f0f0f0f0;
    return bits ^ swap ^ swap << 28;
}

/* Finds the candidates of a group's runs, all eight at once: see `filter`. */
INLINE void narrow(vc_group *group, const nearby *all, float farthest, view *seen)
{
    f8 mx = LOAD(group->middle[0]), my = LOAD(group->middle[1]), mz = LOAD(group->middle[2]);
    f8 wx = LOAD(group->width[0]), wy = LOAD(group->width[1]), wz = LOAD(group->width[2]);
    f8 gaps[LISTED], least = ALL(3e38f), nx = mx, ny = my, nz = mz;
    i8 owner = ALL_INT(0), held, extra = ALL_INT(1);
    for (uint32_t j = 0; j < all->count; j++) {
        place at = all->places[j];
        f8 x = ALL(at[0]), y = ALL(at[1]), z = ALL(at[2]), dx = x - mx, dy = y - my, dz = z - mz;
        f8 gap = dx * dx + dy * dy + dz * dz;
        gaps[j] = gap;
        i8 nearer = gap < least;
        least = PICK(nearer, gap, least);
        nx = PICK(nearer, x, nx);
        ny = PICK(nearer, y, ny);
        nz = PICK(nearer, z, nz);
        owner = PICK(nearer, ALL_INT((int32_t)all->labels[j]), owner);
    }
    for (uint32_t from = 0; from < all->count; from += 8) {
        uint64_t rows = 0;
        uint32_t end = all->count - from < 8 ? all->count : from + 8;
        for (uint32_t j = from, row = 0; j < end; j++, row += 8) {
            place at = all->places[j];
            f8 x = ABSOLUTE(ALL(at[0]) - nx), y = ABSOLUTE(ALL(at[1]) - ny), z = ABSOLUTE(ALL(at[2]) - nz);
            /* A bit more than rounding. */
            i8 stays = gaps[j] - least - (x * wx + y * wy + z * wz) <= 0.02f;
            extra += stays;
            rows |= (uint64_t)LANES(stays) << row;
        }
        rows = transpose(rows);
        memcpy(seen->candidates[from / 8], &rows, sizeof rows);
    }
    /* No point is farther from its centre than its box's farthest corner is from any. */
    f8 x = ABSOLUTE(nx - mx) + 0.5f * wx, y = ABSOLUTE(ny - my) + 0.5f * wy, z = ABSOLUTE(nz - mz) + 0.5f * wz;
    seen->far = LANES(x * x + y * y + z * z > farthest) & group->lanes;
    memcpy(&held, group->owner, sizeof held);
    uint32_t same = LANES((extra | (owner ^ held)) == 0);
    seen->open = group->lanes & (seen->far | ~same);
    STORE(group->owner, PICK(extra == 0, owner, ALL_INT(-1)));
}

INLINE uint64_t candidates(const view *seen, uint32_t lane, uint32_t count)
{
    uint64_t bits = seen->candidates[0][lane];
    for (uint32_t from = 8; from < count; from += 8)
        bits |= (uint64_t)seen->candidates[from / 8][lane] << from;
    return bits;
}

INLINE void add_sum(vc_sum *sums, uint32_t label, d4 more)
{
    d4 sum;
    memcpy(&sum, sums + label, sizeof sum);
    sum += more;
    memcpy(sums + label, &sum, sizeof sum);
}

/* Takes the labels of a run. What points weigh goes from one cluster's sums to another's: mostly many in turn go the
 * same way. */
INLINE void relabel(const vc_field *field, uint32_t first, uint32_t end, const i8 *fresh, vc_sum *sums)
{
    uint32_t from = UINT32_MAX, to = UINT32_MAX;
    uint64_t changed = 0;
    vc_eight *eights = field->eights + first;
    const float *terms = field->terms + 32 * (size_t)first;
    for (uint32_t e = 0; e < end - first; e++) {
        i8 before;
        memcpy(&before, eights[e].labels, sizeof before);
        changed |= (uint64_t)LANES(before != fresh[e]) << 8 * e;
    }
    d4 sum = { 0, 0, 0, 0 };
    for (; changed; changed &= changed - 1) {
        size_t i = (size_t)__builtin_ctzll(changed);
        uint32_t now, *label = eights[i / 8].labels + i % 8;
        memcpy(&now, (const char *)fresh + i * sizeof now, sizeof now);
        if (*label != from || now != to) {
            if (to != UINT32_MAX)
                add_sum(sums, to, sum);
            if (from != UINT32_MAX)
                add_sum(sums, from, -sum);
            sum = (d4){ 0, 0, 0, 0 };
            from = *label;
            to = now;
        }
        *label = to;
        f4 more;
        memcpy(&more, terms + 4 * i, sizeof more);
        sum += __builtin_convertvector(more, d4);
    }
    add_sum(sums, to, sum);
    if (from != UINT32_MAX)
        add_sum(sums, from, -sum);
}

#define ALONG(e, plane) \
    (LOAD((e)->x) * (plane)[0] + (LOAD((e)->y) * (plane)[1] + (LOAD((e)->z) * (plane)[2] + (plane)[3])))
#define SAME(e, label)                                    \
    do {                                                  \
        i8 old_;                                          \
        memcpy(&old_, (e)->labels, sizeof old_);          \
        same &= old_ == (label);                          \
    } while (0)

/* Finds the labels of a run, whose candidates are `count` bits: by how much each is nearer (squared) than the first is a
 * plane's distance, so that two take one comparison. Returns whether any label is another than before. */
INLINE int label_run(const vc_field *field, uint32_t first, uint32_t end, const nearby *all, uint64_t bits, int count,
                     i8 fresh[VC_RUN])
{
    f8 planes[LISTED][4];
    i8 labels[LISTED], same = ALL_INT(-1);
    uint32_t own = (uint32_t)__builtin_ctzll(bits);
    place base = all->places[own];
    labels[0] = ALL_INT((int32_t)all->labels[own]);
    for (int j = 1; j < count; j++) {
        own = (uint32_t)__builtin_ctzll(bits &= bits - 1);
        place plane = all->places[own] - base;
        for (int term = 0; term < 4; term++)
            planes[j][term] = ALL(plane[term]);
        labels[j] = ALL_INT((int32_t)all->labels[own]);
    }
    const vc_eight *eight = field->eights + first;
    for (uint32_t n = 0; n < end - first; n++, eight++) {
        i8 label = labels[0];
        f8 least = ALL(0);
        for (int j = 1; j < count; j++) {
            f8 d = ALONG(eight, planes[j]);
            i8 nearer = j == 1 ? (i8)d < 0 : d < least;
            label = PICK(nearer, labels[j], label);
            least = PICK(nearer, d, least);
        }
        SAME(eight, label);
        fresh[n] = label;
    }
    return LANES(same) != 255;
}

/* The same with all candidates of its block. */
INLINE int label_by_all(const vc_field *field, uint32_t first, uint32_t end, const nearby *all, i8 fresh[VC_RUN])
{
    i8 same = ALL_INT(-1);
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
        SAME(eight, label);
        fresh[n] = label;
    }
    return LANES(same) != 255;
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

INLINE void label_group(const vc_field *field, vc_group *group, const nearby *all, const float middle[3],
                        const vc_centres *centres, vc_founder *far, vc_sum *sums)
{
    view seen;
    i8 fresh[VC_RUN];
    int is_listed = all->count <= LISTED;
    if (is_listed) {
        narrow(group, all, far->distance, &seen);
    } else {
        seen.open = seen.far = group->lanes;
        memset(group->owner, 0xff, sizeof group->owner);
    }
    for (uint32_t open = seen.open; open; open &= open - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(open), first = group->first[lane], end = group->end[lane];
        uint64_t bits = is_listed ? candidates(&seen, lane, all->count) : 0;
        int count = __builtin_popcountll(bits), is_changed;
        if (count == 2)
            is_changed = label_run(field, first, end, all, bits, 2, fresh);
        else if (count == 3)
            is_changed = label_run(field, first, end, all, bits, 3, fresh);
        else if (count == 4)
            is_changed = label_run(field, first, end, all, bits, 4, fresh);
        else if (count)
            is_changed = label_run(field, first, end, all, bits, count, fresh);
        else
            is_changed = label_by_all(field, first, end, all, fresh);
        if (is_changed)
            relabel(field, first, end, fresh, sums);
        if (seen.far >> lane & 1)
            find_farthest(field, first, end, middle, centres, far);
    }
}

INLINE vc_founder vc_pass_body(vc_field *field, const vc_centres *centres, vc_sum *sums, vc_scratch *scratch, float floor)
{
    vc_founder far = { floor, 0, 0, 0 };
    list every = { centres->x, centres->y, centres->z, NULL, centres->count };
    uint32_t b = 0, g = 0;
    for (uint32_t r = 0; r < field->region_count; r++) {
        const vc_cube *region = field->regions + r;
        list around = prune(region->low, region->high, every, scratch, 0);
        for (; b < region->end; b++) {
            const vc_cube *block = field->blocks + b;
            nearby all = relate(block, around, centres, scratch);
            for (; g < block->end; g++)
                label_group(field, field->groups + g, &all, block->middle, centres, &far, sums);
        }
    }
    return far;
}

KERNEL(vc_founder, vc_pass,
       (vc_field *field, const vc_centres *centres, vc_sum *sums, vc_scratch *scratch, float floor),
       (field, centres, sums, scratch, floor))
