#pragma once

/* Twice, for processors that have AVX2 and for those that have not; the loader chooses. Not under the thread sanitizer:
 * the loader would run what chooses before the sanitizer is ready, and both would end there. */
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define CLONED __attribute__((target_clones("avx2", "default")))
#else
#define CLONED
#endif
