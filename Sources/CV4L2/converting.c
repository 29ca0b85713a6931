#include "CV4L2.h"

#include <errno.h>
#include <libv4l2.h>
#include <sys/mman.h>

int vp_converting_open(int fd)
{
    return v4l2_fd_open(fd, 0) < 0 ? errno : 0;
}

int vp_converting_ioctl(int fd, unsigned long request, void *argument)
{
    int result;
    do {
        result = v4l2_ioctl(fd, request, argument);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? errno : 0;
}

void vp_converting_close(int fd)
{
    v4l2_close(fd);
}

void *vp_converting_mmap(size_t length, int fd, long long offset)
{
    void *start = v4l2_mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
    return start == MAP_FAILED ? NULL : start;
}

int vp_converting_munmap(void *start, size_t length)
{
    return v4l2_munmap(start, length);
}
