#include "CInference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Which samples of a row (or column) make up each of the numbers wanted, and by how much. */
typedef struct {
    int count, taps; /* taps: room for each */
    int *first, *used;
    float *weights;
} filter;

static void filter_free(filter *made)
{
    free(made->first);
    free(made->used);
    free(made->weights);
}

/* As Pillow's BILINEAR has it: a triangle around the middle of each, twice as wide as what it stands for.
 * length: samples that there are. from, extent: the part seen, in samples; scaled: how many numbers that becomes, of
 * which `count` from `kept` on are wanted. */
static int filter_make(filter *made, int length, double from, double extent, int scaled, int kept, int count)
{
    const double step = extent / scaled;
    const double reach = step > 1 ? step : 1;
    made->count = count;
    made->taps = (int)ceil(reach) * 2 + 1;
    made->first = malloc(sizeof(int) * (size_t)count);
    made->used = malloc(sizeof(int) * (size_t)count);
    made->weights = malloc(sizeof(float) * (size_t)count * (size_t)made->taps);
    if (!made->first || !made->used || !made->weights) return VN_MEMORY;
    for (int i = 0; i < count; i++) {
        const double middle = from + (kept + i + 0.5) * step;
        int begin = (int)floor(middle - reach + 0.5), end = (int)floor(middle + reach + 0.5);
        if (begin < 0) begin = 0;
        if (end > length) end = length;
        if (begin >= length) begin = length - 1;
        if (end <= begin) end = begin + 1;
        if (end - begin > made->taps) end = begin + made->taps;
        float *weights = made->weights + (size_t)i * (size_t)made->taps;
        double sum = 0;
        for (int k = begin; k < end; k++) {
            const double distance = fabs(k + 0.5 - middle) / reach;
            const double weight = distance < 1 ? 1 - distance : 0;
            weights[k - begin] = (float)weight;
            sum += weight;
        }
        if (sum > 0)
            for (int k = 0; k < end - begin; k++) weights[k] = (float)(weights[k] / sum);
        else
            weights[0] = 1;
        made->first[i] = begin;
        made->used[i] = end - begin;
    }
    return VN_OK;
}

/* As eight bits would hold it: what networks were trained on was scaled to pixels, in two steps. */
static float pixel(float value)
{
    const float whole = floorf(value + 0.5f);
    return whole < 0 ? 0 : whole > 255 ? 255 : whole;
}

/* One plane, scaled: rows first, and of those only the ones that a column needs. */
static int scale_plane(const vn_plane *plane, const filter *across, const filter *down, float *out)
{
    const int width = across->count, height = down->count;
    const int first = down->first[0], last = down->first[height - 1] + down->used[height - 1];
    int lowest = first, highest = last;
    for (int y = 0; y < height; y++) {
        if (down->first[y] < lowest) lowest = down->first[y];
        if (down->first[y] + down->used[y] > highest) highest = down->first[y] + down->used[y];
    }
    float *rows = malloc(sizeof(float) * (size_t)width * (size_t)(highest - lowest));
    if (!rows) return VN_MEMORY;
    for (int y = lowest; y < highest; y++) {
        const uint8_t *samples = plane->samples + y * plane->stride;
        float *row = rows + (size_t)(y - lowest) * (size_t)width;
        for (int x = 0; x < width; x++) {
            const float *weights = across->weights + (size_t)x * (size_t)across->taps;
            const uint8_t *sample = samples + (ptrdiff_t)across->first[x] * plane->step;
            float sum = 0;
            for (int k = 0; k < across->used[x]; k++, sample += plane->step) sum += weights[k] * (float)*sample;
            row[x] = pixel(sum);
        }
    }
    for (int y = 0; y < height; y++) {
        const float *weights = down->weights + (size_t)y * (size_t)down->taps;
        float *line = out + (size_t)y * (size_t)width;
        for (int x = 0; x < width; x++) line[x] = 0;
        for (int k = 0; k < down->used[y]; k++) {
            const float *row = rows + (size_t)(down->first[y] + k - lowest) * (size_t)width;
            for (int x = 0; x < width; x++) line[x] += weights[k] * row[x];
        }
        for (int x = 0; x < width; x++) line[x] = pixel(line[x]);
    }
    free(rows);
    return VN_OK;
}

static int scale_part(const vn_picture *picture, int index, const vn_crop *crop, const vn_input *input, float *out)
{
    const vn_plane *whole = &picture->planes[0], *plane = &picture->planes[index];
    const double x = (double)plane->width / whole->width, y = (double)plane->height / whole->height;
    filter across = {0}, down = {0};
    int status = filter_make(&across, plane->width, crop->left * x, crop->width * x, crop->scaled_width, crop->kept_left,
                             input->width);
    if (status == VN_OK)
        status = filter_make(&down, plane->height, crop->top * y, crop->height * y, crop->scaled_height, crop->kept_top,
                             input->height);
    if (status == VN_OK) status = scale_plane(plane, &across, &down, out);
    filter_free(&across);
    filter_free(&down);
    return status;
}

static float within(float value) { return value < 0 ? 0 : value > 255 ? 255 : value; }

/* JPEG's colours: BT.601, full range. */
static void to_rgb(float *values, size_t area)
{
    for (size_t i = 0; i < area; i++) {
        const float y = values[i], cb = values[area + i] - 128, cr = values[2 * area + i] - 128;
        values[i] = within(y + 1.402f * cr);
        values[area + i] = within(y - 0.344136f * cb - 0.714136f * cr);
        values[2 * area + i] = within(y + 1.772f * cb);
    }
}

int vn_prepare(const vn_picture *picture, const vn_crop *crop, const vn_input *input, int is_bgr, const float mean[3],
               const float scale[3], float *numbers, vn_error *error)
{
    error->message[0] = 0;
    const size_t area = (size_t)input->width * (size_t)input->height;
    const int has_three = input->channels == 3;
    float *values = has_three ? numbers : malloc(sizeof(float) * area * 3);
    int status = values ? VN_OK : VN_MEMORY;
    const int parts = !has_three && picture->is_ycc ? 1 : 3;
    for (int part = 0; part < parts && status == VN_OK; part++)
        status = scale_part(picture, part, crop, input, values + (size_t)part * area);
    if (status == VN_OK && has_three) {
        if (picture->is_ycc) to_rgb(values, area);
        for (size_t i = 0; is_bgr && i < area; i++) {
            const float red = values[i];
            values[i] = values[2 * area + i];
            values[2 * area + i] = red;
        }
    } else if (status == VN_OK) {
        for (size_t i = 0; i < area; i++)
            numbers[i] = picture->is_ycc
                             ? values[i]
                             : 0.299f * values[i] + 0.587f * values[area + i] + 0.114f * values[2 * area + i];
    }
    for (int channel = 0; channel < input->channels && status == VN_OK; channel++)
        for (size_t i = 0; i < area; i++) {
            float *number = numbers + (size_t)channel * area + i;
            *number = (*number - mean[channel]) / scale[channel];
        }
    if (!has_three) free(values);
    if (status == VN_MEMORY) snprintf(error->message, sizeof error->message, "out of memory");
    return status;
}
