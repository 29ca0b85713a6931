#include <stdlib.h>

#include "CTurboJPEG.h"
#include "common.h"

struct vj_decoder {
    struct jpeg_decompress_struct jpeg;
    vj_errors errors;
    struct jpeg_progress_mgr progress;
    int scans_max;
    int has_too_many_scans;
};

static void count_scans(j_common_ptr common)
{
    j_decompress_ptr d = (j_decompress_ptr)common;
    vj_decoder *decoder = d->client_data;
    if (d->input_scan_number <= decoder->scans_max)
        return;
    decoder->has_too_many_scans = 1;
    snprintf(decoder->errors.message, sizeof decoder->errors.message, "more than %d scans", decoder->scans_max);
    longjmp(decoder->errors.back, 1);
}

vj_decoder *vj_decoder_new(void)
{
    vj_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return NULL;
    decoder->jpeg.err = vj_errors_init(&decoder->errors);
    if (setjmp(decoder->errors.back)) {
        free(decoder);
        return NULL;
    }
    jpeg_create_decompress(&decoder->jpeg);
    return decoder;
}

void vj_decoder_free(vj_decoder *decoder)
{
    if (!decoder)
        return;
    jpeg_destroy_decompress(&decoder->jpeg);
    free(decoder);
}

const char *vj_decoder_message(const vj_decoder *decoder)
{
    return decoder->errors.message;
}

int vj_decoder_is_unsupported(const vj_decoder *decoder)
{
    if (decoder->has_too_many_scans)
        return 1;
    switch (decoder->errors.base.msg_code) {
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_EMPTY_IMAGE:
    case JERR_IMAGE_TOO_BIG:
    case JERR_NOT_COMPILED:
    case JERR_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
        return 1;
    default:
        return 0;
    }
}

static int reset(vj_decoder *decoder)
{
    jpeg_destroy_decompress(&decoder->jpeg);
    if (setjmp(decoder->errors.back))
        return VJ_ERROR;
    jpeg_create_decompress(&decoder->jpeg);
    decoder->jpeg.client_data = decoder;
    decoder->jpeg.progress = &decoder->progress;
    return VJ_OK;
}

void vj_decode_end(vj_decoder *decoder)
{
    jpeg_abort_decompress(&decoder->jpeg);
}

static int failed(vj_decoder *decoder)
{
    vj_decode_end(decoder);
    return VJ_ERROR;
}

static int chroma_of(j_decompress_ptr jpeg)
{
    if (jpeg->num_components == 1)
        return VJ_GREY;
    const jpeg_component_info *c = jpeg->comp_info;
    if (jpeg->num_components != 3 || c[1].h_samp_factor != 1 || c[1].v_samp_factor != 1 ||
        c[2].h_samp_factor != 1 || c[2].v_samp_factor != 1)
        return VJ_OTHER;
    if (c[0].h_samp_factor == 2 && c[0].v_samp_factor == 2)
        return VJ_420;
    if (c[0].h_samp_factor == 2 && c[0].v_samp_factor == 1)
        return VJ_422;
    return c[0].h_samp_factor == 1 && c[0].v_samp_factor == 1 ? VJ_444 : VJ_OTHER;
}

static int round_up(int value, int step)
{
    return (value + step - 1) / step * step;
}

/* What libjpeg will ask for to hold all coefficients: blocks in whole minimum coded units. */
static size_t coefficient_bytes(j_decompress_ptr d)
{
    size_t bytes = 0;
    if (!jpeg_has_multiple_scans(d))
        return 0;
    for (int i = 0; i < d->num_components; i++) {
        const jpeg_component_info *c = &d->comp_info[i];
        size_t wide = (size_t)round_up((int)c->width_in_blocks, c->h_samp_factor);
        size_t high = (size_t)round_up((int)c->height_in_blocks, c->v_samp_factor);
        bytes += wide * high * sizeof(JBLOCK);
    }
    return bytes;
}

int vj_decode_begin(vj_decoder *decoder, const uint8_t *jpeg, size_t byte_count, int scans_max, vj_info *info)
{
    j_decompress_ptr d = &decoder->jpeg;
    decoder->errors.base.num_warnings = 0;
    decoder->errors.base.msg_code = 0;
    decoder->errors.extraneous = 0;
    decoder->errors.message[0] = 0;
    decoder->progress.progress_monitor = count_scans;
    decoder->scans_max = scans_max;
    decoder->has_too_many_scans = 0;
    /* Tables of the picture before would stand in for those that this one lacks, where the standard ones should. */
    if (reset(decoder) != VJ_OK)
        return VJ_ERROR;
    if (setjmp(decoder->errors.back))
        return failed(decoder);
    jpeg_mem_src(d, jpeg, byte_count);
    jpeg_read_header(d, TRUE);
    memset(info, 0, sizeof *info);
    info->width = (int)d->image_width;
    info->height = (int)d->image_height;
    info->components = d->num_components;
    info->chroma = chroma_of(d);
    info->coefficient_bytes = coefficient_bytes(d);
    info->is_ycc = (d->jpeg_color_space == JCS_YCbCr && d->num_components == 3) ||
                   (d->jpeg_color_space == JCS_GRAYSCALE && d->num_components == 1);
    for (int i = 0; i < 3 && i < d->num_components; i++) {
        const jpeg_component_info *c = &d->comp_info[i];
        int h = d->max_h_samp_factor, v = d->max_v_samp_factor;
        info->plane_width[i] = (info->width * c->h_samp_factor + h - 1) / h;
        info->plane_height[i] = (info->height * c->v_samp_factor + v - 1) / v;
        info->padded_width[i] = round_up(info->width, h * DCTSIZE) * c->h_samp_factor / h;
        info->padded_height[i] = round_up(info->height, v * DCTSIZE) * c->v_samp_factor / v;
    }
    return VJ_OK;
}

int vj_decode_planes(vj_decoder *decoder, uint8_t *const planes[3], const size_t strides[3],
                     vj_info *info)
{
    j_decompress_ptr d = &decoder->jpeg;
    JSAMPROW rows[3][4 * DCTSIZE];
    JSAMPARRAY strip[3] = { rows[0], rows[1], rows[2] };

    if (!info->is_ycc)
        return VJ_ERROR;
    if (setjmp(decoder->errors.back))
        return failed(decoder);
    d->raw_data_out = TRUE;
    d->out_color_space = d->jpeg_color_space;
    jpeg_start_decompress(d);
    int strip_rows = d->max_v_samp_factor * DCTSIZE;
    while (d->output_scanline < d->output_height) {
        int strip_index = (int)d->output_scanline / strip_rows;
        for (int c = 0; c < d->num_components; c++) {
            int count = d->comp_info[c].v_samp_factor * DCTSIZE;
            for (int i = 0; i < count; i++)
                rows[c][i] = planes[c] + ((size_t)strip_index * (size_t)count + (size_t)i) * strides[c];
        }
        if (jpeg_read_raw_data(d, strip, (JDIMENSION)strip_rows) == 0)
            break;
    }
    jpeg_finish_decompress(d);
    info->warnings = (int)decoder->errors.base.num_warnings;
    return VJ_OK;
}

int vj_decode_scale(vj_decoder *decoder, int eighths, vj_info *info)
{
    j_decompress_ptr d = &decoder->jpeg;
    if (setjmp(decoder->errors.back))
        return failed(decoder);
    d->scale_num = (unsigned)eighths;
    d->scale_denom = 8;
    jpeg_calc_output_dimensions(d);
    info->width = (int)d->output_width;
    info->height = (int)d->output_height;
    return VJ_OK;
}

static int decode_rows(vj_decoder *decoder, J_COLOR_SPACE space, uint8_t *pixels, size_t stride, vj_info *info)
{
    j_decompress_ptr d = &decoder->jpeg;
    if (setjmp(decoder->errors.back))
        return failed(decoder);
    d->out_color_space = space;
    jpeg_start_decompress(d);
    while (d->output_scanline < d->output_height) {
        JSAMPROW row = pixels + (size_t)d->output_scanline * stride;
        jpeg_read_scanlines(d, &row, 1);
    }
    jpeg_finish_decompress(d);
    info->warnings = (int)decoder->errors.base.num_warnings;
    return VJ_OK;
}

/* Adobe's programs, which write an Adobe marker, store how much ink is missing. */
static void cmyk_to_rgb(const JSAMPLE *cmyk, uint8_t *rgb, JDIMENSION count, int is_inverted)
{
    for (JDIMENSION i = 0; i < count; i++, cmyk += 4, rgb += 3) {
        int black = is_inverted ? cmyk[3] : 255 - cmyk[3];
        for (int c = 0; c < 3; c++)
            rgb[c] = (uint8_t)(((is_inverted ? cmyk[c] : 255 - cmyk[c]) * black + 127) / 255);
    }
}

static int decode_cmyk(vj_decoder *decoder, uint8_t *rgb, size_t stride, vj_info *info)
{
    j_decompress_ptr d = &decoder->jpeg;
    if (setjmp(decoder->errors.back))
        return failed(decoder);
    d->out_color_space = JCS_CMYK;
    jpeg_start_decompress(d);
    JSAMPARRAY row = d->mem->alloc_sarray((j_common_ptr)d, JPOOL_IMAGE, d->output_width * 4, 1);
    while (d->output_scanline < d->output_height) {
        uint8_t *out = rgb + (size_t)d->output_scanline * stride;
        if (jpeg_read_scanlines(d, row, 1) == 0)
            break;
        cmyk_to_rgb(row[0], out, d->output_width, d->saw_Adobe_marker);
    }
    jpeg_finish_decompress(d);
    info->warnings = (int)decoder->errors.base.num_warnings;
    return VJ_OK;
}

int vj_decode_rgb(vj_decoder *decoder, uint8_t *rgb, size_t stride, vj_info *info)
{
    return info->components == 4 ? decode_cmyk(decoder, rgb, stride, info)
                                 : decode_rows(decoder, JCS_RGB, rgb, stride, info);
}

int vj_decode_grey(vj_decoder *decoder, uint8_t *luma, size_t stride, vj_info *info)
{
    return decode_rows(decoder, JCS_GRAYSCALE, luma, stride, info);
}

int vj_decode_check(vj_decoder *decoder, vj_info *info)
{
    j_decompress_ptr d = &decoder->jpeg;
    if (setjmp(decoder->errors.back))
        return failed(decoder);
    /* All coefficients are read, but only one pixel of each block is made, and no row is kept. */
    d->scale_num = 1;
    d->scale_denom = 8;
    d->out_color_space = d->jpeg_color_space;
    d->do_fancy_upsampling = FALSE;
    d->do_block_smoothing = FALSE;
    jpeg_start_decompress(d);
    JSAMPARRAY row = d->mem->alloc_sarray((j_common_ptr)d, JPOOL_IMAGE,
                                          d->output_width * (JDIMENSION)d->output_components, 1);
    while (d->output_scanline < d->output_height)
        if (jpeg_read_scanlines(d, row, 1) == 0)
            break;
    jpeg_finish_decompress(d);
    info->warnings = (int)decoder->errors.base.num_warnings;
    info->extraneous = decoder->errors.extraneous;
    return VJ_OK;
}
