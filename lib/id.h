/* SPDX-License-Identifier: MIT */
/* id.h - what identifies a message: made, folded, dated.
 *
 * A UUID in text and in upper case is the same id as in lower case or in 16
 * bytes: the store knows it by its 16 bytes, so two sides that write it in
 * different ways still meet.
 */
#ifndef MQM_ID_H
#define MQM_ID_H

#include <stddef.h>
#include <stdint.h>

/* Length of what is left of an id without NUL bytes at its end.  A UUID in
 * binary is 16 bytes long, also if the last of them are NUL. */
size_t mqm__id_trim(const void *id, size_t len);

/* The bytes that a store knows it by: 16 for a UUID in its usual text form (36
 * characters), else as it is, trimmed.  out has MQM_ID_MAX bytes; returns the
 * length, 0 for an id that is empty or too long. */
size_t mqm__id_fold(unsigned char *out, const void *id, size_t len);

/* A key for a copy without an id, of where it lies: "@" and that and a NUL, or
 * two.  No folded id is like that, since none ends with a NUL but a UUID of 16
 * bytes.  Returns the length, 0 if it would be too long. */
size_t mqm__id_of_origin(unsigned char *out, const char *origin);
int mqm__id_is_origin(const void *id, size_t len);

/* Is what was folded a UUID (of a variant and version that are in use)?  Its
 * text, in lower case: MQM_ID_LEN + 1 bytes. */
int mqm__id_is_uuid(const unsigned char *id, size_t len);
void mqm__id_text(char *out, const unsigned char *uuid);

/* When it was made, of a folded UUIDv7, in Unix ms; else 0. */
int64_t mqm__id_born(const unsigned char *id, size_t len);

/* mqm_new_id() by a clock of the caller's, for tests: what this thread made
 * before sorts before it, also if the clock went back. */
int mqm__id_from_clock(char *id, int64_t now_ms);

#endif
