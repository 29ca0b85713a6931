/* Tells the thread sanitizer what it cannot see: how a Mutex is locked where two threads want it, how arrays know that they are
 * nobody else's, and the threads of librdkafka. Without it the first two are reported as races, and the third ends the
 * program. What is here stands before the functions of the same names in libraries. In a build without the sanitizer it is
 * empty. */
#define _GNU_SOURCE
#include "CThreadSanitizer.h"

#if defined(__linux__) && __has_feature(thread_sanitizer)
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

/* A Mutex that is free is taken and given back by atomic instructions in our own code, which the sanitizer has seen. Else it is
 * the kernel that does both, called in Swift's library, which it does not see. */
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFT bool try_lock_slow(SELF void *mutex) __asm__("$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");
SWIFT void unlock_slow(SELF void *mutex) __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");

static void *next(const char *name, _Atomic(void *) *kept)
{
    void *found = atomic_load_explicit(kept, memory_order_relaxed);
    if (found == NULL) {
        found = dlsym(RTLD_NEXT, name);
        if (found == NULL)
            abort();
        atomic_store_explicit(kept, found, memory_order_relaxed);
    }
    return found;
}
#define NEXT(type, name) \
    static _Atomic(void *) kept; \
    type *original = (type *)next(name, &kept)

typedef SWIFT void lock_function(uint32_t, SELF void *);
typedef SWIFT bool try_lock_function(SELF void *);
typedef SWIFT void unlock_function(SELF void *);

SWIFT void lock_slow(uint32_t thread, SELF void *mutex)
{
    NEXT(lock_function, "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
    original(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT bool try_lock_slow(SELF void *mutex)
{
    NEXT(try_lock_function, "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");
    bool taken = original(mutex);
    if (taken)
        __tsan_acquire(mutex);
    return taken;
}

SWIFT void unlock_slow(SELF void *mutex)
{
    NEXT(unlock_function, "$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
    __tsan_release(mutex);
    original(mutex);
}

/* Whoever lets go of an array has read it before the one who finds himself alone with it writes to it. The counts are
 * kept within Swift's library. Who is alone from the beginning hands nothing over, which saves most of the time. */
typedef bool unique_function(const void *);
typedef void release_function(void *);
typedef void release_n_function(void *, uint32_t);

bool swift_isUniquelyReferenced_nonNull_native(const void *object)
{
    NEXT(unique_function, "swift_isUniquelyReferenced_nonNull_native");
    bool alone = original(object);
    if (alone)
        __tsan_acquire((void *)object);
    return alone;
}

bool swift_isUniquelyReferenced_native(const void *object)
{
    return object != NULL && swift_isUniquelyReferenced_nonNull_native(object);
}

static void leave(void *object)
{
    if (!swift_isUniquelyReferenced_nonNull_native(object))
        __tsan_release(object);
}

void swift_release(void *object)
{
    NEXT(release_function, "swift_release");
    if (object != NULL)
        leave(object);
    original(object);
}

void swift_release_n(void *object, uint32_t count)
{
    NEXT(release_n_function, "swift_release_n");
    if (object != NULL)
        leave(object);
    original(object, count);
}

/* The storage of a dictionary or set, with bits of its own beside the address; the highest says that there is none. */
void swift_bridgeObjectRelease(void *object)
{
    NEXT(release_function, "swift_bridgeObjectRelease");
    uintptr_t address = (uintptr_t)object & 0x0ffffffffffffff8;
    if (address != 0 && (intptr_t)object > 0)
        leave((void *)address);
    original(object);
}

/* librdkafka has its threads, locks and conditions of C11, which glibc makes within itself: as POSIX ones the sanitizer knows
 * them, and what is handed over by them. glibc's types are the same for both. */
struct start {
    thrd_start_t run;
    void *argument;
};

static void *begin(void *given)
{
    struct start start = *(struct start *)given;
    free(given);
    return (void *)(intptr_t)start.run(start.argument);
}

static int answer(int error)
{
    switch (error) {
    case 0: return thrd_success;
    case EBUSY: return thrd_busy;
    case ETIMEDOUT: return thrd_timedout;
    case ENOMEM: return thrd_nomem;
    default: return thrd_error;
    }
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *argument)
{
    struct start *start = malloc(sizeof *start);
    if (start == NULL)
        return thrd_nomem;
    *start = (struct start){ run, argument };
    int error = pthread_create(thread, NULL, begin, start);
    if (error != 0)
        free(start);
    return answer(error);
}

int thrd_join(thrd_t thread, int *result)
{
    void *returned = NULL;
    int error = pthread_join(thread, &returned);
    if (result != NULL)
        *result = (int)(intptr_t)returned;
    return answer(error);
}

int mtx_lock(mtx_t *lock) { return answer(pthread_mutex_lock((pthread_mutex_t *)lock)); }
int mtx_trylock(mtx_t *lock) { return answer(pthread_mutex_trylock((pthread_mutex_t *)lock)); }
int mtx_unlock(mtx_t *lock) { return answer(pthread_mutex_unlock((pthread_mutex_t *)lock)); }
void mtx_destroy(mtx_t *lock) { pthread_mutex_destroy((pthread_mutex_t *)lock); }

int cnd_init(cnd_t *condition) { return answer(pthread_cond_init((pthread_cond_t *)condition, NULL)); }
int cnd_signal(cnd_t *condition) { return answer(pthread_cond_signal((pthread_cond_t *)condition)); }
int cnd_broadcast(cnd_t *condition) { return answer(pthread_cond_broadcast((pthread_cond_t *)condition)); }
void cnd_destroy(cnd_t *condition) { pthread_cond_destroy((pthread_cond_t *)condition); }

int cnd_wait(cnd_t *condition, mtx_t *lock)
{
    return answer(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)lock));
}

int cnd_timedwait(cnd_t *condition, mtx_t *lock, const struct timespec *until)
{
    return answer(pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)lock, until));
}
#endif
