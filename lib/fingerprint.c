/* SPDX-License-Identifier: MIT */
/* fingerprint.c - see fingerprint.h. */
#include "fingerprint.h"
#include "bytes.h"
#include "hash.h"

enum { PRINT_VERSION = 1, TEXTS = 2 * 256, NUMBERS = 64 };

uint64_t mqm__fingerprint(const struct policy *p, const char *old_side,
                           const char *new_side)
{
    unsigned char text[TEXTS + NUMBERS], *at = text;
    uint64_t print;

    at = mqm__put(at, PRINT_VERSION, 1);
    at = mqm__put_text(at, old_side);
    at = mqm__put_text(at, new_side);
    at = mqm__put(at, p->on, 1);
    at = mqm__put(at, p->cut_ppm, 4);
    at = mqm__put(at, (uint64_t)p->since_ms, 8);
    at = mqm__put(at, (uint64_t)p->margin_ms, 8);
    at = mqm__put(at, (uint64_t)p->hash, 1);
    at = mqm__put(at, p->hash_id, 1);
    at = mqm__put(at, p->seed, 8);
    at = mqm__put(at, mqm__allow_list_size(p->allow), 8);
    at = mqm__put(at, mqm__allow_list_print(p->allow), 8);
    print = mqm__hash64(text, (size_t)(at - text), 0);
    return print ? print : 1;
}
