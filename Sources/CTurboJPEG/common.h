#ifndef VEDETTE_CTURBOJPEG_COMMON_H
#define VEDETTE_CTURBOJPEG_COMMON_H

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

typedef struct {
    struct jpeg_error_mgr base;
    jmp_buf back;
    int full;
    /* Warnings of bytes too many. */
    int extraneous;
    char message[JMSG_LENGTH_MAX];
} vj_errors;

static void vj_error_exit(j_common_ptr common)
{
    vj_errors *errors = (vj_errors *)common->err;
    common->err->format_message(common, errors->message);
    longjmp(errors->back, 1);
}

/* Warnings that cost no pixel: bytes too many before a marker, which are common among cameras, and
 * versions that libjpeg does not know. */
static int vj_is_harmless(int code)
{
    return code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM;
}

/* libjpeg counts warnings itself; nothing is ever printed. */
static void vj_emit_message(j_common_ptr common, int level)
{
    vj_errors *errors = (vj_errors *)common->err;
    if (level >= 0)
        return;
    if (common->err->msg_code == JWRN_EXTRANEOUS_DATA)
        errors->extraneous++;
    if (vj_is_harmless(common->err->msg_code))
        return;
    if (common->err->num_warnings++ == 0)
        common->err->format_message(common, errors->message);
}

static void vj_output_message(j_common_ptr common)
{
    (void)common;
}

static struct jpeg_error_mgr *vj_errors_init(vj_errors *errors)
{
    jpeg_std_error(&errors->base);
    errors->base.error_exit = vj_error_exit;
    errors->base.emit_message = vj_emit_message;
    errors->base.output_message = vj_output_message;
    errors->message[0] = 0;
    errors->full = 0;
    return &errors->base;
}

#endif
