/* SPDX-License-Identifier: MIT */
/* redis_bound.c - see redis_bound.h. */
#include "redis_bound.h"

/* In registrations: a minute, a quarter of an hour. */
enum { PENALTY = 75, PENALTY_MAX = 1200 };

enum { SPARE_MS = 1000 };

void mqm__bound_saw(struct redis_bound *b, int64_t born_ms)
{
    if (born_ms > b->newest_ms)
        b->newest_ms = born_ms;
}

static int64_t lower(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What was seen goes on as it did, half as fast again, for as long as it was
 * seen: that is the time of eight registrations, and one is in force after
 * two and a half of them and for three and a half. */
static int64_t reach(const struct redis_bound *b)
{
    int64_t low = MQM__BOUND_NONE, high = 0;
    int some = 0;

    for (size_t i = 0; i < MQM__BOUND_SEEN; i++) {
        if (!b->seen_ms[i])
            continue;
        some++;
        low = lower(low, b->seen_ms[i]);
        if (b->seen_ms[i] > high)
            high = b->seen_ms[i];
    }
    if (b->n_seen < MQM__BOUND_SEEN || some < 2)
        return MQM__BOUND_NONE;
    return high + (high - low) / 2 * 3 + SPARE_MS;
}

/* One that is near the present is of no use. */
int64_t mqm__bound_next(struct redis_bound *b, int64_t wall_ms)
{
    int64_t at;

    b->seen_ms[b->n_seen++ % MQM__BOUND_SEEN] = b->newest_ms;
    b->newest_ms = 0;
    if (b->free_for > 0) {
        b->free_for--;
        return MQM__BOUND_NONE;
    }
    at = reach(b);
    return at < wall_ms - SPARE_MS ? at : MQM__BOUND_NONE;
}

void mqm__bound_miss(struct redis_bound *b)
{
    b->penalty = b->penalty ? 2 * b->penalty : PENALTY;
    if (b->penalty > PENALTY_MAX)
        b->penalty = PENALTY_MAX;
    b->free_for = b->penalty;
}

void mqm__bound_sent(struct redis_bound *b, int64_t bound_ms)
{
    b->low_ms = b->unanswered++ ? lower(b->low_ms, bound_ms) : bound_ms;
    b->now_ms = lower(b->now_ms, bound_ms);
    b->next_ms = lower(b->next_ms, bound_ms);
}

void mqm__bound_failed(struct redis_bound *b)
{
    if (b->unanswered > 0)
        b->unanswered--;
}

void mqm__bound_answered(struct redis_bound *b, int waits)
{
    b->next_ms = waits ? lower(b->next_ms, b->low_ms) : b->low_ms;
    mqm__bound_failed(b);
}

void mqm__bound_in_force(struct redis_bound *b)
{
    b->now_ms = b->next_ms;
}

void mqm__bound_lost(struct redis_bound *b)
{
    b->unanswered = 0;
}
