/* SPDX-License-Identifier: MIT */
/* record_words.h - records and requests in words, for the tables of the tests.
 *
 *   record   "HELD kafka token 8 doubt 7 tries 2 lease 1000 age 999"
 *            state, side, then in this order: token, doubt, tries, lease or
 *            pause, age, rule, safe, moved, unsent.  What is 0 is left out;
 *            of an answer the age is not looked at, it is 0.
 *   request  "acquire kafka route rocketmq token 8 stale"
 *            op and side, then in any order: route (the side, if not said),
 *            token, lease, settle, stale (policy), rule, unsure, parking (the
 *            copy comes from there), safe (the body lies there), proven.
 */
#ifndef RECORD_WORDS_H
#define RECORD_WORDS_H

#include "../suite.h"

#include "../../lib/record.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEASE = 1000, PAUSE = 200, SETTLE = 3000 };

static const char *const state_words[] = {"FREE", "OWED", "HELD", "PARKED",
                                          "DONE"};
static const char *const op_words[] = {
    "acquire", "renew",       "success",      "failure",       "doubt",
    "hand_back", "park_failed", "resolve_done", "resolve_again", "look"};

static inline int word_at(const char *const *words, int n, const char *word)
{
    for (int i = 0; i < n; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    ck_abort_msg("'%s' is no state and no op", word);
    return -1;
}

/* The next word of *text, copied to word; false at its end. */
static inline bool next_word(const char **text, char word[32])
{
    int used = 0;

    if (sscanf(*text, " %31s%n", word, &used) != 1)
        return false;
    *text += used;
    return true;
}

static inline int next_number(const char **text)
{
    char word[32], *end;
    long n;

    ck_assert_msg(next_word(text, word), "a number is missing");
    n = strtol(word, &end, 10);
    ck_assert_msg(*end == '\0', "'%s' is no number", word);
    return (int)n;
}

static inline struct record record_in(const char *text)
{
    struct record r = {0};
    char w[32];

    next_word(&text, w);
    r.state = word_at(state_words, 5, w);
    if (r.state != MQM_FREE && next_word(&text, w))
        snprintf(r.side, sizeof(r.side), "%s", w);
    while (next_word(&text, w)) {
        if (strcmp(w, "token") == 0)
            r.token = (uint64_t)next_number(&text);
        else if (strcmp(w, "doubt") == 0)
            r.doubt = (uint64_t)next_number(&text);
        else if (strcmp(w, "tries") == 0)
            r.attempts = (unsigned)next_number(&text);
        else if (strcmp(w, "lease") == 0 || strcmp(w, "pause") == 0)
            r.lease_ms = next_number(&text);
        else if (strcmp(w, "age") == 0)
            r.age_ms = next_number(&text);
        else if (strcmp(w, "rule") == 0)
            r.by_rule = true;
        else if (strcmp(w, "safe") == 0)
            r.body_safe = true;
        else if (strcmp(w, "moved") == 0)
            r.reassigned = true;
        else if (strcmp(w, "unsent") == 0)
            r.unsent = true;
        else
            ck_abort_msg("'%s' says nothing of a record", w);
    }
    return r;
}

struct request_text { /* a request points into it */
    char side[32], route[32];
};

static inline struct request request_in(const char *text,
                                        struct request_text *names)
{
    struct request rq = {.settle_ms = SETTLE, .may_pin_away = true};
    char w[32];

    next_word(&text, w);
    rq.op = word_at(op_words, 10, w);
    rq.lease_ms = rq.op == OP_FAILURE ? PAUSE : LEASE;
    next_word(&text, names->side);
    memcpy(names->route, names->side, sizeof(names->route));
    rq.side = names->side;
    rq.route = names->route;
    while (next_word(&text, w)) {
        if (strcmp(w, "route") == 0)
            next_word(&text, names->route);
        else if (strcmp(w, "token") == 0)
            rq.token = (uint64_t)next_number(&text);
        else if (strcmp(w, "lease") == 0)
            rq.lease_ms = next_number(&text);
        else if (strcmp(w, "settle") == 0)
            rq.settle_ms = next_number(&text);
        else if (strcmp(w, "stale") == 0)
            rq.may_pin_away = false;
        else if (strcmp(w, "rule") == 0)
            rq.by_rule = true;
        else if (strcmp(w, "unsure") == 0)
            rq.unsure = true;
        else if (strcmp(w, "proven") == 0)
            rq.proven = true;
        else if (strcmp(w, "parking") == 0)
            rq.parked_copy = true;
        else if (strcmp(w, "safe") == 0)
            rq.body_safe = true;
        else
            ck_abort_msg("'%s' says nothing of a request", w);
    }
    return rq;
}

static inline void put(char out[160], const char *word, uint64_t n)
{
    size_t used = strlen(out);

    if (n)
        snprintf(out + used, 160 - used, " %s %llu", word,
                 (unsigned long long)n);
}

static inline void put_flag(char out[160], const char *word, bool set)
{
    size_t used = strlen(out);

    if (set)
        snprintf(out + used, 160 - used, " %s", word);
}

static inline void record_out(char out[160], const struct record *r)
{
    snprintf(out, 160, "%s %s", state_words[r->state], r->side);
    put(out, "token", r->token);
    put(out, "doubt", r->doubt);
    put(out, "tries", r->attempts);
    put(out, r->state == MQM_OWED ? "pause" : "lease", (uint64_t)r->lease_ms);
    put(out, "age", (uint64_t)r->age_ms);
    put_flag(out, "rule", r->by_rule);
    put_flag(out, "safe", r->body_safe);
    put_flag(out, "moved", r->reassigned);
    put_flag(out, "unsent", r->unsent);
}

/* Ask, and write down what is to be written.  then: the record that has to be
 * written, NULL: none. */
static inline void one_step(struct record *r, const char *ask, int verdict,
                            const char *then)
{
    struct request_text names;
    struct request rq = request_in(ask, &names);
    struct record next;
    char before[160], got[160] = "nothing";
    const char *why = NULL;
    int v = mqm__decide(r, &rq, &next, &why);

    record_out(before, r);
    if (next.state != MQM_FREE)
        record_out(got, &next);
    ck_assert_msg(v == verdict, "%s, %s: result %d, not %d (%s)", before, ask,
                  v, verdict, why);
    ck_assert_msg(strcmp(got, then ? then : "nothing") == 0,
                  "%s, %s: writes %s, not %s", before, ask, got,
                  then ? then : "nothing");
    ck_assert_msg(why && why[0], "%s, %s: no word why", before, ask);
    if (next.state != MQM_FREE)
        *r = next;
}

struct row {
    const char *cur, *ask;
    int verdict;
    const char *next;
};

#define ROWS(...)                                                              \
    check_rows((const struct row[]){__VA_ARGS__},                              \
               sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row))

/* Each row stands for itself. */
static inline void check_rows(const struct row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct record r = record_in(row[i].cur);

        one_step(&r, row[i].ask, row[i].verdict, row[i].next);
    }
}

struct event {
    const char *what; /* a request, "wait", or "FORGET"        */
    int verdict;      /* of "wait": how many ms                */
    const char *then;
};

#define STORY(...)                                                             \
    check_story((const struct event[]){__VA_ARGS__},                           \
                sizeof((const struct event[]){__VA_ARGS__}) /                  \
                    sizeof(struct event))

/* One message, from the beginning. */
static inline void check_story(const struct event *e, size_t n)
{
    struct record r = {0};

    for (size_t i = 0; i < n; i++) {
        if (strcmp(e[i].what, "wait") == 0)
            r.age_ms += e[i].verdict;
        else if (strcmp(e[i].what, "FORGET") == 0)
            memset(&r, 0, sizeof(r));
        else
            one_step(&r, e[i].what, e[i].verdict, e[i].then);
    }
}

#endif
