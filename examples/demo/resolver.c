/* SPDX-License-Identifier: MIT */
/* LIBS: -lmqmigrate -lcurl */
/* resolver.c - settles what is parked, by asking who knows: the third party.
 *
 * The hook tells what the third party said, and mqm_settle() does the rest:
 * when to ask, when a "no" counts, and sending again what did not happen.  It
 * may be killed between any two steps.
 *
 * -H NAME: only tell how many messages the instance NAME holds now; "": how
 * many all hold, and those that are parked.
 */
#include "demo.h"
#include "third.h"

#include <inttypes.h>
#include <mqmigrate/mqmigrate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LOOK_MS = 300,
    REST_MAX_MS = 1500,
    PAUSE_MAX_MS = 1000,
    UNSEEN_MS = 4000
};

static mqm *m;
static const char *group, *topic, *status_path;
static struct {
    unsigned long parked, held, owed;            /* at this moment    */
    unsigned long parkings, issued, again, sent; /* on the way so far */
} n;

static int ask_third(void *user, const struct mqm_msg *msg,
                     const struct mqm_record *record)
{
    char id[MQM_ID_MAX + 1];

    (void)user, (void)record;
    snprintf(id, sizeof(id), "%.*s", (int)msg->id_len, (const char *)msg->id);
    switch (third_was_issued(id)) {
    case 1:  return MQM_HANDLED;
    case 0:  return MQM_FAILED;
    default: return MQM_UNSURE;
    }
}

static int note(void *user, const struct mqm_settled *s)
{
    (void)user;
    n.parkings += s->asked == 1 && s->record->state == MQM_PARKED;
    n.issued += s->fate == MQM_SETTLED_DONE;
    n.again += s->fate == MQM_SETTLED_AGAIN;
    n.sent += s->fate == MQM_SETTLED_SENT;
    if (s->fate == MQM_SETTLED_NO_BODY || s->fate == MQM_SETTLED_FAILED)
        fprintf(stderr, "%.*s: %s\n", (int)s->msg->id_len,
                (const char *)s->msg->id, s->why);
    return 0;
}

static int count(void *user, const struct mqm_msg *msg,
                 const struct mqm_record *record)
{
    (void)user, (void)msg;
    n.parked += record->state == MQM_PARKED;
    n.held += record->state == MQM_HELD;
    n.owed += record->state == MQM_OWED;
    return 0;
}

/* Renamed into its place, so that a reader finds it whole. */
static void write_status(void)
{
    char part[512];
    FILE *f;

    snprintf(part, sizeof(part), "%s.part", status_path);
    f = fopen(part, "w");
    if (!f)
        return;
    fprintf(f,
            "{\"parked\": %lu, \"held\": %lu, \"owed\": %lu, "
            "\"parkings\": %lu, \"issued\": %lu, \"again\": %lu, "
            "\"sent\": %lu, \"ms\": %" PRId64 "}\n",
            n.parked, n.held, n.owed, n.parkings, n.issued, n.again, n.sent,
            demo_now_ms());
    fclose(f);
    if (rename(part, status_path) != 0)
        fprintf(stderr, "cannot write '%s'\n", status_path);
}

static void look_once(void)
{
    struct mqm_settle_options o = MQM_SETTLE_OPTIONS_INIT;

    o.group = group;
    o.topic = topic;
    o.pause_ms = LOOK_MS;
    o.pause_max_ms = PAUSE_MAX_MS;
    o.resend_ms = UNSEEN_MS;
    n.parked = n.held = n.owed = 0;
    if (mqm_settle(m, &o, note, NULL) < 0 ||
        mqm_pending(m, NULL, group, topic, count, NULL) < 0)
        fprintf(stderr, "settle: %s\n", mqm_errmsg());
    else
        write_status();
}

static int count_held(void *user, const struct mqm_msg *msg,
                      const struct mqm_record *record)
{
    const char *holder = user;

    (void)msg;
    if (!*holder)
        n.held += record->state == MQM_HELD || record->state == MQM_PARKED;
    else if (record->state == MQM_HELD && strcmp(record->holder, holder) == 0)
        n.held++;
    return 0;
}

static void tell_held(char *holder)
{
    if (mqm_pending(m, NULL, group, topic, count_held, holder) < 0)
        demo_die("pending: %s", mqm_errmsg());
    printf("%lu\n", n.held);
}

static void open_library(const char *config)
{
    struct mqm_options o = MQM_OPTIONS_INIT;

    o.config = config;
    o.instance = "resolver";
    o.resolve = ask_third;
    if (mqm_open(&m, &o) < 0)
        demo_die("resolver: %s", mqm_errmsg());
}

/* The store is there for the consumers, most of the time; but a look that took
 * long since a broker was away is no reason to let what is parked wait. */
static void rest(int64_t took_ms)
{
    int64_t ms = 4 * took_ms;

    demo_sleep_ms(ms < LOOK_MS ? LOOK_MS : ms > REST_MAX_MS ? REST_MAX_MS : ms);
}

int main(int argc, char **argv)
{
    int only_held = argc == 6 && strcmp(argv[4], "-H") == 0;

    if (argc != 6)
        demo_die("usage: resolver CONFIG GROUP TOPIC THIRD_PARTY STATUS\n"
                 "       resolver CONFIG GROUP TOPIC -H NAME");
    group = argv[2];
    topic = argv[3];
    status_path = argv[5];
    open_library(argv[1]);
    if (only_held) {
        tell_held(argv[5]);
        mqm_close(m);
        return 0;
    }
    third_open(argv[4], 2000);
    demo_stop_on_signals(NULL);
    while (!demo_stopping()) {
        int64_t began_ms = demo_now_ms();

        look_once();
        rest(demo_now_ms() - began_ms);
    }
    look_once();
    mqm_close(m);
    return 0;
}
