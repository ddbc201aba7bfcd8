/* SPDX-License-Identifier: MIT */
/* bytes.h - numbers and short texts in the bytes of a store's cell, and back.
 *
 * Numbers are little endian, a text is its length (1 byte) and its bytes.  A
 * reader that has come to what cannot be is bad from then on, and reads zeros.
 */
#ifndef MQM_BYTES_H
#define MQM_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const unsigned char *at;
    size_t left;
    bool bad;
};

static inline unsigned char *mqm__put(unsigned char *p, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        *p++ = (unsigned char)(v >> 8 * i);
    return p;
}

static inline unsigned char *mqm__put_text(unsigned char *p, const char *text)
{
    size_t len = strlen(text);

    p = mqm__put(p, len, 1);
    memcpy(p, text, len);
    return p + len;
}

static inline uint64_t mqm__get(struct bytes *b, unsigned n)
{
    uint64_t v = 0;

    if (b->left < n) {
        b->bad = true;
        return 0;
    }
    for (unsigned i = 0; i < n; i++)
        v |= (uint64_t)b->at[i] << 8 * i;
    b->at += n;
    b->left -= n;
    return v;
}

static inline void mqm__get_text(struct bytes *b, char *out, size_t size)
{
    size_t len = mqm__get(b, 1);

    if (len >= size || len > b->left) {
        b->bad = true;
        return;
    }
    b->bad |= memchr(b->at, 0, len) != NULL;
    memcpy(out, b->at, len);
    out[len] = '\0';
    b->at += len;
    b->left -= len;
}

#endif
