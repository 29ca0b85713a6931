#include "CMotion.h"

#include <stdlib.h>
#include <string.h>

/* Twice, for processors that have AVX2 and for those that have not; the loader chooses. Not under the thread sanitizer:
 * the loader would run what chooses before the sanitizer is ready, and both would end there. */
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define CLONED __attribute__((target_clones("avx2", "default")))
#else
#define CLONED
#endif
#define INLINE static inline __attribute__((always_inline))

enum { SIDE_MAX = 4096, NOISE_MAX = 16 << 8, WHITE = 250, BLACK = 5, STRONG = 100 };

vm_planes *vm_planes_new(int width, int height)
{
    if (width < 1 || height < 1 || width > SIDE_MAX || height > SIDE_MAX)
        return NULL;
    size_t count = (size_t)width * (size_t)height;
    size_t narrow = (count + 63) & ~(size_t)63, wide = (count * 2 + 63) & ~(size_t)63;
    vm_planes *planes = calloc(1, sizeof *planes);
    uint8_t *memory = calloc(1, narrow * 5 + wide * 5);
    if (!planes || !memory) {
        free(planes);
        free(memory);
        return NULL;
    }
    planes->width = width;
    planes->height = height;
    planes->memory = memory;
    planes->background = (uint16_t *)(void *)memory;
    planes->noise = (uint16_t *)(void *)(memory + wide);
    planes->predicted = (uint16_t *)(void *)(memory + wide * 2);
    planes->tolerance = (uint16_t *)(void *)(memory + wide * 3);
    planes->relit = (uint16_t *)(void *)(memory + wide * 4);
    planes->seen = memory + wide * 5;
    planes->marks = planes->seen + narrow;
    planes->moving = planes->marks + narrow;
    planes->candidate = planes->moving + narrow;
    planes->age = planes->candidate + narrow;
    return planes;
}

void vm_planes_free(vm_planes *planes)
{
    if (!planes)
        return;
    free(planes->memory);
    free(planes);
}

static size_t count_of(const vm_planes *planes)
{
    return (size_t)planes->width * (size_t)planes->height;
}

void vm_take(vm_planes *planes, const uint8_t *pixels, size_t stride)
{
    size_t width = (size_t)planes->width;
    for (size_t y = 0; y < (size_t)planes->height; y++)
        memcpy(planes->seen + y * width, pixels + y * stride, width);
}

void vm_begin(vm_planes *planes, int noise)
{
    for (size_t i = 0; i < count_of(planes); i++) {
        planes->background[i] = (uint16_t)(planes->seen[i] << 8);
        planes->noise[i] = (uint16_t)noise;
        planes->moving[i] = 0;
        planes->age[i] = 0;
    }
}

INLINE uint16_t least16(uint16_t a, uint16_t b) { return a < b ? a : b; }
INLINE uint16_t most16(uint16_t a, uint16_t b) { return a > b ? a : b; }
INLINE uint16_t apart16(uint16_t a, uint16_t b) { return (uint16_t)(most16(a, b) - least16(a, b)); }

INLINE uint16_t threshold(uint16_t noise, uint16_t least, uint16_t factor)
{
    return most16(least, (uint16_t)(noise * factor + (least >> 2)));
}

INLINE uint32_t compare(uint8_t *restrict marks, const uint8_t *restrict seen, const uint16_t *restrict predicted,
                        const uint16_t *restrict noise, const uint16_t *restrict tolerance, size_t count,
                        vm_thresholds t)
{
    uint32_t sum = 0;
    uint16_t low_least = (uint16_t)t.low_least, low_factor = (uint16_t)t.low_factor;
    uint16_t high_least = (uint16_t)t.high_least, high_factor = (uint16_t)t.high_factor;
    for (size_t i = 0; i < count; i++) {
        uint16_t apart = apart16((uint16_t)(seen[i] << 8), predicted[i]);
        if (tolerance)
            apart = (uint16_t)(most16(apart, tolerance[i]) - tolerance[i]);
        uint16_t low = apart > threshold(noise[i], low_least, low_factor);
        uint16_t high = low & (uint16_t)(apart > threshold(noise[i], high_least, high_factor));
        marks[i] = (uint8_t)(low + high);
        /* The count of low ones above, of high ones below: a row has at most 4096. */
        sum += (uint32_t)low << 16 | high;
    }
    return sum;
}

CLONED int vm_compare(vm_planes *p, int with, vm_thresholds thresholds, int *low)
{
    size_t width = (size_t)p->width;
    int high = 0;
    *low = 0;
    for (size_t at = 0; at < width * (size_t)p->height; at += width) {
        uint32_t sum;
        if (with == VM_BACKGROUND)
            sum = compare(p->marks + at, p->seen + at, p->background + at, p->noise + at, NULL, width, thresholds);
        else if (with == VM_PREDICTED)
            sum = compare(p->marks + at, p->seen + at, p->predicted + at, p->noise + at, NULL, width, thresholds);
        else
            sum = compare(p->marks + at, p->seen + at, p->predicted + at, p->noise + at, p->tolerance + at, width,
                          thresholds);
        *low += (int)(sum >> 16);
        high += (int)(sum & 0xFFFF);
    }
    return high;
}

int vm_row_is_marked(const vm_planes *p, int y)
{
    const uint8_t *row = p->marks + (size_t)y * (size_t)p->width;
    uint8_t any = 0;
    for (int x = 0; x < p->width; x++)
        any |= row[x];
    return any != 0;
}

INLINE int16_t level(uint16_t q8) { return (int16_t)((q8 + 128u) >> 8); }

CLONED void vm_fit_model(const vm_planes *p, int clip, vm_fit *fit)
{
    memset(fit, 0, sizeof *fit);
    int width = p->width;
    for (int y = 1; y + 1 < p->height; y += 2) {
        const uint8_t *restrict seen = p->seen + (size_t)y * (size_t)width;
        const uint16_t *restrict row = p->predicted + (size_t)y * (size_t)width;
        const uint16_t *restrict above = row - width, *restrict below = row + width;
        /* Each product is below 2^17, so that a row of 4096 fits. */
        int32_t s00 = 0, s01 = 0, s02 = 0, s03 = 0, s12 = 0, s13 = 0, s22 = 0, s23 = 0, s33 = 0;
        int32_t t0 = 0, t1 = 0, t2 = 0, t3 = 0, n = 0, error = 0;
        for (int x = 1; x < width - 1; x++) {
            int32_t value = level(row[x]);
            int32_t e = seen[x] - value;
            int32_t size = e < 0 ? -e : e;
            int32_t is_used = (size <= clip) & (seen[x] < WHITE) & (value < WHITE) & (seen[x] > BLACK) & (value > BLACK);
            error += size < clip ? size : clip;
            int32_t b = is_used ? value - 128 : 0;
            int32_t gx = is_used ? level(row[x + 1]) - level(row[x - 1]) : 0;
            int32_t gy = is_used ? level(below[x]) - level(above[x]) : 0;
            e = is_used ? e : 0;
            n += is_used;
            s00 += b * b;
            s01 += b;
            s02 += b * gx;
            s03 += b * gy;
            s12 += gx;
            s13 += gy;
            s22 += gx * gx;
            s23 += gx * gy;
            s33 += gy * gy;
            t0 += b * e;
            t1 += e;
            t2 += gx * e;
            t3 += gy * e;
        }
        fit->products[0][0] += s00;
        fit->products[0][1] += s01;
        fit->products[0][2] += s02;
        fit->products[0][3] += s03;
        fit->products[1][2] += s12;
        fit->products[1][3] += s13;
        fit->products[2][2] += s22;
        fit->products[2][3] += s23;
        fit->products[3][3] += s33;
        fit->targets[0] += t0;
        fit->targets[1] += t1;
        fit->targets[2] += t2;
        fit->targets[3] += t3;
        fit->count += n;
        fit->error += error;
    }
    fit->products[1][1] = fit->count;
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++)
            fit->products[i][j] = fit->products[j][i];
}

INLINE uint16_t lit(uint32_t value, int32_t gain, int32_t offset)
{
    int32_t result = (int32_t)((value * (uint32_t)gain) >> 12) + offset;
    return (uint16_t)(result < 0 ? 0 : result > 65280 ? 65280 : result);
}

static int within(int value, int last)
{
    return value < 0 ? 0 : value > last ? last : value;
}

CLONED static void predict_unshifted(vm_planes *p, int gain, int offset)
{
    size_t count = (size_t)p->width * (size_t)p->height;
    uint16_t *restrict predicted = p->predicted;
    const uint16_t *restrict background = p->background;
    for (size_t i = 0; i < count; i++)
        predicted[i] = lit(background[i], gain, offset);
}

/* One row, of two rows of the background and the row of the picture's own place. */
CLONED static void predict_row(uint16_t *restrict predicted, const uint16_t *restrict upper,
                               const uint16_t *restrict lower, int count, int gain, int offset, uint32_t fx,
                               uint32_t fy)
{
    for (int x = 0; x < count; x++) {
        uint32_t top = upper[x] * (256 - fx) + upper[x + 1] * fx;
        uint32_t bottom = lower[x] * (256 - fx) + lower[x + 1] * fx;
        uint32_t value = ((top >> 8) * (256 - fy) + (bottom >> 8) * fy) >> 8;
        predicted[x] = lit(value, gain, offset);
    }
}

CLONED void vm_tolerate(vm_planes *p, int share, int border_x, int border_y)
{
    int width = p->width;
    for (int y = 0; y < p->height; y++) {
        uint16_t *restrict tolerance = p->tolerance + (size_t)y * (size_t)width;
        if (y < border_y || y >= p->height - border_y) {
            for (int x = 0; x < width; x++)
                tolerance[x] = UINT16_MAX;
            continue;
        }
        const uint16_t *row = p->predicted + (size_t)y * (size_t)width;
        const uint16_t *above = y > 0 ? row - width : row, *below = y + 1 < p->height ? row + width : row;
        const uint16_t *before = p->background + (size_t)y * (size_t)width;
        for (int x = 1; x < width - 1; x++) {
            uint16_t least = row[x], most = row[x];
            for (int i = -1; i <= 1; i++) {
                least = least16(least, least16(row[x + i], least16(above[x + i], below[x + i])));
                most = most16(most, most16(row[x + i], most16(above[x + i], below[x + i])));
            }
            uint32_t wide = ((uint32_t)(most - least) * (uint32_t)share) >> 8;
            wide += apart16(row[x], before[x]) >> 2;
            tolerance[x] = (uint16_t)(wide > UINT16_MAX ? UINT16_MAX : wide);
        }
        tolerance[0] = width > 1 ? tolerance[1] : 0;
        tolerance[width - 1] = width > 1 ? tolerance[width - 2] : 0;
        for (int x = 0; x < border_x && x < width; x++)
            tolerance[x] = tolerance[width - 1 - x] = UINT16_MAX;
    }
}

void vm_predict(vm_planes *p, int gain, int offset, int dx, int dy)
{
    if (dx == 0 && dy == 0) {
        predict_unshifted(p, gain, offset);
        return;
    }
    int width = p->width, height = p->height;
    int whole_x = dx >> 8, whole_y = dy >> 8;
    uint32_t fx = (uint32_t)(dx & 255), fy = (uint32_t)(dy & 255);
    uint16_t rows[2][SIDE_MAX + 1];
    for (int y = 0; y < height; y++) {
        for (int i = 0; i < 2; i++) {
            const uint16_t *source = p->background + (size_t)within(y + whole_y + i, height - 1) * (size_t)width;
            for (int x = 0; x <= width; x++)
                rows[i][x] = source[within(x + whole_x, width - 1)];
        }
        predict_row(p->predicted + (size_t)y * (size_t)width, rows[0], rows[1], width, gain, offset, fx, fy);
    }
}

/* The sums of `2 radius + 1` values about each of a line, which goes on at its ends as it ended. */
INLINE void sums_along(uint32_t *restrict sums, const uint32_t *restrict values, int count, int radius)
{
    uint32_t sum = 0;
    for (int i = -radius; i <= radius; i++)
        sum += values[within(i, count - 1)];
    for (int i = 0; i < count; i++) {
        sums[i] = sum;
        sum += values[within(i + radius + 1, count - 1)] - values[within(i - radius, count - 1)];
    }
}

void vm_relight(vm_planes *p, int radius)
{
    int width = p->width, height = p->height;
    /* Running sums over the rows about the one at hand, of what is seen and of what is predicted. */
    uint32_t seen[SIDE_MAX] = {0}, predicted[SIDE_MAX] = {0};
    uint32_t seen_sums[SIDE_MAX], predicted_sums[SIDE_MAX];
    size_t stride = (size_t)width;
    for (int i = -radius; i <= radius; i++)
        for (int x = 0; x < width; x++) {
            size_t at = (size_t)within(i, height - 1) * stride + (size_t)x;
            seen[x] += p->seen[at];
            predicted[x] += p->predicted[at] >> 8;
        }
    for (int y = 0; y < height; y++) {
        sums_along(seen_sums, seen, width, radius);
        sums_along(predicted_sums, predicted, width, radius);
        for (int x = 0; x < width; x++) {
            uint64_t value = (uint64_t)p->predicted[(size_t)y * stride + (size_t)x] * (seen_sums[x] + 1) /
                             (predicted_sums[x] + 1);
            p->relit[(size_t)y * stride + (size_t)x] = (uint16_t)(value > 65280 ? 65280 : value);
        }
        size_t in = (size_t)within(y + radius + 1, height - 1) * stride, out = (size_t)within(y - radius, height - 1) * stride;
        for (int x = 0; x < width; x++) {
            seen[x] += (uint32_t)p->seen[in + (size_t)x] - p->seen[out + (size_t)x];
            predicted[x] += (uint32_t)(p->predicted[in + (size_t)x] >> 8) - (p->predicted[out + (size_t)x] >> 8);
        }
    }
    uint16_t *made = p->relit;
    p->relit = p->predicted;
    p->predicted = made;
}

CLONED int64_t vm_distance(const vm_planes *p, int dx, int dy, int margin, int clip)
{
    int64_t sum = 0;
    int width = p->width;
    for (int y = margin; y < p->height - margin; y++) {
        const uint8_t *restrict seen = p->seen + (size_t)y * (size_t)width;
        const uint16_t *restrict row = p->predicted + (size_t)(y + dy) * (size_t)width + dx;
        uint32_t part = 0;
        uint16_t most = (uint16_t)(clip << 8);
        for (int x = margin; x < width - margin; x++)
            part += (uint32_t)(least16(apart16((uint16_t)(seen[x] << 8), row[x]), most) >> 8);
        sum += part;
    }
    return sum;
}

CLONED void vm_agree(const vm_planes *p, int y, int first, int last, vm_agreement *sum)
{
    int width = p->width;
    if (y < 1 || y + 1 >= p->height)
        return;
    first = first < 1 ? 1 : first;
    last = last > width - 2 ? width - 2 : last;
    const uint8_t *seen = p->seen + (size_t)y * (size_t)width;
    const uint16_t *row = p->predicted + (size_t)y * (size_t)width;
    int32_t strong = 0, agreeing = 0;
    for (int x = first; x <= last; x++) {
        int32_t sx = seen[x + 1] - seen[x - 1], sy = seen[x + width] - seen[x - width];
        int32_t bx = level(row[x + 1]) - level(row[x - 1]), by = level(row[x + width]) - level(row[x - width]);
        float own = (float)(sx * sx + sy * sy), other = (float)(bx * bx + by * by);
        float both = (float)(sx * bx + sy * by);
        int is_strong = (own > STRONG) | (other > STRONG);
        /* Within 40 degrees of each other, and one at most three times the other. */
        int is_agreeing = (both > 0) & (both * both > 0.6F * own * other) & (own < 9 * other) & (other < 9 * own);
        strong += is_strong;
        agreeing += is_strong & is_agreeing;
    }
    sum->strong += strong;
    sum->agreeing += agreeing;
}

INLINE uint16_t towards(uint16_t value, int32_t target, int32_t step)
{
    return (uint16_t)(value + (((target - value) * step + 32768) >> 16));
}

CLONED static void update_still(uint16_t *restrict background, uint16_t *restrict noise, const uint8_t *restrict seen,
                                const uint16_t *restrict predicted, const uint8_t *restrict moving, size_t count,
                                int step, int noise_step, int moving_noise_step)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t target = (uint16_t)(seen[i] << 8);
        uint16_t apart = least16(apart16(target, predicted[i]), NOISE_MAX);
        noise[i] = towards(noise[i], apart, moving[i] ? moving_noise_step : noise_step);
        background[i] = towards(background[i], target, moving[i] ? 0 : step);
    }
}

void vm_update(vm_planes *p, int with, int step, int noise_step, int moving_noise_step, int age_max,
               vm_thresholds thresholds)
{
    size_t count = count_of(p);
    if (with == VM_BACKGROUND)
        memcpy(p->predicted, p->background, count * 2);
    update_still(p->background, p->noise, p->seen, p->predicted, p->moving, count, step, noise_step, moving_noise_step);
    for (size_t i = 0; i < count; i++) {
        if (!p->moving[i]) {
            p->age[i] = 0;
            continue;
        }
        uint16_t apart = apart16((uint16_t)(p->seen[i] << 8), (uint16_t)(p->candidate[i] << 8));
        if (p->age[i] == 0 || apart > threshold(p->noise[i], (uint16_t)thresholds.low_least,
                                                (uint16_t)thresholds.low_factor)) {
            p->candidate[i] = p->seen[i];
            p->age[i] = 1;
        } else if (++p->age[i] >= age_max) {
            p->background[i] = (uint16_t)(p->seen[i] << 8);
            p->age[i] = 0;
        }
    }
}

static void adopt(vm_planes *p, size_t at)
{
    p->background[at] = (uint16_t)(p->seen[at] << 8);
    /* One picture alone is as noisy as a picture is. */
    uint32_t noise = p->noise[at] + (p->noise[at] >> 2) + 64u;
    p->noise[at] = (uint16_t)(noise > NOISE_MAX ? NOISE_MAX : noise);
    p->age[at] = 0;
}

void vm_adopt(vm_planes *p, int y, int first, int last)
{
    for (int x = first; x <= last; x++)
        adopt(p, (size_t)y * (size_t)p->width + (size_t)x);
}

void vm_adopt_all(vm_planes *p)
{
    for (size_t i = 0; i < count_of(p); i++)
        if (!p->moving[i])
            adopt(p, i);
}
