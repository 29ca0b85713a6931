#include "exact.h"

INLINE void vc_settle_bins_body(uint32_t *owners, uint64_t *candidates, const vc_points *points,
                                const uint32_t *labels, const uint32_t *numbers, int bits, const vc_centres *centres,
                                float floor)
{
    uint32_t mask = (1u << bits) - 1, k = centres->count;
    int drop = 8 - bits;
    float half = (float)((1 << drop) - 1) * 0.5f, side = 2 * half;
    for (uint32_t i = 0; i < points->count; i += 8) {
        float px[8], py[8], pz[8], qx[8], qy[8], qz[8];
        uint32_t last = points->count - i < 8 ? points->count - i : 8;
        for (uint32_t lane = 0; lane < 8; lane++) {
            uint32_t at = i + (lane < last ? lane : 0), n = numbers[at], label = labels[at];
            px[lane] = (float)((n >> 2 * bits) << drop) + half;
            py[lane] = (float)((n >> bits & mask) << drop) + half;
            pz[lane] = (float)((n & mask) << drop) + half;
            qx[lane] = centres->x[label];
            qy[lane] = centres->y[label];
            qz[lane] = centres->z[label];
        }
        f8 mx = LOAD(px), my = LOAD(py), mz = LOAD(pz), nx = LOAD(qx), ny = LOAD(qy), nz = LOAD(qz);
        f8 ex = mx - nx, ey = my - ny, ez = mz - nz, gap = ex * ex + ey * ey + ez * ez;
        /* The filter of Kanungo et al. (2002) for eight cubes at once: their own centres pass it always. */
        i8 passed = ALL_INT(0), words[2] = { ALL_INT(0), ALL_INT(0) };
        for (uint32_t j = 0; j < k; j++) {
            f8 x = ALL(centres->x[j]), y = ALL(centres->y[j]), z = ALL(centres->z[j]);
            f8 dx = mx - x, dy = my - y, dz = mz - z;
            f8 wx = ABSOLUTE(nx - x), wy = ABSOLUTE(ny - y), wz = ABSOLUTE(nz - z);
            f8 over = (dx * dx + dy * dy + dz * dz) - gap - (wx + wy + wz) * side;
            /* A quarter for rounding. */
            i8 passes = over <= 0.25f;
            passed -= passes;
            words[j / 32 % 2] |= passes & (int32_t)(1u << j % 32);
        }
        f8 cx = ABSOLUTE(ex) + half, cy = ABSOLUTE(ey) + half, cz = ABSOLUTE(ez) + half;
        f8 corner = cx * cx + cy * cy + cz * cz;
        uint32_t settled = LANES((passed == 1) & (corner <= floor));
        for (uint32_t lane = 0; lane < last; lane++) {
            uint64_t bits = (uint64_t)(uint32_t)words[1][lane] << 32 | (uint32_t)words[0][lane];
            owners[numbers[i + lane]] = labels[i + lane];
            candidates[numbers[i + lane]] = settled >> lane & 1 ? 0 : bits;
        }
    }
}

KERNEL(void, vc_settle_bins,
       (uint32_t *owners, uint64_t *candidates, const vc_points *points, const uint32_t *labels, const uint32_t *numbers,
        int bits, const vc_centres *centres, float floor),
       (owners, candidates, points, labels, numbers, bits, centres, floor))

/* Pixels of a row that are looked at together. */
enum { CHUNK = 1024 };

/* Coordinates are taken from the middle, where floats are finer. */
#define MIDDLE 128.0f

typedef struct {
    const vc_centres *centres;
    const float *x, *y, *z, *square; /* -2 times the centres from the middle, their squared lengths */
    uint32_t *tallies;
    uint8_t *painted;
    const uint8_t *palette;
    double farthest, limit; /* squared */
    uint32_t *found, found_count, capacity;
} labelling;

/* Pixels of bins that are not settled, the candidates of these, and where they lie in the painted picture. */
typedef struct {
    uint64_t candidates[CHUNK + 16];
    uint32_t words[CHUNK + 16], places[CHUNK + 16], count;
} pending;

INLINE uint32_t nearest_to(uint32_t word, const vc_centres *centres)
{
    double least = 1e300;
    uint32_t found = 0;
    for (uint32_t j = 0; j < centres->count; j++) {
        double d = exact(centres, j, word & 255, word >> 8 & 255, word >> 16 & 255);
        if (d < least) {
            least = d;
            found = j;
        }
    }
    return found;
}

INLINE void look_at(labelling *all, uint32_t word, uint32_t label)
{
    double distance = exact(all->centres, label, word & 255, word >> 8 & 255, word >> 16 & 255);
    if (distance > all->farthest)
        all->farthest = distance;
    if (distance > all->limit && all->found_count < all->capacity)
        all->found[all->found_count++] = word;
}

/* Takes eight labelled pixels: those that floats do not tell apart are compared exactly. */
INLINE void take(labelling *all, const pending *open, uint32_t at, f8 best, f8 second, f8 square, i8 label, int paints)
{
    uint32_t lanes = open->count - at < 8 ? (1u << (open->count - at)) - 1 : 255, k = all->centres->count;
    uint32_t unsure = LANES(second - best <= SURE) & lanes;
    uint32_t labels[8];
    STORE(labels, label);
    for (; unsure; unsure &= unsure - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(unsure);
        labels[lane] = nearest_to(open->words[at + lane], all->centres);
    }
    float near = (float)(all->farthest < all->limit ? all->farthest : all->limit) - SURE;
    for (uint32_t far = LANES(best + square > near) & lanes; far; far &= far - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(far);
        look_at(all, open->words[at + lane], labels[lane]);
    }
    u4 mask = { 255, 255, 255, 0 }, one = { 0, 0, 0, 1 };
    for (; lanes; lanes &= lanes - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(lanes), word = open->words[at + lane];
        /* Two sets in turn: neighbours mostly have the same label. */
        uint32_t *tally = all->tallies + 4 * (labels[lane] + (lane & 1 ? k : 0));
        u4 now;
        memcpy(&now, tally, sizeof now);
        now += (spread(word) & mask) | one;
        memcpy(tally, &now, sizeof now);
        if (paints)
            memcpy(all->painted + 3 * (size_t)open->places[at + lane], all->palette + 4 * labels[lane], 3);
    }
}

#define PIXELS(n, at)                                                                          \
    i8 w##n;                                                                                   \
    memcpy(&w##n, open->words + (at), sizeof w##n);                                            \
    f8 x##n = __builtin_convertvector(w##n & 255, f8) - MIDDLE;                                \
    f8 y##n = __builtin_convertvector(w##n >> 8 & 255, f8) - MIDDLE;                           \
    f8 z##n = __builtin_convertvector(w##n >> 16 & 255, f8) - MIDDLE;                          \
    f8 best##n = ALL(3e38f), second##n = best##n;                                              \
    i8 label##n = ALL_INT(0)
#define NEARER(n)                                                                              \
    do {                                                                                       \
        f8 d = x##n * cx + (y##n * cy + (z##n * cz + cs));                                     \
        i8 nearer = d < best##n;                                                               \
        f8 worse = PICK(nearer, best##n, d);                                                   \
        second##n = PICK(worse < second##n, worse, second##n);                                 \
        best##n = PICK(nearer, d, best##n);                                                    \
        label##n = PICK(nearer, own, label##n);                                                \
    } while (0)
#define SQUARE(n) (x##n * x##n + y##n * y##n + z##n * z##n)

/* Sixteen at once, which mostly lie near each other: together they have few candidates. */
INLINE void label_pending(labelling *all, pending *open, int paints)
{
    uint32_t k = all->centres->count;
    for (uint32_t i = open->count; i < open->count + 16; i++) {
        open->words[i] = 0;
        open->candidates[i] = 0;
    }
    for (uint32_t at = 0; at < open->count; at += 16) {
        uint64_t candidates = 0;
        for (uint32_t i = at; i < at + 16; i++)
            candidates |= open->candidates[i];
        PIXELS(0, at);
        PIXELS(1, at + 8);
        for (; candidates; candidates &= candidates - 1)
            for (uint32_t j = (uint32_t)__builtin_ctzll(candidates); j < k; j += 64) {
                f8 cx = ALL(all->x[j]), cy = ALL(all->y[j]), cz = ALL(all->z[j]), cs = ALL(all->square[j]);
                i8 own = ALL_INT((int32_t)j);
                NEARER(0);
                NEARER(1);
            }
        take(all, open, at, best0, second0, SQUARE(0), label0, paints);
        if (at + 8 < open->count)
            take(all, open, at + 8, best1, second1, SQUARE(1), label1, paints);
    }
}

/* Sorts out the pixels of a piece of a row. */
INLINE void read_pixels(labelling *all, pending *open, const uint32_t *owners, const uint64_t *candidates, int bits,
                        const uint8_t *pixel, size_t count, size_t place, int paints)
{
    uint32_t n = 0;
    for (size_t i = 0; i < count; i++, pixel += 3) {
        uint32_t word = packed(pixel, i + 1 == count), bin = bin_number(word, bits);
        open->words[n] = word & 0xffffff;
        open->candidates[n] = candidates[bin];
        if (paints) {
            open->places[n] = (uint32_t)(place + i);
            if (candidates[bin] == 0)
                memcpy(all->painted + 3 * (place + i), all->palette + 4 * owners[bin], 3);
        }
        n += candidates[bin] != 0;
    }
    open->count = n;
}

INLINE void flush(vc_sum *sums, uint32_t *tallies, uint32_t k)
{
    for (uint32_t i = 0; i < 2 * k; i++) {
        uint32_t *t = tallies + 4 * i;
        vc_sum *sum = sums + (i < k ? i : i - k);
        sum->w += t[3];
        sum->x += t[0];
        sum->y += t[1];
        sum->z += t[2];
    }
    memset(tallies, 0, 8 * k * sizeof *tallies);
}

INLINE void take_settled(const uint32_t *owners, const uint64_t *candidates, const vc_bin *table, const uint32_t *numbers,
                         uint32_t count, int bits, vc_sum *sums)
{
    uint32_t mask = (1u << bits) - 1;
    int drop = 8 - bits;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = numbers[i];
        if (candidates[n])
            continue;
        const vc_bin *bin = table + n;
        vc_sum *sum = sums + owners[n];
        double w = bin->count;
        sum->w += w;
        sum->x += w * ((n >> 2 * bits) << drop) + bin->red;
        sum->y += w * ((n >> bits & mask) << drop) + bin->green;
        sum->z += w * ((n & mask) << drop) + bin->blue;
    }
}

INLINE double vc_label_body(const vc_centres *centres, vc_scratch *scratch, const uint32_t *owners,
                            const uint64_t *candidates, const vc_bin *table, const uint32_t *numbers, uint32_t count, int bits,
                            const uint8_t *rgb, size_t width, size_t height, size_t stride, uint8_t *painted,
                            const uint8_t *palette, vc_sum *sums, uint32_t *tallies, double limit, uint32_t *found,
                            uint32_t *found_count)
{
    uint32_t k = centres->count, since = 0;
    float *x = scratch->x[0], *y = scratch->y[0], *z = scratch->z[0], *square = scratch->gap;
    for (uint32_t j = 0; j < k; j++) {
        const double *c = centres->exact + 3 * j;
        double dx = c[0] - MIDDLE, dy = c[1] - MIDDLE, dz = c[2] - MIDDLE;
        x[j] = (float)(-2 * dx);
        y[j] = (float)(-2 * dy);
        z[j] = (float)(-2 * dz);
        square[j] = (float)(dx * dx + dy * dy + dz * dz);
    }
    memset(sums, 0, k * sizeof *sums);
    memset(tallies, 0, 8 * k * sizeof *tallies);
    take_settled(owners, candidates, table, numbers, count, bits, sums);
    labelling all = { centres, x, y, z, square, tallies, painted, palette, 0, limit, found, 0, *found_count };
    pending open;
    for (size_t row = 0; row < height; row++)
        for (size_t from = 0; from < width; from += CHUNK) {
            const uint8_t *pixel = rgb + row * stride + 3 * from;
            size_t more = width - from < CHUNK ? width - from : CHUNK, place = row * width + from;
            if (painted) {
                read_pixels(&all, &open, owners, candidates, bits, pixel, more, place, 1);
                label_pending(&all, &open, 1);
            } else {
                if (bits == 5)
                    read_pixels(&all, &open, owners, candidates, 5, pixel, more, place, 0);
                else if (bits == 6)
                    read_pixels(&all, &open, owners, candidates, 6, pixel, more, place, 0);
                else
                    read_pixels(&all, &open, owners, candidates, bits, pixel, more, place, 0);
                label_pending(&all, &open, 0);
            }
            /* A tally holds 255 times 16 million. */
            since += (uint32_t)more;
            if (since >= 1u << 20) {
                flush(sums, tallies, k);
                since = 0;
            }
        }
    flush(sums, tallies, k);
    *found_count = all.found_count;
    return all.farthest;
}

KERNEL(double, vc_label,
       (const vc_centres *centres, vc_scratch *scratch, const uint32_t *owners, const uint64_t *candidates,
        const vc_bin *table, const uint32_t *numbers, uint32_t count, int bits, const uint8_t *rgb, size_t width,
        size_t height, size_t stride, uint8_t *painted, const uint8_t *palette, vc_sum *sums, uint32_t *tallies, double limit,
        uint32_t *found, uint32_t *found_count),
       (centres, scratch, owners, candidates, table, numbers, count, bits, rgb, width, height, stride, painted, palette, sums,
        tallies, limit, found, found_count))
