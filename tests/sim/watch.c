/* SPDX-License-Identifier: MIT */
/* watch.c - looks at each record that is written: what no history of the
 * ledger may show yet, but would one day.  The invariants are those of
 * lib/record.h; the bytes are read here anew, not by the library's codec.
 */
#include "watch.h"

#include <string.h>

enum { REASSIGNED = 4, UNSENT = 8, SIDE_AT = 25, RACE_MS = 2000 };

static uint64_t number(const unsigned char *p, unsigned bytes)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

void watch_read(struct watched *r, const unsigned char *p, size_t len)
{
    memset(r, 0, sizeof(*r));
    if (len == 0)
        return; /* nobody has looked */
    r->state = p[0] & 15;
    if (r->state == MQM_DONE) {
        r->token = number(p + 1, 8);
        return;
    }
    r->reassigned = p[1] & REASSIGNED;
    r->unsent = p[1] & UNSENT;
    r->token = number(p + 5, 8);
    r->doubt = number(p + 13, 8);
    r->lease_ms = (int64_t)number(p + 21, 4);
    r->side = p[SIDE_AT] == 5 ? KAFKA : ROCKET; /* "kafka", "rocketmq" */
}

static const char *done(int message, const struct watched *old,
                        const struct watched *new)
{
    bool settles = old->doubt && old->doubt <= new->token;

    if (!w.message[message].effects)
        return "done, and never worked on";
    if (old->state == MQM_HELD && new->token != old->token && !settles)
        return "ended by an attempt that does not hold it";
    return NULL;
}

/* Only by resolving or assigning. */
static const char *owed_again(const struct watched *old, int64_t age_ms,
                              const struct watched *new)
{
    if (!new->unsent)
        return "owed again, and not marked as unsent";
    if (old->state == MQM_HELD)
        return "resolved or assigned while it is held";
    if (old->doubt && age_ms < SETTLE_MS)
        return "resolved before it is settled";
    return NULL;
}

static const char *begun(const struct watched *old, const struct watched *new)
{
    if (old->state == MQM_HELD && new->token != old->token && !new->doubt)
        return "a lease ran out and left no doubt";
    if (new->state == MQM_HELD && old->token && new->token == old->token + 1)
        return "a token that two could take";
    return NULL;
}

static const char *first_seen(int message, const struct watched *new)
{
    const struct message *m = &w.message[message];

    if (new->doubt) /* whoever asks takes it */
        return NULL;
    if (m->forgotten)
        return "forgotten, and taken for new";
    if (new->side != old_side() &&
        (!conf_since() || m->born_ms < conf_since()))
        return "born before the switch, and the new side's";
    return NULL;
}

static const char *judge(int message, const struct watched *old,
                         int64_t age_ms, const struct watched *new)
{
    bool fresh = new->state == MQM_OWED &&
                 (old->state == MQM_OWED || old->state == MQM_PARKED ||
                  (new->unsent && !old->unsent));

    if (old->state == MQM_DONE)
        return "a done record was written over";
    if (new->state == MQM_DONE)
        return done(message, old, new);
    if (old->state == MQM_FREE)
        return first_seen(message, new);
    if (new->token < old->token)
        return "its token went back";
    if (old->state == MQM_HELD && age_ms < old->lease_ms &&
        new->token != old->token)
        return "its holder's lease was not over";
    if (fresh)
        return owed_again(old, age_ms, new);
    if (new->side != old->side)
        return "it changed its side";
    if (old->unsent && !new->unsent && new->state != MQM_PARKED)
        return "nothing says any more that no copy may come";
    if (old->doubt && new->doubt != old->doubt)
        return "a doubt was lost";
    return begun(old, new);
}

void watch_write(int message, const unsigned char *was, size_t was_len,
                 int64_t age_ms, const unsigned char *is, size_t is_len)
{
    struct watched old, new;
    const char *wrong;

    watch_read(&old, was, was_len);
    watch_read(&new, is, is_len);
    wrong = judge(message, &old, age_ms, &new);
    if (wrong)
        violation(message, wrong);
}

/* A copy of this side was dropped.  What changed lately is not judged: a SKIP
 * may have waited behind the handlers of its chunk.  Nor who stood still. */
void watch_dropped(int message, int side, const unsigned char *is,
                   size_t is_len, int64_t age_ms)
{
    struct watched r;

    watch_read(&r, is, is_len);
    if (w.proc[sim_cur].stopped_until > sim_now - RACE_MS * MS)
        return;
    if (age_ms < RACE_MS || r.state == MQM_DONE || r.state == MQM_PARKED)
        return;
    if (r.state == MQM_FREE || r.side == side || r.reassigned)
        if (!w.message[message].forgotten)
            violation(message, "dropped without a record that justifies it");
}
