/* SPDX-License-Identifier: MIT */
/* print.c - see print.h. */
#include "print.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

static int plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f;
}

static int all_plain(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!plain(p[i]))
            return 0;
    return 1;
}

static const char *text_of_uuid(char *buf, const unsigned char *id)
{
    size_t at = 0;

    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            buf[at++] = '-';
        snprintf(buf + at, 3, "%02x", id[i]);
        at += 2;
    }
    return buf;
}

const char *text_of_id(char buf[PRINT_ID_MAX], const void *id, size_t len)
{
    const unsigned char *p = id;
    size_t at = 0;

    if (len == 16 && !all_plain(p, len))
        return text_of_uuid(buf, p);
    for (size_t i = 0; i < len && at + 5 < PRINT_ID_MAX; i++) {
        if (p[i] == '\\') {
            buf[at++] = '\\';
            buf[at++] = '\\';
        } else if (plain(p[i])) {
            buf[at++] = (char)p[i];
        } else {
            snprintf(buf + at, 5, "\\x%02x", p[i]);
            at += 4;
        }
    }
    buf[at] = '\0';
    return buf;
}

const char *text_of_duration(char buf[PRINT_MS_MAX], int64_t ms)
{
    const int64_t s = ms / 1000, min = s / 60, h = min / 60, d = h / 24;

    if (ms < 1000)
        snprintf(buf, PRINT_MS_MAX, "%" PRId64 " ms", ms);
    else if (s < 60)
        snprintf(buf, PRINT_MS_MAX, "%" PRId64 ".%" PRId64 " s", s,
                 ms % 1000 / 100);
    else if (min < 60)
        snprintf(buf, PRINT_MS_MAX, "%" PRId64 " min %" PRId64 " s", min,
                 s % 60);
    else if (h < 24)
        snprintf(buf, PRINT_MS_MAX, "%" PRId64 " h %" PRId64 " min", h,
                 min % 60);
    else
        snprintf(buf, PRINT_MS_MAX, "%" PRId64 " d %" PRId64 " h", d, h % 24);
    return buf;
}

const char *text_of_time(char buf[PRINT_MS_MAX], int64_t unix_ms)
{
    const time_t s = (time_t)(unix_ms / 1000);
    struct tm tm;

    if (unix_ms == 0)
        snprintf(buf, PRINT_MS_MAX, "-");
    else if (gmtime_r(&s, &tm) == NULL ||
             strftime(buf, PRINT_MS_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(buf, PRINT_MS_MAX, "%" PRId64, unix_ms);
    return buf;
}

const char *text_of_cut(char buf[PRINT_MS_MAX], unsigned ppm)
{
    size_t len;

    snprintf(buf, PRINT_MS_MAX, "%u.%04u", ppm / 10000, ppm % 10000);
    len = strlen(buf);
    while (buf[len - 1] == '0')
        len--;
    if (buf[len - 1] == '.')
        len--;
    snprintf(buf + len, PRINT_MS_MAX - len, "%%");
    return buf;
}

void put_text(FILE *f, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p < 0x20 || *p == 0x7f)
            fprintf(f, "\\x%02x", *p);
        else
            fputc(*p, f);
    }
}

/* Bytes of the character at p, of n; 0: none. */
static size_t utf8_len(const unsigned char *p, size_t n)
{
    const size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2
                     : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

    if (len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if (len == 2 && p[0] == 0xc2 && p[1] < 0xa0) /* control bytes, too */
        return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

int is_utf8(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    size_t n;

    for (size_t i = 0; i < len; i += n) {
        n = utf8_len(p + i, len - i);
        if (n == 0 || p[i] == 0x7f ||
            (p[i] < 0x20 && p[i] != '\t' && p[i] != '\r' && p[i] != '\n'))
            return 0;
    }
    return 1;
}

static void put_hex(FILE *f, const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        fprintf(f, "%02x", p[i]);
}

void put_bytes(FILE *f, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;

    if (!is_utf8(bytes, len)) {
        fputs("hex ", f);
        put_hex(f, p, len);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        if (p[i] < 0x20)
            fprintf(f, "\\x%02x", p[i]);
        else
            fputc(p[i], f);
    }
}

/* ------------------------------- JSON ----------------------------------- */

static void json_string(const char *text)
{
    putchar('"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            printf("\\%c", *p);
        else if (plain(*p))
            putchar(*p);
        else if (*p < 0x80)
            printf("\\u%04x", *p);
        else /* perhaps not UTF-8: no reader may fail on it */
            printf("\\\\x%02x", *p);
    }
    putchar('"');
}

static void json_name(struct json *j, const char *name)
{
    if (j->more)
        putchar(',');
    j->more = 1;
    if (name != NULL) {
        json_string(name);
        putchar(':');
    }
}

void json_open_as(struct json *j, const char *name, char bracket)
{
    json_name(j, name);
    putchar(bracket);
    j->more = 0;
}

void json_open(struct json *j, char bracket)
{
    json_open_as(j, NULL, bracket);
}

void json_close(struct json *j, char bracket)
{
    putchar(bracket);
    j->more = 1;
}

void json_text(struct json *j, const char *name, const char *text)
{
    json_name(j, name);
    if (text == NULL)
        fputs("null", stdout);
    else
        json_string(text);
}

void json_utf8(struct json *j, const char *name, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;

    json_name(j, name);
    putchar('"');
    for (size_t i = 0; i < len; i++) {
        if (p[i] == '"' || p[i] == '\\')
            printf("\\%c", p[i]);
        else if (p[i] < 0x20)
            printf("\\u%04x", p[i]);
        else
            putchar(p[i]);
    }
    putchar('"');
}

void json_hex(struct json *j, const char *name, const void *bytes, size_t len)
{
    json_name(j, name);
    putchar('"');
    put_hex(stdout, bytes, len);
    putchar('"');
}

void json_int(struct json *j, const char *name, int64_t n)
{
    json_name(j, name);
    printf("%" PRId64, n);
}

void json_bool(struct json *j, const char *name, int yes)
{
    json_name(j, name);
    fputs(yes ? "true" : "false", stdout);
}

void json_token(struct json *j, const char *name, uint64_t token)
{
    json_name(j, name);
    printf("\"%" PRIu64 "\"", token);
}
