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

/* A hex digit's value and 16; 0: none.  A table, since a branch a digit would
 * be guessed wrong half of the time. */
static const unsigned char hex[256] = {
    ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21,
    ['6'] = 22, ['7'] = 23, ['8'] = 24, ['9'] = 25, ['a'] = 26, ['b'] = 27,
    ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31, ['A'] = 26, ['B'] = 27,
    ['C'] = 28, ['D'] = 29, ['E'] = 30, ['F'] = 31};

/* 8-4-4-4-12 hex digits; 0 if it is not that. */
static int uuid_of_text(unsigned char *out, const unsigned char *p)
{
    static const unsigned char at[UUID_BYTES] = {
        0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
    unsigned all = 16, high, low;
    size_t i;

    if (p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
        return 0;
    for (i = 0; i < UUID_BYTES; i++) {
        high = hex[p[at[i]]];
        low = hex[p[at[i] + 1]];
        all &= high & low;
        out[i] = (unsigned char)(high << 4 | (low & 15));
    }
    return all != 0;
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

size_t mqm__id_of_origin(unsigned char *out, const char *origin)
{
    size_t len = strlen(origin), all = len + 2 == UUID_BYTES ? len + 3
                                                             : len + 2;

    if (len == 0 || all > MQM_ID_MAX)
        return 0;
    memset(out, 0, all);
    out[0] = '@';
    memcpy(out + 1, origin, len);
    return all;
}

int mqm__id_is_origin(const void *id, size_t len)
{
    const unsigned char *p = id;

    return len > 2 && len <= MQM_ID_MAX && len != UUID_BYTES && p[0] == '@' &&
           p[len - 1] == 0;
}

int mqm__id_is_uuid(const unsigned char *id, size_t len)
{
    return len == UUID_BYTES && is_uuid(id);
}

void mqm__id_text(char *out, const unsigned char *uuid)
{
    static const char digits[] = "0123456789abcdef";
    int i;

    for (i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[uuid[i] >> 4];
        *out++ = digits[uuid[i] & 15];
    }
    *out = '\0';
}

int64_t mqm__id_born(const unsigned char *id, size_t len)
{
    int64_t ms = 0;
    int i;

    if (!mqm__id_is_uuid(id, len) || id[6] >> 4 != 7)
        return 0;
    for (i = 0; i < 6; i++)
        ms = ms << 8 | id[i];
    return ms;
}
