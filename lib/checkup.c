/* SPDX-License-Identifier: MIT */
/* checkup.c - is everything set up so that no message is lost?
 *
 * Store and adapters look at what they know, the library at what all stores
 * have in common; every finding goes to one visitor.  The store's part is also
 * asked when it is opened: what is fatal there is so for whoever uses it.
 *
 * What always holds: what cannot be looked at is a warning, never silence.
 */
#include "checkup.h"
#include "error.h"
#include "plugin.h"
#include "side.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

MQM__VPRINTF(5)
static void vfind(struct checkup *k, int level, const char *subject,
                  const char *remedy, const char *fmt, va_list ap)
{
    char text[512];
    struct mqm_finding f = {.size = sizeof(f),
                            .level = level,
                            .part = k->part,
                            .group = k->group ? k->group : "",
                            .topic = k->topic ? k->topic : "",
                            .subject = subject ? subject : "",
                            .text = text,
                            .remedy = remedy ? remedy : ""};

    if (k->stop)
        return;
    vsnprintf(text, sizeof(text), fmt, ap);
    k->stop = k->visit(k->user, &f);
}

void mqm__find(struct checkup *k, int level, const char *subject,
               const char *remedy, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfind(k, level, subject, remedy, fmt, ap);
    va_end(ap);
}

/* As plugins know it. */
__attribute__((format(printf, 5, 6)))
static void find(const struct mqm_inquiry *q, int level, const char *subject,
                 const char *remedy, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfind((struct checkup *)(uintptr_t)q, level, subject, remedy, fmt, ap);
    va_end(ap);
}

/* ------------------------------- the store ------------------------------- */

static int64_t sum(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* What all topics together will ask of it. */
static void expect(struct mqm_inquiry *q, const struct config *c)
{
    q->size = sizeof(*q);
    q->find = find;
    for (size_t i = 0; i < c->n_topics; i++) {
        const struct topic_config *t = &c->topics[i];

        q->rate = sum(q->rate, t->rate);
        q->records = sum(q->records, t->rate * (t->keep_ms / 1000));
        if (t->keep_ms > q->keep_ms)
            q->keep_ms = t->keep_ms;
        if (t->policy.margin_ms > q->margin_ms)
            q->margin_ms = t->policy.margin_ms;
    }
}

static void what_all_stores_have(struct checkup *k, const struct mqm_store *s)
{
    if (!(s->flags & MQM_STORE_SHARED))
        mqm__find(k, MQM_FATAL, "shared",
                  "choose a store that all consumers share: store.url",
                  "each process has a store of its own: two of them work on a "
                  "message twice");
    if (!(s->flags & MQM_STORE_DURABLE))
        mqm__find(k, MQM_FATAL, "durable",
                  "choose a store that keeps its records: store.url",
                  "it forgets everything when the process ends");
    if (k->inquiry.records == 0)
        mqm__find(k, MQM_WARNING, "rate",
                  "set \"rate\" of the topics, in messages a second",
                  "how much room the records need cannot be told: no \"rate\" "
                  "is set");
}

static int ask_store(struct checkup *k, mqm *m)
{
    const struct mqm_store *s = m->store.table->store;
    int r;

    if (!mqm__store_can(s, checkup))
        return -ENOTSUP;
    mqm__combine_enter(&m->combine);
    r = s->checkup(m->store.self, &k->inquiry);
    mqm__combine_leave(&m->combine);
    return r;
}

static void not_looked_at(struct checkup *k, int r, const char *name)
{
    if (r == -ENOTSUP)
        mqm__find(k, MQM_WARNING, "look", NULL,
                  "plugin '%s' cannot tell how it is set up", name);
    else if (r < 0)
        mqm__find(k, MQM_WARNING, "look", "mqmctl check tells more",
                  "it could not be looked at: %s", mqm_errmsg());
}

static void checkup_store(struct checkup *k, mqm *m, const struct config *c)
{
    const struct plugin *p = &m->store;

    k->part = "store";
    expect(&k->inquiry, c);
    what_all_stores_have(k, p->table->store);
    if (p->table->store->flags) /* else that was all there is to say */
        not_looked_at(k, ask_store(k, m), p->table->name);
}

/* --------------------------- when it is opened --------------------------- */

struct opening {
    mqm *m;
    bool insists;
    int result;
};

static int judge(void *user, const struct mqm_finding *f)
{
    struct opening *o = user;

    if (f->level == MQM_FINE)
        return 0;
    if (f->level == MQM_FATAL && !o->insists) {
        o->result = mqm__fail(-EINVAL,
                              "store: %s: %s: %s; \"insist\": true in the "
                              "section \"store\" opens it all the same",
                              f->subject, f->text, f->remedy);
        return o->result;
    }
    mqm__log(o->m, MQM_WARN, "store: %s: %s%s%s", f->subject, f->text,
             f->remedy[0] ? ": " : "", f->remedy);
    return 0;
}

int mqm__checkup_opening(mqm *m)
{
    const struct config *c = m->snapshot->config;
    struct opening o = {m, c->store.insist || m->opts.flags & MQM_ANY_STORE,
                        0};
    struct checkup k = {.part = "store", .visit = judge, .user = &o};
    int r;

    expect(&k.inquiry, c);
    k.inquiry.opening = 1;
    r = ask_store(&k, m);
    if (o.result < 0)
        return o.result;
    return r < 0 && r != -ENOTSUP ? mqm__fail_in(r, "store: ") : 0;
}

/* ------------------------------- the sides ------------------------------- */

static int ask_side(struct checkup *k, struct side *s,
                    const struct topic_config *t, int i)
{
    const struct at_side *at = &t->at[i];
    struct mqm_inquiry *q = &k->inquiry;
    int r = mqm__side_open(s);

    if (r < 0)
        return r;
    if (!mqm__can(s->adapter.table->adapter, checkup))
        return -ENOTSUP;
    q->rate = t->rate;
    q->keep_ms = t->keep_ms;
    q->margin_ms = t->policy.margin_ms;
    q->group = at->group;
    q->topic = at->topic;
    q->parking = at->parking;
    q->is_new = i == MQM_NEW;
    q->since_ms = t->policy.since_ms;
    q->settle_ms = t->settle_ms;
    q->work_ms = t->settle_ms - t->lease_ms;
    return s->adapter.table->adapter->checkup(s->adapter.self, q);
}

static void checkup_sides(struct checkup *k, mqm *m,
                          const struct topic_config *t)
{
    for (int i = 0; i < MQM_SIDES && !k->stop; i++) {
        struct side *s = mqm__side(m, t->at[i].side->name);

        k->part = t->at[i].side->name;
        k->group = t->group;
        k->topic = t->topic;
        if (s)
            not_looked_at(k, ask_side(k, s, t, i), t->at[i].side->adapter);
    }
}

int mqm_checkup(mqm *m,
                int (*visit)(void *user, const struct mqm_finding *finding),
                void *user)
{
    struct checkup k = {.part = "", .visit = visit, .user = user};
    const struct config *c;
    struct snapshot *snap;
    int r = mqm__enter(m);

    if (r < 0)
        return r;
    if (!visit)
        return mqm__fail(-EINVAL, "mqm_checkup() needs a visitor");
    snap = mqm__snapshot(m);
    c = snap->config;
    checkup_store(&k, m, c);
    for (size_t i = 0; i < c->n_topics && !k.stop; i++) {
        mqm__checkup_topic(&k, c, &c->topics[i]);
        checkup_sides(&k, m, &c->topics[i]);
    }
    mqm__snapshot_put(snap);
    return k.stop;
}
