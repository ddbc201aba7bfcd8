/* SPDX-License-Identifier: MIT */
/* guard_cycle.c - see guard_cycle.h. */
#include "guard_cycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_MAX = 1024 };

void bench_message(struct mqm_msg *msg, size_t i)
{
    msg->side = "kafka";
    msg->group = "issuer";
    msg->topic = "rewards";
    msg->id = bench_id[i];
    msg->id_len = MQM_ID_LEN;
}

mqm *guard_open(const char *url, const char *settings)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;
    const char *build = getenv("BUILD");
    char text[2048];
    mqm *m;

    snprintf(text, sizeof(text),
             "{\"app\": \"bench\", \"plugin_dir\": \"%s/lib/mqmigrate\","
             " \"store\": {\"url\": \"%s\"%s},"
             " \"sides\": {\"kafka\": {}, \"rocketmq\": {}},"
             " \"topics\": [{\"topic\": \"rewards\", \"group\": \"issuer\","
             " \"old\": \"kafka\", \"new\": \"rocketmq\", \"switch\": true,"
             " \"since\": 1766400000000, \"cut\": \"0%%\","
             " \"clock_margin_ms\": 0}]}",
             build ? build : "", url, settings);
    opts.config = text;
    opts.instance = "bench:1";
    must(mqm_open(&m, &opts) == 0, "cannot open the store %s", url);
    return m;
}

double guard_calls(mqm *m)
{
    struct mqm_stats stats = MQM_STATS_INIT;

    must(mqm_read_stats(m, &stats) == 0, "no stats");
    return (double)stats.store_calls;
}

/* ------------------------------ mqm_submit() ----------------------------- */

struct exchange {
    struct mqm_claim claim[2][BATCH_MAX];
    struct mqm_claim *all[2 * BATCH_MAX];
    size_t n; /* in all */
};

static void add_ends(struct exchange *x, struct mqm_claim *claim, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        claim[i].op = MQM_OP_SUCCESS;
        x->all[x->n++] = &claim[i];
    }
}

static void add_claims(struct exchange *x, struct mqm_claim *claim,
                       size_t first, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        claim[i] = (struct mqm_claim)MQM_CLAIM_INIT;
        bench_message(&claim[i].msg, first + i);
        x->all[x->n++] = &claim[i];
    }
}

static void submit(mqm *m, struct exchange *x)
{
    must(mqm_submit(m, x->all, x->n) == MQM_OK, "submit");
    for (size_t i = 0; i < x->n; i++)
        must(x->all[i]->result == MQM_OK, "not ours: %s", x->all[i]->why);
}

void guard_submit(void *self, struct lap *lap)
{
    static struct exchange x;
    struct guard *g = self;
    size_t half = 0, n = g->batch;
    double calls = guard_calls(g->m);

    bench_make_ids(lap->n);
    lap_begin(lap);
    for (size_t at = 0; at <= lap->n; at += n, half ^= 1) {
        x.n = 0;
        if (at > 0)
            add_ends(&x, x.claim[half ^ 1], n);
        if (at < lap->n)
            add_claims(&x, x.claim[half], at, n);
        submit(g->m, &x);
    }
    lap_end(lap);
    lap->calls = guard_calls(g->m) - calls;
}

void guard_steps(void *self, struct lap *lap)
{
    struct guard *g = self;
    double calls = guard_calls(g->m);

    bench_make_ids(lap->n);
    lap_begin(lap);
    for (size_t i = 0; i < lap->n; i++) {
        struct mqm_claim c = MQM_CLAIM_INIT;

        bench_message(&c.msg, i);
        must(mqm_acquire(g->m, &c) == MQM_OK, "acquire");
        must(mqm_release_on_success(g->m, &c) == MQM_OK, "release");
    }
    lap_end(lap);
    lap->calls = guard_calls(g->m) - calls;
}

/* -------------------------------- mqm_run() ------------------------------ */

static int handler(void *user, const struct mqm_delivery *d)
{
    (void)d;
    ++*(size_t *)user;
    return MQM_HANDLED;
}

static void deliver(mqm *m, size_t first, size_t n, size_t *handled)
{
    static struct mqm_delivery d[BATCH_MAX];

    for (size_t i = 0; i < n; i++) {
        d[i] = (struct mqm_delivery)MQM_DELIVERY_INIT;
        bench_message(&d[i].msg, first + i);
    }
    must(mqm_run(m, d, n, handler, handled) == MQM_OK, "run");
}

void guard_run(void *self, struct lap *lap)
{
    struct guard *g = self;
    double calls = guard_calls(g->m);
    size_t handled = 0;

    bench_make_ids(lap->n);
    lap_begin(lap);
    for (size_t at = 0; at < lap->n; at += g->batch)
        deliver(g->m, at, g->batch, &handled);
    lap_end(lap);
    must(handled == lap->n, "%zu handled of %zu", handled, lap->n);
    lap->calls = guard_calls(g->m) - calls;
}
