/* SPDX-License-Identifier: MIT */
/* sqlite_checkup.h - can this file, where it lies, carry the records? */
#ifndef MQM_STORES_SQLITE_CHECKUP_H
#define MQM_STORES_SQLITE_CHECKUP_H

#include <mqmigrate/plugin.h>

/* What a file system means for the store. */
struct mqm__file_system {
    unsigned long type; /* statfs' */
    int level;
    const char *name, *text, *remedy;
};

/* Those with a row in the table; else one of level MQM_FINE. */
const struct mqm__file_system *mqm__file_system(unsigned long type);

int mqm__sqlite_checkup(void *self, const struct mqm_inquiry *q);

#endif
