/* Kernels over colours: histograms, distances, nearest centres. Vectors of eight floats, compiled once for the
 * baseline processor and, on x86, for AVX2 with FMA and for AVX-512, chosen at each call. No kernel allocates; all
 * arrays belong to the caller. A colour is three coordinates, red, green and blue or L*, a* and b*.
 *
 * Arrays of points and of centres may be read, and `labels` and `distances` written, up to the count rounded
 * up to VC_LANES. */
#ifndef VEDETTE_CCOLOURS_H
#define VEDETTE_CCOLOURS_H

#include <stddef.h>
#include <stdint.h>

enum { VC_LANES = 16 };

/* Which instructions kernels are compiled for. */
enum { VC_PLAIN, VC_AVX2, VC_AVX512 };
/* Lets kernels called on this thread use no more than these, of what the processor has: for tests of those for others. */
void vc_limit(int instructions);
/* Those that kernels called on this thread use. */
int vc_instructions(void);

/* Weighted points, coordinate by coordinate. */
typedef struct {
    float *x, *y, *z, *w;
    uint32_t count;
} vc_points;

/* Cluster centres; from `count` up to VC_LANES more are set by vc_pad. Doubles hold the same centres exactly; one more may be
 * read. */
typedef struct {
    float *x, *y, *z;
    double *exact; /* x, y, z of each */
    uint32_t count;
} vc_centres;

/* What one cluster gathers: weight, and weighted sums of coordinates. */
typedef struct {
    double w, x, y, z;
} vc_sum;

/* A box of points: its edges, what its points sum up to, and which they are. */
typedef struct {
    float low[3], high[3];
    vc_sum sum;
    uint32_t first, end;
} vc_box;

/* Distinct colours sorted into cells 8 wide, and those into blocks 32 wide, octants within octants. */
typedef struct {
    vc_points points;
    uint32_t *keys;  /* red, green, blue of each point in three bytes, red highest */
    vc_box *cells;   /* over points */
    vc_box *blocks;  /* over cells */
    uint32_t cell_count, block_count;
    double square; /* sum of weight times squared length */
} vc_grid;

/* One bin of a histogram: pixels, and sums of what their channels exceed the bin's corner by. */
typedef struct {
    uint32_t red, green, blue, count;
} vc_bin;

enum { VC_POOL = 1024 };
/* Memory for lists of centres: room for two lists of `capacity` centres, a multiple of VC_LANES. `places`, four floats each, and
 * `names`, their labels, are of several lists at once: room for VC_POOL more. */
typedef struct {
    float *x[2], *y[2], *z[2], *gap, *places;
    uint32_t *label[2], *names;
    uint32_t capacity;
} vc_scratch;

/* What lies farthest from its centre. */
typedef struct {
    float distance;  /* squared; what was given as the floor where nothing lies beyond */
    uint32_t index;  /* UINT32_MAX where nothing does */
} vc_far;

/* Eight points: -2 times what they exceed the middle of their block by. Labels are those of the last pass, UINT32_MAX
 * before the first. */
typedef struct {
    float x[8], y[8], z[8];
    uint32_t labels[8];
} vc_eight;

/* How many eights a run has at the most. */
enum { VC_RUN = 8 };

/* Eight runs of neighbouring points, lane by lane: the middles of their boxes relative to their block's, the boxes' widths,
 * their points, eight and eight, and the cluster that has them all, UINT32_MAX where that is not known. The last group
 * of a block may have fewer: `lanes` has a bit for each. */
typedef struct {
    float middle[3][8], width[3][8];
    uint32_t first[8], end[8], owner[8];
    uint32_t lanes;
} vc_group;

/* A cube 32 wide or some that follow each other: the edges and the middle of what it has, where its groups end, and the
 * centre that was nearest to the middle in the last pass. */
typedef struct {
    float low[3], high[3], middle[3];
    uint32_t end, nearest;
} vc_cube;

/* The points of a grid laid out for many passes. Each run begins with a whole eight, after points without weight. */
typedef struct {
    vc_eight *eights;
    float *terms;     /* of each point the weight, and the weighted coordinates */
    vc_group *groups;
    vc_cube *blocks;  /* over groups */
    uint32_t block_count;
} vc_field;

/* The colour that is to found a cluster: the farthest from its centre, squared; `distance` is what was given as the
 * floor where nothing lies beyond. */
typedef struct {
    float distance, x, y, z;
} vc_founder;

/* Fills the floats of centres from the exact ones, and the places after the last with what is far from all. */
void vc_pad(vc_centres *centres);

/* Counts pixels into bins of 2^(8 - bits) values a channel; bins are by red, green, blue, red highest. `table`
 * holds 1 << 3 * bits bins, zero before. Adds to `square` the pixels' squared lengths. */
void vc_count(vc_bin *table, int bits, const uint8_t *rgb, size_t width, size_t height, size_t stride,
              uint64_t *square);

/* The occupied bins as points at their pixels' means, with their numbers; sets the table to zero where `clears`.
 * Returns how many there are, at most `capacity`. */
uint32_t vc_take_bins(vc_points *points, uint32_t *numbers, vc_bin *table, int bits, uint32_t capacity,
                      int clears);

/* Makes bins half as fine: `parents` of bins at `bits` - 1. Both tables as above. */
void vc_halve_bins(vc_bin *parents, const vc_bin *table, const uint32_t *numbers, uint32_t count, int bits);

/* Sorts pixels by cells: `sorted`, as long as there are pixels, becomes which of its cell's colours each is, and `starts`, 32,769
 * long, where each cell ends. Returns how many colours are distinct: a grid with room for these is then taken from both. */
size_t vc_sort(uint16_t *sorted, uint32_t *starts, const uint8_t *rgb, size_t width, size_t height, size_t stride);
/* Cells' and blocks' boxes are not set: see vc_boxes. */
void vc_take_colours(vc_grid *grid, const uint16_t *sorted, const uint32_t *starts);
/* Boxes and sums of cells and blocks from the points' coordinates and weights. */
void vc_boxes(vc_grid *grid);

/* For each point the nearest centre, of those equally near the first, and the squared distance to it. */
void vc_nearest(const vc_points *points, const vc_centres *centres, uint32_t *labels, float *distances);
/* The same, and the squared distance to the second nearest. */
void vc_second(const vc_points *points, const vc_centres *centres, uint32_t *labels, float *distances,
               float *seconds);
/* By those: what each cluster's retirement would add to the squared error, and how far (squared) the farthest of
 * its points would then lie from its centre. Returns the weighted sum of simplified silhouettes. */
double vc_retire(const vc_points *points, const uint32_t *labels, const float *distances, const float *seconds,
                 uint32_t k, double *costs, float *farthest);
/* Sums per cluster; the farthest point of each beyond `floor`; returns the sum of weighted squared distances. */
double vc_gather(const vc_points *points, const uint32_t *labels, const float *distances, vc_sum *sums,
                 vc_far *far, uint32_t k, float floor);
/* Second moments about the centres, six a cluster: xx, yy, zz, xy, xz, yz. */
void vc_moments(const vc_points *points, const uint32_t *labels, const vc_centres *centres, double *moments);
/* Each cluster cut in two through its centre across its axis (three doubles a cluster): two sums a cluster. */
void vc_cut(const vc_points *points, const uint32_t *labels, const vc_centres *centres, const double *axes,
            vc_sum *halves);

/* One assignment of all points of the grid to their nearest centres, exact but for rounding in double precision,
 * skipping what whole cells and blocks settle. `far` finds the farthest beyond `floor` of each cluster.
 * `labels` may be null. */
void vc_assign(const vc_grid *grid, const vc_centres *centres, vc_scratch *scratch, uint32_t *labels,
               vc_sum *sums, vc_far *far, float floor);

/* The weighted sum of the points' simplified silhouettes, 1 less the distance to the nearest centre as a share of that to the
 * second nearest; of two centres or more. */
double vc_simplified(const vc_grid *grid, const vc_centres *centres, vc_scratch *scratch);

enum { VC_BLOCKS = 512 };
/* Room for so many distinct colours in a field, beside that for blocks. A run has but few points only where a cube 16 wide or
 * a block ends; of these there are 4,096 at the most. */
size_t vc_room_for_eights(size_t colours);
size_t vc_room_for_groups(size_t colours);
void vc_lay_out(vc_field *field, const vc_grid *grid);
/* Labels every point with its nearest centre, right but for rounding to some 0.001 of the squared distance, and moves what
 * changes its cluster from one sum to the other: before the first pass all are zero, and those of centres that are no more
 * must still be there. Returns the point that is farthest beyond `floor` (squared). */
vc_founder vc_pass(vc_field *field, const vc_centres *centres, vc_sum *sums, vc_scratch *scratch, float floor);

/* Finds by bin number which centre is nearest to its points' mean, and which may be nearest to a colour in its cube: one bit
 * stands for all centres that are 64 apart. A bin is settled, and has no bit, where that is one and none of these colours may
 * lie farther than the root of `floor` from it. `labels` are those of the points, the bins' means. */
void vc_settle_bins(uint32_t *owners, uint64_t *candidates, const vc_points *points, const uint32_t *labels,
                    const uint32_t *numbers, int bits, const vc_centres *centres, float floor);
/* Labels every pixel with its nearest centre: what vc_count counted into `table` is taken whole where its bin is settled,
 * and the rest pixel by pixel. `painted` (rows of packed RGB without padding, by `palette`, four bytes a cluster)
 * may be null. `tallies` is room for k * 8. Pixels beyond the root of `limit` are told in `found`, red in the lowest
 * byte; `found_count` is its room and becomes how many. Returns the squared distance of the farthest pixel of the bins
 * that are not settled. */
double vc_label(const vc_centres *centres, vc_scratch *scratch, const uint32_t *owners, const uint64_t *candidates,
                const vc_bin *table, const uint32_t *numbers, uint32_t count, int bits, const uint8_t *rgb, size_t width,
                size_t height, size_t stride, uint8_t *painted, const uint8_t *palette, vc_sum *sums, uint32_t *tallies,
                double limit, uint32_t *found, uint32_t *found_count);

/* Distances between the points of two tiles, at most VC_TILE each, padded to whole vectors by points without
 * weight: weighted by the other's weight and added, to `rows` for points from i0 on, to `columns`, unless null,
 * for those from j0 on. In single precision but for the sums over tiles, or in double. */
enum { VC_TILE = 64 };
void vc_tile_float(const vc_points *points, uint32_t i0, uint32_t i1, uint32_t j0, uint32_t j1, double *rows,
                   double *columns);
void vc_tile_double(const vc_points *points, uint32_t i0, uint32_t i1, uint32_t j0, uint32_t j1, double *rows,
                    double *columns);

/* A row of `count` pixels, every `every`th of a picture's, from planes to packed RGB by the weights of BT.601.
 * Samples of luma are `luma_step` bytes apart, those of chroma `chroma_step`, one for 1 << shift pixels. Without
 * chroma `cb` and `cr` are null. */
void vc_rgb_row(uint8_t *rgb, size_t count, size_t every, const uint8_t *luma, size_t luma_step,
                const uint8_t *cb, const uint8_t *cr, size_t chroma_step, int shift, int is_full_range);

#endif
