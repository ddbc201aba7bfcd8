/* SPDX-License-Identifier: MIT */
/* repair.h - one message that a person decides about, and the record that the
 * decision rests on. */
#ifndef MQMCTL_REPAIR_H
#define MQMCTL_REPAIR_H

#include "ctl.h"
#include "print.h"

struct repair {
    struct topic t;
    struct id id;
    struct mqm_msg msg; /* points into this struct */
    struct mqm_record rec;
    char text[PRINT_ID_MAX]; /* of the id */
};

enum resolution { RESOLVE_DONE, RESOLVE_AGAIN };

/* The one of c's second argument. */
int resolve_id(struct ctl *c, enum resolution how);
/* As p->rec was found; an exit code, with words. */
int resolve_one(struct ctl *c, struct repair *p, enum resolution how);

#endif
