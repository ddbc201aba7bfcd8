/* SPDX-License-Identifier: MIT */
/* reporter.c - see reporter.h. */
#include "reporter.h"
#include "core.h"
#include "error.h"
#include "plugin.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { AT_ONCE = 16, SWEPT_KEEP_MS = 60000 };

enum tidings { HERE, LEAVING };

/* A cell on its way. */
struct letter {
    struct tally_side *from;
    uint64_t print, sum;
    char space[REPORT_SPACE];
    unsigned char key[MQM_ID_MAX], value[MQM_VALUE_MAX];
    struct mqm_swap swap;
};

struct mail {
    struct letter letter[AT_ONCE];
    size_t n;
};

void mqm__reporter_init(mqm *m)
{
    struct reporter *r = &m->reporter;

    snprintf(r->run, sizeof(r->run), "%016" PRIx64,
             (uint64_t)atomic_load(&m->token_seed));
    if (gethostname(r->host, sizeof(r->host)) != 0)
        snprintf(r->host, sizeof(r->host), "?");
    r->host[sizeof(r->host) - 1] = '\0';
    r->open_ms = r->swept_ms = mqm__mono_ms();
    r->born_ms = mqm__now_ms();
}

/* ------------------------------ the letters ------------------------------ */

static uint64_t sum_of(const struct tally_side *s)
{
    uint64_t sum = 0;

    for (int i = 0; i < COUNTS; i++)
        sum += atomic_load(&s->n[i]);
    return sum;
}

static bool is_due(const struct tally_side *s, const struct config *c,
                   const struct topic_config *t, int64_t now)
{
    if (!atomic_load(&s->subscribed) && !sum_of(s))
        return false;
    return !s->tried_ms || now - s->tried_ms >= c->report_ms ||
           (s->told && s->told != t->print);
}

static void fill(mqm *m, struct report *r, const struct topic_config *t,
                 struct tally_side *s, int64_t now)
{
    uint64_t sum = sum_of(s);

    if (sum != s->sum || !s->change_ms)
        s->change_ms = now;
    s->sum = sum;
    r->pid = m->pid;
    snprintf(r->host, sizeof(r->host), "%s", m->reporter.host);
    snprintf(r->version, sizeof(r->version), "%s", mqm_version());
    r->print = t->print;
    r->on = t->policy.on;
    r->cut_ppm = t->policy.cut_ppm;
    r->since_ms = t->policy.since_ms;
    r->open_ms = now - m->reporter.open_ms;
    r->unchanged_ms = now - s->change_ms;
    for (int i = 0; i < COUNTS; i++)
        r->n[i] = atomic_load(&s->n[i]);
    pthread_mutex_lock(&m->lock);
    r->in_force_ms = t->tally->print == t->print ? now - t->tally->in_force_ms
                                                 : 0;
    r->lately = mqm__tally_since(s, SAMPLES, now);
    r->minute = mqm__tally_since(s, MINUTE_SAMPLES, now);
    pthread_mutex_unlock(&m->lock);
}

static void address(mqm *m, struct letter *l, const struct topic_config *t,
                    int side)
{
    struct report_key key;

    memcpy(key.run, m->reporter.run, sizeof(key.run));
    snprintf(key.side, sizeof(key.side), "%s", t->at[side].side->name);
    snprintf(key.instance, sizeof(key.instance), "%s", m->instance);
    mqm__report_space(l->space, t->space);
    l->swap.key = (struct mqm_key){
        .space = l->space, .id = l->key,
        .id_len = mqm__report_key(l->key, &key),
        .born_ms = m->reporter.born_ms};
}

static void add(mqm *m, struct mail *mail, const struct config *c,
                const struct topic_config *t, int side, enum tidings what)
{
    struct letter *l = &mail->letter[mail->n++];
    struct tally_side *s = &t->tally->at[side];
    int64_t now = mqm__mono_ms();
    struct report r = {.gone = what == LEAVING, .report_ms = c->report_ms};

    memset(&l->swap, 0, sizeof(l->swap));
    l->from = s;
    l->print = t->print;
    fill(m, &r, t, s, now);
    if (m->source.path)
        r.confirmed_ms = now - atomic_load(&c->confirmed_ms);
    address(m, l, t, side);
    l->swap.expect = s->version;
    l->swap.value = l->value;
    l->swap.len = mqm__report_encode(l->value, &r);
    l->swap.flags = MQM_SWAP_LISTED | MQM_SWAP_ANYWAY | MQM_SWAP_RELAXED;
    l->swap.keep_ms = t->keep_ms;
    s->tried_ms = now;
}

/* ------------------------------- the post -------------------------------- */

static void take_answer(struct reporter *r, struct letter *l)
{
    int result = l->swap.result;

    r->failed |= result < 0;
    l->from->told = result == MQM_OK ? l->print : 0;
    if (result >= 0)
        l->from->version = l->swap.now.version;
    if (result > 0) /* taken away, or an answer was lost: again, soon */
        l->from->tried_ms = 0;
}

static void send(mqm *m, struct mail *mail)
{
    struct reporter *r = &m->reporter;
    struct mqm_swap *s[AT_ONCE];

    for (size_t i = 0; i < mail->n; i++)
        s[i] = &mail->letter[i].swap;
    mqm__combine_swap(&m->combine, s, mail->n, COMBINE_EVER);
    r->failed = false;
    for (size_t i = 0; i < mail->n; i++)
        take_answer(r, &mail->letter[i]);
    mail->n = 0;
    if (!r->failed || r->complained)
        return;
    r->complained = true;
    mqm__log(m, MQM_WARN, "this instance cannot report itself (mqmctl status "
             "will not see it): %s", mqm_errmsg());
}

static void report(mqm *m, const struct config *c)
{
    struct mail mail;
    int64_t now = mqm__mono_ms();

    mail.n = 0;
    for (size_t i = 0; i < c->n_topics; i++)
        for (int side = 0; side < MQM_SIDES; side++) {
            const struct topic_config *t = &c->topics[i];

            if (!is_due(&t->tally->at[side], c, t, now))
                continue;
            add(m, &mail, c, t, side, HERE);
            if (mail.n == AT_ONCE)
                send(m, &mail);
        }
    if (mail.n)
        send(m, &mail);
}

void mqm__report_gone(mqm *m)
{
    const struct config *c = m->snapshot->config;
    struct mail mail;

    mail.n = 0;
    for (size_t i = 0; i < c->n_topics && !m->reporter.failed; i++)
        for (int side = 0; side < MQM_SIDES; side++) {
            const struct topic_config *t = &c->topics[i];

            if (!t->tally->at[side].version)
                continue;
            add(m, &mail, c, t, side, LEAVING);
            if (mail.n == AT_ONCE)
                send(m, &mail);
        }
    if (mail.n && !m->reporter.failed)
        send(m, &mail);
}

/* ------------------------------- the sweep ------------------------------- */

struct sweep {
    int64_t older_ms;
    struct letter letter[AT_ONCE];
    size_t n;
};

static int note_old(void *user, const struct mqm_key *key,
                    const struct mqm_cell *cell)
{
    struct sweep *w = user;
    struct letter *l = &w->letter[w->n];

    if (cell->age_ms < w->older_ms)
        return 0;
    memset(&l->swap, 0, sizeof(l->swap));
    memcpy(l->key, key->id, key->id_len);
    memcpy(l->value, cell->value, cell->len);
    snprintf(l->space, sizeof(l->space), "%s", key->space);
    l->swap.key = (struct mqm_key){l->space, l->key, key->id_len,
                                   key->born_ms};
    l->swap.expect = cell->version;
    l->swap.value = l->value;
    l->swap.len = cell->len;
    l->swap.flags = MQM_SWAP_ANYWAY | MQM_SWAP_RELAXED; /* not listed */
    l->swap.keep_ms = SWEPT_KEEP_MS;
    return ++w->n == AT_ONCE;
}

static int64_t old_ms(const struct config *c, const struct topic_config *t)
{
    int64_t kept = REPORTS_KEPT * c->report_ms;

    return kept > 2 * t->policy_max_age_ms ? kept : 2 * t->policy_max_age_ms;
}

/* One that reports again meanwhile has another version, and stays. */
static void sweep(mqm *m, const struct config *c, const struct topic_config *t)
{
    struct sweep w = {.older_ms = old_ms(c, t)};
    struct mqm_swap *s[AT_ONCE];
    char space[REPORT_SPACE];

    mqm__report_space(space, t->space);
    mqm__list(m, space, note_old, &w); /* what it came to; the rest next time */
    for (size_t i = 0; i < w.n; i++)
        s[i] = &w.letter[i].swap;
    mqm__combine_swap(&m->combine, s, w.n, COMBINE_EVER);
}

static bool reports_of(const struct topic_config *t)
{
    return t->tally->at[MQM_OLD].version || t->tally->at[MQM_NEW].version;
}

static void sweep_all(mqm *m, const struct config *c)
{
    for (size_t i = 0; i < c->n_topics; i++)
        if (reports_of(&c->topics[i]))
            sweep(m, c, &c->topics[i]);
}

/* ------------------------------- the keeper ------------------------------ */

static void sample(mqm *m)
{
    int64_t now = mqm__mono_ms();

    pthread_mutex_lock(&m->lock);
    for (struct tally *t = m->tallies; t; t = t->next)
        for (int side = 0; side < MQM_SIDES; side++)
            mqm__tally_sample(&t->at[side], now);
    pthread_mutex_unlock(&m->lock);
}

void mqm__report(mqm *m)
{
    struct reporter *r = &m->reporter;
    struct snapshot *snap;
    int64_t every, now = mqm__mono_ms();

    if (atomic_exchange(&r->busy, true))
        return;
    snap = mqm__snapshot(m);
    every = snap->config->report_ms;
    sample(m);
    if (every && m->store.table->store->list) {
        report(m, snap->config);
        if (!r->failed && now - r->swept_ms >= REPORTS_A_SWEEP * every) {
            r->swept_ms = now;
            sweep_all(m, snap->config);
        }
    }
    mqm__snapshot_put(snap);
    atomic_store(&r->busy, false);
}
