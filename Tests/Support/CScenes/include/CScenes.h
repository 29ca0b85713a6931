/* Pictures of one scene as a camera gives them: with noise, in another light, shaken. In C, since tests are built without
 * optimisation. */
#ifndef VEDETTE_CSCENES_H
#define VEDETTE_CSCENES_H

#include <stddef.h>
#include <stdint.h>

/* Fills `width` x `height` pixels with as much as fits of a photograph, made larger or smaller. */
void scene_scale(uint8_t *picture, int width, int height, const uint8_t *photograph, int photo_width, int photo_height);

/* The light and the place of the camera for one picture. */
typedef struct {
    float gain, offset;                        /* of all of it */
    float lamp, lamp_x, lamp_y, lamp_radius;   /* what a lamp adds to the gain where it stands */
    float dx, dy;                              /* by how many pixels the camera has moved */
} scene_view;

/* The noise of a photograph: what is left of smooth places when their mean is taken out, in 1/16 of a level, scaled to a
 * standard deviation of 1. Returns how many of `capacity` were found. */
size_t scene_noise(const uint8_t *pixels, int width, int height, int16_t *noise, size_t capacity);

/* `base` in that view, with noise of `deviation` levels, each row from another place in `noise`. */
void scene_render(uint8_t *picture, const uint8_t *base, int width, int height, scene_view view, float deviation,
                  const int16_t *noise, size_t noise_count, uint64_t seed);

/* The mean of each 8 x 8 pixels. */
void scene_shrink(uint8_t *small, const uint8_t *picture, int width, int height);

#endif
