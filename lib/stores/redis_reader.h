/* SPDX-License-Identifier: MIT */
/* redis_reader.h - what Redis answers, read by hiredis into memory that is
 * there before: no reply allocates, and no server can make us allocate more.
 *
 * A reply lies flat: an array is followed by its elements, theirs included.  It
 * lives until the next one is read.  What no answer of ours can be (an array of
 * more than READER_ITEMS, texts of more than READER_TEXT, arrays within arrays
 * within...) cannot be read.
 *
 * Nothing else of the library calls hiredis.  It is linked into this object,
 * and its names are no one else's: see the Makefile.
 */
#ifndef MQM_STORES_REDIS_READER_H
#define MQM_STORES_REDIS_READER_H

#include <stddef.h>
#include <stdint.h>

enum {
    MQM__READER_ITEMS = 4096,       /* 3 and two for each of a step's cells */
    MQM__READER_TEXT = 1024 * 1024, /* of these, with room to spare */
    MQM__READER_AHEAD = 128 * 1024, /* not read yet, for each that is due: 256
                                       cells and their versions */
};

enum redis_type {
    MQM__REDIS_TEXT = 1,
    MQM__REDIS_ARRAY,
    MQM__REDIS_NUMBER,
    MQM__REDIS_NIL,
    MQM__REDIS_STATUS,
    MQM__REDIS_ERROR
};

struct redis_reply {
    int type;
    size_t len;       /* of the text; of an array: how many elements */
    int64_t number;
    const char *text; /* of all but arrays; a NUL is behind it */
};

struct redis_reader;

struct redis_reader *mqm__reader_new(void);
void mqm__reader_free(struct redis_reader *r);

/* What came, while `due` replies are.  -1: it cannot be read, nor the rest. */
int mqm__reader_feed(struct redis_reader *r, const char *p, size_t len,
                     size_t due);

/* 1: the next reply; 0: it is not all there; -1: it cannot be read. */
int mqm__reader_next(struct redis_reader *r, const struct redis_reply **reply);

/* Bytes that came and are of no reply yet. */
size_t mqm__reader_rest(const struct redis_reader *r);

#endif
