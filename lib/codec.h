/* SPDX-License-Identifier: MIT */
/* codec.h - a record as the bytes of a store's cell, and back.
 *
 * Byte 0: format (high four bits) and state (low four).  Numbers are little
 * endian.  Format 1 goes on with:
 *
 *     DONE      token (8), tag of the side (1)
 *     others    flags (1), why (1), attempts (2), token (8), doubt (8),
 *               lease_ms (4), side, holder, origin (a length (1) and bytes)
 *
 * A DONE record keeps only what a rule or a repeated call asks for, since there
 * is one for every message.  The tag is a digest of the side's name, for
 * people.
 */
#ifndef MQM_CODEC_H
#define MQM_CODEC_H

#include "record.h"

#include <stddef.h>

/* Returns the length, never more than MQM_VALUE_MAX. */
size_t mqm__encode(unsigned char *out, const struct record *r);

/* 0, or -EPROTO with words: nobody may work on what cannot be read.  side_tag
 * may be NULL. */
int mqm__decode(struct record *out, const unsigned char *in, size_t len,
                unsigned char *side_tag);

unsigned char mqm__side_tag(const char *side);

#endif
