/* SPDX-License-Identifier: MIT */
/* id.c - folding and dating ids.  Making them: new_id.c. */
#include "id.h"

#include <mqmigrate/mqmigrate.h>

#include <string.h>

enum { UUID_BYTES = 16 };

/* Variant and version of RFC 9562, version 1 to 8. */
static int is_uuid(const unsigned char *p)
{
    return (p[8] & 0xc0) == 0x80 && p[6] >= 0x10 && p[6] < 0x90;
}

size_t mqm__id_trim(const void *id, size_t len)
{
    const unsigned char *p = id;
    size_t n = len;

    while (n && !p[n - 1])
        n--;
    return n < UUID_BYTES && len >= UUID_BYTES && is_uuid(p) ? UUID_BYTES : n;
}

static int hex(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 8-4-4-4-12 hex digits; 0 if it is not that. */
static int uuid_of_text(unsigned char *out, const unsigned char *p)
{
    size_t at = 0, i;
    int high, low;

    for (i = 0; i < UUID_BYTES; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && p[at++] != '-')
            return 0;
        high = hex(p[at++]);
        low = hex(p[at++]);
        if (high < 0 || low < 0)
            return 0;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return 1;
}

size_t mqm__id_fold(unsigned char *out, const void *id, size_t len)
{
    len = mqm__id_trim(id, len);
    if (len > MQM_ID_MAX)
        return 0;
    if (len == MQM_ID_LEN && uuid_of_text(out, id))
        return UUID_BYTES;
    if (len)
        memcpy(out, id, len);
    return len;
}

int64_t mqm__id_born(const unsigned char *id, size_t len)
{
    int64_t ms = 0;
    int i;

    if (len != UUID_BYTES || !is_uuid(id) || id[6] >> 4 != 7)
        return 0;
    for (i = 0; i < 6; i++)
        ms = ms << 8 | id[i];
    return ms;
}
