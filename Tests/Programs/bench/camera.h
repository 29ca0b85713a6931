/* The least that reads a V4L2 camera, for the bare peers of the benchmarks: open, map, stream. */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BUFFERS = 4 };
static struct { void *start; size_t length; } mapped[BUFFERS];
static volatile sig_atomic_t is_over, is_asked;

static void hear(int number)
{
    if (number == SIGUSR1)
        is_asked = 1;
    else
        is_over = 1;
}

static int must(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

static int camera_start(const char *path, unsigned width, unsigned height, uint32_t format)
{
    int fd = must(open(path, O_RDWR | O_NONBLOCK), path);
    struct v4l2_format wanted = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
    wanted.fmt.pix.width = width;
    wanted.fmt.pix.height = height;
    wanted.fmt.pix.pixelformat = format;
    must(ioctl(fd, VIDIOC_S_FMT, &wanted), "S_FMT");
    struct v4l2_requestbuffers request = {
        .count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP };
    must(ioctl(fd, VIDIOC_REQBUFS, &request), "REQBUFS");
    for (unsigned i = 0; i < BUFFERS; i++) {
        struct v4l2_buffer buffer = {
            .index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP };
        must(ioctl(fd, VIDIOC_QUERYBUF, &buffer), "QUERYBUF");
        mapped[i].length = buffer.length;
        mapped[i].start =
            mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, buffer.m.offset);
        must(ioctl(fd, VIDIOC_QBUF, &buffer), "QBUF");
    }
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    must(ioctl(fd, VIDIOC_STREAMON, &type), "STREAMON");
    signal(SIGTERM, hear);
    signal(SIGINT, hear);
    signal(SIGUSR1, hear);
    return fd;
}

/* Waits for the next frame; 0 where it is over. */
static int camera_next(int fd, struct v4l2_buffer *buffer)
{
    while (!is_over) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        poll(&ready, 1, 200);
        memset(buffer, 0, sizeof *buffer);
        buffer->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
        buffer->memory = V4L2_MEMORY_MMAP;
        if (ioctl(fd, VIDIOC_DQBUF, buffer) == 0)
            return 1;
    }
    return 0;
}

/* Answers SIGUSR1 with a line that says how many frames so far, so that whoever measures can read frames
 * and processor time at one instant. */
static void tell(unsigned long frames)
{
    if (!is_asked)
        return;
    is_asked = 0;
    fprintf(stderr, "frames %lu\n", frames);
}
