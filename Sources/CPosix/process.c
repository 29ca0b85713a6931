/* A process of this program's own for what strangers can write: started, confined, waited for. */
#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptor that the started process is given; below it are three of /dev/null. */
#define HANDED 3
/* A thread's stack, in bytes: librdkafka starts one for each broker, and each counts in full against RLIMIT_DATA. */
#define STACK (256 << 10)

int vp_stream_pair(int pair[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

static int prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int descriptor)
{
    /* Nothing of the child's reaches the log but by way of the socket. */
    int error = posix_spawn_file_actions_adddup2(files, descriptor, HANDED);
    if (error == 0) error = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDWR, 0);
    if (error == 0) error = posix_spawn_file_actions_adddup2(files, 0, 1);
    if (error == 0) error = posix_spawn_file_actions_adddup2(files, 0, 2);
    if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(files, HANDED + 1);
    if (error) return error;
    sigset_t blocked, usual;
    sigemptyset(&blocked);
    /* A service manager or a terminal tells the whole group to end; its parent ends it, in order. */
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    sigaddset(&blocked, SIGUSR1);
    sigfillset(&usual);
    error = posix_spawnattr_setsigmask(attributes, &blocked);
    if (error == 0) error = posix_spawnattr_setsigdefault(attributes, &usual);
    if (error == 0) error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return error;
}

int vp_spawn(const char *path, char *const arguments[], char *const environment[], int descriptor)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    pid_t child = -1;
    int error = posix_spawn_file_actions_init(&files);
    if (error == 0) {
        error = posix_spawnattr_init(&attributes);
        if (error == 0) {
            error = prepare(&files, &attributes, descriptor);
            if (error == 0) error = posix_spawn(&child, path, &files, &attributes, arguments, environment);
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&files);
    }
    return error ? -error : child;
}

const char *vp_environment(size_t place)
{
    for (size_t step = 0; environ && environ[step]; step++)
        if (step == place) return environ[step];
    return NULL;
}

int vp_reap(int process, int *signal, int *status)
{
    int told = 0;
    pid_t found;
    do {
        found = waitpid(process, &told, WNOHANG);
    } while (found < 0 && errno == EINTR);
    *signal = found > 0 && WIFSIGNALED(told) ? WTERMSIG(told) : 0;
    *status = found > 0 && WIFEXITED(told) ? WEXITSTATUS(told) : -1;
    return found != 0;
}

/* The bytes that count against RLIMIT_DATA now, or 0 where they are not known. */
static unsigned long data_in_use(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    unsigned long data = 0;
    int found = fscanf(file, "%*u %*u %*u %*u %*u %lu", &data);
    fclose(file);
    return found == 1 ? data * (unsigned long)sysconf(_SC_PAGESIZE) : 0;
}

static int limit(__rlimit_resource_t what, unsigned long most)
{
    struct rlimit now = {.rlim_cur = most, .rlim_max = most};
    return setrlimit(what, &now) == 0 ? 0 : errno;
}

int vp_limit_processor(unsigned seconds)
{
    return limit(RLIMIT_CPU, seconds);
}

int vp_confine(int parent, size_t bytes)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
    /* It may have ended before it was asked for. */
    if (getppid() != parent) return ESRCH;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    prctl(PR_SET_NAME, "control-reader");
    /* The first that goes where memory is short; it is a wish. */
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        (void)!write(file, "1000", 4);
        close(file);
    }
    pthread_attr_t threads;
    int error = pthread_attr_init(&threads);
    if (error) return error;
    error = pthread_attr_setstacksize(&threads, STACK);
    if (error == 0) error = pthread_setattr_default_np(&threads);
    pthread_attr_destroy(&threads);
    if (error) return error;
    unsigned long used = data_in_use();
    if (used == 0) return EIO;
    error = limit(RLIMIT_CORE, 0);
    return error ? error : limit(RLIMIT_DATA, used + bytes);
}
