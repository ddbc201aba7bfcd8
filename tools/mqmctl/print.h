/* SPDX-License-Identifier: MIT */
/* print.h - values for people and for programs.
 *
 * What comes out of a store may hold any bytes: no control byte reaches a
 * terminal, and all that is printed of an id is ASCII that can be typed back.
 */
#ifndef MQMCTL_PRINT_H
#define MQMCTL_PRINT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct mqm_msg;
struct mqm_record;

enum { PRINT_ID_MAX = 4 * 128 + 1, PRINT_MS_MAX = 48 };

/* Each returns buf. */
const char *text_of_id(char buf[PRINT_ID_MAX], const void *id, size_t len);
const char *text_of_duration(char buf[PRINT_MS_MAX], int64_t ms);
const char *text_of_time(char buf[PRINT_MS_MAX], int64_t unix_ms);
const char *text_of_cut(char buf[PRINT_MS_MAX], unsigned ppm);

/* Text, with control bytes as \xHH. */
void put_text(FILE *f, const char *text);

/* UTF-8 without control bytes but TAB, CR and LF? */
int is_utf8(const void *bytes, size_t len);
/* Such text, those as \xHH; else its bytes in hex. */
void put_bytes(FILE *f, const void *bytes, size_t len);

/* JSON, one value after the other; commas come by themselves. */
struct json {
    int more; /* something stands before, on this level */
};
void json_open(struct json *j, char bracket);
void json_open_as(struct json *j, const char *name, char bracket);
void json_close(struct json *j, char bracket);
void json_text(struct json *j, const char *name, const char *text);
/* Bytes that are UTF-8, as text. */
void json_utf8(struct json *j, const char *name, const void *bytes, size_t len);
/* Any bytes, in hex. */
void json_hex(struct json *j, const char *name, const void *bytes, size_t len);
void json_int(struct json *j, const char *name, int64_t n);
void json_bool(struct json *j, const char *name, int yes);
/* A token needs 64 bits, and many readers have 53: as text. */
void json_token(struct json *j, const char *name, uint64_t token);
/* records.c: the members of one. */
void json_record(struct json *j, const struct mqm_msg *msg,
                 const struct mqm_record *rec);

#endif
