/* libjpeg-turbo's raw-data interface behind functions that return instead of jumping.
 *
 * libjpeg reports errors by longjmp, which must not cross Swift frames: each function here sets its
 * own jump point and returns VJ_ERROR with the message in the handle. The raw interface takes and
 * gives planar YCbCr a strip of blocks at a time, so neither colour conversion nor whole-picture
 * planes are needed. (The TurboJPEG API works on whole planes only.) */
#ifndef VEDETTE_CTURBOJPEG_H
#define VEDETTE_CTURBOJPEG_H

#include <stddef.h>
#include <stdint.h>

enum {
    VJ_OK = 0,
    VJ_ERROR = 1, /* see vj_..._message */
    VJ_FULL = 2   /* the JPEG does not fit into the buffer given */
};

/* Chroma subsampling of a JPEG. */
enum { VJ_GREY = 0, VJ_420 = 1, VJ_422 = 2, VJ_444 = 3, VJ_OTHER = 4 };

typedef struct vj_encoder vj_encoder;

vj_encoder *vj_encoder_new(void);
void vj_encoder_free(vj_encoder *encoder);
const char *vj_encoder_message(const vj_encoder *encoder);

/* Begins a JPEG of width x height in `buffer`. chroma: VJ_GREY, VJ_420 or VJ_422; quality 1..100. */
int vj_encode_begin(vj_encoder *encoder, int width, int height, int chroma, int quality,
                    uint8_t *buffer, size_t capacity);
/* One strip: 8 rows (16 with VJ_420) of luma and 8 of each chroma plane, each row readable up to the
 * width rounded up to 16. Strides in bytes; cb and cr are ignored for VJ_GREY. */
int vj_encode_strip(vj_encoder *encoder, const uint8_t *y, size_t y_stride, const uint8_t *cb,
                    const uint8_t *cr, size_t c_stride);
int vj_encode_end(vj_encoder *encoder, size_t *byte_count);

typedef struct vj_decoder vj_decoder;

typedef struct {
    int width, height;
    int chroma;        /* VJ_... */
    int components;    /* 1, 3 or 4 */
    int is_ycc;        /* luma and chroma (or luma alone): the raw interface can be used */
    /* Of a picture of several scans, progressive or not: all its coefficients are held while it is decoded. */
    size_t coefficient_bytes;
    int warnings;      /* set by vj_decode_...: what libjpeg found wrong */
    int extraneous;    /* set by vj_decode_check: how often bytes stood before a marker */
    int plane_width[3], plane_height[3];   /* what is meant */
    int padded_width[3], padded_height[3]; /* what is written: whole blocks */
} vj_info;

vj_decoder *vj_decoder_new(void);
void vj_decoder_free(vj_decoder *decoder);
const char *vj_decoder_message(const vj_decoder *decoder);
/* Whether the last error was that the JPEG is of a kind that the library does not read. */
int vj_decoder_is_unsupported(const vj_decoder *decoder);

/* Reads the header of the JPEG, which must stay where it is until vj_decode_end. Each scan of a picture is as much work as
 * the picture is large, however few bytes it has: one of more than `scans_max` is given up. */
int vj_decode_begin(vj_decoder *decoder, const uint8_t *jpeg, size_t byte_count, int scans_max, vj_info *info);
/* Has vj_decode_rgb and vj_decode_grey make the picture smaller while they decode it, which is faster: `eighths` of
 * its width and height, 1 to 8. Sets width and height in `info`; to be called after vj_decode_begin. */
int vj_decode_scale(vj_decoder *decoder, int eighths, vj_info *info);
/* Decodes into planes that hold padded_width x padded_height each. */
int vj_decode_planes(vj_decoder *decoder, uint8_t *const planes[3], const size_t strides[3],
                     vj_info *info);
/* Decodes into packed RGB, width * 3 bytes a row. CMYK becomes RGB without a colour profile. */
int vj_decode_rgb(vj_decoder *decoder, uint8_t *rgb, size_t stride, vj_info *info);
/* Decodes luma alone; not for CMYK. */
int vj_decode_grey(vj_decoder *decoder, uint8_t *luma, size_t stride, vj_info *info);
/* Decodes the entropy-coded data of all rows, keeps nothing, and counts what is wrong in it. */
int vj_decode_check(vj_decoder *decoder, vj_info *info);
void vj_decode_end(vj_decoder *decoder);

#endif
