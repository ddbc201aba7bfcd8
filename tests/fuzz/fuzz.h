/* SPDX-License-Identifier: MIT */
/* fuzz.h - what every fuzz target shares: its entry, and how it takes its
 * input apart.
 *
 * A target is one file, tests/fuzz/NAME.c, that defines the entry.  Under
 * clang libFuzzer calls it with what it makes up (`make fuzz`); under any
 * compiler replay.c calls it with the files of tests/fuzz/corpus/NAME.  A claim
 * that does not hold ends the process, which is how both notice.
 */
#ifndef MQM_FUZZ_H
#define MQM_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(claim)                                                            \
    do {                                                                       \
        if (!(claim)) {                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,  \
                    #claim);                                                   \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* What is left of an input; what lies beyond its end is zero. */
struct input {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t take_byte(struct input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

static inline uint64_t take_number(struct input *in, size_t bytes)
{
    uint64_t x = 0;

    while (bytes-- > 0)
        x = x << 8 | take_byte(in);
    return x;
}

/* Up to len bytes, where they lie. */
static inline const uint8_t *take_bytes(struct input *in, size_t *len)
{
    const uint8_t *p = in->at;

    if (*len > in->left)
        *len = in->left;
    in->at += *len;
    in->left -= *len;
    return p;
}

/* A copy, NUL at its end, to be freed; as long as it is allocated, so that
 * whoever reads on is caught. */
static inline char *text_of(const void *p, size_t len)
{
    char *s = malloc(len + 1);

    MUST(s);
    if (len)
        memcpy(s, p, len);
    s[len] = '\0';
    return s;
}

/* A line without its end, cut at a NUL byte, to be freed. */
static inline char *take_line(struct input *in)
{
    const uint8_t *end = in->left ? memchr(in->at, '\n', in->left) : NULL;
    size_t len = end ? (size_t)(end - in->at) : in->left;
    const uint8_t *p = take_bytes(in, &len);

    (void)take_byte(in);
    return text_of(p, len);
}

/* Words for people go to logs and terminals: one line, nothing that moves a
 * cursor. */
static inline int is_plain(const char *words)
{
    for (; *words; words++)
        if ((unsigned char)*words < ' ' || *words == 127)
            return 0;
    return 1;
}

#endif
