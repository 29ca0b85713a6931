/* dlib 19.24 behind C: finding faces, landmarks, the 128 numbers of a face, and following what was found.
 *
 * Each object but vd_stop belongs to one thread at a time, and none shares anything with another. No C++ exception
 * leaves: every function that can fail returns a status and writes a sentence into `error`. */
#ifndef VEDETTE_CDLIB_H
#define VEDETTE_CDLIB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    VD_OK = 0,
    VD_FAILED = 1,  /* dlib refused; the message is dlib's */
    VD_DAMAGED = 2, /* a file is not there, or not the model that it should be */
    VD_MEMORY = 3,
    VD_STOPPED = 4 /* vd_stop_set was called */
};

typedef struct {
    char message[400];
} vd_error;

/* Somebody else's pixels, read within the call only. */
typedef struct {
    const uint8_t *pixels;
    int width, height;
    ptrdiff_t stride; /* bytes from a row to the next */
    int channels;     /* 1: luma; 3: red, green, blue */
} vd_image;

/* right and bottom are the first column and row outside. */
typedef struct {
    double left, top, right, bottom;
} vd_box;

typedef struct {
    vd_box box;
    double score; /* the detector's: above its own threshold where positive */
    int view;     /* HOG: which of its five filters; CNN: 0 */
} vd_detection;

typedef struct {
    double x, y;
} vd_point;

/* What the code is compiled for: "x86-64-v3", or "baseline". */
const char *vd_variant(void);
/* The BLAS that is loaded, "OpenBLAS ..." or "reference"; the string stays. */
const char *vd_blas(void);
/* 1 where it is OpenBLAS, which is then made to use one thread when the first network is loaded. */
int vd_blas_is_fast(void);

/* What ends long work early, from any thread, for good. It outlives whatever obeys it. The CNN detector obeys none: dlib's
 * networks are run in one go. */
typedef struct vd_stop vd_stop;
vd_stop *vd_stop_new(void);
void vd_stop_free(vd_stop *stop);
void vd_stop_set(vd_stop *stop);
int vd_stop_is_set(const vd_stop *stop);

/* The HOG detector of frontal faces, which is part of dlib. `baseline`: without newer instructions. */
typedef struct vd_hog vd_hog;
vd_hog *vd_hog_new(int baseline, vd_error *error);
void vd_hog_free(vd_hog *hog);
void vd_hog_obey(vd_hog *hog, const vd_stop *stop);
/* Finds faces in luma. upsampling: how often the picture is doubled first. adjust_threshold: added to
 * the detector's own, so that less than 0 finds more. size_min: boxes of the searched levels are at
 * least so wide, in pixels of `luma`; 0 for all. The boxes stay in the object until the next call. */
int vd_hog_detect(vd_hog *hog, const vd_image *luma, int upsampling, double adjust_threshold, int size_min,
                  const vd_detection **found, size_t *count, vd_error *error);

/* dlib's max-margin CNN detector (mmod_human_face_detector.dat). */
typedef struct vd_cnn vd_cnn;
int vd_cnn_new(const char *path, vd_cnn **cnn, vd_error *error);
void vd_cnn_free(vd_cnn *cnn);
int vd_cnn_detect(vd_cnn *cnn, const vd_image *image, int upsampling, double adjust_threshold,
                  const vd_detection **found, size_t *count, vd_error *error);

/* Landmarks: 5 or 68 points. */
typedef struct vd_shape vd_shape;
int vd_shape_new(const char *path, vd_shape **shape, vd_error *error);
void vd_shape_free(vd_shape *shape);
int vd_shape_point_count(const vd_shape *shape);
/* points: room for vd_shape_point_count of them. */
int vd_shape_find(const vd_shape *shape, const vd_image *image, const vd_box *box, vd_point *points,
                  vd_error *error);

/* Cuts a square of size x size RGB out, turned and scaled so that eyes and nose lie where dlib's ResNet wants
 * them. points: 5 or 68 of them. padding: of the face's size, on each side; 0.25 is what the ResNet was
 * trained with. rgb: size * size * 3 bytes. */
int vd_chip(const vd_image *image, const vd_point *points, int point_count, int size, double padding, uint8_t *rgb,
            vd_error *error);
/* Where points of the picture lie in such a chip. */
int vd_chip_points(const vd_point *points, int point_count, int size, double padding, vd_point *in_chip,
                   vd_error *error);

/* dlib's face recognition ResNet. */
typedef struct vd_encoder vd_encoder;
int vd_encoder_new(const char *path, vd_encoder **encoder, vd_error *error);
void vd_encoder_free(vd_encoder *encoder);
void vd_encoder_obey(vd_encoder *encoder, const vd_stop *stop);
/* chip: 150 x 150 RGB. jitters: 0 or 1 for the chip as it is; more for the mean over so many slightly moved,
 * turned and mirrored copies, the same ones each time. numbers: room for 128. */
int vd_encoder_encode(vd_encoder *encoder, const uint8_t *chip, int jitters, float *numbers, vd_error *error);

/* dlib's correlation tracker, on luma. */
typedef struct vd_tracker vd_tracker;
vd_tracker *vd_tracker_new(int baseline, vd_error *error);
void vd_tracker_free(vd_tracker *tracker);
int vd_tracker_start(vd_tracker *tracker, const vd_image *luma, const vd_box *box, vd_error *error);
/* confidence: peak to side lobe ratio; above some 7 it is sure of itself. */
int vd_tracker_update(vd_tracker *tracker, const vd_image *luma, vd_box *box, double *confidence,
                      vd_error *error);

#ifdef __cplusplus
}
#endif
#endif
