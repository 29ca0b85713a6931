/* What Swift cannot import of POSIX and Linux: variadic functions, macros, and GNU extensions. */
#ifndef VEDETTE_CPOSIX_H
#define VEDETTE_CPOSIX_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Names the calling thread; at most 15 bytes. */
void vp_name_thread(const char *name);
/* How many processors the calling thread may run on, at least 1. */
int vp_processor_count(void);
/* Paths are UTF-8, in which a character from U+10FF80 to U+10FFFF stands for one byte, 0x80 to 0xFF: names of files may be
   bytes that are no UTF-8. The calls below that take a path turn these back; all others must not be given one. */
int vp_stat(const char *path, struct stat *status);
int vp_access(const char *path, int mode);
int vp_mkdir(const char *path, unsigned mode);
int vp_rmdir(const char *path);
int vp_unlink(const char *path);
int vp_rename(const char *old, const char *new_path);
DIR *vp_opendir(const char *path);
/* The path that links lead to, as the system's bytes, to be freed; or NULL with errno. */
char *vp_realpath(const char *path);
/* open with O_CLOEXEC; returns a descriptor or -1 with errno. */
int vp_open(const char *path, int flags);
/* Opens a regular file for reading. Anything else, such as a FIFO or a device that could block the reader, is not
   waited for: -1 with errno, whose reason vp_file_reason gives. */
int vp_open_file(const char *path);
/* Why vp_open_file failed with this errno. */
const char *vp_file_reason(int error);
/* vp_open for a file that may be made with these permissions. */
int vp_open_mode(const char *path, int flags, unsigned mode);
/* Takes room on the disk for the first `count` bytes without changing the file's size; 0 or an errno. */
int vp_allocate(int fd, long count);
/* Fills `bytes` with what cannot be guessed. */
void vp_random(void *bytes, size_t count);
/* ioctl, repeated while a signal interrupts it; returns 0 or an errno. */
int vp_ioctl(int fd, unsigned long request, void *argument);
/* From now on these signals are told by the descriptor that is returned (-1 with errno), whichever thread they come to:
   libraries start threads of their own before main, which would otherwise end the process. They are blocked in the
   calling thread and those that it starts. Once in a process. */
int vp_signal_open(const int *signals, int count);
/* The next of the signals, or 0 where none came within so many milliseconds. */
int vp_signal_wait(int fd, int milliseconds);
/* A non-blocking eventfd, or -1. */
int vp_eventfd(void);
/* A non-blocking timer of CLOCK_REALTIME that never runs down, but can be read (and then says ECANCELED) once that clock
   was set; or -1. */
int vp_clock_set_timer(void);
/* Keeps freed memory from staying with the process. Called before any thread is started. */
void vp_bound_heap(void);
/* A non-blocking netlink socket that hears the kernel announce devices, or -1. */
int vp_uevent_socket(void);
/* Writes a line to standard error or standard output, and flushes it. */
void vp_say(int is_error, const char *text);
/* Sends one datagram to a Unix socket; a path that begins with @ is an abstract address. */
void vp_send_datagram(const char *path, const void *bytes, size_t count);
/* Two sockets that are connected, closed on exec; 0, or -1 with errno. */
int vp_stream_pair(int pair[2]);
/* Starts the program at `path` with `descriptor` as its descriptor 3, /dev/null as 0 to 2, and no other; what a
   terminal or a service manager ends a group with is blocked in it. Returns its id, or an errno below 0. */
int vp_spawn(const char *path, char *const arguments[], char *const environment[], int descriptor);
/* The environment's entries, NAME=VALUE, by number; NULL behind the last. */
const char *vp_environment(size_t place);
/* Whether a child has ended, which is asked once: by the signal, or with the exit status; 0 and -1 where it did not. */
int vp_reap(int process, int *signal, int *status);
/* Confines this process for good: it ends with the thread of `parent` that started it, may take `bytes` of memory beyond
   what it has now, gains no privileges and leaves no core. To be called before it starts threads. 0 or an errno. */
int vp_confine(int parent, size_t bytes);
/* Ends this process by SIGXCPU or SIGKILL once it has used so much processor time. 0 or an errno. */
int vp_limit_processor(unsigned seconds);
/* Whether NTP keeps the kernel's clock right: 1 or 0, or -1 where the kernel does not say. */
int vp_clock_synchronised(void);

#endif
