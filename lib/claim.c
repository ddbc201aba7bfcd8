/* SPDX-License-Identifier: MIT */
/* claim.c - see claim.h.  work.c has what is asked. */
#include "claim.h"
#include "codec.h"
#include "error.h"
#include "key_set.h"
#include "sight.h"

#include <errno.h>
#include <string.h>

enum { ROUNDS = 32 }; /* a cell that moves under every one of them: LATER */

/* Low bits of a token, made by chance, so that no two propose the same. */
enum { CHANCE = 22 };

uint64_t mqm__new_token(mqm *m)
{
    uint64_t x = atomic_fetch_add(&m->token_seed, 0x9e3779b97f4a7c15u);

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (uint64_t)mqm__now_ms() << CHANCE | (x ^ x >> 31) >> (64 - CHANCE);
}

/* ------------------------------- one round ------------------------------- */

static void finish(struct work *w, int result)
{
    w->result = result;
    w->finished = true;
    w->retry_ms = 0;
    if (result == MQM_LATER && w->now.age_ms < w->now.lease_ms)
        w->retry_ms = w->now.lease_ms - w->now.age_ms;
}

/* What the next round shall write; the decision is made on w->now. */
static void write_next(struct work *w, uint64_t expect)
{
    bool open = w->next.state != MQM_DONE && !w->next.by_rule;

    w->swap.expect = expect;
    w->swap.value = w->value;
    w->swap.len = mqm__encode(w->value, &w->next);
    w->swap.keep_ms = w->topic->keep_ms;
    w->swap.flags = (open ? MQM_SWAP_LISTED : 0u) |
                    (w->rq.unsure ? MQM_SWAP_ANYWAY : 0u);
    if (w->next.state == MQM_DONE && w->topic->done_relaxed)
        w->swap.flags |= MQM_SWAP_RELAXED;
}

/* A proposal that was overtaken is made anew before anything is written, or
 * two callers could take the same. */
static void lift_token(mqm *m, struct work *w)
{
    if (w->rq.op != OP_ACQUIRE || w->now.token <= w->rq.token)
        return;
    w->rq.token = mqm__new_token(m);
    if (w->rq.token <= w->now.token) /* its clock was ahead of ours */
        w->rq.token = w->now.token + 1 + w->rq.token % (1u << CHANCE);
}

/* known: *now is what the store said, so a decision that changes nothing is
 * final; else it is a guess and has to be proved. */
static void decide(mqm *m, struct work *w, uint64_t expect, bool known)
{
    int v;

    lift_token(m, w);
    if (!w->rq.route)
        w->rq.route = w->now.side;
    v = mqm__decide(&w->now, &w->rq, &w->next, &w->why);
    w->went_back |= known && mqm__is_older(&w->now, &w->rq);
    w->sight = mqm__sight(w, v);
    if (w->next.state != MQM_FREE) {
        w->result = v;
        write_next(w, expect);
    } else if (known) {
        finish(w, v);
    } else {
        w->swap.expect = MQM_ASK;
        w->swap.flags = 0;
        w->swap.len = 0;
    }
}

/* The first guess: new, or as this attempt left it. */
static void guess(mqm *m, struct work *w)
{
    memset(&w->now, 0, sizeof(w->now));
    if (w->rq.op == OP_ACQUIRE || w->rq.op == OP_LOOK) {
        decide(m, w, 0, false);
    } else if (w->rq.op == OP_SUCCESS && w->version) {
        /* A success keeps nothing of the record but the token. */
        w->now.state = MQM_HELD;
        w->now.token = w->rq.token;
        memcpy(w->now.side, w->rq.side, strlen(w->rq.side) + 1);
        decide(m, w, w->version, false);
    } else {
        w->swap.expect = MQM_ASK;
        w->swap.flags = 0;
        w->swap.len = 0;
    }
}

static void look_again(mqm *m, struct work *w)
{
    const struct mqm_cell *cell = &w->swap.now;
    int r = 0;

    memset(&w->now, 0, sizeof(w->now));
    w->side_tag = 0;
    if (cell->version)
        r = mqm__decode(&w->now, cell->value, cell->len, &w->side_tag);
    if (r < 0) {
        w->why = "unreadable record";
        w->unreadable = true;
        finish(w, r);
        return;
    }
    w->now.age_ms = cell->age_ms > 0 ? cell->age_ms : 0;
    w->version = cell->version;
    decide(m, w, cell->version, true);
}

static void answered(mqm *m, struct work *w)
{
    int r = w->swap.result;

    if (r == MQM_OK) {
        r = w->result;
        w->now = w->next;
        w->version = w->swap.now.version;
        finish(w, r);
    } else if (r == MQM_LOST) {
        look_again(m, w);
    } else if (r == MQM_DOUBT) {
        w->rq.unsure = true;
        memset(&w->swap.now, 0, sizeof(w->swap.now));
        look_again(m, w);
    } else if (r == COMBINE_LATE) {
        /* Its policy has grown too old, or that of one beside it. */
        w->rq.may_pin_away = false;
        w->waits = true;
    } else {
        w->why = "the store did not answer";
        finish(w, r < 0 ? r : -EIO);
    }
}

/* ------------------------------- all rounds ------------------------------ */

/* Of works with the same key only the first that is not finished goes; the
 * others start when it has ended. */
static size_t choose(mqm *m, struct work *const *w, size_t n,
                     struct mqm_swap **go)
{
    const struct mqm_key *slot[2 * WORK_MAX];
    struct key_set keys;
    size_t k = 0;

    if (n > 1)
        mqm__key_set_init(&keys, slot, n);
    for (size_t i = 0; i < n; i++) {
        if (w[i]->finished ||
            (n > 1 && !mqm__key_set_add(&keys, &w[i]->swap.key)))
            continue;
        if (w[i]->waits)
            guess(m, w[i]);
        w[i]->waits = false;
        if (!w[i]->finished)
            go[k++] = &w[i]->swap;
    }
    return k;
}

bool mqm__work_meets(const struct flight *a, const struct flight *b)
{
    const struct mqm_key *slot[2 * WORK_MAX];
    struct key_set keys;

    mqm__key_set_init(&keys, slot, a->n);
    for (size_t i = 0; i < a->n; i++)
        mqm__key_set_add(&keys, &a->w[i]->swap.key);
    for (size_t i = 0; i < b->n; i++)
        if (mqm__key_set_has(&keys, &b->w[i]->swap.key))
            return true;
    return false;
}

static struct work *work_of(struct mqm_swap *s)
{
    return (struct work *)((char *)s - offsetof(struct work, swap));
}

static bool gives_away(const struct work *w)
{
    return (w->rq.op == OP_ACQUIRE || w->rq.op == OP_LOOK) &&
           w->next.state == MQM_OWED;
}

/* Until when all of them count: what gives a message away by its policy does
 * while that is not too old. */
static int64_t until_ms(struct mqm_swap **go, size_t k)
{
    int64_t until = COMBINE_EVER;

    for (size_t i = 0; i < k; i++) {
        const struct work *w = work_of(go[i]);

        if (w->away_until_ms < until && gives_away(w))
            until = w->away_until_ms;
    }
    return until;
}

static int side_of(const struct work *w)
{
    return w->rq.side == w->topic->at[MQM_NEW].side->name;
}

static void propose(mqm *m, struct work *w)
{
    w->waits = true;
    if (w->rq.op == OP_ACQUIRE && !w->rq.token)
        w->rq.token = mqm__limbo_take(&m->limbo, &w->swap.key, side_of(w));
    if (w->rq.op == OP_ACQUIRE && !w->rq.token)
        w->rq.token = mqm__new_token(m);
}

static void settle(mqm *m, struct work *w)
{
    if (!w->finished)
        finish(w, mqm__fail(-EBUSY, "the record changed under each of %d "
                            "tries", ROUNDS));
    if (w->rq.op == OP_ACQUIRE && w->result < 0 && !w->unreadable)
        mqm__limbo_put(&m->limbo, &w->swap.key, side_of(w), w->rq.token);
    if (w->went_back)
        mqm__store_went_back(m, w, (int64_t)(w->rq.token >> CHANCE));
    w->went_back = false;
}

static void answers(mqm *m, struct mqm_swap **go, size_t k)
{
    for (size_t i = 0; i < k; i++)
        answered(m, work_of(go[i]));
}

/* The first round: what is usual needs no other. */
void mqm__work_post(mqm *m, struct flight *f)
{
    for (size_t i = 0; i < f->n; i++)
        propose(m, f->w[i]);
    f->k = choose(m, f->w, f->n, f->go);
    if (f->k)
        mqm__combine_post(&m->combine, &f->call, f->go, f->k,
                          until_ms(f->go, f->k));
}

int mqm__work_finish(mqm *m, struct flight *f)
{
    int result = MQM_OK;

    if (f->k)
        mqm__combine_finish(&m->combine, &f->call);
    answers(m, f->go, f->k);
    for (size_t round = 1; f->k && round < ROUNDS + f->n; round++) {
        f->k = choose(m, f->w, f->n, f->go);
        mqm__combine_swap(&m->combine, f->go, f->k, until_ms(f->go, f->k));
        answers(m, f->go, f->k);
    }
    for (size_t i = 0; i < f->n; i++) {
        settle(m, f->w[i]);
        if (f->w[i]->result < 0 && result == MQM_OK)
            result = f->w[i]->result;
    }
    return result;
}

int mqm__work_do(mqm *m, struct work *const *w, size_t n)
{
    struct flight f;

    f.n = n;
    memcpy(f.w, w, n * sizeof(*w));
    mqm__work_post(m, &f);
    return mqm__work_finish(m, &f);
}
