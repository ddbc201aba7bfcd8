/* SPDX-License-Identifier: MIT */
/* record_table.c - the table in lib/record.h, cell by cell, and its like for
 * the calls that end an attempt.
 */
#include "record_words.h"

START_TEST(test_every_answer_to_acquire)
{
    static const struct { const char *cur; int own, other, parking; } told[] = {
        {"OWED kafka", MQM_OK, MQM_SKIP, MQM_OK},
        {"OWED kafka token 5 pause 200 age 199", MQM_LATER, MQM_SKIP,
         MQM_LATER},
        {"OWED kafka token 5 pause 200 age 200", MQM_OK, MQM_SKIP, MQM_OK},
        {"OWED kafka token 5 doubt 3", MQM_DOUBT, MQM_SKIP, MQM_DOUBT},
        {"OWED kafka moved", MQM_OK, MQM_LATER, MQM_OK},
        {"HELD kafka token 5 lease 1000 age 999", MQM_LATER, MQM_SKIP,
         MQM_LATER},
        {"HELD kafka token 5 lease 1000 age 1000", MQM_DOUBT, MQM_SKIP,
         MQM_DOUBT},
        {"HELD kafka token 5 lease 1000 moved", MQM_LATER, MQM_LATER,
         MQM_LATER},
        {"PARKED kafka token 5 doubt 5", MQM_LATER, MQM_SKIP, MQM_LATER},
        {"PARKED kafka token 5 doubt 5 moved", MQM_LATER, MQM_LATER,
         MQM_LATER},
        {"PARKED kafka token 5 doubt 5 safe", MQM_SKIP, MQM_SKIP, MQM_LATER},
        {"PARKED kafka token 5 safe moved", MQM_SKIP, MQM_SKIP, MQM_LATER},
        {"DONE kafka token 5", MQM_SKIP, MQM_SKIP, MQM_SKIP},
        {"DONE kafka token 5 moved", MQM_SKIP, MQM_SKIP, MQM_SKIP},
    };
    static const char *const ask[] = {"acquire kafka token 8",
                                      "acquire rocketmq token 8",
                                      "acquire kafka token 8 parking"};

    for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
        const int want[] = {told[i].own, told[i].other, told[i].parking};

        for (int k = 0; k < 3; k++) {
            struct record cur = record_in(told[i].cur), next;
            struct request_text names;
            struct request rq = request_in(ask[k], &names);
            const char *why;
            int v = mqm__decide(&cur, &rq, &next, &why);

            ck_assert_msg(v == want[k], "%s, %s: %d, not %d", told[i].cur,
                          ask[k], v, want[k]);
            ck_assert_msg((next.state == MQM_HELD) ==
                              (v == MQM_OK || v == MQM_DOUBT),
                          "%s, %s: granted and not written, or written and "
                          "not granted", told[i].cur, ask[k]);
        }
    }
}
END_TEST

START_TEST(test_every_end)
{
    static const char *const cur[] = {
        "FREE", "OWED kafka token 5", "HELD kafka token 5 lease 1000",
        "PARKED kafka token 5 doubt 5", "DONE kafka token 5"};
    static const int told[][5] = {
        [OP_RENEW] = {MQM_LOST, MQM_LOST, MQM_OK, MQM_LOST, MQM_LOST},
        [OP_SUCCESS] = {MQM_LOST, MQM_LOST, MQM_OK, MQM_OK, MQM_OK},
        [OP_FAILURE] = {MQM_LOST, MQM_OK, MQM_OK, MQM_LOST, MQM_LOST},
        [OP_PARK] = {MQM_LOST, MQM_LOST, MQM_OK, MQM_OK, MQM_LOST},
        [OP_HAND_BACK] = {MQM_LOST, MQM_OK, MQM_OK, MQM_LOST, MQM_LOST},
        [OP_PARK_FAILED] = {MQM_LOST, MQM_LOST, MQM_OK, MQM_OK, MQM_LOST},
        [OP_RESOLVE_DONE] = {MQM_LOST, MQM_LOST, MQM_LOST, MQM_OK, MQM_OK},
        [OP_RESOLVE_AGAIN] = {MQM_LOST, MQM_OK, MQM_LOST, MQM_LATER, MQM_LOST},
    };

    for (int op = OP_RENEW; op <= OP_RESOLVE_AGAIN; op++)
        for (int s = MQM_FREE; s <= MQM_DONE; s++)
            for (uint64_t token = 4; token <= 6; token++) {
                struct record r = record_in(cur[s]), next;
                struct request rq = {.op = op, .side = "kafka",
                                     .route = "kafka", .token = token,
                                     .settle_ms = SETTLE};
                const char *why;
                int want = token == 5 ? told[op][s] : MQM_LOST;

                if (op == OP_SUCCESS && s == MQM_PARKED && token == 6)
                    want = MQM_OK; /* an attempt since the doubt */
                ck_assert_msg(mqm__decide(&r, &rq, &next, &why) == want,
                              "%s with token %d of %s", op_words[op],
                              (int)token, cur[s]);
                if (want != MQM_OK)
                    ck_assert_int_eq(next.state, MQM_FREE);
            }
}
END_TEST

START_TEST(test_every_reason_has_words)
{
    for (int a = WHY_UNSURE; a <= WHY_TRIES; a++)
        for (int b = WHY_NONE; b < a; b++)
            ck_assert_str_ne(mqm__parked_words(a), mqm__parked_words(b));
    ck_assert_str_eq(mqm__parked_words(WHY_NONE), "");
    ck_assert_str_eq(mqm__parked_words(99), ""); /* of a newer version */
}
END_TEST

static TCase *tables(void)
{
    TCase *tc = tcase_create("tables");

    tcase_add_test(tc, test_every_answer_to_acquire);
    tcase_add_test(tc, test_every_end);
    tcase_add_test(tc, test_every_reason_has_words);
    return tc;
}

int main(void)
{
    return run_case("record_table", tables());
}
