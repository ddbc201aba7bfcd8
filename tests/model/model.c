/* SPDX-License-Identifier: MIT */
/* model.c - walk every reachable state of one message and two sides.
 *
 * The walk is breadth first, so what it prints for a broken invariant is
 * shortest.  States that differ only in the size of tokens, or in which of two
 * like consumers does what, are one state.
 *
 *   model_check                        the usual scenarios
 *   model_check resolve+replay forget  these: names of switches joined by +
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1 << 23 };

static const char *const switch_name[] = {
    "again",   "copies",  "unsafe", "replay", "resolve", "ask", "assign",
    "publish", "forget",  "retire", "byrule", "lag",     "few", "tries",
    "slow",    "one",     "back"};
static const char *const usual[] = {
    "base",
    "tries",
    "again",
    "copies+tries",
    "copies+again",
    "byrule+retire+tries",
    "lag+again",
    "one+publish+tries",
    "one+publish+again",
    "slow+tries",
    "unsafe+replay+tries",
    "resolve+ask",
    "resolve+tries",
    "resolve+ask+replay",
    "resolve+unsafe+replay",
    "resolve+replay+publish",
    "resolve+assign",
    "few+resolve+assign+tries",
    "few+resolve+assign+slow",
    "few+resolve+assign+retire",
    "few+one+resolve+publish+replay",
    "few+resolve+assign+replay+unsafe",
    "few+forget+again",
    "few+forget+resolve",
    "few+forget+resolve+replay",
    "few+back",
    "few+back+again",
};

const char *const side_name[SIDES] = {"kafka", "rocketmq"};
unsigned on;
struct how now;

static struct world *seen;
static struct how *came;
static unsigned slot[SLOTS]; /* index + 1 into seen[] */
static size_t n_seen, cap;
static long n_edges, n_done, n_parked, n_twice;
static const char *scenario;
static int number;

/* -------------------------------- telling -------------------------------- */

static const char *word(int verdict)
{
    switch (verdict) {
    case MQM_OK:    return " -> OK";
    case MQM_SKIP:  return " -> SKIP";
    case MQM_LATER: return " -> LATER";
    case MQM_DOUBT: return " -> DOUBT";
    case MQM_LOST:  return " -> LOST";
    default:        return "";
    }
}

static void tell(const struct how *h)
{
    printf("#     ");
    if (h->side >= 0)
        printf("%s-%d copy %d: ", side_name[h->side], h->consumer, h->copy);
    printf("%s%s\n", h->what, word(h->verdict));
}

static void history(unsigned i)
{
    if (i == 0)
        return;
    history(came[i].from);
    tell(&came[i]);
}

void must(int invariant, bool holds, const char *text)
{
    if (holds)
        return;
    printf("not ok %d - %s\n", number, scenario);
    printf("# BROKEN (%d) %s\n", invariant, text);
    history(now.from);
    tell(&now);
    exit(1);
}

/* -------------------------------- states --------------------------------- */

/* Tokens become their rank times STEP: room for a new one in between. */
static void rank(struct world *w)
{
    unsigned char *token[2 + SIDES * PER_SIDE] = {&w->token, &w->doubt};
    unsigned char rank_of[256] = {0}, n = 0;

    for (int i = 0; i < SIDES * PER_SIDE; i++)
        token[2 + i] = &w->at[i / PER_SIDE][i % PER_SIDE].token;
    for (int i = 0; i < 2 + SIDES * PER_SIDE; i++)
        rank_of[*token[i]] = 1;
    rank_of[0] = 0;
    for (int i = 1; i < 256; i++)
        if (rank_of[i])
            rank_of[i] = (unsigned char)(STEP * ++n);
    for (int i = 0; i < 2 + SIDES * PER_SIDE; i++)
        *token[i] = rank_of[*token[i]];
}

/* Two consumers of a side are alike: keep the pair in order. */
static void settle_order(struct world *w)
{
    for (int s = 0; s < SIDES; s++) {
        struct consumer *c = w->at[s], first = c[0];

        if (memcmp(&c[0], &c[1], sizeof(*c)) <= 0)
            continue;
        c[0] = c[1];
        c[1] = first;
    }
}

static void grow(void)
{
    if (n_seen < cap)
        return;
    cap = cap ? cap * 2 : 1024;
    seen = realloc(seen, cap * sizeof(*seen));
    came = realloc(came, cap * sizeof(*came));
    if (!seen || !came || cap > SLOTS) {
        printf("Bail out! %s has more states than fit\n", scenario);
        exit(2);
    }
}

static size_t hash(const struct world *w)
{
    const unsigned char *byte = (const unsigned char *)w;
    uint64_t h = 1469598103934665603u;

    for (size_t i = 0; i < sizeof(*w); i++)
        h = (h ^ byte[i]) * 1099511628211u;
    return (size_t)((h ^ h >> 29) % SLOTS);
}

void push(struct world w)
{
    size_t h;

    n_edges++;
    rank(&w);
    settle_order(&w);
    for (h = hash(&w); slot[h]; h = (h + 1) % SLOTS)
        if (memcmp(&seen[slot[h] - 1], &w, sizeof(w)) == 0)
            break;
    if (!now.fault)
        live_step(now.from, slot[h] ? slot[h] - 1 : n_seen);
    if (slot[h])
        return;
    grow();
    check_world(&w);
    n_done += w.state == MQM_DONE;
    n_parked += w.state == MQM_PARKED;
    n_twice += worked_twice(&w);
    seen[n_seen] = w;
    came[n_seen++] = now;
    slot[h] = (unsigned)n_seen;
}

void push_fault(struct world w)
{
    bool was = now.fault;

    now.fault = true;
    push(w);
    now.fault = was;
}

/* ------------------------------- scenarios ------------------------------- */

static unsigned switches(const char *name)
{
    unsigned all = 0;

    for (size_t i = 0; i < sizeof(switch_name) / sizeof(*switch_name); i++)
        if (strstr(name, switch_name[i]))
            all |= 1u << i;
    return all;
}

static struct world begin(const char *name)
{
    struct world w = {.copies = {1, 1}};

    scenario = name;
    number++;
    on = switches(name);
    n_seen = 0;
    live_begin();
    n_edges = n_done = n_parked = n_twice = 0;
    memset(slot, 0, sizeof(slot));
    if (on & COPIES)
        w.copies[0] = w.copies[1] = 3;
    if (on & ONE)
        w.copies[1] = 0;
    now = (struct how){.what = "start", .side = -1, .verdict = -1};
    return w;
}

static void walk(const char *name)
{
    struct world w = begin(name);
    size_t i;

    push(w);
    for (i = 0; i < n_seen; i++) {
        w = seen[i];
        now.from = (unsigned)i;
        consumer_steps(&w);
        operator_steps(&w);
    }
    i = live_stuck(seen, n_seen);
    if (i < n_seen) {
        now = came[i];
        must(11, false, "no step is left that leads to an end");
    }
    printf("ok %d - %-*s #%8zu%10ld%8ld%8ld%8ld%s\n", number,
           number < 10 ? 35 : 34, name, n_seen, n_edges, n_done, n_parked,
           n_twice, n_twice ? " as told" : "");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? argc - 1 : (int)(sizeof(usual) / sizeof(*usual));

    printf("1..%d\n# %-39s  states     edges    done  parked   twice\n", n,
           "scenario");
    for (int i = 0; i < n; i++)
        walk(argc > 1 ? argv[i + 1] : usual[i]);
    printf("# lost, unfounded, thrown away, broken: none.  As told: the doubt "
           "was run again\n# after a lease ran out.\n");
    free(seen);
    free(came);
    return 0;
}
