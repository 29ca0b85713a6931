/* vcam: V4L2 capture devices that exist within one process, for runs at full speed without a camera.
 *
 * Preloaded into any program that talks to V4L2 (this agent, ustreamer, ffmpeg), it answers at
 * one path or several as single-planar cameras that play frames from files in a loop. It is for
 * measuring, and for faults on cue; what is right is tested on real drivers.
 *
 *   cc -O2 -shared -fPIC -o vcam.so vcam.c -ldl
 *   VCAM_FILE=frames.yuyv VCAM_SIZE=1280x720 LD_PRELOAD=./vcam.so PROGRAM
 *
 *   VCAM_DEVICE         the path that is the camera, or paths with commas between
 *                                                                 (default /dev/video0)
 *   VCAM_FILE           raw frames, or with MJPG JPEGs, back to back
 *   VCAM_FORMAT         YUYV UYVY YVYU NV12 NV21 NV16 YU12 YV12 GREY RGB3 BGR3 MJPG
 *                                                                 (default YUYV)
 *   VCAM_SIZE           WIDTHxHEIGHT                              (default 640x480)
 *   VCAM_FPS            frames per second; 0: as fast as read     (default 30)
 *   VCAM_COUNT          after so many frames the camera is gone: ENODEV       (default never)
 *   VCAM_AWAY           seconds until it is there again, for VCAM_COUNT more  (default never)
 *   VCAM_ERROR_EVERY    every Nth buffer carries V4L2_BUF_FLAG_ERROR          (default none)
 *   VCAM_CORRUPT_EVERY  every Nth frame has its second half zeroed            (default none)
 *
 * The second camera takes VCAM_FILE_1, VCAM_FORMAT_1, ... where they are set, the third VCAM_FILE_2, ...
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
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { CAMERAS_MAX = 8, BUFFERS_MAX = 32, PICTURES_MAX = 4096, PAGE_BYTES = 4096 };

struct picture {
    const uint8_t *start;
    size_t size;
};

struct camera {
    pthread_mutex_t lock;
    char path[128];
    int number, fd, is_streaming, is_nonblocking, is_gone;
    time_t gone_at;
    /* Frames that are due: told by the timer, and not yet taken. */
    uint64_t ticks;
    uint32_t sequence;

    uint32_t width, height, format, bytes_per_line;
    double rate;
    long frames_max, away_seconds, error_every, corrupt_every;

    uint8_t *memory;
    size_t frame_size, stride;
    unsigned buffer_count, waiting[BUFFERS_MAX], waiting_count;
    int is_queued[BUFFERS_MAX];

    struct picture *pictures;
    size_t picture_count;
};

static struct camera cameras[CAMERAS_MAX];
static unsigned camera_count;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define REAL(result, name, ...)                \
    static result (*real_##name)(__VA_ARGS__); \
    if (!real_##name)                          \
    real_##name = dlsym(RTLD_NEXT, #name)

static void give_up(const char *why, const char *what)
{
    fprintf(stderr, "vcam: %s%s\n", why, what);
    _exit(70);
}

static int fail(int code)
{
    errno = code;
    return -1;
}

static time_t seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* --- what the environment says --- */

static const char *setting(const struct camera *camera, const char *name, const char *otherwise)
{
    char own[64];
    snprintf(own, sizeof own, "%s_%d", name, camera->number);
    const char *value = camera->number ? getenv(own) : NULL;
    if (!value || !*value)
        value = getenv(name);
    return value && *value ? value : otherwise;
}

static long number(const struct camera *camera, const char *name, long otherwise)
{
    const char *text = setting(camera, name, NULL);
    return text ? atol(text) : otherwise;
}

static void list_cameras(void)
{
    const char *list = getenv("VCAM_DEVICE");
    if (!list || !*list)
        list = "/dev/video0";
    while (*list && camera_count < CAMERAS_MAX) {
        size_t length = strcspn(list, ",");
        struct camera *camera = &cameras[camera_count];
        snprintf(camera->path, sizeof camera->path, "%.*s", (int)length, list);
        camera->number = (int)camera_count++;
        camera->fd = -1;
        pthread_mutex_init(&camera->lock, NULL);
        list += length + (list[length] == ',');
    }
}

static struct camera *camera_at(const char *path)
{
    if (!path)
        return NULL;
    pthread_once(&once, list_cameras);
    for (unsigned i = 0; i < camera_count; i++)
        if (!strcmp(path, cameras[i].path))
            return &cameras[i];
    return NULL;
}

static struct camera *camera_of(int fd)
{
    for (unsigned i = 0; fd >= 0 && i < camera_count; i++)
        if (cameras[i].fd == fd)
            return &cameras[i];
    return NULL;
}

/* Bits of a pixel over all planes, and bytes of a pixel in the first. */
static const struct {
    uint32_t format;
    unsigned bits, bytes_in_line;
} layouts[] = {
    { V4L2_PIX_FMT_YUYV, 16, 2 },   { V4L2_PIX_FMT_UYVY, 16, 2 },  { V4L2_PIX_FMT_YVYU, 16, 2 },
    { V4L2_PIX_FMT_NV12, 12, 1 },   { V4L2_PIX_FMT_NV21, 12, 1 },  { V4L2_PIX_FMT_NV16, 16, 1 },
    { V4L2_PIX_FMT_YUV420, 12, 1 }, { V4L2_PIX_FMT_YVU420, 12, 1 }, { V4L2_PIX_FMT_GREY, 8, 1 },
    { V4L2_PIX_FMT_RGB24, 24, 3 },  { V4L2_PIX_FMT_BGR24, 24, 3 }, { V4L2_PIX_FMT_MJPEG, 16, 0 },
};

static void lay_out(struct camera *camera)
{
    const char *code = setting(camera, "VCAM_FORMAT", "YUYV");
    if (strlen(code) == 4)
        camera->format = v4l2_fourcc(code[0], code[1], code[2], code[3]);
    size_t pixels = (size_t)camera->width * camera->height;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].format == camera->format) {
            camera->frame_size = pixels * layouts[i].bits / 8;
            camera->bytes_per_line = camera->width * layouts[i].bytes_in_line;
        }
    if (!camera->frame_size)
        give_up("it knows no such VCAM_FORMAT or VCAM_SIZE: ", code);
    camera->stride = (camera->frame_size + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
}

/* --- the file of frames --- */

static void add_picture(struct camera *camera, const uint8_t *start, size_t size)
{
    if (camera->picture_count < PICTURES_MAX)
        camera->pictures[camera->picture_count++] = (struct picture){ start, size };
}

static void split_jpegs(struct camera *camera, const uint8_t *movie, size_t size)
{
    size_t start = 0;
    for (size_t i = 0; i + 1 < size; i++) {
        if (movie[i] != 0xff)
            continue;
        if (movie[i + 1] == 0xd8)
            start = i;
        if (movie[i + 1] == 0xd9)
            add_picture(camera, movie + start, i + 2 - start);
    }
}

static void load(struct camera *camera)
{
    if (camera->pictures)
        return;
    if (sscanf(setting(camera, "VCAM_SIZE", "640x480"), "%ux%u", &camera->width, &camera->height) != 2)
        give_up("VCAM_SIZE is not WIDTHxHEIGHT", "");
    lay_out(camera);
    camera->rate = atof(setting(camera, "VCAM_FPS", "30"));
    camera->frames_max = number(camera, "VCAM_COUNT", -1);
    camera->away_seconds = number(camera, "VCAM_AWAY", 0);
    camera->error_every = number(camera, "VCAM_ERROR_EVERY", 0);
    camera->corrupt_every = number(camera, "VCAM_CORRUPT_EVERY", 0);

    const char *path = setting(camera, "VCAM_FILE", "");
    FILE *file = fopen(path, "rb");
    if (!file)
        give_up("VCAM_FILE cannot be read: ", path);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    /* Mapped, so that the frames' memory is the file's and not the measured program's. */
    REAL(void *, mmap, void *, size_t, int, int, int, off_t);
    const uint8_t *movie = real_mmap(NULL, size, PROT_READ, MAP_PRIVATE, fileno(file), 0);
    fclose(file);
    if (movie == MAP_FAILED)
        give_up("VCAM_FILE cannot be mapped: ", path);
    camera->pictures = calloc(PICTURES_MAX, sizeof *camera->pictures);
    if (camera->format == V4L2_PIX_FMT_MJPEG)
        split_jpegs(camera, movie, size);
    else
        for (size_t at = 0; at + camera->frame_size <= size; at += camera->frame_size)
            add_picture(camera, movie + at, camera->frame_size);
    if (!camera->picture_count)
        give_up("VCAM_FILE holds no whole frame: ", path);
}

/* --- the stream --- */

static int open_camera(struct camera *camera, int flags)
{
    int fd = -1;
    pthread_mutex_lock(&camera->lock);
    load(camera);
    if (camera->is_gone && camera->away_seconds &&
        seconds_now() - camera->gone_at >= camera->away_seconds)
        camera->is_gone = 0;
    if (camera->is_gone) {
        errno = ENODEV;
    } else if (camera->fd >= 0) {
        errno = EBUSY;
    } else {
        camera->is_nonblocking = flags & O_NONBLOCK;
        camera->is_streaming = 0;
        camera->buffer_count = camera->waiting_count = 0;
        camera->fd = fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    }
    pthread_mutex_unlock(&camera->lock);
    return fd;
}

static void forget(int fd)
{
    struct camera *camera = camera_of(fd);
    if (!camera)
        return;
    camera->fd = -1;
    camera->is_streaming = 0;
}

static int stream(struct camera *camera, int is_on)
{
    struct itimerspec timer = { 0 };
    pthread_mutex_lock(&camera->lock);
    camera->is_streaming = is_on;
    camera->ticks = 0;
    if (is_on) {
        double period = camera->rate > 0 ? 1 / camera->rate : 1e-6;
        timer.it_interval.tv_sec = (time_t)period;
        timer.it_interval.tv_nsec = (long)((period - (double)(time_t)period) * 1e9);
        timer.it_value = timer.it_interval;
        camera->sequence = 0;
    } else {
        camera->waiting_count = 0;
        memset(camera->is_queued, 0, sizeof camera->is_queued);
    }
    timerfd_settime(camera->fd, 0, &timer, NULL);
    pthread_mutex_unlock(&camera->lock);
    return 0;
}

/* Whether this frame is an Nth one. */
static int is_due(const struct camera *camera, long every)
{
    return every > 0 && camera->sequence % (uint32_t)every == 0;
}

/* With the lock held: takes the frame that is due. */
static void fill(struct camera *camera, struct v4l2_buffer *buffer)
{
    unsigned index = camera->waiting[0];
    camera->waiting_count--;
    memmove(camera->waiting, camera->waiting + 1, camera->waiting_count * sizeof index);
    camera->is_queued[index] = 0;

    struct picture picture = camera->pictures[camera->sequence % camera->picture_count];
    size_t size = picture.size < camera->frame_size ? picture.size : camera->frame_size;
    uint8_t *target = camera->memory + index * camera->stride;
    memcpy(target, picture.start, size);
    if (is_due(camera, camera->corrupt_every))
        memset(target + size / 2, 0, size - size / 2);

    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    *buffer = (struct v4l2_buffer){
        .index = index,
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
        .memory = V4L2_MEMORY_MMAP,
        .bytesused = (uint32_t)size,
        .length = (uint32_t)camera->stride,
        .m.offset = (uint32_t)(index * camera->stride),
        .flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | V4L2_BUF_FLAG_MAPPED,
        .field = V4L2_FIELD_NONE,
        .timestamp = { .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000 },
        .sequence = camera->sequence,
    };
    if (is_due(camera, camera->error_every))
        buffer->flags |= V4L2_BUF_FLAG_ERROR;
    camera->sequence++;
}

/* With the lock held: 0, EAGAIN or what is wrong. */
static int take(struct camera *camera, struct v4l2_buffer *buffer)
{
    if (!camera->is_streaming)
        return EINVAL;
    if (camera->frames_max >= 0 && camera->sequence >= (uint32_t)camera->frames_max) {
        camera->is_gone = 1;
        camera->gone_at = seconds_now();
        return ENODEV;
    }
    uint64_t passed;
    if (!camera->ticks && read(camera->fd, &passed, sizeof passed) == sizeof passed)
        camera->ticks += camera->rate > 0 ? passed : 1;
    if (!camera->ticks || !camera->waiting_count)
        return EAGAIN;
    /* Frames that found no buffer are lost, and show as a gap in the numbers. */
    if (camera->ticks > camera->waiting_count) {
        camera->sequence += (uint32_t)(camera->ticks - camera->waiting_count);
        camera->ticks = camera->waiting_count;
    }
    camera->ticks--;
    fill(camera, buffer);
    return 0;
}

static int dequeue(struct camera *camera, struct v4l2_buffer *buffer)
{
    for (;;) {
        pthread_mutex_lock(&camera->lock);
        int result = take(camera, buffer);
        pthread_mutex_unlock(&camera->lock);
        if (result == 0)
            return 0;
        if (result != EAGAIN || camera->is_nonblocking)
            return fail(result);
        usleep(200);
    }
}

static int enqueue(struct camera *camera, struct v4l2_buffer *buffer)
{
    pthread_mutex_lock(&camera->lock);
    unsigned index = buffer->index;
    int is_wrong = index >= camera->buffer_count || camera->is_queued[index];
    if (!is_wrong) {
        camera->is_queued[index] = 1;
        camera->waiting[camera->waiting_count++] = index;
        buffer->flags |= V4L2_BUF_FLAG_QUEUED;
    }
    pthread_mutex_unlock(&camera->lock);
    return is_wrong ? fail(EINVAL) : 0;
}

static int request(struct camera *camera, struct v4l2_requestbuffers *wanted)
{
    if (wanted->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || wanted->memory != V4L2_MEMORY_MMAP)
        return fail(EINVAL);
    pthread_mutex_lock(&camera->lock);
    if (wanted->count > BUFFERS_MAX)
        wanted->count = BUFFERS_MAX;
    camera->buffer_count = wanted->count;
    camera->waiting_count = 0;
    memset(camera->is_queued, 0, sizeof camera->is_queued);
    if (!camera->memory && camera->buffer_count) {
        REAL(void *, mmap, void *, size_t, int, int, int, off_t);
        camera->memory = real_mmap(NULL, camera->stride * BUFFERS_MAX, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (camera->memory == MAP_FAILED)
            give_up("no memory for buffers", "");
    }
    wanted->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP;
    pthread_mutex_unlock(&camera->lock);
    return 0;
}

static int query(struct camera *camera, struct v4l2_buffer *buffer)
{
    if (buffer->index >= camera->buffer_count)
        return fail(EINVAL);
    buffer->length = (uint32_t)camera->stride;
    buffer->m.offset = (uint32_t)(buffer->index * camera->stride);
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    buffer->bytesused = 0;
    return 0;
}

/* --- what the camera says of itself --- */

static int describe(const struct camera *camera, struct v4l2_format *wanted)
{
    if (wanted->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
        return fail(EINVAL);
    int is_jpeg = camera->format == V4L2_PIX_FMT_MJPEG;
    wanted->fmt.pix = (struct v4l2_pix_format){
        .width = camera->width,
        .height = camera->height,
        .pixelformat = camera->format,
        .field = V4L2_FIELD_NONE,
        .bytesperline = camera->bytes_per_line,
        .sizeimage = (uint32_t)camera->frame_size,
        .colorspace = is_jpeg ? V4L2_COLORSPACE_JPEG : V4L2_COLORSPACE_SRGB,
        .priv = V4L2_PIX_FMT_PRIV_MAGIC,
        .ycbcr_enc = V4L2_YCBCR_ENC_601,
    };
    return 0;
}

static int name(const struct camera *camera, struct v4l2_capability *capability)
{
    memset(capability, 0, sizeof *capability);
    strcpy((char *)capability->driver, "vcam");
    strcpy((char *)capability->card, "vcam");
    snprintf((char *)capability->bus_info, sizeof capability->bus_info, "platform:vcam-%d",
             camera->number);
    capability->version = 0x060100;
    capability->device_caps =
        V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT;
    capability->capabilities = capability->device_caps | V4L2_CAP_DEVICE_CAPS;
    return 0;
}

static int enumerate_format(const struct camera *camera, struct v4l2_fmtdesc *entry)
{
    if (entry->index || entry->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
        return fail(EINVAL);
    entry->flags = camera->format == V4L2_PIX_FMT_MJPEG ? V4L2_FMT_FLAG_COMPRESSED : 0;
    entry->pixelformat = camera->format;
    snprintf((char *)entry->description, sizeof entry->description, "vcam %.4s",
             (const char *)&camera->format);
    return 0;
}

static int enumerate_size(const struct camera *camera, struct v4l2_frmsizeenum *entry)
{
    if (entry->index || entry->pixel_format != camera->format)
        return fail(EINVAL);
    entry->type = V4L2_FRMSIZE_TYPE_DISCRETE;
    entry->discrete.width = camera->width;
    entry->discrete.height = camera->height;
    return 0;
}

static struct v4l2_fract interval(const struct camera *camera)
{
    double rate = camera->rate > 0 ? camera->rate : 1000;
    uint32_t whole = (uint32_t)rate;
    if (rate == whole)
        return (struct v4l2_fract){ 1, whole };
    return (struct v4l2_fract){ 1000, (uint32_t)(rate * 1000) };
}

static int enumerate_interval(const struct camera *camera, struct v4l2_frmivalenum *entry)
{
    if (entry->index || entry->pixel_format != camera->format)
        return fail(EINVAL);
    entry->type = V4L2_FRMIVAL_TYPE_DISCRETE;
    entry->discrete = interval(camera);
    return 0;
}

static int parameters(const struct camera *camera, struct v4l2_streamparm *wanted)
{
    if (wanted->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
        return fail(EINVAL);
    memset(&wanted->parm, 0, sizeof wanted->parm);
    wanted->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    wanted->parm.capture.timeperframe = interval(camera);
    return 0;
}

static int enumerate_input(struct v4l2_input *input)
{
    if (input->index)
        return fail(EINVAL);
    memset(input, 0, sizeof *input);
    strcpy((char *)input->name, "Camera 1");
    input->type = V4L2_INPUT_TYPE_CAMERA;
    return 0;
}

static int answer(struct camera *camera, unsigned long what, void *argument)
{
    if (camera->is_gone)
        return fail(ENODEV);
    switch ((uint32_t)what) {
    case VIDIOC_QUERYCAP:
        return name(camera, argument);
    case VIDIOC_ENUM_FMT:
        return enumerate_format(camera, argument);
    case VIDIOC_ENUM_FRAMESIZES:
        return enumerate_size(camera, argument);
    case VIDIOC_ENUM_FRAMEINTERVALS:
        return enumerate_interval(camera, argument);
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT:
    case VIDIOC_TRY_FMT:
        return describe(camera, argument);
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM:
        return parameters(camera, argument);
    case VIDIOC_ENUMINPUT:
        return enumerate_input(argument);
    case VIDIOC_G_INPUT:
        *(int *)argument = 0;
        return 0;
    case VIDIOC_S_INPUT:
        return *(int *)argument ? fail(EINVAL) : 0;
    case VIDIOC_G_PRIORITY:
        *(uint32_t *)argument = V4L2_PRIORITY_DEFAULT;
        return 0;
    case VIDIOC_S_PRIORITY:
        return 0;
    case VIDIOC_REQBUFS:
        return request(camera, argument);
    case VIDIOC_QUERYBUF:
        return query(camera, argument);
    case VIDIOC_QBUF:
        return enqueue(camera, argument);
    case VIDIOC_DQBUF:
        return dequeue(camera, argument);
    case VIDIOC_STREAMON:
        return stream(camera, 1);
    case VIDIOC_STREAMOFF:
        return stream(camera, 0);
    default:
        return fail(ENOTTY);
    }
}

static int is_buffer(const void *start)
{
    for (unsigned i = 0; i < camera_count; i++) {
        const uint8_t *memory = cameras[i].memory, *at = start;
        if (memory && at >= memory && at < memory + cameras[i].stride * BUFFERS_MAX)
            return 1;
    }
    return 0;
}

/* --- the calls that reach a device --- */

#define MODE(last)                                                        \
    ({                                                                    \
        va_list more;                                                     \
        va_start(more, last);                                             \
        int mode = last & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0;  \
        va_end(more);                                                     \
        mode;                                                             \
    })

#define OPEN(name)                                 \
    int name(const char *path, int flags, ...)     \
    {                                              \
        int mode = MODE(flags);                    \
        struct camera *camera = camera_at(path);   \
        if (camera)                                \
            return open_camera(camera, flags);     \
        REAL(int, name, const char *, int, ...);   \
        return real_##name(path, flags, mode);     \
    }
OPEN(open)
OPEN(open64)

#define OPEN_AT(name)                                          \
    int name(int folder, const char *path, int flags, ...)     \
    {                                                          \
        int mode = MODE(flags);                                \
        struct camera *camera = camera_at(path);               \
        if (camera)                                            \
            return open_camera(camera, flags);                 \
        REAL(int, name, int, const char *, int, ...);          \
        return real_##name(folder, path, flags, mode);         \
    }
OPEN_AT(openat)
OPEN_AT(openat64)

int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

int __open64_2(const char *path, int flags)
{
    return open(path, flags);
}

int close(int fd)
{
    forget(fd);
    REAL(int, close, int);
    return real_close(fd);
}

int ioctl(int fd, unsigned long what, ...)
{
    va_list more;
    va_start(more, what);
    void *argument = va_arg(more, void *);
    va_end(more);
    struct camera *camera = camera_of(fd);
    if (camera)
        return answer(camera, what, argument);
    REAL(int, ioctl, int, unsigned long, ...);
    return real_ioctl(fd, what, argument);
}

#define MAP(name)                                                                              \
    void *name(void *start, size_t length, int protection, int flags, int fd, off_t offset)    \
    {                                                                                          \
        struct camera *camera = camera_of(fd);                                                 \
        if (camera)                                                                            \
            return camera->memory + offset;                                                    \
        REAL(void *, name, void *, size_t, int, int, int, off_t);                              \
        return real_##name(start, length, protection, flags, fd, offset);                      \
    }
MAP(mmap)
MAP(mmap64)

int munmap(void *start, size_t length)
{
    if (is_buffer(start))
        return 0;
    REAL(int, munmap, void *, size_t);
    return real_munmap(start, length);
}

/* A character device of the kernel's number for video. */
#define AS_DEVICE(status)                            \
    do {                                             \
        (status)->st_mode = S_IFCHR | 0660;          \
        (status)->st_rdev = makedev(81, 0);          \
    } while (0)

#define STAT(name, kind)                               \
    int name(const char *path, struct kind *status)    \
    {                                                  \
        if (camera_at(path)) {                         \
            memset(status, 0, sizeof *status);         \
            AS_DEVICE(status);                         \
            return 0;                                  \
        }                                              \
        REAL(int, name, const char *, struct kind *);  \
        return real_##name(path, status);              \
    }
STAT(stat, stat)
STAT(stat64, stat64)

#define STAT_OPEN(name, kind)                   \
    int name(int fd, struct kind *status)       \
    {                                           \
        REAL(int, name, int, struct kind *);    \
        int result = real_##name(fd, status);   \
        if (result == 0 && camera_of(fd))       \
            AS_DEVICE(status);                  \
        return result;                          \
    }
STAT_OPEN(fstat, stat)
STAT_OPEN(fstat64, stat64)

int access(const char *path, int mode)
{
    if (camera_at(path))
        return 0;
    REAL(int, access, const char *, int);
    return real_access(path, mode);
}

/* libv4l2 calls the kernel by number, past its own wrappers. */
long syscall(long which, ...)
{
    va_list more;
    va_start(more, which);
    long a[6];
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(more, long);
    va_end(more);
    struct camera *camera = camera_of((int)a[0]);
    switch (which) {
    case SYS_ioctl:
        if (camera)
            return answer(camera, (unsigned long)a[1], (void *)a[2]);
        break;
    case SYS_openat:
        camera = camera_at((const char *)a[1]);
        if (camera)
            return open_camera(camera, (int)a[2]);
        break;
#ifdef SYS_open
    case SYS_open:
        camera = camera_at((const char *)a[0]);
        if (camera)
            return open_camera(camera, (int)a[1]);
        break;
#endif
    case SYS_mmap:
        camera = camera_of((int)a[4]);
        if (camera)
            return (long)(camera->memory + a[5]);
        break;
    case SYS_munmap:
        if (is_buffer((void *)a[0]))
            return 0;
        break;
    case SYS_close:
        forget((int)a[0]);
        break;
    }
    REAL(long, syscall, long, ...);
    return real_syscall(which, a[0], a[1], a[2], a[3], a[4], a[5]);
}
