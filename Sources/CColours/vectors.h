#ifndef VEDETTE_CCOLOURS_VECTORS_H
#define VEDETTE_CCOLOURS_VECTORS_H

#include <string.h>

#include "CColours.h"

/* Clang's vectors: AVX where the function is compiled for it, pairs of SSE or NEON registers elsewhere. */
typedef float f8 __attribute__((vector_size(32)));
typedef double d4 __attribute__((vector_size(32)));
typedef float f4 __attribute__((vector_size(16)));
typedef int32_t i8 __attribute__((vector_size(32)));

#define INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define HAS_CLONES 1
#define FAST __attribute__((target("avx2,fma")))
INLINE int is_fast(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#else
#define HAS_CLONES 0
#endif

/* Defines `name` from the inlined `name_body`, twice where there are two processors to compile for. */
#if HAS_CLONES
#define KERNEL(type, name, parameters, arguments)                        \
    FAST static type name##_fast parameters { return name##_body arguments; } \
    static type name##_plain parameters { return name##_body arguments; }     \
    type name parameters { return is_fast() ? name##_fast arguments : name##_plain arguments; }
#else
#define KERNEL(type, name, parameters, arguments) \
    type name parameters { return name##_body arguments; }
#endif

/* Through pointers, so that vectors are never passed by value between functions of different targets. */
#define LOAD(p) ({ f8 v_; memcpy(&v_, (p), sizeof v_); v_; })
#define STORE(p, v) ({ __typeof__(v) v_ = (v); memcpy((p), &v_, sizeof v_); })
#define ALL(s) ((f8){ (s), (s), (s), (s), (s), (s), (s), (s) })
#define ALL_INT(s) ((i8){ (s), (s), (s), (s), (s), (s), (s), (s) })
/* mask ? a : b */
#define PICK(mask, a, b) ((__typeof__(a))(((i8)(a) & (mask)) | ((i8)(b) & ~(mask))))

#endif
