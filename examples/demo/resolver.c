/* SPDX-License-Identifier: MIT */
/* LIBS: -lmqmigrate -lcurl */
/* resolver.c - settles what is parked, by asking who knows: the third party.
 *
 *     issued                       resolve as handled
 *     not issued, and the attempt  resolve as failed: its side owes it again,
 *       in doubt can act no more   and gets the body out of the parking topic
 *     no answer, or too early      ask again later
 *     owed again, but not seen     the sending was cut off: send it once more
 *
 * The order matters: "no" counts only if it was given after the attempt could
 * act no more.  Every step may be repeated.
 *
 * -H NAME: only tell how many messages the instance NAME holds now; "": how
 * many all hold, and those that are parked.
 */
#include "cases.h"
#include "demo.h"
#include "third.h"

#include <errno.h>
#include <inttypes.h>
#include <mqmigrate/mqmigrate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 300, UNSEEN_MS = 4000 };

static mqm *m;
static const char *group, *topic, *status_path;
static struct cases cases;
static struct {
    unsigned long parked, held, owed;  /* at this moment    */
    unsigned long issued, again, sent; /* settled on the way */
} n;

static int look(void *user, const struct mqm_msg *msg,
                const struct mqm_record *record)
{
    (void)user;
    n.parked += record->state == MQM_PARKED;
    n.held += record->state == MQM_HELD;
    n.owed += record->state == MQM_OWED;
    if (record->state == MQM_PARKED ||
        (record->flags & MQM_UNSENT && record->left_ms == 0))
        cases_see(&cases, msg, record);
    return 0;
}

static int resolve(const struct a_case *c, int outcome)
{
    struct mqm_msg msg = MQM_MSG_INIT;

    msg.side = c->side;
    msg.group = group;
    msg.topic = topic;
    msg.id = c->id;
    msg.id_len = strlen(c->id);
    return mqm_resolve(m, &msg, c->token, outcome);
}

static void settle(struct a_case *c)
{
    int yes, r;

    yes = third_was_issued(c->id);
    if (yes < 0 || (!yes && c->left_ms > 0))
        return;
    r = resolve(c, yes ? MQM_HANDLED : MQM_FAILED);
    if (r == MQM_OK) {
        *(yes ? &n.issued : &n.again) += 1;
        c->send = !yes;
    } else if (r < 0 && r != -EAGAIN) {
        fprintf(stderr, "%s: %s\n", c->id, mqm_errmsg());
    }
}

/* A body may lie there more than once; the copies are all the same. */
static int send_again(void *user, struct mqm_delivery *d)
{
    struct a_case *c = cases_find(&cases, d->msg.id, d->msg.id_len);

    if (!c || !c->send || strcmp(c->side, user) != 0)
        return 0;
    if (mqm_publish(m, d) != MQM_OK) {
        fprintf(stderr, "%s: %s\n", c->id, mqm_errmsg());
        return 0;
    }
    c->send = 0;
    c->sent_ms = demo_now_ms();
    n.sent++;
    return 0;
}

static void send_what_is_owed(const char *side)
{
    int r = mqm_read_parking(m, side, group, topic, send_again,
                             (void *)(uintptr_t)side);

    if (r < 0)
        fprintf(stderr, "parking topic of %s: %s\n", side, mqm_errmsg());
}

static void go_through_cases(void)
{
    for (struct a_case *c = cases.first; c; c = c->next) {
        if (!c->here)
            continue;
        if (c->state == MQM_PARKED || (c->state == MQM_OWED && c->in_doubt))
            settle(c);
        else if (c->age_ms > UNSEEN_MS &&
                 demo_now_ms() - c->sent_ms > UNSEEN_MS)
            c->send = 1;
    }
    for (struct a_case *c = cases.first; c; c = c->next) {
        if (c->send)
            send_what_is_owed(c->side);
    }
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
            n.parked, n.held, n.owed, cases.parkings, n.issued, n.again, n.sent,
            demo_now_ms());
    fclose(f);
    if (rename(part, status_path) != 0)
        fprintf(stderr, "cannot write '%s'\n", status_path);
}

static void look_once(void)
{
    n.parked = n.held = n.owed = 0;
    cases_begin(&cases);
    if (mqm_pending(m, NULL, group, topic, look, NULL) < 0) {
        fprintf(stderr, "pending: %s\n", mqm_errmsg());
        return;
    }
    go_through_cases();
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
    if (mqm_open(&m, &o) < 0)
        demo_die("resolver: %s", mqm_errmsg());
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
        look_once();
        demo_sleep_ms(LOOK_MS);
    }
    look_once();
    mqm_close(m);
    cases_free(&cases);
    return 0;
}
