#include "CPixelRows.h"
#include "clones.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "two samples are read as one number");

/* Inlined into each clone, so that every combination of constants gets a loop of its own. */
#define INLINE static inline __attribute__((always_inline))

/* A frame comes from memory that the processor has not read lately, and its own guess of what is read next ends with the page. */
enum { AHEAD = 4096, LINE = 64 };

INLINE void ask_ahead(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i += LINE)
        __builtin_prefetch((const void *)((uintptr_t)bytes + AHEAD + i));
}

INLINE uint16_t wide_luma(uint16_t value)
{
    uint16_t above = (uint16_t)(value < 16 ? 0 : value - 16);
    uint16_t wide = (uint16_t)(above + (uint16_t)((uint16_t)(above * 42 + 128) >> 8));
    return wide > 255 ? 255 : wide;
}

INLINE uint16_t wide_chroma(uint16_t value)
{
    int16_t offset = (int16_t)(value - 128);
    int16_t wide = (int16_t)(offset + (int16_t)((int16_t)(offset * 71 + 256) >> 9) + 128);
    return (uint16_t)(wide < 0 ? 0 : wide > 255 ? 255 : wide);
}

INLINE void luma(uint8_t *restrict target, const uint8_t *restrict source, size_t count, size_t step,
                 int expand)
{
    for (size_t i = 0; i < count; i++)
        target[i] = expand ? (uint8_t)wide_luma(source[i * step]) : source[i * step];
}

INLINE void chroma(uint8_t *restrict target, const uint8_t *restrict source, size_t count,
                   size_t step, int expand)
{
    for (size_t i = 0; i < count; i++)
        target[i] = expand ? (uint8_t)wide_chroma(source[i * step]) : source[i * step];
}

CLONED void vp_luma(uint8_t *restrict target, const uint8_t *restrict source, size_t count, int step,
                    int offset, int expand)
{
    source += offset;
    if (step == 1 && expand)
        luma(target, source, count, 1, 1);
    else if (step == 1)
        luma(target, source, count, 1, 0);
    else if (expand)
        luma(target, source, count, 2, 1);
    else
        luma(target, source, count, 2, 0);
}

CLONED void vp_chroma(uint8_t *restrict target, const uint8_t *restrict source, size_t count,
                      int step, int offset, int expand)
{
    source += offset;
    if (step == 1)
        expand ? chroma(target, source, count, 1, 1) : chroma(target, source, count, 1, 0);
    else if (step == 2)
        expand ? chroma(target, source, count, 2, 1) : chroma(target, source, count, 2, 0);
    else
        expand ? chroma(target, source, count, 4, 1) : chroma(target, source, count, 4, 0);
}

INLINE void packed(uint8_t *restrict y, uint8_t *restrict cb, uint8_t *restrict cr, const uint8_t *restrict source,
                   size_t count, int luma_offset, int expand)
{
    enum { BLOCK = 1024 };
    uint8_t chroma[2 * BLOCK];
    while (count > 0) {
        size_t here = count < BLOCK ? count : BLOCK;
        ask_ahead(source, 4 * here);
        for (size_t i = 0; i < 2 * here; i++) {
            uint16_t both;
            memcpy(&both, source + 2 * i, sizeof both);
            uint16_t low = both & 0xFF, high = both >> 8;
            uint16_t luma_sample = luma_offset ? high : low, chroma_sample = luma_offset ? low : high;
            y[i] = (uint8_t)(expand ? wide_luma(luma_sample) : luma_sample);
            chroma[i] = (uint8_t)(expand ? wide_chroma(chroma_sample) : chroma_sample);
        }
        for (size_t i = 0; i < here; i++) {
            uint16_t both;
            memcpy(&both, chroma + 2 * i, sizeof both);
            cb[i] = (uint8_t)(both & 0xFF);
            cr[i] = (uint8_t)(both >> 8);
        }
        y += 2 * here;
        cb += here;
        cr += here;
        source += 4 * here;
        count -= here;
    }
}

CLONED void vp_packed(uint8_t *restrict y, uint8_t *restrict cb, uint8_t *restrict cr, const uint8_t *restrict source,
                      size_t count, int luma_offset, int expand)
{
    if (luma_offset)
        expand ? packed(y, cb, cr, source, count, 1, 1) : packed(y, cb, cr, source, count, 1, 0);
    else
        expand ? packed(y, cb, cr, source, count, 0, 1) : packed(y, cb, cr, source, count, 0, 0);
}

CLONED void vp_average(uint8_t *restrict target, const uint8_t *restrict other, size_t count)
{
    for (size_t i = 0; i < count; i++)
        target[i] = (uint8_t)((target[i] + other[i] + 1) >> 1);
}

INLINE uint8_t clamped16(int16_t value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* The weights follow from those of ITU-R BT.601 (0.299, 0.587, 0.114) and BT.709 (0.2126, 0.7152, 0.0722).
 * All sums fit into 16 bits. */
CLONED void vp_bt709_luma(uint8_t *restrict y, const uint8_t *restrict cb, const uint8_t *restrict cr,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int16_t b = (int16_t)(cb[i] - 128), r = (int16_t)(cr[i] - 128);
        int16_t more = (int16_t)((int16_t)(26 * b + 50 * r + 128) >> 8);
        y[2 * i] = clamped16((int16_t)(y[2 * i] + more));
        y[2 * i + 1] = clamped16((int16_t)(y[2 * i + 1] + more));
    }
}

CLONED void vp_bt709_chroma(uint8_t *restrict cb, uint8_t *restrict cr, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int16_t b = (int16_t)(cb[i] - 128), r = (int16_t)(cr[i] - 128);
        cb[i] = clamped16((int16_t)(cb[i] - ((int16_t)(10 * b + 113 * r + 512) >> 10)));
        cr[i] = clamped16((int16_t)(cr[i] - ((int16_t)(74 * b + 17 * r + 512) >> 10)));
    }
}

CLONED void vp_rgb_luma(uint8_t *restrict target, const uint8_t *restrict source, size_t count,
                        int red, int expand)
{
    int blue = 2 - red;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixel = source + 3 * i;
        uint32_t sum = 19595u * pixel[red] + 38470u * pixel[1] + 7471u * pixel[blue] + 32768u;
        target[i] = expand ? (uint8_t)wide_luma((uint16_t)(sum >> 16)) : (uint8_t)(sum >> 16);
    }
}

INLINE uint8_t clamped(int32_t value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

CLONED void vp_rgb_chroma(uint8_t *restrict cb, uint8_t *restrict cr, const uint8_t *restrict source,
                          size_t width, int red, int expand)
{
    int blue = 2 - red;
    for (size_t i = 0; i < (width + 1) / 2; i++) {
        const uint8_t *first = source + 6 * i;
        const uint8_t *second = 2 * i + 1 < width ? first + 3 : first;
        int32_t r = first[red] + second[red];
        int32_t g = first[1] + second[1];
        int32_t b = first[blue] + second[blue];
        /* Of two pixels, so 17 fraction bits. */
        uint8_t blueness = clamped((-11059 * r - 21709 * g + 32768 * b + (128 << 17) + 65535) >> 17);
        uint8_t redness = clamped((32768 * r - 27439 * g - 5329 * b + (128 << 17) + 65535) >> 17);
        cb[i] = expand ? (uint8_t)wide_chroma(blueness) : blueness;
        cr[i] = expand ? (uint8_t)wide_chroma(redness) : redness;
    }
}

void vp_add_eights(uint16_t *restrict sums, const uint8_t *restrict source, size_t count)
{
    const uint64_t every_second = 0x00FF00FF00FF00FF, ones = 0x0001000100010001;
    size_t whole = count / 8;
    for (size_t i = 0; i < whole; i++) {
        uint64_t eight;
        memcpy(&eight, source + 8 * i, sizeof eight);
        uint64_t pairs = (eight & every_second) + ((eight >> 8) & every_second);
        /* The sum of the four pairs comes to stand in the highest. */
        sums[i] = (uint16_t)(sums[i] + (uint16_t)((pairs * ones) >> 48));
    }
    size_t rest = count - 8 * whole;
    if (rest == 0)
        return;
    uint32_t sum = 0;
    for (size_t i = 8 * whole; i < count; i++)
        sum += source[i];
    sums[whole] = (uint16_t)(sums[whole] + (sum * 8 + rest / 2) / rest);
}

/* In the data of a picture one byte in some hundred is FF, nearly always followed by 0: memchr would stop at
 * each. */
CLONED size_t vp_next_marker(const uint8_t *bytes, size_t count)
{
    enum { BLOCK = 128 };
    size_t first = 0;
    for (; first + BLOCK < count; first += BLOCK) {
        uint8_t found = 0;
        for (size_t i = first; i < first + BLOCK; i++)
            found |= (uint8_t)((bytes[i] == 0xFF) & (bytes[i + 1] != 0));
        if (found)
            break;
    }
    for (size_t i = first; i + 1 < count; i++)
        if (bytes[i] == 0xFF && bytes[i + 1] != 0)
            return i;
    return count;
}

CLONED size_t vp_copy_to_marker(uint8_t *restrict target, const uint8_t *restrict source, size_t count, size_t from)
{
    enum { BLOCK = 128 };
    size_t first = from < count ? from : count;
    memcpy(target, source, first);
    for (; first + BLOCK < count; first += BLOCK) {
        ask_ahead(source + first, BLOCK);
        uint8_t found = 0;
        for (size_t i = first; i < first + BLOCK; i++) {
            target[i] = source[i];
            found |= (uint8_t)((source[i] == 0xFF) & (source[i + 1] != 0));
        }
        if (found)
            break;
    }
    memcpy(target + first, source + first, count - first);
    return first + vp_next_marker(target + first, count - first);
}

size_t vp_next_zeros(const uint8_t *bytes, size_t count, size_t step)
{
    for (size_t i = 0; i + 8 <= count; i += step) {
        uint64_t group;
        memcpy(&group, bytes + i, sizeof group);
        if (group == 0)
            return i;
    }
    return count;
}
