/* SPDX-License-Identifier: MIT */
/* hash.h - the one place that knows XXH3.
 *
 * The library's header-only form is used, so that nobody links a libxxhash,
 * and it is included by hash.c alone.
 */
#ifndef MQM_HASH_H
#define MQM_HASH_H

#include <stddef.h>
#include <stdint.h>

/* XXH3, 64 bit. */
uint64_t mqm__hash64(const void *data, size_t len, uint64_t seed);

/* Java's String.hashCode() of UTF-8 text: over its UTF-16 units, in 32 bits,
 * with the bit pattern of Java's int.  What is no UTF-8 counts as U+FFFD, as
 * often as in `new String(bytes, UTF_8)`: once for each beginning of a
 * character, and once for a surrogate. */
uint32_t mqm__java_hash(const void *data, size_t len);

/* The last two decimal digits of that hash, sign dropped: 0 to 99.  Java's
 * Math.abs(Integer.MIN_VALUE) is negative; here it is 2147483648, so 48. */
unsigned mqm__last_two_digits(const void *data, size_t len);

#endif
