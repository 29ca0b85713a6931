#include "CPNGReader.h"

#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of colours in chunks that are not looked at, and of those that are. */
enum { CHUNK_BYTES_MAX = 1 << 20, CHUNKS_MAX = 64 };

enum { LINEAR_STEPS = 4096, SRGB_GAMMA = 45455 };

/* More would not fit into the sums. */
enum { HALVINGS_MAX = 4 };

struct vg_reader {
    png_structp png;
    png_infop info;
    jmp_buf back;
    const uint8_t *bytes;
    size_t left;
    uint32_t width, height;
    int is_interlaced;
    int channels;
    char message[128];
    png_bytep row;
    /* Sums of the pixels that become one: of a row of them, or of all where rows do not come in their order. */
    uint16_t *sums;
    /* Light of each value, and back. */
    float *light;
    uint8_t *value;
};

static void fail(png_structp png, png_const_charp message)
{
    vg_reader *reader = png_get_error_ptr(png);
    snprintf(reader->message, sizeof reader->message, "%s", message && *message ? message : "it cannot be read");
    longjmp(reader->back, 1);
}

static void warn(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep target, size_t count)
{
    vg_reader *reader = png_get_io_ptr(png);
    if (count > reader->left)
        png_error(png, "it is cut off");
    memcpy(target, reader->bytes, count);
    reader->bytes += count;
    reader->left -= count;
}

/* What was read may be used no more. */
static void end(vg_reader *reader)
{
    png_destroy_read_struct(&reader->png, &reader->info, NULL);
    free(reader->row);
    free(reader->sums);
    free(reader->light);
    free(reader->value);
    reader->row = NULL;
    reader->sums = NULL;
    reader->light = NULL;
    reader->value = NULL;
}

static void begin(vg_reader *reader, uint32_t side_max)
{
    /* Profiles and texts are compressed too; nothing here needs them. */
    static const png_byte used[] = "gAMA\0sRGB";
    if (setjmp(reader->back)) {
        end(reader);
        return;
    }
    png_set_read_fn(reader->png, reader, read_bytes);
    png_set_user_limits(reader->png, side_max, side_max);
    png_set_chunk_malloc_max(reader->png, CHUNK_BYTES_MAX);
    png_set_chunk_cache_max(reader->png, CHUNKS_MAX);
    png_set_benign_errors(reader->png, 1);
    png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_AS_DEFAULT, used, 2);
    png_read_info(reader->png, reader->info);
    reader->width = png_get_image_width(reader->png, reader->info);
    reader->height = png_get_image_height(reader->png, reader->info);
    reader->is_interlaced = png_get_interlace_type(reader->png, reader->info) != PNG_INTERLACE_NONE;
}

/* Where there is no memory, libpng jumps. */
static int make(vg_reader *reader)
{
    if (setjmp(reader->back))
        return 0;
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, fail, warn);
    if (reader->png)
        reader->info = png_create_info_struct(reader->png);
    return reader->info != NULL;
}

vg_reader *vg_open(const uint8_t *png, size_t count, uint32_t side_max)
{
    vg_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    reader->bytes = png;
    reader->left = count;
    if (!make(reader)) {
        vg_free(reader);
        return NULL;
    }
    begin(reader, side_max);
    return reader;
}

void vg_free(vg_reader *reader)
{
    if (!reader)
        return;
    end(reader);
    free(reader);
}

const char *vg_message(const vg_reader *reader)
{
    return reader->message;
}

uint32_t vg_width(const vg_reader *reader)
{
    return reader->width;
}

uint32_t vg_height(const vg_reader *reader)
{
    return reader->height;
}

int vg_is_interlaced(const vg_reader *reader)
{
    return reader->is_interlaced;
}

static void *take(vg_reader *reader, size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory)
        png_error(reader->png, "there is no memory for it");
    return memory;
}

/* Whatever it is becomes 8-bit RGB or RGBA of sRGB. What does not say how it is meant is that. */
static void transform(vg_reader *reader)
{
    png_structp png = reader->png;
    png_fixed_point gamma = 0;
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    if (!png_get_gAMA_fixed(png, reader->info, &gamma) || gamma <= 0)
        gamma = SRGB_GAMMA;
    png_set_gamma_fixed(png, PNG_DEFAULT_sRGB, gamma);
    png_read_update_info(png, reader->info);
    reader->channels = png_get_channels(png, reader->info);
    if (png_get_bit_depth(png, reader->info) != 8 || reader->channels < 3 || reader->channels > 4)
        png_error(png, "it is of a kind that is not known");
}

static void make_light(vg_reader *reader)
{
    reader->light = take(reader, 256, sizeof *reader->light);
    reader->value = take(reader, LINEAR_STEPS + 1, 1);
    for (int i = 0; i < 256; i++) {
        double v = i / 255.0;
        reader->light[i] = (float)(v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    for (int i = 0; i <= LINEAR_STEPS; i++) {
        double l = (double)i / LINEAR_STEPS;
        double v = l <= 0.0031308 ? l * 12.92 : 1.055 * pow(l, 1 / 2.4) - 0.055;
        reader->value[i] = (uint8_t)(v * 255 + 0.5);
    }
}

/* Lays a pixel on white, as light adds up. */
static void lay(const vg_reader *reader, png_bytep pixel)
{
    int alpha = pixel[3];
    if (alpha == 255)
        return;
    for (int c = 0; c < 3; c++) {
        float light = (reader->light[pixel[c]] * (float)alpha + (float)(255 - alpha)) / 255;
        pixel[c] = alpha == 0 ? 255 : reader->value[(int)(light * LINEAR_STEPS + 0.5f)];
    }
}

static void write_row(const vg_reader *reader, const uint16_t *sums, int halvings, uint32_t y, uint8_t *rgb)
{
    uint32_t side = 1u << halvings, first = y << halvings;
    uint32_t rows = reader->height - first < side ? reader->height - first : side;
    uint32_t width = (uint32_t)(((uint64_t)reader->width + side - 1) >> halvings);
    uint8_t *out = rgb + (size_t)y * width * 3;
    for (uint32_t x = 0; x < width; x++) {
        uint32_t columns = reader->width - (x << halvings);
        uint32_t count = (columns < side ? columns : side) * rows;
        for (int c = 0; c < 3; c++)
            out[3 * (size_t)x + c] = (uint8_t)((sums[3 * (size_t)x + c] + count / 2) / count);
    }
}

/* A row of pixels, `step` apart from column `start` on. */
static void add_row(vg_reader *reader, uint32_t y, uint32_t start, uint32_t step, uint32_t count, int halvings,
                    uint8_t *rgb)
{
    size_t width = ((size_t)reader->width + (1u << halvings) - 1) >> halvings;
    size_t line = (size_t)(y >> halvings) * width * 3;
    uint16_t *sums = reader->sums ? reader->sums + (reader->is_interlaced ? line : 0) : NULL;
    png_bytep pixel = reader->row;
    for (uint32_t i = 0; i < count; i++, pixel += reader->channels) {
        if (reader->channels == 4)
            lay(reader, pixel);
        size_t x = (size_t)((start + i * step) >> halvings) * 3;
        for (int c = 0; c < 3; c++) {
            if (sums)
                sums[x + c] = (uint16_t)(sums[x + c] + pixel[c]);
            else
                rgb[line + x + c] = pixel[c];
        }
    }
}

static void read_straight(vg_reader *reader, int halvings, uint8_t *rgb)
{
    uint32_t side = 1u << halvings;
    size_t width = ((size_t)reader->width + side - 1) >> halvings;
    for (uint32_t y = 0; y < reader->height; y++) {
        png_read_row(reader->png, reader->row, NULL);
        add_row(reader, y, 0, 1, reader->width, halvings, rgb);
        if (reader->sums && ((y + 1) % side == 0 || y + 1 == reader->height)) {
            write_row(reader, reader->sums, halvings, y >> halvings, rgb);
            memset(reader->sums, 0, width * 3 * sizeof *reader->sums);
        }
    }
}

static void read_interlaced(vg_reader *reader, int halvings, uint8_t *rgb)
{
    size_t width = ((size_t)reader->width + (1u << halvings) - 1) >> halvings;
    uint32_t rows_out = (uint32_t)(((uint64_t)reader->height + (1u << halvings) - 1) >> halvings);
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass++) {
        uint32_t columns = PNG_PASS_COLS(reader->width, pass), rows = PNG_PASS_ROWS(reader->height, pass);
        for (uint32_t row = 0; columns > 0 && row < rows; row++) {
            png_read_row(reader->png, reader->row, NULL);
            add_row(reader, PNG_ROW_FROM_PASS_ROW(row, pass), PNG_PASS_START_COL(pass),
                    1u << PNG_PASS_COL_SHIFT(pass), columns, halvings, rgb);
        }
    }
    if (!reader->sums)
        return;
    for (uint32_t y = 0; y < rows_out; y++)
        write_row(reader, reader->sums + y * width * 3, halvings, y, rgb);
}

int vg_decode(vg_reader *reader, int halvings, uint8_t *rgb)
{
    if (!reader->png)
        return 0;
    if (setjmp(reader->back)) {
        end(reader);
        return 0;
    }
    if (halvings < 0 || halvings > HALVINGS_MAX || reader->row)
        png_error(reader->png, "it is read already");
    transform(reader);
    reader->row = take(reader, (size_t)reader->width + 8, 4);
    if (reader->channels == 4)
        make_light(reader);
    if (halvings > 0) {
        size_t width = ((size_t)reader->width + (1u << halvings) - 1) >> halvings;
        size_t height = ((size_t)reader->height + (1u << halvings) - 1) >> halvings;
        reader->sums = take(reader, width * 3 * (reader->is_interlaced ? height : 1), sizeof *reader->sums);
    }
    if (reader->is_interlaced)
        read_interlaced(reader, halvings, rgb);
    else
        read_straight(reader, halvings, rgb);
    png_read_end(reader->png, NULL);
    return 1;
}
