/* SPDX-License-Identifier: MIT */
/* hash.c - from bytes to a place in the cut.
 *
 * Nobody and everybody are decided before anything is hashed, so an odd hash
 * can neither let one through at 0 nor keep one back at 100 %.  All else
 * compares "place < cut": what is within a cut is within every larger one.
 */
#include "hash.h"

#include "policy.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t mqm__hash64(const void *data, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(len ? data : "", len, seed);
}

/* Bytes that may follow the first one of a character: how many, and the range
 * of the first of them, which keeps out long forms and what lies beyond. */
static unsigned tail_of(unsigned first, unsigned *low, unsigned *high)
{
    *low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xf4 ? 0x8f : 0xbf;
    if (first >= 0xc2 && first <= 0xdf)
        return 1;
    if (first >= 0xe0 && first <= 0xef)
        return 2;
    return first >= 0xf0 && first <= 0xf4 ? 3 : 0;
}

/* The character at p, and how many bytes it takes (1 or more). */
static uint32_t utf8_next(const unsigned char *p, const unsigned char *end,
                          size_t *took)
{
    unsigned low, high, n, i;
    uint32_t c = p[0];

    *took = 1;
    if (c < 0x80)
        return c;
    n = tail_of(p[0], &low, &high);
    if (!n)
        return 0xfffd;
    c &= 0x3fu >> n;
    for (i = 1; i <= n; i++, low = 0x80, high = 0xbf) {
        if (p + i == end || p[i] < low || p[i] > high)
            return 0xfffd;
        c = c << 6 | (p[i] & 0x3fu);
        *took = i + 1;
    }
    return c >= 0xd800 && c <= 0xdfff ? 0xfffd : c;
}

uint32_t mqm__java_hash(const void *data, size_t len)
{
    const unsigned char *p = data, *end = p + len;
    uint32_t hash = 0, c;
    size_t took;

    while (p < end) {
        c = utf8_next(p, end, &took);
        p += took;
        if (c > 0xffff) {
            hash = hash * 31 + (0xd7c0 + (c >> 10));
            c = 0xdc00 | (c & 0x3ff);
        }
        hash = hash * 31 + c;
    }
    return hash;
}

unsigned mqm__last_two_digits(const void *data, size_t len)
{
    uint32_t hash = mqm__java_hash(data, len);

    return (hash & 0x80000000u ? 0u - hash : hash) % 100;
}

bool mqm__cut_takes(int hash, uint64_t seed, uint32_t ppm, const void *data,
                    size_t len)
{
    if (ppm == 0)
        return false;
    if (ppm >= MQM_CUT_ALL)
        return true;
    if (hash == MQM_HASH_LAST_TWO_DIGITS)
        return mqm__last_two_digits(data, len) * 10000 < ppm;
    return (mqm__hash64(data, len, seed) >> 32) * MQM_CUT_ALL >> 32 < ppm;
}

uint64_t mqm__seed_of(const char *salt)
{
    return salt && *salt ? mqm__hash64(salt, strlen(salt), 0) : 0;
}
