/* Reads a PNG row by row into packed 8-bit RGB, smaller where that is wanted: never more than a few rows of it are held
 * beside the result.
 *
 * libpng reports errors by longjmp, which must not cross Swift frames: each function here sets its own jump point. */
#ifndef VEDETTE_CPNGREADER_H
#define VEDETTE_CPNGREADER_H

#include <stddef.h>
#include <stdint.h>

typedef struct vg_reader vg_reader;

/* Reads what stands before the pixels of the PNG, which must stay where it is until vg_free. `side_max` bounds width
 * and height. NULL where there is no memory; else look at vg_message. */
vg_reader *vg_open(const uint8_t *png, size_t count, uint32_t side_max);
void vg_free(vg_reader *reader);
/* What is wrong with the PNG; empty where nothing is. */
const char *vg_message(const vg_reader *reader);

uint32_t vg_width(const vg_reader *reader);
uint32_t vg_height(const vg_reader *reader);
/* Whether its rows do not come from the top to the bottom. */
int vg_is_interlaced(const vg_reader *reader);

/* Decodes into `rgb`, of which each pixel is the mean of 2^halvings x 2^halvings pixels, fewer at the right and lower
 * edges: (width + 2^halvings - 1) >> halvings of them in a row. What one can see through lies on white. 0 to 4 halvings.
 * Once for a reader; returns whether all is well. */
int vg_decode(vg_reader *reader, int halvings, uint8_t *rgb);

#endif
