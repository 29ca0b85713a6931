#include "runs.h"

/* Finds a block's candidates: a centre is none if even the block's corner on its side is nearer to another, for which that
 * of the last pass is taken that was nearest to the block's middle. See `prune`. */
INLINE nearby relate(vc_cube *block, const vc_centres *centres, place *places, uint32_t *labels)
{
    uint32_t k = centres->count, nearest = block->nearest < k ? block->nearest : 0, count = 0;
    float mx = block->middle[0], my = block->middle[1], mz = block->middle[2];
    float wx = block->high[0] - block->low[0], wy = block->high[1] - block->low[1], wz = block->high[2] - block->low[2];
    float nx = centres->x[nearest], ny = centres->y[nearest], nz = centres->z[nearest], least = 3e38f;
    /* A quarter for rounding. */
    float limit = (nx - mx) * (nx - mx) + (ny - my) * (ny - my) + (nz - mz) * (nz - mz) + 0.25f;
    const d4 middle = { mx, my, mz, 0 };
    for (uint32_t from = 0; from < k; from += 8) {
        f8 x = LOAD(centres->x + from), y = LOAD(centres->y + from), z = LOAD(centres->z + from);
        f8 dx = x - mx, dy = y - my, dz = z - mz;
        f8 gap = dx * dx + dy * dy + dz * dz - (ABSOLUTE(x - nx) * wx + ABSOLUTE(y - ny) * wy + ABSOLUTE(z - nz) * wz);
        uint32_t bits = LANES(gap <= limit);
        if (k - from < 8)
            bits &= (1u << (k - from)) - 1;
        for (; bits; bits &= bits - 1) {
            uint32_t label = from + (uint32_t)__builtin_ctz(bits);
            d4 exact;
            memcpy(&exact, centres->exact + 3 * label, sizeof exact);
            exact -= middle;
            d4 square = exact * exact;
            f4 at = __builtin_convertvector(exact, f4);
            at[3] = (float)(square[0] + square[1] + square[2]);
            nearest = at[3] < least ? label : nearest;
            least = at[3] < least ? at[3] : least;
            memcpy(places + count, &at, sizeof at);
            labels[count++] = label;
        }
    }
    block->nearest = nearest;
    return (nearby){ places, labels, count };
}

/* What is known of a group's runs, lane by lane. */
typedef struct {
    uint8_t candidates[LISTED / 8][8]; /* bits of which may be nearest to one of the run's points, eight and eight */
    float corners[8];                  /* squared distances that no point exceeds */
    uint32_t open;                     /* whose labels must be found */
    uint32_t far;                      /* where a point may lie farther than any yet */
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

/* Finds the candidates of a group's runs, all eight at once: see `prune`. */
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
    f8 corners = x * x + y * y + z * z;
    STORE(seen->corners, corners);
    seen->far = LANES(corners > farthest) & group->lanes;
    memcpy(&held, group->owner, sizeof held);
    seen->open = LANES((extra | (owner ^ held)) != 0) & group->lanes;
    STORE(group->owner, PICK(extra == 0, owner, ALL_INT(-1)));
}

INLINE uint64_t candidates(const view *seen, uint32_t lane, uint32_t count)
{
    uint64_t bits = seen->candidates[0][lane];
    for (uint32_t from = 8; from < count; from += 8)
        bits |= (uint64_t)seen->candidates[from / 8][lane] << from;
    return bits;
}

/* A run where a point may lie farther from its centre than any yet. */
typedef struct {
    uint32_t first, end; /* eights */
    const float *middle; /* its block's */
    float corner;        /* squared distance that none of its points exceeds */
} outskirts;

/* Runs wait until there are many with two candidates, with three, with four, and with any other number: where one is like the
 * one before, the processor foresees what is to be done. */
enum { KINDS = 4, WAITING = 128, CHUNK = 32 };

typedef struct {
    run runs[KINDS][WAITING];
    outskirts far[WAITING];
    uint32_t counts[KINDS], far_count;
} waiting;

INLINE void empty(waiting *all)
{
    memset(all->counts, 0, sizeof all->counts);
    all->far_count = 0;
}

INLINE int is_full(const waiting *all)
{
    uint32_t most = all->far_count;
    for (int kind = 0; kind < KINDS; kind++)
        most = all->counts[kind] > most ? all->counts[kind] : most;
    return most > WAITING - 8;
}

/* Labels the runs of one kind, of `candidates` each, or of any number where that is 0. */
INLINE void label_kind(const vc_field *field, const run *runs, uint32_t count, int candidates, vc_sum *sums)
{
    change changes[CHUNK];
    for (uint32_t from = 0; from < count; from += CHUNK) {
        uint32_t end = count - from < CHUNK ? count : from + CHUNK, changed = 0;
        for (uint32_t i = from; i < end; i++) {
            label_run(field, runs + i, candidates ? candidates : __builtin_popcountll(runs[i].candidates), changes + changed);
            changed += changes[changed].changed != 0;
        }
        for (uint32_t i = 0; i < changed; i++)
            relabel(field, changes + i, sums);
    }
}

/* Labels all that wait, and then finds the farthest of them. */
INLINE void label_all(const vc_field *field, waiting *all, const vc_centres *centres, vc_founder *far, vc_sum *sums)
{
    label_kind(field, all->runs[0], all->counts[0], 2, sums);
    label_kind(field, all->runs[1], all->counts[1], 3, sums);
    label_kind(field, all->runs[2], all->counts[2], 4, sums);
    label_kind(field, all->runs[3], all->counts[3], 0, sums);
    for (uint32_t i = 0; i < all->far_count; i++) {
        const outskirts *of = all->far + i;
        if (of->corner > far->distance)
            find_farthest(field, of->first, of->end, of->middle, centres, far);
    }
    empty(all);
}

/* Lets the runs of a group wait whose labels may be others than before. */
INLINE void line_up(const vc_field *field, vc_group *group, const nearby *near, const float middle[3], float farthest,
                    vc_sum *sums, waiting *all)
{
    view seen;
    if (near->count <= LISTED) {
        narrow(group, near, farthest, &seen);
    } else {
        seen.open = 0;
        seen.far = group->lanes;
        STORE(seen.corners, ALL(3e38f));
        memset(group->owner, 0xff, sizeof group->owner);
        for (uint32_t lanes = group->lanes; lanes; lanes &= lanes - 1) {
            uint32_t lane = (uint32_t)__builtin_ctz(lanes);
            change new;
            label_by_all(field, group->first[lane], group->end[lane], near, &new);
            relabel(field, &new, sums);
        }
    }
    for (uint32_t open = seen.open; open; open &= open - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(open);
        uint64_t bits = candidates(&seen, lane, near->count);
        uint32_t kind = (uint32_t)__builtin_popcountll(bits) - 2;
        kind = kind < KINDS - 1 ? kind : KINDS - 1;
        all->runs[kind][all->counts[kind]++] = (run){ group->first[lane], group->end[lane], near->places, near->labels, bits };
    }
    for (uint32_t far = seen.far; far; far &= far - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(far);
        all->far[all->far_count++] = (outskirts){ group->first[lane], group->end[lane], middle, seen.corners[lane] };
    }
}

INLINE vc_founder vc_pass_body(vc_field *field, const vc_centres *centres, vc_sum *sums, vc_scratch *scratch, float floor)
{
    vc_founder far = { floor, 0, 0, 0 };
    waiting all;
    uint32_t g = 0, placed = 0;
    empty(&all);
    for (uint32_t b = 0; b < field->block_count; b++) {
        vc_cube *block = field->blocks + b;
        if (placed > VC_POOL) {
            label_all(field, &all, centres, &far, sums);
            placed = 0;
        }
        nearby near = relate(block, centres, (place *)scratch->places + placed, scratch->names + placed);
        placed += near.count;
        for (; g < block->end; g++) {
            if (is_full(&all))
                label_all(field, &all, centres, &far, sums);
            line_up(field, field->groups + g, &near, block->middle, far.distance, sums, &all);
        }
    }
    label_all(field, &all, centres, &far, sums);
    return far;
}

KERNEL(vc_founder, vc_pass,
       (vc_field *field, const vc_centres *centres, vc_sum *sums, vc_scratch *scratch, float floor),
       (field, centres, sums, scratch, floor))
