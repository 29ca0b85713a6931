#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>

void vp_name_thread(const char *name)
{
    pthread_setname_np(pthread_self(), name);
}

int vp_open(const char *path, int flags)
{
    return open(path, flags | O_CLOEXEC);
}

int vp_ioctl(int fd, unsigned long request, void *argument)
{
    int result;
    do {
        result = ioctl(fd, request, argument);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? errno : 0;
}
