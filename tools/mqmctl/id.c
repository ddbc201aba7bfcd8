/* SPDX-License-Identifier: MIT */
/* id.c - ids as they are typed, printed and compared. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

int cmd_new_id(struct ctl *c)
{
    char id[MQM_ID_LEN + 1];
    const int r = mqm_new_id(id);

    (void)c;
    if (r < 0)
        return failed("no id could be made", r);
    puts(id);
    return CTL_OK;
}

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at;

    if (c >= 'A' && c <= 'F')
        c = (char)(c - 'A' + 'a');
    at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* One byte of the text that begins at *p; -1: an escape that is none. */
static int next_byte(const char **p)
{
    const char *s = *p;
    int high, low;

    if (s[0] != '\\') {
        *p += 1;
        return (unsigned char)s[0];
    }
    if (s[1] == '\\') {
        *p += 2;
        return '\\';
    }
    high = s[1] == 'x' ? hex(s[2]) : -1;
    low = high < 0 ? -1 : hex(s[3]);
    *p += 4;
    return low < 0 ? -1 : high * 16 + low;
}

int id_parse(struct id *id, const char *text)
{
    const char *p = text;
    int byte;

    id->len = 0;
    while (*p != '\0') {
        byte = next_byte(&p);
        if (byte < 0)
            return refuse("id '%s': a backslash begins \\xHH (a byte) or \\\\",
                          text);
        if (id->len == sizeof(id->bytes))
            return refuse("id '%s': longer than %d bytes", text, MQM_ID_MAX);
        id->bytes[id->len++] = (unsigned char)byte;
    }
    if (id->len == 0)
        return refuse("the id is empty: give the one that 'mqmctl pending' or "
                      "your logs tell");
    return CTL_OK;
}

/* The 16 bytes of a UUID's text; 0: it is none. */
static int uuid_bytes(unsigned char out[16], const char *s, size_t len)
{
    size_t n = 0;
    int high, low;

    if (len != 36)
        return 0;
    for (size_t i = 0; i < 36;) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (s[i++] != '-')
                return 0;
            continue;
        }
        high = hex(s[i]);
        low = hex(s[i + 1]);
        if (high < 0 || low < 0)
            return 0;
        out[n++] = (unsigned char)(high * 16 + low);
        i += 2;
    }
    return 1;
}

static size_t trimmed(const void *id, size_t len)
{
    const unsigned char *p = id;

    while (len > 0 && p[len - 1] == 0)
        len--;
    return len;
}

void id_key(struct id *key, const void *id, size_t len)
{
    key->len = len == 16 ? len : trimmed(id, len);
    if (key->len > MQM_ID_MAX)
        key->len = 0;
    if (uuid_bytes(key->bytes, id, key->len))
        key->len = 16;
    else if (key->len > 0)
        memcpy(key->bytes, id, key->len);
}

int id_compare(const struct id *a, const struct id *b)
{
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return memcmp(a->bytes, b->bytes, a->len);
}
