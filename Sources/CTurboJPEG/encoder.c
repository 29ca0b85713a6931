#include <stdlib.h>

#include "CTurboJPEG.h"
#include "common.h"

struct vj_encoder {
    struct jpeg_compress_struct jpeg;
    struct jpeg_destination_mgr destination;
    vj_errors errors;
    size_t capacity;
    int width, height, chroma, quality;
};

static void destination_init(j_compress_ptr jpeg)
{
    (void)jpeg;
}

static boolean destination_full(j_compress_ptr jpeg)
{
    vj_errors *errors = (vj_errors *)jpeg->err;
    errors->full = 1;
    longjmp(errors->back, 1);
}

static void destination_end(j_compress_ptr jpeg)
{
    (void)jpeg;
}

vj_encoder *vj_encoder_new(void)
{
    vj_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder)
        return NULL;
    encoder->jpeg.err = vj_errors_init(&encoder->errors);
    if (setjmp(encoder->errors.back)) {
        free(encoder);
        return NULL;
    }
    jpeg_create_compress(&encoder->jpeg);
    encoder->destination.init_destination = destination_init;
    encoder->destination.empty_output_buffer = destination_full;
    encoder->destination.term_destination = destination_end;
    encoder->jpeg.dest = &encoder->destination;
    return encoder;
}

void vj_encoder_free(vj_encoder *encoder)
{
    if (!encoder)
        return;
    jpeg_destroy_compress(&encoder->jpeg);
    free(encoder);
}

const char *vj_encoder_message(const vj_encoder *encoder)
{
    return encoder->errors.message;
}

static int failed(vj_encoder *encoder)
{
    jpeg_abort_compress(&encoder->jpeg);
    encoder->width = 0; /* set everything up again next time */
    return encoder->errors.full ? VJ_FULL : VJ_ERROR;
}

/* The tables and sampling factors stay from picture to picture. */
static void configure(vj_encoder *encoder, int width, int height, int chroma, int quality)
{
    j_compress_ptr jpeg = &encoder->jpeg;
    jpeg->image_width = (JDIMENSION)width;
    jpeg->image_height = (JDIMENSION)height;
    jpeg->input_components = chroma == VJ_GREY ? 1 : 3;
    jpeg->in_color_space = chroma == VJ_GREY ? JCS_GRAYSCALE : JCS_YCbCr;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, quality, TRUE);
    /* libjpeg-turbo's AVX2 code makes the exact transform as fast as the approximate one. */
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->raw_data_in = TRUE;
    jpeg->comp_info[0].h_samp_factor = chroma == VJ_GREY ? 1 : 2;
    jpeg->comp_info[0].v_samp_factor = chroma == VJ_420 ? 2 : 1;
    encoder->width = width;
    encoder->height = height;
    encoder->chroma = chroma;
    encoder->quality = quality;
}

int vj_encode_begin(vj_encoder *encoder, int width, int height, int chroma, int quality,
                    uint8_t *buffer, size_t capacity)
{
    encoder->errors.full = 0;
    if (setjmp(encoder->errors.back))
        return failed(encoder);
    if (encoder->width != width || encoder->height != height || encoder->chroma != chroma ||
        encoder->quality != quality)
        configure(encoder, width, height, chroma, quality);
    encoder->destination.next_output_byte = buffer;
    encoder->destination.free_in_buffer = capacity;
    encoder->capacity = capacity;
    jpeg_start_compress(&encoder->jpeg, TRUE);
    return VJ_OK;
}

int vj_encode_strip(vj_encoder *encoder, const uint8_t *y, size_t y_stride, const uint8_t *cb,
                    const uint8_t *cr, size_t c_stride)
{
    JSAMPROW y_rows[16], cb_rows[8], cr_rows[8];
    JSAMPARRAY planes[3] = { y_rows, cb_rows, cr_rows };
    int rows = encoder->chroma == VJ_420 ? 16 : 8;

    for (int i = 0; i < rows; i++)
        y_rows[i] = (JSAMPROW)(y + (size_t)i * y_stride);
    for (int i = 0; i < 8 && encoder->chroma != VJ_GREY; i++) {
        cb_rows[i] = (JSAMPROW)(cb + (size_t)i * c_stride);
        cr_rows[i] = (JSAMPROW)(cr + (size_t)i * c_stride);
    }
    if (setjmp(encoder->errors.back))
        return failed(encoder);
    jpeg_write_raw_data(&encoder->jpeg, planes, (JDIMENSION)rows);
    return VJ_OK;
}

int vj_encode_end(vj_encoder *encoder, size_t *byte_count)
{
    if (setjmp(encoder->errors.back))
        return failed(encoder);
    jpeg_finish_compress(&encoder->jpeg);
    *byte_count = encoder->capacity - encoder->destination.free_in_buffer;
    return VJ_OK;
}
