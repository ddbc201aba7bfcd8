/* SPDX-License-Identifier: MIT */
/* steps.c - the guard step by step: claims of the program's own. */
#include "claim.h"
#include "error.h"
#include "run_end.h"

#include <errno.h>
#include <string.h>

enum { RETRY_MS = 500, PROOF = 0, COUNTED = 1 };

/* An acquire must come without a token, the others with one. */
static int check_claim(const struct mqm_claim *c)
{
    if (c->op < MQM_OP_ACQUIRE || c->op > MQM_OP_PARK_FAILED)
        return mqm__fail(-EINVAL, "%d is no mqm_op", c->op);
    if (c->op != MQM_OP_ACQUIRE && !c->token)
        return mqm__fail(-EINVAL, "this claim is not ours: its token is 0");
    return 0;
}

static void refuse(struct mqm_claim *c, int err, const char *why)
{
    c->result = err;
    c->why = why;
    c->lease_ms = RETRY_MS;
    if (c->op == MQM_OP_ACQUIRE)
        c->token = 0;
}

/* reserved[PROOF] of a claim: of its message and token, so that the token of a
 * claim whose message has become another proves nothing. */
static uint64_t proof_of(const struct work *w, uint64_t token)
{
    uint64_t h = 1469598103934665603u ^ token;

    for (size_t i = 0; i < w->swap.key.id_len; i++)
        h = (h ^ w->id[i]) * 1099511628211u;
    return h ^ h >> 29;
}

/* A claim's cell is the version, mixed with that: cells written at the same
 * moment may have the same version. */
static uint64_t sealed(const struct work *w, uint64_t token, uint64_t version)
{
    return version ? version ^ proof_of(w, token) : 0;
}

static int begin(mqm *m, struct work *w, const struct config *conf,
                 struct mqm_claim *c)
{
    int r = check_claim(c);

    w->why = "refused";
    if (r == 0)
        r = mqm__work_init(m, w, conf, &c->msg, c->op, c->flags);
    if (r < 0) {
        w->finished = true;
        refuse(c, r, w->why);
        return r;
    }
    w->rq.token = c->op == MQM_OP_ACQUIRE ? 0 : c->token;
    w->version = sealed(w, w->rq.token, c->op == MQM_OP_ACQUIRE ? 0 : c->cell);
    w->rq.proven = c->op != MQM_OP_ACQUIRE &&
                   c->reserved[PROOF] == proof_of(w, c->token);
    if (c->op == MQM_OP_FAILURE)
        w->rq.lease_ms = mqm__pause_after(w->topic, c->attempt);
    w->rq.why = c->op == MQM_OP_PARK_FAILED ? WHY_TRIES : WHY_UNSURE;
    return 0;
}

static const enum count ended[] = {
    [MQM_OP_SUCCESS] = COUNT_SUCCEEDED, [MQM_OP_FAILURE] = COUNT_FAILED,
    [MQM_OP_DOUBT] = COUNT_PARKED, [MQM_OP_PARK_FAILED] = COUNT_PARKED};

/* Once a claim, however often its end is repeated. */
static void count_end(mqm *m, const struct work *w, struct mqm_claim *c)
{
    if (w->result != MQM_OK || c->op == MQM_OP_RENEW ||
        c->op == MQM_OP_HAND_BACK || c->reserved[COUNTED])
        return;
    mqm__count(m, w, ended[c->op]);
    c->reserved[COUNTED] = 1;
}

/* Of a claim whose first answer was lost the lease began then; and of all the
 * answer may have come long ago, to a process that stood still. */
static int64_t lease_left(const struct work *w, int64_t took_ms)
{
    int64_t left = w->now.lease_ms - w->now.age_ms - took_ms;

    return left > 0 ? left : 1;
}

static void renewed(struct mqm_claim *c, const struct work *w, int64_t took_ms)
{
    int64_t left = w->rq.lease_ms - took_ms;

    c->lease_ms = left > 0 ? left : 1;
    if (left <= 0) {
        c->result = MQM_LOST;
        c->why = "its lease was over before the answer came";
    }
}

static void finish(mqm *m, struct mqm_claim *c, const struct work *w,
                   int64_t took_ms)
{
    bool granted = w->result == MQM_OK || w->result == MQM_DOUBT;

    c->result = w->result;
    c->why = w->why;
    if (c->op == MQM_OP_ACQUIRE) {
        c->token = granted ? w->now.token : 0;
        c->reserved[COUNTED] = 0;
        c->reserved[PROOF] = granted ? proof_of(w, c->token) : 0;
        c->attempt = w->now.attempts;
        c->lease_ms = granted ? lease_left(w, took_ms)
                      : w->retry_ms ? w->retry_ms : RETRY_MS;
    }
    if (c->op == MQM_OP_RENEW && granted)
        renewed(c, w, took_ms);
    if (c->op == MQM_OP_ACQUIRE || (c->op == MQM_OP_RENEW && granted))
        c->cell = sealed(w, c->token, w->version);
    if (c->op != MQM_OP_ACQUIRE)
        count_end(m, w, c);
    mqm__audit(m, c->op == MQM_OP_ACQUIRE ? "acquire" : "end", &c->msg, w);
}

/* Up to WORK_MAX claims of a call, on their way. */
struct part {
    struct mqm_claim *const *claims;
    struct work *work; /* one for each */
    size_t n;
    int64_t asked_ms;
    int result; /* the first that is negative */
    struct flight flight;
};

static void prepare(mqm *m, struct part *p, const struct config *conf)
{
    p->result = MQM_OK;
    p->flight.n = 0;
    for (size_t i = 0; i < p->n; i++) {
        int r = begin(m, &p->work[i], conf, p->claims[i]);

        if (r == 0)
            p->flight.w[p->flight.n++] = &p->work[i];
        else if (p->result == MQM_OK)
            p->result = r;
    }
}

static void post(mqm *m, struct part *p)
{
    p->asked_ms = mqm__mono_ms();
    mqm__work_post(m, &p->flight);
}

static void receive(mqm *m, struct part *p)
{
    int r = mqm__work_finish(m, &p->flight);
    int64_t took_ms = mqm__mono_ms() - p->asked_ms;

    for (size_t i = 0, done = 0; done < p->flight.n; i++)
        if (p->flight.w[done] == &p->work[i]) {
            finish(m, p->claims[i], &p->work[i], took_ms);
            done++;
        }
    if (p->result == MQM_OK)
        p->result = r;
}

/* While one part is with the store, the next is prepared.  What has a key of
 * the one before waits for its end: the claims of a call take effect in their
 * order. */
static int submit(mqm *m, struct scratch *s, const struct config *conf,
                  struct mqm_claim *const *claims, size_t n)
{
    struct part part[2], *last = NULL, *next;
    int result = MQM_OK;

    for (size_t i = 0, turn = 0; i < n || last; i += WORK_MAX, turn ^= 1) {
        next = i < n ? &part[turn] : NULL;
        if (next) {
            next->claims = claims + i;
            next->work = s->work + turn * WORK_MAX;
            next->n = n - i < WORK_MAX ? n - i : WORK_MAX;
            prepare(m, next, conf);
        }
        if (next && last && mqm__work_meets(&last->flight, &next->flight)) {
            receive(m, last);
            result = result < 0 ? result : last->result;
            last = NULL;
        }
        if (next)
            post(m, next);
        if (last) {
            receive(m, last);
            result = result < 0 ? result : last->result;
        }
        last = next;
    }
    return result;
}

static int check_claims(struct mqm_claim *const *claims, size_t n)
{
    if (!claims && n)
        return mqm__fail(-EINVAL, "mqm_submit() needs claims");
    for (size_t i = 0; i < n; i++)
        if (!claims[i])
            return mqm__fail(-EINVAL, "claim %zu of %zu is NULL", i, n);
    return 0;
}

int mqm_submit(mqm *m, struct mqm_claim *const *claims, size_t n)
{
    struct snapshot *snap;
    struct scratch *s;
    int r = mqm__enter(m);

    if (r == 0)
        r = check_claims(claims, n);
    s = r < 0 ? NULL : mqm__scratch(m);
    for (size_t i = 0; !s && claims && i < n; i++)
        if (claims[i])
            refuse(claims[i], r < 0 ? r : -ENOMEM, "refused");
    if (!s)
        return r < 0 ? r : -ENOMEM;
    snap = mqm__snapshot(m);
    r = submit(m, s, snap->config, claims, n);
    mqm__snapshot_put(snap);
    mqm__scratch_put(m, s);
    return r;
}

static int one(mqm *m, struct mqm_claim *c, int op)
{
    int r;

    if (!c)
        return mqm__fail(-EINVAL, "the claim is NULL");
    c->op = op;
    r = mqm_submit(m, &c, 1);
    return r < 0 ? r : c->result;
}

int mqm_acquire(mqm *m, struct mqm_claim *c)
{
    return one(m, c, MQM_OP_ACQUIRE);
}

int mqm_renew(mqm *m, struct mqm_claim *c)
{
    return one(m, c, MQM_OP_RENEW);
}

int mqm_release_on_success(mqm *m, struct mqm_claim *c)
{
    return one(m, c, MQM_OP_SUCCESS);
}

int mqm_release_on_failure(mqm *m, struct mqm_claim *c)
{
    return one(m, c, MQM_OP_FAILURE);
}

int mqm_release_in_doubt(mqm *m, struct mqm_claim *c)
{
    return one(m, c, MQM_OP_DOUBT);
}

int mqm_hand_back(mqm *m, struct mqm_claim *c)
{
    return one(m, c, MQM_OP_HAND_BACK);
}

/* 1 yes, 0 no, < 0; of what record.c answers to a look. */
static int yes_or_no(const struct work *w)
{
    if (w->result == MQM_OK)
        return 1;
    if (w->result == MQM_SKIP)
        return 0;
    return mqm__fail(-EAGAIN, "not to be told now: %s", w->why);
}

int mqm_should_consume(mqm *m, const struct mqm_msg *msg)
{
    struct snapshot *snap;
    struct scratch *s;
    struct work *w;
    int r = mqm__enter(m);

    if (r == 0 && !msg)
        r = mqm__fail(-EINVAL, "the message is NULL");
    s = r < 0 ? NULL : mqm__scratch(m);
    if (!s)
        return r < 0 ? r : -ENOMEM;
    snap = mqm__snapshot(m);
    w = &s->work[0];
    r = mqm__work_init(m, w, snap->config, msg, OP_LOOK, 0);
    if (r == 0)
        r = mqm__work_do(m, &w, 1);
    if (r == 0) {
        r = yes_or_no(w);
        mqm__audit(m, "look", msg, w);
    }
    mqm__snapshot_put(snap);
    mqm__scratch_put(m, s);
    return r;
}
