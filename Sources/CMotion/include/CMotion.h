/* The planes of a motion detector and the loops over them: plain integer code that the compiler makes vector code of,
 * once for the baseline processor and once for AVX2. Grey levels with a fraction are in 1/256 ("Q8"). */
#ifndef VEDETTE_CMOTION_H
#define VEDETTE_CMOTION_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    int width, height;
    uint8_t *seen;         /* the picture that is looked at */
    uint16_t *background;  /* Q8 */
    uint16_t *noise;       /* mean absolute deviation from the background, Q8 */
    uint16_t *predicted;   /* the background under the light and the shift of the picture, Q8 */
    uint16_t *tolerance;   /* what a shift may leave at edges, Q8 */
    uint8_t *marks;        /* 0, 1: differs, 2: differs surely */
    uint8_t *moving;       /* 1 where something moves */
    uint8_t *candidate;    /* what stands still before the background */
    uint8_t *age;          /* for how many updates it has */
    uint16_t *relit;       /* where the prediction is recomputed */
    uint8_t *memory;       /* of all of them */
} vm_planes;

/* All of zeros; NULL where there is no memory. width and height: 1 to 4096. */
vm_planes *vm_planes_new(int width, int height);
void vm_planes_free(vm_planes *planes);

/* Puts `width` x `height` samples into `seen`. */
void vm_take(vm_planes *planes, const uint8_t *pixels, size_t stride);
/* Makes `seen` the background, and `noise` (Q8) the noise of all of it. */
void vm_begin(vm_planes *planes, int noise);

/* The thresholds: at least `least`, and `factor` times the noise plus `least` / 4. All Q8 but `factor`. */
typedef struct {
    int low_least, low_factor;
    int high_least, high_factor;
} vm_thresholds;

/* What `vm_compare` compares with. */
enum { VM_BACKGROUND = 0, VM_PREDICTED = 1, VM_TOLERANT = 2 };

/* Marks what differs from the background, or from what was predicted of it; returns how many are marked surely, and in
 * `low` how many are marked at all. */
int vm_compare(vm_planes *planes, int with, vm_thresholds thresholds, int *low);
/* Whether anything is marked in the row. */
int vm_row_is_marked(const vm_planes *planes, int y);

/* The normal equations of seen - predicted = p0 (predicted - 128) + p1 + p2 gx + p3 gy, where gx and gy are twice the
 * gradient, over those pixels of every second row that are off by at most `clip` levels and not saturated. */
typedef struct {
    int64_t products[4][4]; /* symmetric; levels */
    int64_t targets[4];
    int64_t count;
    int64_t error; /* the sum of all absolute differences, each at most `clip`, of all pixels */
} vm_fit;
void vm_fit_model(const vm_planes *planes, int clip, vm_fit *fit);

/* predicted = background * gain / 4096 + offset (Q8), from `dx`, `dy` (1/256 of a pixel) to the right and below. */
void vm_predict(vm_planes *planes, int gain, int offset, int dx, int dy);
/* Scales the prediction so that about each pixel its mean within `radius` is that of the picture: what is left is texture. */
void vm_relight(vm_planes *planes, int radius);
/* The tolerance: `share` / 256 of the range of predicted values around a pixel, and a quarter of what the light changed it
 * by; all of it at a border, which a shifted camera has never seen. */
void vm_tolerate(vm_planes *planes, int share, int border_x, int border_y);

/* The sum of absolute differences, in levels, between seen and the prediction moved by whole pixels, inside of a border of
 * `margin`, each at most `clip`. */
int64_t vm_distance(const vm_planes *planes, int dx, int dy, int margin, int clip);

/* Over a part of a row: pixels at an edge (of ten levels over two pixels) in what is seen or in what is predicted, and those
 * of them where both have the same edge, more or less steep. */
typedef struct {
    int strong, agreeing;
} vm_agreement;
void vm_agree(const vm_planes *planes, int y, int first, int last, vm_agreement *sum);

/* Moves the background by `step` / 65536 of the way towards seen where nothing moves, and the noise by `noise_step`; where
 * something moves the noise by `moving_noise_step`, and the background becomes what has stood still there for `age_max`
 * updates. */
void vm_update(vm_planes *planes, int with, int step, int noise_step, int moving_noise_step, int age_max,
               vm_thresholds thresholds);
/* Makes a part of a row of seen the background at once. */
void vm_adopt(vm_planes *planes, int y, int first, int last);
/* The same of all of it where nothing moves. */
void vm_adopt_all(vm_planes *planes);

#endif
