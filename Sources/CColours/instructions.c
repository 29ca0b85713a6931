#include "vectors.h"

static _Thread_local int allowed = VC_AVX512;

void vc_limit(int instructions) { allowed = instructions; }

int vc_instructions(void)
{
    int has = VC_PLAIN;
#if HAS_CLONES
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        has = VC_AVX2;
    if (has == VC_AVX2 && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
        has = VC_AVX512;
#endif
    return has < allowed ? has : allowed;
}
