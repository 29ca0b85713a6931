#include "vectors.h"

/* Far from every colour, and its square still finite. */
#define NOWHERE 1e9f

void vc_pad(vc_centres *centres)
{
    for (uint32_t i = 0; i < centres->count; i++) {
        centres->x[i] = (float)centres->exact[3 * i];
        centres->y[i] = (float)centres->exact[3 * i + 1];
        centres->z[i] = (float)centres->exact[3 * i + 2];
    }
    for (uint32_t i = centres->count; i < centres->count + VC_LANES; i++)
        centres->x[i] = centres->y[i] = centres->z[i] = NOWHERE;
}

INLINE void vc_nearest_body(const vc_points *points, const vc_centres *centres, uint32_t *labels,
                            float *distances)
{
    uint32_t k = centres->count;
    for (uint32_t i = 0; i < points->count; i += 16) {
        /* Two registers at a time hide the latency of the comparison. */
        f8 x = LOAD(points->x + i), y = LOAD(points->y + i), z = LOAD(points->z + i);
        f8 x2 = LOAD(points->x + i + 8), y2 = LOAD(points->y + i + 8), z2 = LOAD(points->z + i + 8);
        f8 best = ALL(3e38f), best2 = best;
        i8 label = ALL_INT(0), label2 = label;
        for (uint32_t j = 0; j < k; j++) {
            f8 cx = ALL(centres->x[j]), cy = ALL(centres->y[j]), cz = ALL(centres->z[j]);
            i8 own = ALL_INT((int32_t)j);
            f8 d = (x - cx) * (x - cx) + (y - cy) * (y - cy) + (z - cz) * (z - cz);
            i8 nearer = d < best;
            best = PICK(nearer, d, best);
            label = PICK(nearer, own, label);
            f8 d2 = (x2 - cx) * (x2 - cx) + (y2 - cy) * (y2 - cy) + (z2 - cz) * (z2 - cz);
            i8 nearer2 = d2 < best2;
            best2 = PICK(nearer2, d2, best2);
            label2 = PICK(nearer2, own, label2);
        }
        STORE(labels + i, label);
        STORE(labels + i + 8, label2);
        STORE(distances + i, best);
        STORE(distances + i + 8, best2);
    }
}

KERNEL(void, vc_nearest,
       (const vc_points *points, const vc_centres *centres, uint32_t *labels, float *distances),
       (points, centres, labels, distances))

/* Neighbouring points mostly have the same label: sums for each of four points in a row spare them the wait for
 * the last one's addition. */
enum { COPIES = 4, COPIED = 256 };

INLINE double vc_gather_body(const vc_points *points, const uint32_t *labels, const float *distances,
                             vc_sum *sums, vc_far *far, uint32_t k, float floor)
{
    d4 copies[COPIES][COPIED];
    int is_copied = k <= COPIED;
    memset(sums, 0, k * sizeof *sums);
    for (int copy = 0; is_copied && copy < COPIES; copy++)
        memset(copies[copy], 0, k * sizeof copies[copy][0]);
    for (uint32_t j = 0; j < k; j++)
        far[j] = (vc_far){ floor, UINT32_MAX };
    double total = 0;
    for (uint32_t i = 0; i < points->count; i++) {
        uint32_t label = labels[i];
        double w = points->w[i];
        f4 point = { 1, points->x[i], points->y[i], points->z[i] };
        d4 more = w * __builtin_convertvector(point, d4);
        if (is_copied) {
            copies[i % COPIES][label] += more;
        } else {
            d4 sum;
            memcpy(&sum, sums + label, sizeof sum);
            sum += more;
            memcpy(sums + label, &sum, sizeof sum);
        }
        total += w * distances[i];
        if (distances[i] > far[label].distance)
            far[label] = (vc_far){ distances[i], i };
    }
    for (uint32_t j = 0; is_copied && j < k; j++) {
        d4 sum = (copies[0][j] + copies[1][j]) + (copies[2][j] + copies[3][j]);
        memcpy(sums + j, &sum, sizeof sum);
    }
    return total;
}

KERNEL(double, vc_gather,
       (const vc_points *points, const uint32_t *labels, const float *distances, vc_sum *sums, vc_far *far,
        uint32_t k, float floor),
       (points, labels, distances, sums, far, k, floor))

void vc_moments(const vc_points *points, const uint32_t *labels, const vc_centres *centres, double *moments)
{
    memset(moments, 0, 6 * centres->count * sizeof *moments);
    for (uint32_t i = 0; i < points->count; i++) {
        uint32_t label = labels[i];
        const double *centre = centres->exact + 3 * label;
        double x = points->x[i] - centre[0], y = points->y[i] - centre[1], z = points->z[i] - centre[2];
        double w = points->w[i], *m = moments + 6 * label;
        m[0] += w * x * x;
        m[1] += w * y * y;
        m[2] += w * z * z;
        m[3] += w * x * y;
        m[4] += w * x * z;
        m[5] += w * y * z;
    }
}

void vc_cut(const vc_points *points, const uint32_t *labels, const vc_centres *centres, const double *axes,
            vc_sum *halves)
{
    memset(halves, 0, 2 * centres->count * sizeof *halves);
    for (uint32_t i = 0; i < points->count; i++) {
        uint32_t label = labels[i];
        const double *centre = centres->exact + 3 * label, *axis = axes + 3 * label;
        double w = points->w[i], x = points->x[i], y = points->y[i], z = points->z[i];
        double along = (x - centre[0]) * axis[0] + (y - centre[1]) * axis[1] + (z - centre[2]) * axis[2];
        vc_sum *half = halves + 2 * label + (along > 0);
        half->w += w;
        half->x += w * x;
        half->y += w * y;
        half->z += w * z;
    }
}

INLINE void vc_second_body(const vc_points *points, const vc_centres *centres, uint32_t *labels,
                           float *distances, float *seconds)
{
    uint32_t k = centres->count;
    for (uint32_t i = 0; i < points->count; i += 8) {
        f8 x = LOAD(points->x + i), y = LOAD(points->y + i), z = LOAD(points->z + i);
        f8 best = ALL(3e38f), second = best;
        i8 label = ALL_INT(0);
        for (uint32_t j = 0; j < k; j++) {
            f8 cx = ALL(centres->x[j]), cy = ALL(centres->y[j]), cz = ALL(centres->z[j]);
            i8 own = ALL_INT((int32_t)j);
            f8 d = (x - cx) * (x - cx) + (y - cy) * (y - cy) + (z - cz) * (z - cz);
            i8 nearer = d < best, between = d < second;
            second = PICK(nearer, best, PICK(between, d, second));
            best = PICK(nearer, d, best);
            label = PICK(nearer, own, label);
        }
        STORE(labels + i, label);
        STORE(distances + i, best);
        STORE(seconds + i, second);
    }
}

KERNEL(void, vc_second,
       (const vc_points *points, const vc_centres *centres, uint32_t *labels, float *distances, float *seconds),
       (points, centres, labels, distances, seconds))

double vc_retire(const vc_points *points, const uint32_t *labels, const float *distances, const float *seconds,
                 uint32_t k, double *costs, float *farthest)
{
    for (uint32_t j = 0; j < k; j++) {
        costs[j] = 0;
        farthest[j] = 0;
    }
    double silhouette = 0;
    for (uint32_t i = 0; i < points->count; i++) {
        uint32_t label = labels[i];
        float a = distances[i], b = seconds[i];
        costs[label] += (double)points->w[i] * (b - a);
        if (b > farthest[label])
            farthest[label] = b;
        if (b > 0)
            silhouette += (double)points->w[i] * (1 - __builtin_sqrtf(a / b));
    }
    return silhouette;
}
