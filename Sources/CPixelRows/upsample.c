#include "CPixelRows.h"
#include "clones.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "two samples are stored as one number");

/* The three follow libjpeg's "fancy upsampling" and its conversion of colours (jdsample.c, jdcolor.c) to the bit, so
 * that a picture whose planes are there need not be decoded a second time for its RGB. */

/* Two samples side by side in one store, which vectors can do. */
static inline __attribute__((always_inline)) void put(uint8_t *target, uint16_t first, uint16_t second)
{
    uint16_t both = (uint16_t)(first | second << 8);
    memcpy(target, &both, sizeof both);
}

CLONED void vp_double_across(uint8_t *restrict target, const uint8_t *restrict source, size_t count)
{
    if (count <= 2) {
        for (size_t i = 0; i < count; i++)
            target[2 * i] = target[2 * i + 1] = source[i];
        return;
    }
    target[0] = source[0];
    target[1] = (uint8_t)((3 * source[0] + source[1] + 2) >> 2);
    for (size_t i = 1; i + 1 < count; i++) {
        uint16_t whole = (uint16_t)(3 * source[i]);
        put(target + 2 * i, (uint16_t)(whole + source[i - 1] + 1) >> 2, (uint16_t)(whole + source[i + 1] + 2) >> 2);
    }
    target[2 * count - 2] = (uint8_t)((3 * source[count - 1] + source[count - 2] + 1) >> 2);
    target[2 * count - 1] = source[count - 1];
}

CLONED void vp_double_both(uint8_t *restrict target, const uint8_t *near, const uint8_t *far, size_t count)
{
    if (count <= 2) {
        for (size_t i = 0; i < count; i++)
            target[2 * i] = target[2 * i + 1] = near[i];
        return;
    }
#define SUM(i) ((uint16_t)(3 * near[i] + far[i]))
    target[0] = (uint8_t)((4 * SUM(0) + 8) >> 4);
    target[1] = (uint8_t)((3 * SUM(0) + SUM(1) + 7) >> 4);
    for (size_t i = 1; i + 1 < count; i++) {
        uint16_t whole = (uint16_t)(3 * SUM(i));
        put(target + 2 * i, (uint16_t)(whole + SUM(i - 1) + 8) >> 4, (uint16_t)(whole + SUM(i + 1) + 7) >> 4);
    }
    target[2 * count - 2] = (uint8_t)((3 * SUM(count - 1) + SUM(count - 2) + 8) >> 4);
    target[2 * count - 1] = (uint8_t)((4 * SUM(count - 1) + 7) >> 4);
#undef SUM
}

static inline __attribute__((always_inline)) uint8_t clamped(int32_t value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

CLONED void vp_ycc_rgb(uint8_t *restrict rgb, const uint8_t *restrict y, const uint8_t *restrict cb,
                       const uint8_t *restrict cr, size_t count)
{
    /* 1.402, 0.34414, 0.71414 and 1.772 in 16 bits of fraction. */
    for (size_t i = 0; i < count; i++) {
        int32_t blue = cb[i] - 128, red = cr[i] - 128;
        rgb[3 * i] = clamped(y[i] + ((91881 * red + 32768) >> 16));
        rgb[3 * i + 1] = clamped(y[i] + ((-22554 * blue - 46802 * red + 32768) >> 16));
        rgb[3 * i + 2] = clamped(y[i] + ((116130 * blue + 32768) >> 16));
    }
}
