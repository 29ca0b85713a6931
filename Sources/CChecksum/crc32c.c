#include "CChecksum.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82F63B78u

static uint32_t table[8][256];
static pthread_once_t is_filled = PTHREAD_ONCE_INIT;

static void fill(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        table[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int slice = 1; slice < 8; slice++)
            table[slice][i] = table[slice - 1][i] >> 8 ^ table[0][table[slice - 1][i] & 255];
}

/* Slicing by eight (Kounavis and Berry, 'Novel Table Lookup-Based Algorithms for High-Performance CRC
 * Generation', 2008). */
uint32_t vc_crc32c_by_table(uint32_t before, const void *bytes, size_t count)
{
    pthread_once(&is_filled, fill);
    const unsigned char *next = bytes;
    uint32_t crc = ~before;
    for (; count >= 8; next += 8, count -= 8) {
        crc ^= (uint32_t)next[0] | (uint32_t)next[1] << 8 | (uint32_t)next[2] << 16 | (uint32_t)next[3] << 24;
        crc = table[7][crc & 255] ^ table[6][crc >> 8 & 255] ^ table[5][crc >> 16 & 255] ^ table[4][crc >> 24]
            ^ table[3][next[4]] ^ table[2][next[5]] ^ table[1][next[6]] ^ table[0][next[7]];
    }
    while (count--)
        crc = crc >> 8 ^ table[0][(crc ^ *next++) & 255];
    return ~crc;
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t before, const void *bytes, size_t count)
{
    const unsigned char *next = bytes;
    uint64_t crc = ~before;
    for (; count >= 8; next += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        crc = _mm_crc32_u64(crc, word);
    }
    while (count--)
        crc = _mm_crc32_u8((uint32_t)crc, *next++);
    return ~(uint32_t)crc;
}

static int has_instruction(void) { return __builtin_cpu_supports("sse4.2"); }

#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>

__attribute__((target("+crc"))) static uint32_t by_instruction(uint32_t before, const void *bytes, size_t count)
{
    const unsigned char *next = bytes;
    uint32_t crc = ~before;
    for (; count >= 8; next += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        crc = __crc32cd(crc, word);
    }
    while (count--)
        crc = __crc32cb(crc, *next++);
    return ~crc;
}

/* HWCAP_CRC32 */
static int has_instruction(void) { return (getauxval(AT_HWCAP) & (1 << 7)) != 0; }

#else
static uint32_t by_instruction(uint32_t before, const void *bytes, size_t count)
{
    return vc_crc32c_by_table(before, bytes, count);
}

static int has_instruction(void) { return 0; }
#endif

uint32_t vc_crc32c(uint32_t before, const void *bytes, size_t count)
{
    return has_instruction() ? by_instruction(before, bytes, count) : vc_crc32c_by_table(before, bytes, count);
}
