/* Plain dlib, called as its own examples and Python face_recognition call it: what tests and benchmarks
 * compare with. Nothing here uses CDlib. Every function returns -1 where dlib throws. */
#ifndef VEDETTE_CDLIBREFERENCE_H
#define VEDETTE_CDLIBREFERENCE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    long left, top, right, bottom; /* dlib's: right and bottom lie within */
    double score;
} vr_face;

typedef struct vr_reference vr_reference;

/* folder: of the models; NULL where it cannot be loaded. */
vr_reference *vr_new(const char *folder);
void vr_free(vr_reference *reference);
/* channels: 1 for luma, 3 for RGB; rows without padding. Return how many there are, at most `room`. */
int vr_hog(vr_reference *reference, const uint8_t *pixels, int width, int height, int channels, int upsampling,
           double adjust_threshold, vr_face *faces, int room);
int vr_cnn(vr_reference *reference, const uint8_t *pixels, int width, int height, int channels, int upsampling,
           vr_face *faces, int room);
/* 5 landmarks as x, y, and 128 numbers, by the image of RGB. */
int vr_encode(vr_reference *reference, const uint8_t *rgb, int width, int height, const vr_face *face,
              double *points, float *numbers);

#ifdef __cplusplus
}
#endif
#endif
