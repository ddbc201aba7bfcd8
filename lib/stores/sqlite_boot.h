/* SPDX-License-Identifier: MIT */
/* sqlite_boot.h - which boot of the machine it is, and a clock that begins with
 * it and that nobody sets.
 *
 * Ages are what leases and the settling time go by.  A wall clock that is set
 * ahead would end all leases at once, and one that is set back would make them
 * last for the difference.  CLOCK_BOOTTIME is the same for all processes of the
 * machine, which are those that can have the file open; the file says what time
 * it was when this boot began, so that what is in it keeps its age.
 */
#ifndef MQM_STORES_SQLITE_BOOT_H
#define MQM_STORES_SQLITE_BOOT_H

#include "sqlite_db.h"

enum { BOOT_MAX = 40 };

void mqm__boot_id(char id[BOOT_MAX]); /* "": not known */

/* The file has just been opened, by the first of this boot or a later one. */
int mqm__boot_begin(struct sqlite_db *d);

/* Microseconds since 1970, or about: by the wall clock as it was when the first
 * one opened the file.  Where /proc cannot be read, by the wall clock as it is.
 */
int64_t mqm__boot_now_us(const struct sqlite_db *d);

#endif
