/* SPDX-License-Identifier: MIT */
/* retires.h - a migration at its end, on brokers in this process, and what
 * mqm_retire() says of it.
 *
 * m consumes on both sides and asks; how long a policy is in force is set back
 * instead of waited for.
 */
#ifndef TESTS_RETIRES_H
#define TESTS_RETIRES_H

#include "../quick_clock.h"

#include "loops.h"

#include "../../lib/core.h"

enum { MAX_AGE_MS = 20000 };

static char config_path[128], sent_id[MQM_ID_LEN + 1];
static const char *store = "memory:", *broken = "";

static inline void write_sides(const char *cut)
{
    FILE *f;

    snprintf(config_path, sizeof(config_path), "%s", new_path("mqm.json"));
    f = fopen(config_path, "w");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "{\"app\": \"t\", \"plugin_dir\": \"%s\", \"store\": {\"url\": "
            "\"%s\"},\n \"sides\": {\"kafka\": {\"adapter\": \"%s/loop.so\"},\n"
            " \"rocketmq\": {\"adapter\": \"%s/%s.so\"}},\n \"topics\": [{"
            "\"topic\": \"rewards\", \"group\": \"issuer\", \"old\": "
            "\"kafka\", \"new\": \"rocketmq\", \"switch\": true, \"cut\": "
            "\"%s\", \"since\": %lld, \"clock_margin_ms\": 0, "
            "\"policy_max_age_ms\": %d, \"sides\": {\"kafka\": {\"parking\": "
            "\"\"}, \"rocketmq\": {\"parking\": \"\"}}}]}\n", here(), store,
            here(), here(), broken[0] ? "none" : "loop", cut,
            (long long)now_ms() - 3600000, MAX_AGE_MS);
    ck_assert_int_eq(fclose(f), 0);
}

static inline int note_done(void *user, const struct mqm_delivery *d)
{
    (void)user, (void)d;
    return MQM_HANDLED;
}

/* A consumer of a side, for its report. */
static inline void work_for(mqm *with, const char *side)
{
    struct mqm_claim c = claim(side, new_id());

    if (mqm_acquire(with, &c) == MQM_OK)
        ck_assert_int_eq(mqm_release_on_success(with, &c), MQM_OK);
    ck_assert_int_eq(mqm_tick(with), 0);
}

static inline mqm *open_one(void)
{
    struct mqm_options o = how;
    mqm *one = NULL;

    o.flags = MQM_NO_KEEPER;
    o.config = config_path;
    o.log = hear;
    ck_assert_msg(mqm_open(&one, &o) == 0, "%s", mqm_errmsg());
    return one;
}

static inline void open_sides(const char *cut)
{
    static const char *const sides[] = {"kafka", "rocketmq"};

    write_sides(cut);
    m = open_one();
    for (int i = 0; i < 2; i++)
        if (strcmp(broken, sides[i]) != 0)
            ck_assert_msg(mqm_subscribe(m, sides[i], "issuer", "rewards",
                                        note_done, NULL) == 0, "%s",
                          mqm_errmsg());
    ck_assert_int_eq(mqm_tick(m), 0);
}

/* As an operator does, and at once in force here. */
static inline void set(const char *name, const char *value)
{
    int r = mqm_change(config_path, NULL, "rewards", name, value);

    ck_assert_msg(r == 0, "%s", mqm_errmsg());
    ck_assert_int_eq(mqm_reload(m), 0);
    ck_assert_int_eq(mqm_tick(m), 0);
}

/* The policy is in force for so long, and that is told. */
static inline void aged(int64_t ms)
{
    struct tally *t = m->snapshot->config->topics[0].tally;

    t->in_force_ms = mqm__mono_ms() - ms;
    for (int i = 0; i < MQM_SIDES; i++)
        t->at[i].tried_ms = 0;
    ck_assert_int_eq(mqm_tick(m), 0);
}

static inline void publish_to(const char *side, const char *id)
{
    struct mqm_delivery d;

    if (id != sent_id)
        snprintf(sent_id, sizeof(sent_id), "%s", id);
    d = delivery(side, sent_id);
    ck_assert_msg(mqm_publish(m, &d) == 0, "%s", mqm_errmsg());
}

static inline void poll_both(void)
{
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(mqm_poll(m, "rocketmq", 0), 0);
}

/* ------------------------------ the answers ------------------------------ */

static struct heard_reasons {
    char reasons[256], remarks[256]; /* their subjects */
    char text[2048], remedy[512];    /* all; of the last one */
    int steps, answer;
} heard;

static inline void add_subject(char *to, size_t size, const char *subject)
{
    const size_t len = strlen(to);

    snprintf(to + len, size - len, "%s;", subject);
}

static inline int hear_reason(void *user, const struct mqm_finding *f)
{
    (void)user;
    ck_assert_str_eq(f->topic, "rewards");
    ck_assert_str_eq(f->group, "issuer");
    if (f->level == MQM_FINE) {
        heard.steps++;
        return heard.answer;
    }
    add_subject(f->level == MQM_FATAL ? heard.reasons : heard.remarks, 256,
                f->subject);
    add_line(heard.text, sizeof(heard.text), f->text);
    snprintf(heard.remedy, sizeof(heard.remedy), "%s", f->remedy);
    return heard.answer;
}

/* Who is declared dead. */
static const char *dead[3];
static size_t n_dead;

static inline int ask(const char *side, unsigned flags)
{
    struct mqm_retire_options o = MQM_RETIRE_OPTIONS_INIT;

    memset(&heard, 0, sizeof(heard));
    o.dead = dead;
    o.n_dead = n_dead;
    o.side = side;
    o.topic = "rewards";
    o.who = "ops@desk";
    o.flags = flags;
    return mqm_retire(m, &o, hear_reason, NULL);
}

static struct {
    int n, given;
    char who[64], dead[256]; /* their names */
    int64_t when_ms;
} last;

static inline int note_retired(void *user, const struct mqm_retirement *r)
{
    const char *side = user;

    if (strcmp(r->side, side) != 0)
        return 0;
    last.n++;
    last.given = r->given;
    snprintf(last.who, sizeof(last.who), "%s", r->who);
    last.when_ms = r->when_ms;
    for (size_t i = 0; i < r->n_dead; i++)
        add_subject(last.dead, sizeof(last.dead), r->dead[i]);
    return 0;
}

static inline int retired(const char *side)
{
    memset(&last, 0, sizeof(last));
    ck_assert_int_eq(mqm_retirements(m, NULL, "rewards", note_retired,
                                     (void *)(uintptr_t)side), 0);
    return last.n;
}

/* By its words the policy is in force since now, and 20 s have to be: but for
 * what this machine took. */
static inline void assert_young(void)
{
    const char *at = strstr(heard.text, "in force everywhere for ");
    long long is, more;

    ck_assert_msg(at && sscanf(at, "in force everywhere for %lld s only: %lld s "
                                   "more", &is, &more) == 2, "%s", heard.text);
    ck_assert_msg(is < 10 && is + more >= 20 && is + more <= 21, "%s", at);
}

/* No, for these reasons and no other, and nothing is written down. */
static inline void assert_no(const char *side, const char *reasons)
{
    const int before = retired(side), r = ask(side, 0);

    ck_assert_msg(r == MQM_LATER, "%d %s", r, mqm_errmsg());
    ck_assert_str_eq(heard.reasons, reasons);
    ck_assert_int_eq(heard.steps, 0);
    ck_assert_int_eq(retired(side), before);
}

static inline void assert_yes(const char *side)
{
    const int r = ask(side, 0);

    ck_assert_msg(r == MQM_OK, "%d %s: %s", r, heard.reasons, heard.text);
    ck_assert_int_eq(heard.steps, 4);
    ck_assert_int_eq(retired(side), 1);
    ck_assert_str_eq(last.who, "ops@desk");
    ck_assert_int_eq(last.given, 0);
    ck_assert_int_le(last.when_ms, now_ms());
    ck_assert_int_gt(last.when_ms, now_ms() - 60000);
}

static inline int count_sent(void *user, const struct mqm_rescued *r)
{
    *(int *)user += r->fate == MQM_RESCUED;
    return 0;
}

/* How many mqm_rescue() has sent. */
static inline int bring(void)
{
    struct mqm_rescue_options o = MQM_RESCUE_OPTIONS_INIT;
    int n = 0;

    o.topic = "rewards";
    o.older_ms = 1;
    ck_assert_int_eq(mqm_rescue(m, &o, count_sent, &n), 0);
    return n;
}

#endif
