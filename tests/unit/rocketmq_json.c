/* SPDX-License-Identifier: MIT */
/* rocketmq_json.c - what the RocketMQ adapter finds in servers' answers. */
#include "../suite.h"

#include "../../adapters/rocketmq/json.c"

#include <check.h>

/* As a name server answers; older ones leave numbers without quotes. */
static const char route[] =
    "{ \"brokerDatas\":[{\"brokerAddrs\":{\"0\":\"h:1\",\"1\":\"h:2\"},"
    "\"brokerName\":\"a\",\"cluster\":\"c\"}, {\"brokerAddrs\":{0:\"h:3\"},"
    "\"brokerName\":\"say \\\"b\\\"\"}],\n\"filterServerTable\":{},"
    "\"queueDatas\":[{\"perm\":6,\"readQueueNums\":4},[],7,\"x\" ] , "
    "\"n\":-12,\"offset\":\"34\",\"null\":null}";

static void is_text(const char *value, const char *want)
{
    char text[32];

    ck_assert_ptr_nonnull(value);
    ck_assert_int_eq(rmq_json_text(value, text, sizeof(text)), 0);
    ck_assert_str_eq(text, want);
}

START_TEST(members_and_elements)
{
    const char *b = rmq_json_first(rmq_json_member(route, "brokerDatas"));
    const char *q = rmq_json_first(rmq_json_member(route, "queueDatas"));

    is_text(rmq_json_member(b, "brokerName"), "a");
    is_text(rmq_json_member(rmq_json_member(b, "brokerAddrs"), "1"), "h:2");
    b = rmq_json_after(b);
    is_text(rmq_json_member(rmq_json_member(b, "brokerAddrs"), "0"), "h:3");
    ck_assert_ptr_null(rmq_json_after(b));
    ck_assert_int_eq(rmq_json_number(rmq_json_member(q, "readQueueNums"), 0),
                     4);
    for (int i = 0; i < 3; i++)
        q = rmq_json_after(q);
    is_text(q, "x");
    ck_assert_ptr_null(rmq_json_after(q));
    ck_assert_int_eq(rmq_json_number(rmq_json_member(route, "n"), 0), -12);
    ck_assert_int_eq(rmq_json_number(rmq_json_member(route, "offset"), 0), 34);
}
END_TEST

START_TEST(what_is_not_there)
{
    char text[4];

    ck_assert_ptr_null(rmq_json_member(route, "brokerData"));
    ck_assert_ptr_null(rmq_json_member(route, "perm")); /* deeper */
    ck_assert_ptr_null(rmq_json_member("[1]", "1"));
    ck_assert_ptr_null(rmq_json_member(NULL, "x"));
    ck_assert_ptr_null(rmq_json_first(rmq_json_member(route,
                                                      "filterServerTable")));
    ck_assert_ptr_null(rmq_json_first("7"));
    ck_assert_int_eq(rmq_json_number(rmq_json_member(route, "null"), 5), 5);
    ck_assert_int_eq(rmq_json_number(NULL, 5), 5);
    ck_assert_int_eq(rmq_json_text("{}", text, sizeof(text)), -1);
    ck_assert_int_eq(rmq_json_text("\"long\"", text, sizeof(text)), -1);
}
END_TEST

/* Cut off anywhere, it is not read beyond its end (the sanitizer watches). */
START_TEST(cut_off_anywhere)
{
    for (size_t len = 0; len < sizeof(route); len++) {
        char *cut = strndup(route, len);
        const char *at = rmq_json_first(rmq_json_member(cut, "brokerDatas"));

        for (; at; at = rmq_json_after(at))
            (void)rmq_json_member(at, "brokerName");
        (void)rmq_json_number(rmq_json_member(cut, "offset"), 0);
        free(cut);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rocketmq_json");
    TCase *t = tcase_create("rocketmq_json");

    tcase_add_test(t, members_and_elements);
    tcase_add_test(t, what_is_not_there);
    tcase_add_test(t, cut_off_anywhere);
    suite_add_tcase(s, t);
    return run_all(s);
}
