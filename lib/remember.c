/* SPDX-License-Identifier: MIT */
/* remember.c - how far back the store remembers, where the store itself cannot
 * know: it is younger than the migration, or has gone back to what it was some
 * time ago (a file or a replica that was put back).  memory_from is raised
 * then: what was born before it, and has no record, is in doubt (rule 8).
 */
#include "claim.h"
#include "error.h"

/* A store knows spaces, not topics: the largest counts. */
int64_t mqm__clock_margin(mqm *m)
{
    struct snapshot *snap = mqm__snapshot(m);
    int64_t most = 0;

    for (size_t i = 0; i < snap->config->n_topics; i++)
        if (snap->config->topics[i].policy.margin_ms > most)
            most = snap->config->topics[i].policy.margin_ms;
    mqm__snapshot_put(snap);
    return most;
}

static int forget_before(mqm *m, const struct topic_config *t, int64_t *from,
                         int64_t *created)
{
    int64_t raise_ms = *created + t->policy.margin_ms;

    mqm__log(m, MQM_WARN,
             "%s: the store was made after \"since\": is it the one that the "
             "migration began with?  Messages born before it are in doubt",
             t->space);
    return m->store.table->store->memory(m->store.self, t->space, raise_ms,
                                         from, created);
}

/* A store that began after the switch has forgotten what was before it: it is
 * not the one that the migration began with.  Of what was before it the
 * producers' clocks may have been ahead. */
int mqm__check_memory(mqm *m)
{
    const struct config *c = m->snapshot->config;
    const struct mqm_store *s = m->store.table->store;
    int r = 0;

    for (size_t i = 0; i < c->n_topics && r == 0; i++) {
        const struct topic_config *t = &c->topics[i];
        int64_t from = 0, created = 0, since = t->policy.since_ms;

        mqm__combine_enter(&m->combine);
        r = s->memory(m->store.self, t->space, 0, &from, &created);
        if (r == 0 && since && created > since &&
            from < created + t->policy.margin_ms &&
            (s->flags & MQM_STORE_DURABLE))
            r = forget_before(m, t, &from, &created);
        mqm__combine_leave(&m->combine);
    }
    return r < 0 ? mqm__fail_in(r, "store: ") : 0;
}

/* Many claims are lost at once: the first raises, and the others find that the
 * store remembers from a moment after them. */
void mqm__store_went_back(mqm *m, const struct work *w, int64_t claimed_ms)
{
    const struct topic_config *t = w->topic;
    const struct mqm_store *s = m->store.table->store;
    int64_t margin_ms = mqm__clock_margin(m), from = 0, created = 0;
    int r;

    mqm__count(m, w, COUNT_WENT_BACK);
    mqm__combine_enter(&m->combine);
    r = s->memory(m->store.self, t->space, 0, &from, &created);
    if (r == 0 && from - margin_ms < claimed_ms)
        r = s->memory(m->store.self, t->space, mqm__now_ms() + margin_ms, &from,
                      &created);
    mqm__combine_leave(&m->combine);
    mqm__log(m, MQM_ERROR,
             "%s: the store has lost a claim: it has gone back to an earlier "
             "state, or forgotten; messages may be worked on twice.  %s",
             t->space, r < 0 ? mqm_errmsg() : "What has no record is in doubt");
}
