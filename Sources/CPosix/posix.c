#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/netlink.h>

void vp_bound_heap(void)
{
    // An arena for each thread keeps what was freed in it: with frames of all sizes many times what is in use.
    mallopt(M_ARENA_MAX, 2);
    // Larger blocks go back to the system when they are freed. Setting it also keeps glibc from raising it.
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

void vp_name_thread(const char *name)
{
    pthread_setname_np(pthread_self(), name);
}

int vp_processor_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

/* The path's bytes in `room` of PATH_MAX; NULL with errno where it is too long. */
static const char *bytes_of(const char *path, char *room)
{
    const unsigned char *from = (const unsigned char *)path;
    size_t count = 0;
    while (*from) {
        if (count == PATH_MAX - 1) {
            errno = ENAMETOOLONG;
            return NULL;
        }
        /* U+10FF80 is F4 8F BE 80, U+10FFC0 is F4 8F BF 80. */
        if (from[0] == 0xF4 && from[1] == 0x8F && (from[2] == 0xBE || from[2] == 0xBF)) {
            room[count++] = (char)(from[2] == 0xBE ? from[3] : from[3] + 0x40);
            from += 4;
        } else {
            room[count++] = (char)*from++;
        }
    }
    room[count] = 0;
    return room;
}

/* Returns from the function where the path is too long. */
#define TAKE_PATH(name, failure) \
    char name##_room[PATH_MAX];   \
    name = bytes_of(name, name##_room); \
    if (!name) return failure

int vp_stat(const char *path, struct stat *status)
{
    TAKE_PATH(path, -1);
    return stat(path, status);
}

int vp_access(const char *path, int mode)
{
    TAKE_PATH(path, -1);
    return access(path, mode);
}

int vp_mkdir(const char *path, unsigned mode)
{
    TAKE_PATH(path, -1);
    return mkdir(path, (mode_t)mode);
}

int vp_rmdir(const char *path)
{
    TAKE_PATH(path, -1);
    return rmdir(path);
}

int vp_unlink(const char *path)
{
    TAKE_PATH(path, -1);
    return unlink(path);
}

int vp_rename(const char *old, const char *new_path)
{
    TAKE_PATH(old, -1);
    TAKE_PATH(new_path, -1);
    return rename(old, new_path);
}

DIR *vp_opendir(const char *path)
{
    TAKE_PATH(path, NULL);
    return opendir(path);
}

char *vp_realpath(const char *path)
{
    TAKE_PATH(path, NULL);
    return realpath(path, NULL);
}

int vp_open(const char *path, int flags)
{
    TAKE_PATH(path, -1);
    return open(path, flags | O_CLOEXEC);
}

int vp_open_file(const char *path)
{
    /* Without O_NONBLOCK the opening of a FIFO waits for a writer. */
    int fd = vp_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return -1;
    struct stat status;
    int error = fstat(fd, &status) < 0 ? errno
        : S_ISDIR(status.st_mode) ? EISDIR
        : S_ISREG(status.st_mode) ? 0 : ENOTSUP;
    if (error == 0) return fd;
    close(fd);
    errno = error;
    return -1;
}

const char *vp_file_reason(int error)
{
    return error == ENOTSUP ? "Not a regular file" : strerror(error);
}

int vp_open_mode(const char *path, int flags, unsigned mode)
{
    TAKE_PATH(path, -1);
    return open(path, flags | O_CLOEXEC, (mode_t)mode);
}

int vp_allocate(int fd, long count)
{
    int result;
    do {
        result = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, count);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? errno : 0;
}

void vp_random(void *bytes, size_t count)
{
    arc4random_buf(bytes, count);
}

int vp_ioctl(int fd, unsigned long request, void *argument)
{
    int result;
    do {
        result = ioctl(fd, request, argument);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? errno : 0;
}

static int signal_pipe[2] = {-1, -1};
static sigset_t signals_told;

static void tell_signal(int number)
{
    int kept = errno;
    unsigned char byte = (unsigned char)number;
    /* A full pipe holds enough of them already. */
    (void)!write(signal_pipe[1], &byte, 1);
    errno = kept;
}

int vp_signal_open(const int *signals, int count)
{
    if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = tell_signal;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    sigemptyset(&signals_told);
    for (int i = 0; i < count; i++) sigaddset(&signals_told, signals[i]);
    for (int i = 0; i < count; i++)
        if (sigaction(signals[i], &action, NULL) != 0) return -1;
    pthread_sigmask(SIG_BLOCK, &signals_told, NULL);
    return signal_pipe[0];
}

int vp_signal_wait(int fd, int milliseconds)
{
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    for (int number = 1; number < NSIG; number++)
        if (sigismember(&signals_told, number) == 1) sigdelset(&mask, number);
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    struct timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
    /* Interrupted by a signal, it has been told of by now. */
    ppoll(&polled, 1, &time, &mask);
    unsigned char byte;
    return read(fd, &byte, 1) == 1 ? byte : 0;
}

int vp_clock_set_timer(void)
{
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0) return -1;
    /* In the year 2242. */
    struct itimerspec never = {.it_value = {.tv_sec = 1L << 33}};
    if (timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0) return fd;
    close(fd);
    return -1;
}

int vp_eventfd(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int vp_uevent_socket(void)
{
    struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void vp_send_datagram(const char *path, const void *bytes, size_t count)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    sendto(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, size);
    close(fd);
}

void vp_say(int is_error, const char *text)
{
    FILE *stream = is_error ? stderr : stdout;
    fputs(text, stream);
    fflush(stream);
}

int vp_clock_synchronised(void)
{
    struct timex time = {.modes = 0};
    int state = adjtimex(&time);
    return state < 0 ? -1 : state != TIME_ERROR;
}
