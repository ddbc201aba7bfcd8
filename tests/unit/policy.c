/* SPDX-License-Identifier: MIT */
/* policy.c - one test a row of the table in policy.h, and what holds of cuts
 * whatever is hashed.
 */
#include "../suite.h"

#include "../../lib/policy.h"

#include "../../lib/id.h"

#include <mqmigrate/mqmigrate.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SINCE = 1000000, NOW = 2000000, MARGIN = 5000, IDS = 100000 };

/* All for the new side, if nothing else says so. */
static struct policy wide_open(void)
{
    return (struct policy){.on = true,
                           .cut_ppm = MQM_CUT_ALL,
                           .since_ms = SINCE,
                           .margin_ms = MARGIN};
}

static struct question fresh(void)
{
    return (struct question){.id = "id-1",
                             .id_len = 4,
                             .key = "user-17",
                             .key_len = 7,
                             .born_ms = NOW,
                             .now_ms = NOW};
}

static void expect(const struct policy *p, const struct question *q, int side,
                   bool by_rule, const char *why)
{
    struct route r = mqm__policy_route(p, q);

    ck_assert_int_eq(r.side, side);
    ck_assert_int_eq(r.by_rule, by_rule);
    ck_assert_str_eq(r.why, why);
    ck_assert_int_eq(r.future_born, !strcmp(why, "born in the future"));
}

START_TEST(row_2_no_id)
{
    struct policy p = wide_open();
    struct question q = fresh();

    q.id_len = 0;
    expect(&p, &q, MQM_OLD, true, "no id");
    p.since_ms = 0;
    expect(&p, &q, MQM_OLD, true, "no id");
}
END_TEST

START_TEST(row_3_no_since)
{
    struct policy p = wide_open();
    struct question q = fresh();
    const char *listed = "user-17";

    p.since_ms = 0;
    expect(&p, &q, MQM_OLD, true, "not switched yet");
    p.allow = mqm__allow_list_new(&listed, 1);
    expect(&p, &q, MQM_OLD, true, "not switched yet");
    q.born_ms = 0;
    expect(&p, &q, MQM_OLD, true, "not switched yet");
    mqm__allow_list_free(p.allow);
}
END_TEST

START_TEST(row_4_born_before)
{
    struct policy p = wide_open();
    struct question q = fresh();
    const char *listed = "user-17";

    q.born_ms = SINCE - 1;
    expect(&p, &q, MQM_OLD, true, "born before the switch");
    p.allow = mqm__allow_list_new(&listed, 1);
    expect(&p, &q, MQM_OLD, true, "born before the switch");
    mqm__allow_list_free(p.allow);
    p.allow = NULL;
    q.born_ms = SINCE;
    expect(&p, &q, MQM_NEW, false, "cut");
}
END_TEST

START_TEST(row_5_future)
{
    struct policy p = wide_open();
    struct question q = fresh();

    q.born_ms = NOW + MARGIN;
    expect(&p, &q, MQM_NEW, false, "cut");
    q.born_ms = NOW + MARGIN + 1;
    expect(&p, &q, MQM_OLD, true, "born in the future");
    q.born_ms = INT64_MAX;
    expect(&p, &q, MQM_OLD, true, "born in the future");
    p.on = false;
    expect(&p, &q, MQM_OLD, true, "born in the future");
}
END_TEST

START_TEST(row_6_unknown)
{
    struct policy p = wide_open();
    struct question q = fresh();
    const char *listed = "user-17";

    q.born_ms = 0;
    p.allow = mqm__allow_list_new(&listed, 1);
    expect(&p, &q, MQM_OLD, true, "born time unknown");
    q.born_ms = INT64_MIN;
    expect(&p, &q, MQM_OLD, true, "born time unknown");
    mqm__allow_list_free(p.allow);
}
END_TEST

START_TEST(row_7_allow_list)
{
    struct policy p = wide_open();
    struct question q = fresh();
    const char *key = "user-17", *id = "id-1", *other = "user-18";

    p.on = false;
    p.cut_ppm = 0;
    p.allow = mqm__allow_list_new(&key, 1);
    expect(&p, &q, MQM_NEW, false, "allow list");
    mqm__allow_list_free(p.allow);
    p.allow = mqm__allow_list_new(&id, 1);
    expect(&p, &q, MQM_NEW, false, "allow list");
    q.key = NULL;
    q.key_len = 0;
    expect(&p, &q, MQM_NEW, false, "allow list");
    mqm__allow_list_free(p.allow);
    p.allow = mqm__allow_list_new(&other, 1);
    expect(&p, &q, MQM_OLD, true, "switch off");
    mqm__allow_list_free(p.allow);
}
END_TEST

START_TEST(row_8_off)
{
    struct policy p = wide_open();
    struct question q = fresh();

    p.on = false;
    expect(&p, &q, MQM_OLD, true, "switch off");
}
END_TEST

START_TEST(row_9_cut)
{
    struct policy p = wide_open();
    struct question q = fresh();

    expect(&p, &q, MQM_NEW, false, "cut");
    p.cut_ppm = 0;
    expect(&p, &q, MQM_OLD, false, "cut");
}
END_TEST

/* The place of q in the cut, by halving: the least cut that takes it. */
static uint32_t place_of(struct policy *p, const struct question *q)
{
    uint32_t low = 0, high = MQM_CUT_ALL;

    while (high - low > 1) {
        p->cut_ppm = low + (high - low) / 2;
        if (mqm__policy_route(p, q).side == MQM_NEW)
            high = p->cut_ppm;
        else
            low = p->cut_ppm;
    }
    return high;
}

START_TEST(cut_looks_at_key_or_id)
{
    struct policy p = wide_open();
    struct question q = fresh(), other = fresh();
    uint32_t by_key = place_of(&p, &q), by_id;

    other.id = "id-2";
    ck_assert_uint_eq(place_of(&p, &other), by_key);
    p.hash_id = true;
    by_id = place_of(&p, &q);
    ck_assert_uint_ne(by_id, by_key);
    p.hash_id = false;
    q.key_len = 0;
    ck_assert_uint_eq(place_of(&p, &q), by_id);
    p.seed = mqm__seed_of("salt");
    ck_assert_uint_ne(place_of(&p, &q), by_id);
}
END_TEST

/* The bucket of its text, 52 in tests/vectors, though policy sees 16 bytes. */
START_TEST(cut_of_a_uuid)
{
    struct policy p = wide_open();
    struct question q = fresh();
    unsigned char folded[MQM_ID_MAX];

    q.id = folded;
    q.id_len = mqm__id_fold(folded, "01890A5D-AC96-774B-BCCE-B302099A8057", 36);
    q.key_len = 0;
    p.hash = MQM_HASH_LAST_TWO_DIGITS;
    p.cut_ppm = 520000;
    expect(&p, &q, MQM_OLD, false, "cut");
    p.cut_ppm = 530000;
    expect(&p, &q, MQM_NEW, false, "cut");
}
END_TEST

static size_t name_of(char *buf, unsigned i)
{
    return (size_t)snprintf(buf, 32, "user-%u", i);
}

static unsigned taken(int hash, uint32_t ppm)
{
    uint64_t seed = mqm__seed_of("2026-11");
    unsigned i, n = 0;
    char name[32];

    for (i = 0; i < IDS; i++) {
        size_t len = name_of(name, i);

        n += mqm__cut_takes(hash, seed, ppm, name, len);
    }
    return n;
}

/* Within five standard deviations of a fair draw. */
START_TEST(shares)
{
    static const double share[] = {0.0001, 0.001, 0.01, 0.125, 0.5, 0.99};
    size_t i;

    for (i = 0; i < sizeof(share) / sizeof(*share); i++) {
        double n = taken(MQM_HASH_XXH3, (uint32_t)(share[i] * MQM_CUT_ALL));
        double off = n - share[i] * IDS;

        ck_assert_msg(off * off <= 25 * share[i] * (1 - share[i]) * IDS,
                      "%f: %f of %d", share[i], n, (int)IDS);
    }
}
END_TEST

START_TEST(nobody_and_everybody)
{
    ck_assert_uint_eq(taken(_i, 0), 0);
    ck_assert_uint_eq(taken(_i, MQM_CUT_ALL), IDS);
    ck_assert_uint_eq(taken(_i, UINT32_MAX), IDS);
    ck_assert(!mqm__cut_takes(_i, 0, 0, NULL, 0));
    ck_assert(mqm__cut_takes(_i, 0, MQM_CUT_ALL, NULL, 0));
}
END_TEST

/* Raising a cut only adds, lowering only removes, at every step. */
START_TEST(cuts_are_nested)
{
    unsigned i, step;
    char name[32];

    for (i = 0; i < 2000; i++) {
        size_t len = name_of(name, i);
        bool was = false, is;

        for (step = 0; step <= 100; step++, was = is) {
            is = mqm__cut_takes(_i, 7, step * 10000, name, len);
            ck_assert(is || !was);
        }
        ck_assert(was);
    }
}
END_TEST

/* 1 % is one bucket of a hundred, not two. */
START_TEST(last_two_digits_share)
{
    unsigned buckets = 0, i;
    char c[2] = "";

    for (i = 0; i < 100; i++) {
        c[0] = (char)(i + 1); /* one character's hash is the character */
        buckets += mqm__cut_takes(MQM_HASH_LAST_TWO_DIGITS, 0, 10000, c, 1);
    }
    ck_assert_uint_eq(buckets, 1);
}
END_TEST

START_TEST(allow_list_set)
{
    enum { N = 1000 };
    static char text[N][32];
    const char *entries[N + 1];
    struct allow_list *l;
    char name[32];
    unsigned i;

    for (i = 0; i < N; i++) {
        name_of(text[i], 2 * i);
        entries[i] = text[i];
    }
    entries[N] = text[0];
    l = mqm__allow_list_new(entries, N + 1);
    ck_assert_uint_eq(mqm__allow_list_size(l), N);
    for (i = 0; i < 2 * N; i++) {
        size_t len = name_of(name, i);

        ck_assert_int_eq(mqm__allow_list_has(l, name, len), i % 2 == 0);
        ck_assert(!mqm__allow_list_has(l, name, len - 1) || i >= 10);
    }
    mqm__allow_list_free(l);
}
END_TEST

START_TEST(allow_list_empty)
{
    const char *nothing = "";
    struct allow_list *l = mqm__allow_list_new(&nothing, 1);

    ck_assert_uint_eq(mqm__allow_list_size(NULL), 0);
    ck_assert_uint_eq(mqm__allow_list_size(l), 0);
    ck_assert(!mqm__allow_list_has(NULL, "a", 1));
    ck_assert(!mqm__allow_list_has(l, "a", 1));
    ck_assert(!mqm__allow_list_has(l, NULL, 0));
    mqm__allow_list_free(l);
    mqm__allow_list_free(NULL);
}
END_TEST

START_TEST(allow_list_uuid)
{
    const char *entry = "01890A5D-AC96-774B-BCCE-B302099A8057";
    const char *lower = "01890a5d-ac96-774b-bcce-b302099a8057";
    const unsigned char raw[] = {0x01, 0x89, 0x0a, 0x5d, 0xac, 0x96,
                                 0x77, 0x4b, 0xbc, 0xce, 0xb3, 0x02,
                                 0x09, 0x9a, 0x80, 0x57};
    const char *no_uuid = "01890a5d-ac96-774b-bcce-b302099a805x";
    struct allow_list *l = mqm__allow_list_new(&entry, 1);

    ck_assert(mqm__allow_list_has(l, entry, 36));
    ck_assert(mqm__allow_list_has(l, lower, 36));
    ck_assert(mqm__allow_list_has(l, raw, sizeof(raw)));
    ck_assert(!mqm__allow_list_has(l, no_uuid, 36));
    mqm__allow_list_free(l);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("policy");
    TCase *t = tcase_create("policy");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, row_2_no_id);
    tcase_add_test(t, row_3_no_since);
    tcase_add_test(t, row_4_born_before);
    tcase_add_test(t, row_5_future);
    tcase_add_test(t, row_6_unknown);
    tcase_add_test(t, row_7_allow_list);
    tcase_add_test(t, row_8_off);
    tcase_add_test(t, row_9_cut);
    tcase_add_test(t, cut_looks_at_key_or_id);
    tcase_add_test(t, cut_of_a_uuid);
    tcase_add_test(t, shares);
    tcase_add_loop_test(t, nobody_and_everybody, 0, 2);
    tcase_add_loop_test(t, cuts_are_nested, 0, 2);
    tcase_add_test(t, last_two_digits_share);
    tcase_add_test(t, allow_list_set);
    tcase_add_test(t, allow_list_empty);
    tcase_add_test(t, allow_list_uuid);
    suite_add_tcase(s, t);
    return run_all(s);
}
