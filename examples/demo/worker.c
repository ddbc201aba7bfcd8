/* SPDX-License-Identifier: MIT */
/* LIBS: -lmqmigrate -lcurl */
/* worker.c - the guarded consumer of one side.  Two run for each side.
 *
 * This is what a service writes: a handler that says what it knows, and a
 * loop.  All the rest of the demo is scenery.
 */
#include "demo.h"
#include "third.h"

#include <errno.h>
#include <inttypes.h>
#include <mqmigrate/mqmigrate.h>
#include <stdio.h>
#include <unistd.h>

static mqm *m;

static int handle(void *user, const struct mqm_delivery *d)
{
    const char *side = user;

    if (mqm_check(d) != MQM_OK)
        return MQM_FAILED; /* not begun: certainly no effect */
    switch (third_issue(d->msg.id, d->msg.id_len, side, d->body, d->body_len)) {
    case THIRD_ISSUED: return MQM_HANDLED;
    case THIRD_REFUSED: return MQM_FAILED;
    default: return MQM_UNSURE;
    }
}

static void stop(void)
{
    mqm_stop(m);
}

static void on_log(void *user, int level, const char *text)
{
    (void)user;
    if (level <= MQM_INFO)
        fprintf(stderr, "%" PRId64 " %s\n", demo_now_ms(), text);
}

static void tell(const char *side)
{
    struct mqm_stats s = MQM_STATS_INIT;

    if (mqm_read_stats(m, &s) < 0)
        return;
    printf("{\"side\": \"%s\", \"granted\": %" PRIu64 ", \"skipped\": %" PRIu64
           ", \"later\": %" PRIu64 ", \"doubtful\": %" PRIu64
           ", \"parked\": %" PRIu64 ", \"failed\": %" PRIu64
           ", \"lost\": %" PRIu64 ", \"errors\": %" PRIu64
           ", \"store_calls\": %" PRIu64 "}\n",
           side, s.granted, s.skipped, s.later, s.doubtful, s.parked, s.failed,
           s.lost, s.errors, s.store_calls);
}

static void open_library(const char *config, const char *name)
{
    struct mqm_options o = MQM_OPTIONS_INIT;

    o.config = config;
    o.instance = name;
    o.log = on_log;
    if (mqm_open(&m, &o) < 0)
        demo_die("%s: %s", name, mqm_errmsg());
}

int main(int argc, char **argv)
{
    char *side;
    int r;

    if (argc != 7)
        demo_die("usage: worker CONFIG SIDE GROUP TOPIC NAME THIRD_PARTY");
    side = argv[2];
    third_open(argv[6], 400);
    open_library(argv[1], argv[5]);
    demo_stop_on_signals(stop);
    if (mqm_subscribe(m, side, argv[3], argv[4], handle, side) < 0)
        demo_die("%s: %s", argv[5], mqm_errmsg());
    while ((r = mqm_poll(m, side, 1000)) != -ECANCELED) {
        if (r < 0)
            fprintf(stderr, "%s\n", mqm_errmsg());
    }
    tell(side);
    mqm_close(m);
    fflush(NULL);
    _exit(0); /* not return: see driven.c */
}
