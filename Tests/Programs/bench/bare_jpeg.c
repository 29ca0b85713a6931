/* What libjpeg-turbo alone takes: YUYV from a camera, deinterleaved to planar 4:2:2, encoded by the
 * TurboJPEG API, thrown away.  bare_jpeg DEVICE WIDTH HEIGHT QUALITY */
#include "camera.h"

#include <turbojpeg.h>

int main(int count, char **words)
{
    if (count != 5)
        return 64;
    int width = atoi(words[2]), height = atoi(words[3]), quality = atoi(words[4]);
    int fd = camera_start(words[1], (unsigned)width, (unsigned)height, V4L2_PIX_FMT_YUYV);
    size_t pixels = (size_t)width * (size_t)height;
    uint8_t *y = malloc(pixels), *cb = malloc(pixels / 2), *cr = malloc(pixels / 2);
    tjhandle jpeg = tjInitCompress();
    unsigned long capacity = tjBufSize(width, height, TJSAMP_422);
    unsigned char *out = tjAlloc((int)capacity);
    struct v4l2_buffer buffer;
    for (unsigned long frames = 0; camera_next(fd, &buffer); tell(++frames)) {
        const uint8_t *source = mapped[buffer.index].start;
        for (size_t i = 0; i < pixels / 2; i++) {
            y[2 * i] = source[4 * i];
            cb[i] = source[4 * i + 1];
            y[2 * i + 1] = source[4 * i + 2];
            cr[i] = source[4 * i + 3];
        }
        ioctl(fd, VIDIOC_QBUF, &buffer);
        const unsigned char *planes[3] = { y, cb, cr };
        int strides[3] = { width, width / 2, width / 2 };
        unsigned long size = capacity;
        if (tjCompressFromYUVPlanes(jpeg, planes, width, strides, height, TJSAMP_422, &out, &size,
                                    quality, TJFLAG_NOREALLOC))
            return 1;
    }
    return 0;
}
