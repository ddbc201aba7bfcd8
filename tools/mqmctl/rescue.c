/* SPDX-License-Identifier: MIT */
/* rescue.c - what reached one broker only, brought to the side that owes it:
 * once, or again and again as a small service (--watch).
 *
 * The library does it; here it is told.  Whoever watches reads each message
 * that cannot be brought once, not with each round.
 */
#include "ctl.h"
#include "print.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUND_MIN_MS = 1000, ROUND_MAX_MS = 60000, TICK_MS = 200 };

struct rescue {
    struct ctl *c;
    struct mqm_rescue_options o;
    struct json json;
    int watches;
    size_t sent, due, waits, gone, failed, no_id;
    char (*told)[PRINT_ID_MAX]; /* ids that cannot be brought */
    size_t n_told, room;
};

static const char *fate_name(int fate)
{
    switch (fate) {
    case MQM_RESCUED:           return "sent";
    case MQM_RESCUE_DUE:        return "due";
    case MQM_RESCUE_WAITS:      return "waits";
    case MQM_RESCUE_GONE:       return "GONE";
    case MQM_RESCUE_FAILED:     return "failed";
    case MQM_RESCUE_WITHOUT_ID: return "no id";
    default:                    return "unknown";
    }
}

static void count(struct rescue *s, int fate)
{
    switch (fate) {
    case MQM_RESCUED:           s->sent++; break;
    case MQM_RESCUE_DUE:        s->due++; break;
    case MQM_RESCUE_WAITS:      s->waits++; break;
    case MQM_RESCUE_GONE:       s->gone++; break;
    case MQM_RESCUE_WITHOUT_ID: s->no_id++; break;
    default:                    s->failed++;
    }
}

/* ------------------------------- telling -------------------------------- */

static int is_told(const struct rescue *s, const char *id)
{
    for (size_t i = 0; i < s->n_told; i++)
        if (strcmp(s->told[i], id) == 0)
            return 1;
    return 0;
}

/* Without memory it is told again. */
static void keep_told(struct rescue *s, const char *id)
{
    void *more = s->told;

    if (s->n_told == s->room)
        more = realloc(s->told, (s->room * 2 + 16) * sizeof(*s->told));
    if (more == NULL)
        return;
    if (s->n_told == s->room)
        s->room = s->room * 2 + 16;
    s->told = more;
    snprintf(s->told[s->n_told++], PRINT_ID_MAX, "%s", id);
}

static void print_row(const struct mqm_rescued *r, const char *id)
{
    char age[PRINT_MS_MAX];

    printf("%-6s %-36s %-10s %-14s %-10s ", fate_name(r->fate), id,
           r->msg->side, text_of_duration(age, r->record->age_ms),
           r->from != NULL ? r->from : "-");
    if (r->flags & MQM_FROM_PARKING)
        fputs("out of its parking topic; ", stdout);
    put_text(stdout, r->why);
    putchar('\n');
    if (r->fate == MQM_RESCUE_GONE)
        print_record(r->msg, r->record);
}

static void print_json(struct json *j, const struct mqm_rescued *r,
                       const char *id)
{
    json_open(j, '{');
    json_text(j, "id", id);
    json_text(j, "fate", fate_name(r->fate));
    json_text(j, "side", r->msg->side);
    json_text(j, "from", r->from);
    json_bool(j, "parked", (r->flags & MQM_FROM_PARKING) != 0);
    json_int(j, "age_ms", r->record->age_ms);
    json_int(j, "attempts", r->record->attempts);
    json_token(j, "token", r->record->token);
    json_text(j, "origin", r->record->origin);
    json_text(j, "why", r->why);
    json_close(j, '}');
}

static int tell(void *user, const struct mqm_rescued *r)
{
    struct rescue *s = user;
    char id[PRINT_ID_MAX];
    const int lasting = r->fate == MQM_RESCUE_GONE ||
                        r->fate == MQM_RESCUE_WITHOUT_ID;

    text_of_id(id, r->msg->id, r->msg->id_len);
    count(s, r->fate);
    if (s->c->given & CTL_JSON) {
        print_json(&s->json, r, id);
        return 0;
    }
    if (s->watches && (r->fate == MQM_RESCUE_WAITS ||
                       (lasting && is_told(s, id))))
        return 0;
    if (s->watches && lasting)
        keep_told(s, id);
    print_row(r, id);
    if (s->watches)
        fflush(stdout);
    return 0;
}

/* ------------------------------- the rounds ----------------------------- */

static int once(struct rescue *s)
{
    int r;

    if (s->c->given & CTL_JSON)
        json_open(&s->json, '[');
    r = mqm_rescue(s->c->m, &s->o, tell, s);
    if (s->c->given & CTL_JSON) {
        json_close(&s->json, ']');
        putchar('\n');
    }
    if (r != 0)
        return failed("not all was looked at", r);
    if (!(s->c->given & CTL_JSON))
        printf("%zu sent, %zu due, %zu waiting, %zu gone, %zu failed, %zu "
               "without id\n", s->sent, s->due, s->waits, s->gone, s->failed,
               s->no_id);
    if (s->gone > 0)
        return refuse("%zu can be read nowhere any more: their producers, or "
                      "whoever else knows them, have to send them again with "
                      "the same id", s->gone);
    if (s->failed > 0)
        return refuse("%zu could not be brought: give the same command again",
                      s->failed);
    return CTL_OK;
}

static mqm *stop_it; /* for the signal handler */

static void on_signal(int number)
{
    (void)number;
    mqm_stop(stop_it);
}

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until the next round.  The store and the brokers work for the consumers four
 * fifths of the time, however much there is to look at; but a round that took
 * long since something stood still is no reason to look later than --older. */
static int64_t pause_ms(const struct rescue *s, int64_t took_ms)
{
    const int64_t ms = s->o.older_ms / 10;
    const int64_t at_least = ms < ROUND_MIN_MS ? ROUND_MIN_MS
                             : ms > ROUND_MAX_MS ? ROUND_MAX_MS : ms;
    const int64_t rest = took_ms < s->o.older_ms / 4 ? 4 * took_ms
                                                     : s->o.older_ms;

    return at_least > rest ? at_least : rest;
}

/* mqm_tick() tells, too, when it is over. */
static void wait_ms(struct rescue *s, int64_t ms)
{
    const struct timespec nap = {0, TICK_MS * 1000000L};

    while (ms > 0 && nanosleep(&nap, NULL) == 0) {
        ms -= TICK_MS;
        if (mqm_tick(s->c->m) < 0)
            fprintf(stderr, "mqmctl: %s\n", mqm_errmsg());
    }
}

/* A round that fails is told, and followed by the next one. */
static int watch(struct rescue *s)
{
    struct sigaction on = {.sa_handler = on_signal};
    int64_t began_ms;
    int r;

    stop_it = s->c->m;
    sigaction(SIGINT, &on, NULL);
    sigaction(SIGTERM, &on, NULL);
    for (;;) {
        began_ms = mono_ms();
        r = mqm_rescue(s->c->m, &s->o, tell, s);
        if (r == -ECANCELED)
            break;
        if (r < 0)
            (void)failed("this round", r);
        wait_ms(s, pause_ms(s, mono_ms() - began_ms));
    }
    printf("%zu sent, %zu gone\n", s->sent, s->n_told);
    return CTL_OK;
}

static int read_options(struct ctl *c, struct rescue *s, const struct topic *t)
{
    s->o.group = t->group;
    s->o.topic = t->topic;
    s->o.side = c->side;
    s->o.flags = (c->given & CTL_DRY_RUN ? MQM_RESCUE_DRY : 0u) |
                 (c->given & CTL_ANYWAY ? MQM_RESCUE_ANYWAY : 0u);
    s->o.older_ms = 600000;
    s->watches = (c->given & CTL_WATCH) != 0;
    if (s->watches && (c->given & CTL_JSON))
        return misuse("--watch has no end, so there is no --json of it");
    return c->older == NULL ? CTL_OK
                            : duration_parse(c->older, &s->o.older_ms);
}

int cmd_rescue(struct ctl *c)
{
    struct rescue s = {.c = c, .o = MQM_RESCUE_OPTIONS_INIT};
    struct topic t;
    int r = read_options(c, &s, &t);

    if (r == CTL_OK)
        r = open_topic(c, &t, c->side);
    if (r == CTL_OK)
        r = s.watches ? watch(&s) : once(&s);
    free(s.told);
    return r;
}
