#ifndef VEDETTE_CCOLOURS_VECTORS_H
#define VEDETTE_CCOLOURS_VECTORS_H

#include <string.h>

#include "CColours.h"

/* Clang's vectors: AVX where the function is compiled for it, pairs of SSE or NEON registers elsewhere. */
typedef float f8 __attribute__((vector_size(32)));
typedef double d4 __attribute__((vector_size(32)));
typedef float f4 __attribute__((vector_size(16)));
typedef int32_t i4 __attribute__((vector_size(16)));
typedef int32_t i8 __attribute__((vector_size(32)));

#define INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define HAS_CLONES 1
#define FAST __attribute__((target("avx2,fma")))
/* Vectors stay as wide: what pays is that comparisons give masks, and selections by these are one instruction. */
#define MASKED __attribute__((target("avx2,fma,bmi,bmi2,avx512f,avx512vl,avx512bw,avx512dq"), min_vector_width(256)))
#else
#define HAS_CLONES 0
#endif

/* Defines `name` from the inlined `name_body`, once for each kind of processor there is to compile for. */
#if HAS_CLONES
#define KERNEL(type, name, parameters, arguments)                                 \
    MASKED static type name##_masked parameters { return name##_body arguments; } \
    FAST static type name##_fast parameters { return name##_body arguments; }     \
    static type name##_plain parameters { return name##_body arguments; }         \
    type name parameters                                                          \
    {                                                                             \
        int has = vc_instructions();                                              \
        return has == VC_AVX512 ? name##_masked arguments                         \
               : has == VC_AVX2 ? name##_fast arguments                           \
                                : name##_plain arguments;                         \
    }
#else
#define KERNEL(type, name, parameters, arguments) \
    type name parameters { return name##_body arguments; }
#endif

/* Through pointers, so that vectors are never passed by value between functions of different targets. */
#define LOAD(p) ({ f8 v_; memcpy(&v_, (p), sizeof v_); v_; })
#define STORE(p, v) ({ __typeof__(v) v_ = (v); memcpy((p), &v_, sizeof v_); })
#define ALL(s) ((f8){ (s), (s), (s), (s), (s), (s), (s), (s) })
#define ALL_INT(s) ((i8){ (s), (s), (s), (s), (s), (s), (s), (s) })
#define ABSOLUTE(v) ((f8)((i8)(v) & ALL_INT(0x7fffffff)))
/* A bit for each lane of a mask. */
typedef _Bool b8 __attribute__((ext_vector_type(8)));
#define LANES(mask) ({ b8 v_ = __builtin_convertvector((mask), b8); uint8_t bits_; memcpy(&bits_, &v_, 1); bits_; })
/* mask ? a : b */
#define PICK(mask, a, b) ((__typeof__(a))(((i8)(a) & (mask)) | ((i8)(b) & ~(mask))))

typedef uint32_t u4 __attribute__((vector_size(16)));
typedef uint8_t byte4 __attribute__((vector_size(4)));

/* A pixel's red, green and blue from the lowest byte on; what is in the fourth belongs to nobody. */
INLINE uint32_t packed(const uint8_t *pixel, int is_last)
{
    uint32_t word = 0;
    if (is_last)
        memcpy(&word, pixel, 3);
    else
        memcpy(&word, pixel, 4);
    return word;
}

INLINE u4 spread(uint32_t word)
{
    byte4 bytes;
    memcpy(&bytes, &word, sizeof bytes);
    return __builtin_convertvector(bytes, u4);
}

/* The bin of a packed pixel: red highest. */
INLINE uint32_t bin_number(uint32_t word, int bits)
{
    uint32_t mask = (1u << bits) - 1;
    int drop = 8 - bits;
    return (word >> drop & mask) << 2 * bits | (word >> (8 + drop) & mask) << bits | (word >> (16 + drop) & mask);
}

#endif
