/* Kernels over one row of 8-bit samples: plain loops that the compiler makes vector code of, once for
 * the baseline processor and once for AVX2, chosen when the program starts. Swift would compile them for
 * the baseline alone. Rows do not overlap; counts are in samples written. */
#ifndef VEDETTE_CPIXELROWS_H
#define VEDETTE_CPIXELROWS_H

#include <stddef.h>
#include <stdint.h>

/* Luma from every `step`th byte of `source` (1, or 2 from `offset` 0 or 1). With `expand`, 16..235
 * becomes 0..255: y - 16 + (y - 16) * 36 / 219, rounded; what lies outside saturates. */
void vp_luma(uint8_t *restrict target, const uint8_t *restrict source, size_t count, int step,
             int offset, int expand);

/* Chroma from every `step`th byte (1, 2 or 4, from `offset`). With `expand`, 16..240 becomes 0..255 about
 * 128: c + (c - 128) * 31 / 224, rounded and saturated. */
void vp_chroma(uint8_t *restrict target, const uint8_t *restrict source, size_t count, int step,
               int offset, int expand);

/* All three of packed 4:2:2, read once: `count` samples of each chroma and twice as many of luma, which is every second byte
 * from `luma_offset` (0 or 1); between them Cb and Cr in turn (for the other order, swap their targets). `expand` as above. */
void vp_packed(uint8_t *restrict y, uint8_t *restrict cb, uint8_t *restrict cr, const uint8_t *restrict source,
               size_t count, int luma_offset, int expand);

/* The rounded mean of `target` and `other`, into `target`. */
void vp_average(uint8_t *restrict target, const uint8_t *restrict other, size_t count);

/* Luma of BT.709 becomes that of BT.601, in place, by the chroma (of BT.709) of each `count` pairs of
 * samples: y + 0.1016 cb + 0.1961 cr, with cb and cr about 128, rounded and saturated. Full range. */
void vp_bt709_luma(uint8_t *restrict y, const uint8_t *restrict cb, const uint8_t *restrict cr,
                   size_t count);

/* Chroma of BT.709 becomes that of BT.601, in place: 0.9899 cb - 0.1107 cr and 0.9834 cr - 0.0725 cb about
 * 128, rounded and saturated. Full range. */
void vp_bt709_chroma(uint8_t *restrict cb, uint8_t *restrict cr, size_t count);

/* Full-range BT.601 luma of packed RGB (`red` 0) or BGR (`red` 2). */
void vp_rgb_luma(uint8_t *restrict target, const uint8_t *restrict source, size_t count, int red,
                 int expand);

/* Full-range BT.601 chroma of packed RGB or BGR, one sample for two of the `width` pixels; an odd last
 * pixel stands for two. */
void vp_rgb_chroma(uint8_t *restrict cb, uint8_t *restrict cr, const uint8_t *restrict source,
                   size_t width, int red, int expand);

/* Of chroma that has every second sample of a row: all `2 * count`, by a triangle filter; no filter up to 2. */
void vp_double_across(uint8_t *restrict target, const uint8_t *restrict source, size_t count);

/* Of chroma that has every second row, too: a row of `2 * count`, from the row of samples that it lies in and the other
 * one beside it, which may be the same. */
void vp_double_both(uint8_t *restrict target, const uint8_t *near, const uint8_t *far, size_t count);

/* Packed RGB of full-range BT.601 samples: luma and both chroma for each pixel. */
void vp_ycc_rgb(uint8_t *restrict rgb, const uint8_t *restrict y, const uint8_t *restrict cb,
                const uint8_t *restrict cr, size_t count);

/* Adds to each of the `(count + 7) / 8` sums the eight samples that are its; a last one of fewer is brought up to eight. */
void vp_add_eights(uint16_t *restrict sums, const uint8_t *restrict source, size_t count);

/* A bitmap font: each glyph is VP_GLYPH_ROWS rows of VP_GLYPH_COLUMNS bits, the leftmost the highest. */
enum { VP_GLYPH_ROWS = 20, VP_GLYPH_COLUMNS = 10 };
size_t vp_glyph_count(void);
uint32_t vp_glyph_code_point(size_t index);
const uint16_t *vp_glyph_rows(size_t index);

/* Where in `count` bytes of a JPEG the first FF is that is followed by another byte than 0, which makes it a
 * marker or filling before one; `count` where there is none. */
size_t vp_next_marker(const uint8_t *bytes, size_t count);

/* Copies `count` bytes, and says where the first marker at or behind `from` is, counted from the first byte; `count` where
 * there is none. In one pass, for memory that was not read for long costs more than all that is done with it. */
size_t vp_copy_to_marker(uint8_t *restrict target, const uint8_t *restrict source, size_t count, size_t from);

/* Where the first of the groups of 8 bytes that begin `step` bytes apart is, from the first byte on, that is all zeros;
 * `count` where there is none. */
size_t vp_next_zeros(const uint8_t *bytes, size_t count, size_t step);

#endif
