/* vcam: a V4L2 capture device that exists within one process, for runs at full speed without a camera.
 *
 * Preloaded into any program that talks to V4L2 (this agent, ustreamer, a bare peer), it answers at one
 * path as a single-planar camera that plays frames from a file in a loop. It is for measuring, and for
 * faults on cue; what is right is tested on real drivers.
 *
 *   cc -O2 -shared -fPIC -o vcam.so vcam.c -ldl
 *   VCAM_FILE=frames.yuyv VCAM_SIZE=1280x720 LD_PRELOAD=./vcam.so PROGRAM
 *
 *   VCAM_DEVICE  the path that is the camera                        (default /dev/video0)
 *   VCAM_FILE    raw frames, or with MJPG JPEGs, back to back
 *   VCAM_FORMAT  YUYV, UYVY, NV12, YU12, GREY, RGB3 or MJPG         (default YUYV)
 *   VCAM_SIZE    WIDTHxHEIGHT                                       (default 640x480)
 *   VCAM_FPS     frames per second                                  (default 30)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BUFFERS_MAX = 32, PICTURES_MAX = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int camera = -1, streaming, nonblocking;
static unsigned buffer_count, waiting[BUFFERS_MAX], waiting_count;
static int is_queued[BUFFERS_MAX];
static uint8_t *movie, *memory;
static size_t movie_size, frame_size, stride;
static size_t picture_start[PICTURES_MAX], picture_size[PICTURES_MAX], picture_count;
static uint32_t width = 640, height = 480, format, sequence;
static double rate = 30;
static uint64_t ticks;

#define REAL(result, name, ...)                       \
    static result (*real_##name)(__VA_ARGS__);        \
    if (!real_##name)                                 \
        real_##name = dlsym(RTLD_NEXT, #name)

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static int is_camera(const char *path)
{
    return path && !strcmp(path, setting("VCAM_DEVICE", "/dev/video0"));
}

static void give_up(const char *why)
{
    fprintf(stderr, "vcam: %s\n", why);
    _exit(70);
}

static void split_pictures(void)
{
    size_t start = 0;
    for (size_t i = 0; i + 1 < movie_size && picture_count < PICTURES_MAX; i++) {
        if (movie[i] != 0xff)
            continue;
        if (movie[i + 1] == 0xd8)
            start = i;
        if (movie[i + 1] == 0xd9) {
            picture_start[picture_count] = start;
            picture_size[picture_count++] = i + 2 - start;
        }
    }
}

static void load(void)
{
    if (movie)
        return;
    const char *code = setting("VCAM_FORMAT", "YUYV");
    format = v4l2_fourcc(code[0], code[1], code[2], code[3]);
    sscanf(setting("VCAM_SIZE", "640x480"), "%ux%u", &width, &height);
    rate = atof(setting("VCAM_FPS", "30"));
    size_t pixels = (size_t)width * height;
    frame_size = pixels * 2;
    if (format == V4L2_PIX_FMT_GREY)
        frame_size = pixels;
    else if (format == V4L2_PIX_FMT_RGB24)
        frame_size = pixels * 3;
    else if (format == V4L2_PIX_FMT_NV12 || format == V4L2_PIX_FMT_YUV420)
        frame_size = pixels * 3 / 2;
    stride = (frame_size + 4095) & ~(size_t)4095;
    REAL(FILE *, fopen, const char *, const char *);
    FILE *file = real_fopen(setting("VCAM_FILE", ""), "rb");
    if (!file)
        give_up("VCAM_FILE cannot be read");
    fseek(file, 0, SEEK_END);
    movie_size = (size_t)ftell(file);
    rewind(file);
    /* Mapped, so that the frames' memory is the file's and not the measured program's. */
    REAL(void *, mmap, void *, size_t, int, int, int, off_t);
    movie = real_mmap(NULL, movie_size, PROT_READ, MAP_PRIVATE, fileno(file), 0);
    fclose(file);
    if (movie == MAP_FAILED)
        give_up("VCAM_FILE cannot be mapped");
    if (format == V4L2_PIX_FMT_MJPEG)
        split_pictures();
    else
        for (; (picture_count + 1) * frame_size <= movie_size; picture_count++) {
            picture_start[picture_count] = picture_count * frame_size;
            picture_size[picture_count] = frame_size;
        }
    if (!picture_count)
        give_up("VCAM_FILE holds no whole frame");
}

static int open_camera(int flags)
{
    pthread_mutex_lock(&lock);
    load();
    nonblocking = flags & O_NONBLOCK;
    streaming = 0;
    buffer_count = waiting_count = 0;
    camera = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    pthread_mutex_unlock(&lock);
    return camera;
}

static int fail(int code)
{
    errno = code;
    return -1;
}

static void tick(int on)
{
    struct itimerspec timer = { 0 };
    if (on) {
        timer.it_interval.tv_nsec = (long)(1e9 / rate) % 1000000000;
        timer.it_interval.tv_sec = (time_t)(1 / rate);
        timer.it_value = timer.it_interval;
    }
    timerfd_settime(camera, 0, &timer, NULL);
}

/* With the lock held; 0 where no frame is due. */
static int fill(struct v4l2_buffer *buffer)
{
    uint64_t passed;
    if (!ticks && read(camera, &passed, 8) == 8)
        ticks += passed;
    if (!ticks || !waiting_count)
        return 0;
    /* Frames that found no buffer are lost, and show as a gap in the numbers. */
    if (ticks > waiting_count) {
        sequence += (uint32_t)(ticks - waiting_count);
        ticks = waiting_count;
    }
    ticks--;
    unsigned index = waiting[0];
    memmove(waiting, waiting + 1, --waiting_count * sizeof *waiting);
    is_queued[index] = 0;
    size_t picture = sequence % picture_count, size = picture_size[picture];
    if (size > frame_size)
        size = frame_size;
    memcpy(memory + index * stride, movie + picture_start[picture], size);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint32_t type = buffer->type;
    memset(buffer, 0, sizeof *buffer);
    buffer->index = index;
    buffer->type = type;
    buffer->memory = V4L2_MEMORY_MMAP;
    buffer->bytesused = (uint32_t)size;
    buffer->length = (uint32_t)stride;
    buffer->m.offset = (uint32_t)(index * stride);
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | V4L2_BUF_FLAG_MAPPED;
    buffer->field = V4L2_FIELD_NONE;
    buffer->timestamp.tv_sec = now.tv_sec;
    buffer->timestamp.tv_usec = now.tv_nsec / 1000;
    buffer->sequence = sequence++;
    return 1;
}

static int dequeue(struct v4l2_buffer *buffer)
{
    for (;;) {
        pthread_mutex_lock(&lock);
        int done = streaming ? fill(buffer) : -1;
        pthread_mutex_unlock(&lock);
        if (done < 0)
            return fail(EINVAL);
        if (done)
            return 0;
        if (nonblocking)
            return fail(EAGAIN);
        usleep(200);
    }
}

static int enqueue(struct v4l2_buffer *buffer)
{
    pthread_mutex_lock(&lock);
    int is_wrong = buffer->index >= buffer_count || is_queued[buffer->index];
    if (!is_wrong) {
        is_queued[buffer->index] = 1;
        waiting[waiting_count++] = buffer->index;
    }
    pthread_mutex_unlock(&lock);
    return is_wrong ? fail(EINVAL) : 0;
}

static int request(struct v4l2_requestbuffers *wanted)
{
    if (wanted->memory != V4L2_MEMORY_MMAP)
        return fail(EINVAL);
    if (wanted->count > BUFFERS_MAX)
        wanted->count = BUFFERS_MAX;
    buffer_count = wanted->count;
    waiting_count = 0;
    memset(is_queued, 0, sizeof is_queued);
    if (!memory && buffer_count) {
        REAL(void *, mmap, void *, size_t, int, int, int, off_t);
        memory = real_mmap(NULL, stride * BUFFERS_MAX, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    }
    wanted->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP;
    return 0;
}

static void describe(struct v4l2_pix_format *pix)
{
    memset(pix, 0, sizeof *pix);
    pix->width = width;
    pix->height = height;
    pix->pixelformat = format;
    pix->field = V4L2_FIELD_NONE;
    pix->sizeimage = (uint32_t)frame_size;
    pix->priv = V4L2_PIX_FMT_PRIV_MAGIC;
    pix->colorspace = format == V4L2_PIX_FMT_MJPEG ? V4L2_COLORSPACE_JPEG : V4L2_COLORSPACE_SRGB;
    if (format == V4L2_PIX_FMT_YUYV || format == V4L2_PIX_FMT_UYVY)
        pix->bytesperline = width * 2;
    else if (format == V4L2_PIX_FMT_RGB24)
        pix->bytesperline = width * 3;
    else if (format != V4L2_PIX_FMT_MJPEG)
        pix->bytesperline = width;
}

static void name(struct v4l2_capability *capability)
{
    memset(capability, 0, sizeof *capability);
    strcpy((char *)capability->driver, "vcam");
    strcpy((char *)capability->card, "vcam");
    strcpy((char *)capability->bus_info, "platform:vcam");
    capability->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT;
    capability->capabilities = capability->device_caps | V4L2_CAP_DEVICE_CAPS;
}

static int answer(unsigned long what, void *argument)
{
    struct v4l2_fract interval = { 1000, (uint32_t)(rate * 1000) };
    switch ((uint32_t)what) {
    case VIDIOC_QUERYCAP:
        name(argument);
        return 0;
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *entry = argument;
        if (entry->index || entry->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
            return fail(EINVAL);
        entry->pixelformat = format;
        return 0;
    }
    case VIDIOC_ENUM_FRAMESIZES: {
        struct v4l2_frmsizeenum *entry = argument;
        if (entry->index || entry->pixel_format != format)
            return fail(EINVAL);
        entry->type = V4L2_FRMSIZE_TYPE_DISCRETE;
        entry->discrete.width = width;
        entry->discrete.height = height;
        return 0;
    }
    case VIDIOC_ENUM_FRAMEINTERVALS: {
        struct v4l2_frmivalenum *entry = argument;
        if (entry->index)
            return fail(EINVAL);
        entry->type = V4L2_FRMIVAL_TYPE_DISCRETE;
        entry->discrete = interval;
        return 0;
    }
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT:
    case VIDIOC_TRY_FMT: {
        struct v4l2_format *wanted = argument;
        if (wanted->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
            return fail(EINVAL);
        describe(&wanted->fmt.pix);
        return 0;
    }
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_streamparm *wanted = argument;
        memset(&wanted->parm, 0, sizeof wanted->parm);
        wanted->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
        wanted->parm.capture.timeperframe = interval;
        return 0;
    }
    case VIDIOC_ENUMINPUT: {
        struct v4l2_input *input = argument;
        if (input->index)
            return fail(EINVAL);
        input->type = V4L2_INPUT_TYPE_CAMERA;
        return 0;
    }
    case VIDIOC_G_INPUT:
        *(int *)argument = 0;
        return 0;
    case VIDIOC_S_INPUT:
        return *(int *)argument ? fail(EINVAL) : 0;
    case VIDIOC_REQBUFS:
        return request(argument);
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *buffer = argument;
        if (buffer->index >= buffer_count)
            return fail(EINVAL);
        buffer->length = (uint32_t)stride;
        buffer->m.offset = (uint32_t)(buffer->index * stride);
        return 0;
    }
    case VIDIOC_QBUF:
        return enqueue(argument);
    case VIDIOC_DQBUF:
        return dequeue(argument);
    case VIDIOC_STREAMON:
        sequence = 0;
        ticks = 0;
        streaming = 1;
        tick(1);
        return 0;
    case VIDIOC_STREAMOFF:
        streaming = 0;
        waiting_count = 0;
        memset(is_queued, 0, sizeof is_queued);
        tick(0);
        return 0;
    default:
        return fail(ENOTTY);
    }
}

/* The calls that reach a device. */

#define OPEN(name)                                                \
    int name(const char *path, int flags, ...)                    \
    {                                                             \
        va_list more;                                             \
        va_start(more, flags);                                    \
        int mode = flags & O_CREAT ? va_arg(more, int) : 0;       \
        va_end(more);                                             \
        if (is_camera(path))                                      \
            return open_camera(flags);                            \
        REAL(int, name, const char *, int, ...);                  \
        return real_##name(path, flags, mode);                    \
    }
OPEN(open)
OPEN(open64)

int __open64_2(const char *path, int flags)
{
    return open(path, flags);
}

int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

int close(int fd)
{
    if (fd >= 0 && fd == camera) {
        camera = -1;
        streaming = 0;
    }
    REAL(int, close, int);
    return real_close(fd);
}

int ioctl(int fd, unsigned long what, ...)
{
    va_list more;
    va_start(more, what);
    void *argument = va_arg(more, void *);
    va_end(more);
    if (fd >= 0 && fd == camera)
        return answer(what, argument);
    REAL(int, ioctl, int, unsigned long, ...);
    return real_ioctl(fd, what, argument);
}

#define MAP(name)                                                                         \
    void *name(void *start, size_t length, int protection, int flags, int fd, off_t offset) \
    {                                                                                     \
        if (fd >= 0 && fd == camera)                                                      \
            return memory + offset;                                                       \
        REAL(void *, name, void *, size_t, int, int, int, off_t);                         \
        return real_##name(start, length, protection, flags, fd, offset);                 \
    }
MAP(mmap)
MAP(mmap64)

int munmap(void *start, size_t length)
{
    if (memory && (uint8_t *)start >= memory && (uint8_t *)start < memory + stride * BUFFERS_MAX)
        return 0;
    REAL(int, munmap, void *, size_t);
    return real_munmap(start, length);
}

int stat(const char *path, struct stat *status)
{
    REAL(int, stat, const char *, struct stat *);
    if (!is_camera(path))
        return real_stat(path, status);
    memset(status, 0, sizeof *status);
    status->st_mode = S_IFCHR | 0660;
    status->st_rdev = makedev(81, 0);
    return 0;
}

int access(const char *path, int mode)
{
    REAL(int, access, const char *, int);
    return is_camera(path) ? 0 : real_access(path, mode);
}
