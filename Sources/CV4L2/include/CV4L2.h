/* V4L2 for Swift: the ioctl numbers, which are macros it cannot import, and libv4l2's variadic call. */
#ifndef VEDETTE_CV4L2_H
#define VEDETTE_CV4L2_H

#include <linux/videodev2.h>
#include <stddef.h>

static const unsigned long VP_QUERYCAP = VIDIOC_QUERYCAP;
static const unsigned long VP_ENUM_FMT = VIDIOC_ENUM_FMT;
static const unsigned long VP_ENUM_FRAMESIZES = VIDIOC_ENUM_FRAMESIZES;
static const unsigned long VP_ENUM_FRAMEINTERVALS = VIDIOC_ENUM_FRAMEINTERVALS;
static const unsigned long VP_G_FMT = VIDIOC_G_FMT;
static const unsigned long VP_S_FMT = VIDIOC_S_FMT;
static const unsigned long VP_G_PARM = VIDIOC_G_PARM;
static const unsigned long VP_S_PARM = VIDIOC_S_PARM;
static const unsigned long VP_REQBUFS = VIDIOC_REQBUFS;
static const unsigned long VP_QUERYBUF = VIDIOC_QUERYBUF;
static const unsigned long VP_QBUF = VIDIOC_QBUF;
static const unsigned long VP_DQBUF = VIDIOC_DQBUF;
static const unsigned long VP_STREAMON = VIDIOC_STREAMON;
static const unsigned long VP_STREAMOFF = VIDIOC_STREAMOFF;
static const unsigned long VP_QUERYCTRL = VIDIOC_QUERYCTRL;
static const unsigned long VP_QUERYMENU = VIDIOC_QUERYMENU;
static const unsigned long VP_G_CTRL = VIDIOC_G_CTRL;
static const unsigned long VP_S_CTRL = VIDIOC_S_CTRL;
static const unsigned long VP_SUBSCRIBE_EVENT = VIDIOC_SUBSCRIBE_EVENT;
static const unsigned long VP_DQEVENT = VIDIOC_DQEVENT;

static const __u32 VP_EVENT_SOURCE_CHANGE = V4L2_EVENT_SOURCE_CHANGE;
static const __u32 VP_CAP_CAPTURE = V4L2_CAP_VIDEO_CAPTURE;
static const __u32 VP_CAP_CAPTURE_MPLANE = V4L2_CAP_VIDEO_CAPTURE_MPLANE;
static const __u32 VP_CAP_STREAMING = V4L2_CAP_STREAMING;
static const __u32 VP_CAP_DEVICE_CAPS = V4L2_CAP_DEVICE_CAPS;
static const __u32 VP_BUF_FLAG_ERROR = V4L2_BUF_FLAG_ERROR;
static const __u32 VP_BUF_FLAG_TIMESTAMP_MASK = V4L2_BUF_FLAG_TIMESTAMP_MASK;
static const __u32 VP_BUF_FLAG_TIMESTAMP_MONOTONIC = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
static const __u32 VP_CTRL_FLAG_NEXT = V4L2_CTRL_FLAG_NEXT_CTRL;
static const __u32 VP_CTRL_FLAG_DISABLED = V4L2_CTRL_FLAG_DISABLED;
static const __u32 VP_CTRL_FLAG_READ_ONLY = V4L2_CTRL_FLAG_READ_ONLY;
static const __u32 VP_CTRL_FLAG_INACTIVE = V4L2_CTRL_FLAG_INACTIVE;
static const __u32 VP_PIX_FMT_PRIV_MAGIC = V4L2_PIX_FMT_PRIV_MAGIC;

/* libv4l2 with conversion, for formats that are not read natively. Each returns 0 or an errno. */
int vp_converting_open(int fd);
int vp_converting_ioctl(int fd, unsigned long request, void *argument);
void vp_converting_close(int fd);
void *vp_converting_mmap(size_t length, int fd, long long offset);
int vp_converting_munmap(void *start, size_t length);

#endif
