/* SPDX-License-Identifier: MIT */
/* store_redis_answers.c - answers that no Redis gives, at whatever step of the
 * talk: no cell is said to be swapped, or not swapped, that need not be.
 */
#include "../fake_redis_store.h"

#include <errno.h>

#define N(x) x, sizeof(x) - 1
#define NOW "$16\r\n1900000000000000\r\n"

static const struct {
    const char *answer;
    size_t len;
} nonsense[] = {
    {N("\xff\xfe garbage\r\n")},
    {N("\0\0\0\0")},
    {N("HTTP/1.1 400 Bad Request\r\n\r\n")},
    {N("%1\r\n+a\r\n+b\r\n")}, /* RESP3 */
    {N("$-7\r\n")},
    {N("$99999999999999999999\r\n")},
    {N("$9223372036854775807\r\n")},
    {N("*-7\r\n")},
    {N("*2147483647\r\n")},
    {N("*99999999999\r\n")},
    {N("*4097\r\n:1\r\n")},
    {N("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n")},
    {N(":99999999999999999999\r\n")},
    {N(":12x\r\n")},
    {N(":7\r\n")},
    {N("$-1\r\n")},
    {N("*-1\r\n")},
    {N("*0\r\n")},
    {N("*1\r\n:1\r\n")},
    {N("*1\r\n$-1\r\n")},
    {N("*1\r\n$3\r\nabc\r\n")},
    {N("*1\r\n*1\r\n" NOW)},
    {N("*2\r\n" NOW ":1\r\n")},
    {N("+1900000000000000\r\n")},
};

static const struct {
    const char *answer;
    size_t len;
} contradictions[] = {
    {N("*3\r\n" NOW ":0\r\n:0\r\n")},       /* there is no such one */
    {N("*3\r\n" NOW ":4\r\n:0\r\n")},
    {N("*3\r\n" NOW ":-4\r\n:0\r\n")},
    {N("*3\r\n" NOW ":-9223372036854775808\r\n:0\r\n")},
    {N("*3\r\n" NOW ":2001\r\n$7\r\n\7\7\7\7\7\7\7\r\n")},
    {N("*3\r\n" NOW "$1\r\n1\r\n:0\r\n")},
    {N("*3\r\n" NOW ":1\r\n:0\r\n")},       /* it was to be created */
    {N("*3\r\n" NOW ":1\r\n:3\r\n")},
    {N("*3\r\n" NOW ":1\r\n:-1\r\n")},
    {N("*3\r\n" NOW ":1\r\n$-1\r\n")},
    {N("*3\r\n" NOW ":1\r\n*0\r\n")},
    {N("*3\r\n" NOW ":1\r\n+OK\r\n")},
    {N("*3\r\n" NOW ":1001\r\n:5\r\n")},    /* a version it is */
    {N("*3\r\n" NOW ":1001\r\n$6\r\n\7\7\7\7\7\7\r\n")},
    {N("*3\r\n" NOW ":1001\r\n$7\r\n\0\0\0\0\0\0\0\r\n")},
    {N("*1\r\n$1\r\n0\r\n")},
    {N("*1\r\n$2\r\n-5\r\n")},
    {N("*1\r\n$20\r\n19000000000000000000\r\n")},
};

START_TEST(nonsense_at_any_step)
{
    for (enum step on = 0; on < STEPS; on++) {
        int r;

        /* A text is a text, and who may not ask does not know. */
        fake_redis_plays(&fake, on, nonsense[_i].answer, nonsense[_i].len, -1,
                         HANG_UP);
        if (on == ON_CONFIG)
            continue;
        r = talk(on);
        ck_assert_msg(r < 0 && r != -ETIMEDOUT, "step %d: %d %s", on, r,
                      fake_failure);
        store->close(self);
        self = NULL;
    }
}
END_TEST

START_TEST(contradictions_fail_the_call)
{
    struct mqm_swap s[BATCH];

    ck_assert_int_eq(open_fake(), 0);
    fake_redis_plays(&fake, ON_SWAP, contradictions[_i].answer,
                     contradictions[_i].len, 1, GO_ON);
    ck_assert_int_eq(swap_batch(s), -EPROTO);
    none_is_decided(s, -EPROTO);
    ck_assert_int_eq(swap_batch(s), 0);
    ck_assert_int_eq(fake_redis_connects(&fake), 2);
}
END_TEST

START_TEST(a_question_is_never_done)
{
    struct mqm_swap s = a_swap("a", MQM_ASK);

    ck_assert_int_eq(open_fake(), 0);
    ck_assert_int_eq(run(&s), -EPROTO);
    s = a_swap("a", 1900000000000000); /* a version does not come twice */
    ck_assert_int_eq(run(&s), -EPROTO);
    plays(ON_SWAP, "*3\r\n" NOW ":1\r\n$8\r\n\7\7\7\7\7\7\6x\r\n", -1, GO_ON);
    s = a_swap("a", 0x07070707070706); /* it would have matched */
    ck_assert_int_eq(run(&s), -EPROTO);
    s = a_swap("a", MQM_ASK);
    ck_assert_int_eq(run(&s), MQM_LOST);
}
END_TEST

START_TEST(in_doubt_anyway_is_none)
{
    struct mqm_swap s = a_swap("a", 0);

    ck_assert_int_eq(open_fake(), 0);
    plays(ON_SWAP, "*3\r\n" NOW ":1\r\n:1\r\n", -1, GO_ON);
    ck_assert_int_eq(run(&s), MQM_DOUBT);
    s.flags = MQM_SWAP_ANYWAY;
    ck_assert_int_eq(run(&s), -EPROTO);
}
END_TEST

/* One answer too many, so none need be the one to its question.  Each script
 * has two, so that one too many comes in the same piece as the last. */
START_TEST(more_answers_than_questions)
{
    struct mqm_swap s[BATCH];

    ck_assert_int_eq(open_fake(), 0);
    plays(ON_SWAP, "*1\r\n" NOW "*1\r\n" NOW, -1, GO_ON);
    ck_assert_int_eq(swap_batch(s), -EPROTO);
    none_is_decided(s, -EPROTO);
}
END_TEST

static const char *const foreign[] = {
    ":2\r\n",
    "$0\r\n\r\n",
    "$3\r\nabc\r\n",
    "$7\r\n\377\377\377\377\377\377\377\r\n",
    "$8\r\n\1\1\1\1\1\1\1x\r\n", /* odd, and no time behind it */
};

START_TEST(a_foreign_value_is_of_its_key)
{
    struct mqm_swap s[BATCH];
    char answer[128];

    ck_assert_int_eq(open_fake(), 0);
    snprintf(answer, sizeof(answer), "*3\r\n" NOW ":2\r\n%s", foreign[_i]);
    plays(ON_SWAP, answer, 1, GO_ON);
    ck_assert_int_eq(swap_batch(s), -EIO);
    for (int i = 0; i < BATCH; i++)
        ck_assert_int_eq(s[i].result, i == 1 ? -EIO : MQM_OK);
    ck_assert(strstr(fake_failure, "database of its own"));
    ck_assert_int_eq(fake_redis_connects(&fake), 1);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("answers");
    const int n = sizeof(nonsense) / sizeof(nonsense[0]);
    const int c = sizeof(contradictions) / sizeof(contradictions[0]);
    const int f = sizeof(foreign) / sizeof(foreign[0]);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, nonsense_at_any_step, 0, n);
    tcase_add_loop_test(tc, contradictions_fail_the_call, 0, c);
    tcase_add_test(tc, a_question_is_never_done);
    tcase_add_test(tc, in_doubt_anyway_is_none);
    tcase_add_test(tc, more_answers_than_questions);
    tcase_add_loop_test(tc, a_foreign_value_is_of_its_key, 0, f);
    return run_case("store_redis_answers", tc);
}
