#include "CScenes.h"

#include <math.h>

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

size_t scene_noise(const uint8_t *pixels, int width, int height, int16_t *noise, size_t capacity)
{
    enum { SMOOTH = 12 };
    size_t count = 0;
    double squares = 0;
    for (int y = 1; y + 1 < height; y++)
        for (int x = 1; x + 1 < width && count < capacity; x++) {
            const uint8_t *p = pixels + (size_t)y * (size_t)width + x;
            int sum = 0, least = 255, most = 0;
            for (int i = -1; i <= 1; i++)
                for (int j = -1; j <= 1; j++) {
                    int value = p[i * width + j];
                    sum += value;
                    least = value < least ? value : least;
                    most = value > most ? value : most;
                }
            if (most - least > SMOOTH || most > 245 || least < 10)
                continue;
            int rest = *p * 9 - sum;
            squares += rest * rest;
            noise[count++] = (int16_t)rest;
        }
    double deviation = count ? sqrt(squares / (double)count) : 0;
    for (size_t i = 0; i < count; i++)
        noise[i] = (int16_t)(deviation > 0 ? lround(noise[i] * 16 / deviation) : 0);
    return count;
}

static int within(int value, int last)
{
    return value < 0 ? 0 : value > last ? last : value;
}

void scene_scale(uint8_t *picture, int width, int height, const uint8_t *photograph, int photo_width, int photo_height)
{
    float across = (float)photo_width / (float)width, down = (float)photo_height / (float)height;
    float step = across < down ? across : down;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float px = ((float)x + 0.5F) * step - 0.5F, py = ((float)y + 0.5F) * step - 0.5F;
            int left = (int)floorf(px), top = (int)floorf(py);
            float fx = px - (float)left, fy = py - (float)top;
            const uint8_t *upper = photograph + (size_t)within(top, photo_height - 1) * (size_t)photo_width;
            const uint8_t *lower = photograph + (size_t)within(top + 1, photo_height - 1) * (size_t)photo_width;
            int a = within(left, photo_width - 1), b = within(left + 1, photo_width - 1);
            picture[(size_t)y * (size_t)width + (size_t)x] = (uint8_t)lroundf(
                (upper[a] * (1 - fx) + upper[b] * fx) * (1 - fy) + (lower[a] * (1 - fx) + lower[b] * fx) * fy);
        }
}

void scene_render(uint8_t *picture, const uint8_t *base, int width, int height, scene_view view, float deviation,
                  const int16_t *noise, size_t noise_count, uint64_t seed)
{
    int whole_x = (int)floorf(view.dx), whole_y = (int)floorf(view.dy);
    float fx = view.dx - (float)whole_x, fy = view.dy - (float)whole_y;
    for (int y = 0; y < height; y++) {
        const uint8_t *upper = base + (size_t)within(y + whole_y, height - 1) * (size_t)width;
        const uint8_t *lower = base + (size_t)within(y + whole_y + 1, height - 1) * (size_t)width;
        size_t at = noise_count ? next(&seed) % noise_count : 0;
        for (int x = 0; x < width; x++) {
            int left = within(x + whole_x, width - 1), right = within(x + whole_x + 1, width - 1);
            float value = (upper[left] * (1 - fx) + upper[right] * fx) * (1 - fy) +
                          (lower[left] * (1 - fx) + lower[right] * fx) * fy;
            float gain = view.gain;
            if (view.lamp != 0) {
                float rx = ((float)x - view.lamp_x) / view.lamp_radius, ry = ((float)y - view.lamp_y) / view.lamp_radius;
                gain += view.lamp / (1 + rx * rx + ry * ry);
            }
            value = value * gain + view.offset;
            if (noise_count) {
                value += (float)noise[at] / 16 * deviation;
                at = at + 1 == noise_count ? 0 : at + 1;
            }
            picture[(size_t)y * (size_t)width + (size_t)x] =
                (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : lroundf(value));
        }
    }
}

void scene_shrink(uint8_t *small, const uint8_t *picture, int width, int height)
{
    int columns = (width + 7) / 8, rows = (height + 7) / 8;
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++) {
            unsigned sum = 0;
            for (int j = 0; j < 8; j++)
                for (int i = 0; i < 8; i++)
                    sum += picture[(size_t)within(y * 8 + j, height - 1) * (size_t)width +
                                   (size_t)within(x * 8 + i, width - 1)];
            small[y * columns + x] = (uint8_t)((sum + 32) / 64);
        }
}
