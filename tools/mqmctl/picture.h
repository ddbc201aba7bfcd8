/* SPDX-License-Identifier: MIT */
/* picture.h - how a topic's migration stands: what is open, who works on it, by
 * which policy, and what the store is like.
 *
 * Gathered once, then shown by `mqmctl status` and judged by advice.c; a part
 * that could not be had says so in its error, and is never taken for "none".
 */
#ifndef MQMCTL_PICTURE_H
#define MQMCTL_PICTURE_H

#include "ctl.h"
#include "print.h"

enum { OLD_SIDE, NEW_SIDE, BOTH_SIDES };
enum { PICTURE_STORY = 256 };

/* What is open in one state. */
struct open_part {
    uint64_t n;
    int64_t oldest_ms;   /* since the last change of the oldest */
    unsigned tries_most; /* of one message */
};

struct side_view {
    const char *name;
    struct open_part owed, held, parked;
    uint64_t untried;       /* owed for longer than the grace time, and no    */
    int64_t untried_ms;     /*   attempt was ever made; the oldest            */
    uint64_t unsent;        /* perhaps no copy of it is on its way           */
    uint64_t ended;         /* held, and the lease is over: who had it died  */
    uint64_t body_missing;  /* parked, and its body is not kept               */
    unsigned instances;     /* that report                                    */
    uint64_t done_lately, first_lately, second_lately, failed, doubtful;
    double done_a_second;   /* over the last minute                           */

    int group_known;        /* 1: the broker told how far the group has read  */
    int64_t behind;         /* what lies there and it has not read            */
    int64_t read_on;        /* nobody reports, and it was read all the same:  */
                            /*   so many                                      */
    char group_error[PICTURE_STORY];

    int64_t retired_ms;     /* Unix time of the last yes to "mqmctl retire"; */
    char retired_by[64];    /*   0: none                                     */
    int given;              /* it was retired, and policy gives to it again  */
    char (*dead)[64];       /* the instances that were taken for dead for it */
    size_t n_dead;
};

struct instance_view {
    char instance[64], run[20], side[64], host[64], version[32];
    struct mqm_instance_info info; /* its texts are gone: use those above */
    int declared; /* silent, and taken for dead when its side was retired    */
};

struct picture {
    struct topic names;
    struct mqm_topic_info policy; /* its texts are gone: use names */
    struct side_view side[BOTH_SIDES];
    int64_t grace_ms;
    char open_error[PICTURE_STORY];

    struct instance_view *instance;
    size_t instances, room;
    char instances_error[PICTURE_STORY];
    unsigned reporting, current, outdated, silent; /* neither counts the gone */
    int64_t in_force_ms; /* the policy: on all that have it; -1: on none */
    int64_t lately_ms;   /* that the longest "lately" takes in */

    struct mqm_store_info store;
    char store_error[PICTURE_STORY];
};

/* names and grace_ms are set by the caller; and store_error, where no store is
 * open. */
void picture_take(struct ctl *c, struct picture *p);
void picture_free(struct picture *p);

/* Copies seen by both of those seen first by a side (BOTH_SIDES: by either):
 * 0 to 1; -1 where nothing was seen. */
double coverage(const struct picture *p, int first_on);

/* Over the last minute; of one that is not there: 0. */
double done_a_second(const struct mqm_instance_info *info);

/* Is it there, by its report, and by which policy does it act? */
const char *instance_state(const struct instance_view *i);

/* --- groups.c: how far the groups have read.  Where nobody reports it looks
 * twice, some seconds apart. */
void groups_look(struct ctl *c, struct picture *p);

/* --- picture_print.c, picture_json.c */
void picture_print(const struct picture *p);
void picture_json(struct json *j, const struct picture *p);

/* --- advice.c: one sentence, what an operator does next */
enum { ADVICE_MAX = 512 };
const char *advice(char buf[ADVICE_MAX], const struct picture *p);

#endif
