#include "vectors.h"

/* Sum of the squares of bytes. */
INLINE uint64_t squares(const uint8_t *bytes, size_t count)
{
    uint64_t sum = 0;
    /* 64 K squares of a byte fit 32 bits. */
    for (size_t from = 0; from < count; from += 1 << 16) {
        size_t end = count - from < 1 << 16 ? count : from + (1 << 16);
        uint32_t part = 0;
        for (size_t i = from; i < end; i++)
            part += (uint32_t)bytes[i] * bytes[i];
        sum += part;
    }
    return sum;
}

INLINE void count_pixel(vc_bin *table, int bits, uint32_t word)
{
    uint32_t low = (1u << (8 - bits)) - 1;
    u4 mask = { low, low, low, 0 }, one = { 0, 0, 0, 1 }, now;
    vc_bin *bin = table + bin_number(word, bits);
    memcpy(&now, bin, sizeof now);
    now += (spread(word) & mask) | one;
    memcpy(bin, &now, sizeof now);
}

/* Both halves in turn: neighbours are mostly of one bin, whose sums would have to be waited for. */
INLINE void count_row(vc_bin *table, int bits, const uint8_t *pixel, size_t width)
{
    size_t half = width / 2;
    const uint8_t *other = pixel + 3 * half;
    for (size_t i = 0; i < half; i++, pixel += 3, other += 3) {
        count_pixel(table, bits, packed(pixel, 0));
        count_pixel(table, bits, packed(other, half + i + 1 == width));
    }
    if (width % 2)
        count_pixel(table, bits, packed(other, 1));
}

INLINE void vc_count_body(vc_bin *table, int bits, const uint8_t *rgb, size_t width, size_t height, size_t stride,
                          uint64_t *square)
{
    for (size_t row = 0; row < height; row++) {
        const uint8_t *pixel = rgb + row * stride;
        *square += squares(pixel, 3 * width);
        if (bits == 5)
            count_row(table, 5, pixel, width);
        else if (bits == 6)
            count_row(table, 6, pixel, width);
        else
            count_row(table, bits, pixel, width);
    }
}

KERNEL(void, vc_count,
       (vc_bin *table, int bits, const uint8_t *rgb, size_t width, size_t height, size_t stride, uint64_t *square),
       (table, bits, rgb, width, height, stride, square))

uint32_t vc_take_bins(vc_points *points, uint32_t *numbers, vc_bin *table, int bits, uint32_t capacity,
                      int clears)
{
    int drop = 8 - bits;
    uint32_t mask = (1u << bits) - 1, n = 0;
    for (uint32_t i = 0; i < 1u << 3 * bits; i++) {
        vc_bin bin = table[i];
        if (bin.count == 0)
            continue;
        if (n == capacity)
            break;
        double scale = 1.0 / bin.count;
        points->w[n] = (float)bin.count;
        points->x[n] = (float)((i >> 2 * bits << drop) + bin.red * scale);
        points->y[n] = (float)((i >> bits & mask) * (1 << drop) + bin.green * scale);
        points->z[n] = (float)((i & mask) * (1 << drop) + bin.blue * scale);
        numbers[n++] = i;
        if (clears)
            memset(table + i, 0, sizeof bin);
    }
    points->count = n;
    return n;
}

void vc_halve_bins(vc_bin *parents, const vc_bin *table, const uint32_t *numbers, uint32_t count, int bits)
{
    uint32_t mask = (1u << bits) - 1, half = 1u << (8 - bits);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = numbers[i], r = n >> 2 * bits, g = n >> bits & mask, b = n & mask;
        const vc_bin *bin = table + n;
        vc_bin *parent = parents + ((r >> 1) << 2 * (bits - 1) | (g >> 1) << (bits - 1) | b >> 1);
        parent->count += bin->count;
        parent->red += bin->red + (r & 1) * half * bin->count;
        parent->green += bin->green + (g & 1) * half * bin->count;
        parent->blue += bin->blue + (b & 1) * half * bin->count;
    }
}

/* Three bits of a channel, each three places from the next. */
#define SPREAD(bits) ((uint32_t)((bits) >> 2 & 1) << 6 | (uint32_t)((bits) >> 1 & 1) << 3 | (uint32_t)((bits) & 1))

/* A colour's code is octants within octants: its upper bits tell the cube 8 wide, the others which of its colours. */
enum { INNER = 9, CELLS = 1 << 15 };

/* What each channel adds to a code. */
typedef struct {
    uint32_t red[256], green[256], blue[256];
} codes;

static void set_codes(codes *add)
{
    for (uint32_t value = 0; value < 256; value++) {
        uint32_t code = SPREAD(value >> 5) << 15 | SPREAD(value >> 3 & 3) << 9 | SPREAD(value & 7);
        add->blue[value] = code;
        add->green[value] = code << 1;
        add->red[value] = code << 2;
    }
}

INLINE uint32_t code_of(const codes *add, const uint8_t *pixel)
{
    return add->red[pixel[0]] | add->green[pixel[1]] | add->blue[pixel[2]];
}

size_t vc_sort(uint16_t *sorted, uint32_t *starts, const uint8_t *rgb, size_t width, size_t height, size_t stride)
{
    codes add;
    set_codes(&add);
    memset(starts, 0, (CELLS + 1) * sizeof *starts);
    for (size_t row = 0; row < height; row++) {
        const uint8_t *pixel = rgb + row * stride;
        for (size_t i = 0; i < width; i++, pixel += 3)
            starts[code_of(&add, pixel) >> INNER]++;
    }
    uint32_t sum = 0;
    for (uint32_t i = 0; i < CELLS; i++) {
        uint32_t own = starts[i];
        starts[i] = sum;
        sum += own;
    }
    for (size_t row = 0; row < height; row++) {
        const uint8_t *pixel = rgb + row * stride;
        for (size_t i = 0; i < width; i++, pixel += 3) {
            uint32_t code = code_of(&add, pixel);
            sorted[starts[code >> INNER]++] = (uint16_t)(code & ((1 << INNER) - 1));
        }
    }
    size_t distinct = 0;
    for (uint32_t i = 0, from = 0; i < CELLS; from = starts[i++]) {
        uint64_t seen[8] = { 0 };
        for (uint32_t j = from; j < starts[i]; j++)
            seen[sorted[j] >> 6] |= (uint64_t)1 << (sorted[j] & 63);
        for (int eighth = 0; eighth < 8; eighth++)
            distinct += (size_t)__builtin_popcountll(seen[eighth]);
    }
    return distinct;
}

void vc_take_colours(vc_grid *grid, const uint16_t *sorted, const uint32_t *starts)
{
    /* Three octants' worth of each channel, red highest. */
    uint32_t key_of[512], often[512] = { 0 };
    for (uint32_t i = 0; i < 512; i++) {
        uint32_t r = i >> 6 & 7, g = i >> 3 & 7, b = i & 7;
        key_of[SPREAD(r) << 2 | SPREAD(g) << 1 | SPREAD(b)] = r << 16 | g << 8 | b;
    }
    uint32_t n = 0, cells = 0, blocks = 0, from = 0, last_block = UINT32_MAX;
    vc_points *p = &grid->points;
    for (uint32_t i = 0; i < CELLS; i++) {
        uint32_t end = starts[i];
        if (end == from)
            continue;
        uint32_t base = key_of[i >> 6] << 5 | key_of[i & 63] << 3;
        uint64_t seen[8] = { 0 };
        for (uint32_t j = from; j < end; j++) {
            uint32_t inner = sorted[j];
            often[inner]++;
            seen[inner >> 6] |= (uint64_t)1 << (inner & 63);
        }
        vc_box *cell = grid->cells + cells;
        cell->first = n;
        for (uint32_t eighth = 0; eighth < 8; eighth++)
            for (uint64_t bits = seen[eighth]; bits; bits &= bits - 1, n++) {
                uint32_t inner = eighth << 6 | (uint32_t)__builtin_ctzll(bits);
                uint32_t key = base | key_of[inner];
                grid->keys[n] = key;
                p->w[n] = (float)often[inner];
                p->x[n] = (float)(key >> 16);
                p->y[n] = (float)(key >> 8 & 255);
                p->z[n] = (float)(key & 255);
                often[inner] = 0;
            }
        cell->end = n;
        if (i >> 6 != last_block) {
            last_block = i >> 6;
            grid->blocks[blocks++].first = cells;
        }
        grid->blocks[blocks - 1].end = ++cells;
        from = end;
    }
    p->count = n;
    grid->cell_count = cells;
    grid->block_count = blocks;
}

/* A box while it is made; the fourth lanes are not used. */
typedef struct {
    f4 low, high;
    d4 sum; /* weight, x, y, z */
} making;

INLINE void set_box(vc_box *box, const making *from)
{
    memcpy(box->low, &from->low, sizeof box->low);
    memcpy(box->high, &from->high, sizeof box->high);
    memcpy(&box->sum, &from->sum, sizeof box->sum);
}

INLINE void vc_boxes_body(vc_grid *grid)
{
    const making nothing = { { 1e30f, 1e30f, 1e30f, 0 }, { -1e30f, -1e30f, -1e30f, 0 }, { 0, 0, 0, 0 } };
    const vc_points *p = &grid->points;
    d4 square = { 0, 0, 0, 0 };
    for (uint32_t b = 0; b < grid->block_count; b++) {
        vc_box *box = grid->blocks + b;
        making block = nothing;
        for (uint32_t c = box->first; c < box->end; c++) {
            making cell = nothing;
            for (uint32_t i = grid->cells[c].first; i < grid->cells[c].end; i++) {
                f4 point = { p->x[i], p->y[i], p->z[i], 1 };
                d4 exact = __builtin_convertvector(point, d4), weighted = exact * p->w[i];
                cell.low = __builtin_elementwise_min(cell.low, point);
                cell.high = __builtin_elementwise_max(cell.high, point);
                cell.sum += weighted;
                square += weighted * exact;
            }
            cell.sum = __builtin_shufflevector(cell.sum, cell.sum, 3, 0, 1, 2);
            set_box(grid->cells + c, &cell);
            block.low = __builtin_elementwise_min(block.low, cell.low);
            block.high = __builtin_elementwise_max(block.high, cell.high);
            block.sum += cell.sum;
        }
        set_box(box, &block);
    }
    grid->square = square[0] + square[1] + square[2];
}

KERNEL(void, vc_boxes, (vc_grid *grid), (grid))

INLINE uint8_t clamp(int32_t value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

void vc_rgb_row(uint8_t *rgb, size_t count, size_t every, const uint8_t *luma, size_t luma_step,
                const uint8_t *cb, const uint8_t *cr, size_t chroma_step, int shift, int is_full_range)
{
    /* 16 fraction bits. Limited range has luma in 16...235 and chroma in 16...240. */
    int32_t scale = is_full_range ? 65536 : 76309, floor = is_full_range ? 0 : 16;
    int32_t red = is_full_range ? 91881 : 104597, blue = is_full_range ? 116130 : 132201;
    int32_t green_cb = is_full_range ? 22554 : 25675, green_cr = is_full_range ? 46802 : 53279;
    for (size_t i = 0; i < count; i++, rgb += 3) {
        size_t at = i * every, c = (at >> shift) * chroma_step;
        int32_t y = (luma[at * luma_step] - floor) * scale + 32768;
        int32_t b = cb ? cb[c] - 128 : 0, r = cr ? cr[c] - 128 : 0;
        rgb[0] = clamp((y + red * r) >> 16);
        rgb[1] = clamp((y - green_cb * b - green_cr * r) >> 16);
        rgb[2] = clamp((y + blue * b) >> 16);
    }
}
