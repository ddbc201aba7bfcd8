/* SPDX-License-Identifier: MIT */
/* config_edit.c - mqm_change(): what it changes, what it leaves alone, and what
 * it refuses.
 */
#define _XOPEN_SOURCE 700
#include "../clock.h"
#include "config_edits.h"

#include <errno.h>

START_TEST(one_value)
{
    changes("cut", "0.5%");
    is_good_with("12.5%", "0.5%");
    changes("cut", "100%");
    is_good_with("12.5%", "100%");
}
END_TEST

#define NEW(more) "\"cut\": \"12.5%\"", "\"cut\": \"12.5%\",\n      " more

START_TEST(new_members)
{
    static const struct {
        const char *name, *value, *from, *to;
    } x[] = {
        {"switch", "on", NEW("\"switch\": true")},
        {"switch", "off", NEW("\"switch\": false")},
        {"lease_ms", "20000", NEW("\"lease_ms\": 20000")},
        {"tries", "3", NEW("\"tries\": 3")},
        {"in_doubt", "again", NEW("\"in_doubt\": \"again\"")},
        {"salt", "a\"b", NEW("\"salt\": \"a\\\"b\"")},
        {"allow", "user-17", NEW("\"allow\": [\"user-17\"]")},
    };
    size_t i;

    for (i = 0; i < sizeof(x) / sizeof(*x); i++) {
        put(path, good);
        changes(x[i].name, x[i].value);
        is_good_with(x[i].from, x[i].to);
    }
}
END_TEST

/* All on one line, and nothing at all: still one text that parses. */
START_TEST(other_layouts)
{
    char *text = strdup(good), *p;
    struct config *c;

    for (p = text; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    put(path, text);
    changes("switch", "on");
    ck_assert_ptr_nonnull(strstr(get(path), "\"12.5%\", \"switch\": true "));
    c = parsed();
    ck_assert(c->topics[0].policy.on);
    mqm__config_free(c);
    free(text);
}
END_TEST

START_TEST(allow_and_disallow)
{
    struct config *c;

    changes("allow", "user-17");
    changes("allow", "user-18");
    changes("allow", "user-17");
    c = parsed();
    ck_assert_uint_eq(mqm__allow_list_size(c->topics[0].policy.allow), 2);
    mqm__config_free(c);
    refuses("disallow", "user-19", -ENOENT,
            "\"user-19\" is not on the allow list");
    changes("disallow", "user-17");
    is_good_with(NEW("\"allow\": [\"user-18\"]"));
    changes("disallow", "user-18");
    is_good_with(NEW("\"allow\": []"));
    refuses("disallow", "user-18", -ENOENT, "is not on the allow list");
    refuses("allow", "", -EINVAL, "topics[0].allow[0]: must be a key or an id");
    refuses("allow", "\xff", -EINVAL, "must be a text");
}
END_TEST

START_TEST(refused)
{
    refuses("cut", "101%", -EINVAL, "cut: \"101%\" must be a percentage");
    refuses("cut", "5", -EINVAL, "cut: \"5\" must be a percentage");
    refuses("switch", "maybe", -EINVAL, "switch: \"maybe\" must be on or off");
    refuses("lease_ms", "1", -EINVAL, "topics[0].lease_ms: must be 100 to");
    refuses("lease_ms", "x", -EINVAL, "lease_ms: \"x\" must be 100 to 3600000");
    refuses("lease_ms", "9999999999999999999", -EINVAL, "must be 100 to");
    refuses("lease_ms", "3600000", -EINVAL,
            "settle_ms (120000) must be more than lease_ms + handler_ms");
    refuses("in_doubt", "x", -EINVAL, "must be \"park\" or \"again\"");
    refuses("hash", "last-two-digits", -EINVAL, "whole number of percents");
    refuses("swich", "on", -EINVAL, "did you mean \"switch\"?");
    refuses("topic", "x", -EINVAL, "says what the topic is");
    refuses("old", "x", -EINVAL, "says what the topic is");
    refuses("sides", "{}", -EINVAL, "says what the topic is");
    ck_assert_int_eq(mqm_change(path, "x", "rewards", "cut", "1%"), -ENOENT);
    ck_assert(strstr(mqm_errmsg(), "there are (group/topic): issuer/rewards"));
    ck_assert_int_eq(mqm_change(path, NULL, "rewards", "cut", "1%"), 0);
    ck_assert_int_eq(mqm_change("/no/file", NULL, "r", "cut", "1%"), -ENOENT);
    ck_assert_int_eq(mqm_change(NULL, NULL, "r", "cut", "1%"), -EINVAL);
    put(path, "{");
    refuses("cut", "1%", -EINVAL, "line 1: not valid JSON");
}
END_TEST

/* ----------------------- the moment never moves -------------------------- */

static int64_t since(void)
{
    struct config *c = parsed();
    int64_t ms = c->topics[0].policy.since_ms;

    mqm__config_free(c);
    return ms;
}

static void put_unset(const char *more)
{
    char *text = with(good, "1766400000000,\n      \"cut\": \"12.5%\"", more);

    put(path, text);
    free(text);
}

START_TEST(since_moves_not)
{
    refuses("since", "now", -EINVAL, "since is set (1766400000000) and never");
    refuses("since", "1766400000001", -EINVAL, "since is set");
    refuses("since", "x", -EINVAL, "must be \"now\", Unix milliseconds or");
    changes("since", "1766400000000");
    changes("since", "2025-12-22T10:40:00Z");
    ck_assert_str_eq(get(path), good);
}
END_TEST

START_TEST(since_is_set)
{
    int64_t before;

    put_unset("null");
    changes("since", "1766400000000");
    ck_assert_int_eq(since(), 1766400000000);
    put_unset("null");
    changes("since", "2025-12-22T10:40:00Z");
    ck_assert_int_eq(since(), 1766400000000);
    put_unset("null, \"clock_margin_ms\": 7000");
    before = now_ms();
    changes("since", "now");
    ck_assert(since() >= before + 7000 && since() <= now_ms() + 7000);
    put_unset("null");
    refuses("since", "1766400000", -EINVAL, "is it in seconds?");
    refuses("cut", "1%", -EINVAL, "a cut above 0% needs \"since\"");
    refuses("allow", "a", -EINVAL, "an allow list needs \"since\"");
}
END_TEST

START_TEST(switching_on_sets_since)
{
    int64_t before = now_ms(), at;
    struct config *c;

    put_unset("null");
    changes("switch", "off");
    ck_assert_int_eq(since(), 0);
    changes("switch", "on");
    at = since();
    ck_assert(at >= before + 5000 && at <= now_ms() + 5000);
    changes("switch", "off");
    changes("switch", "on");
    ck_assert_int_eq(since(), at);
    c = parsed();
    ck_assert(c->topics[0].policy.on);
    mqm__config_free(c);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("config_edit");

    tcase_add_test(t, one_value);
    tcase_add_test(t, new_members);
    tcase_add_test(t, other_layouts);
    tcase_add_test(t, allow_and_disallow);
    tcase_add_test(t, refused);
    tcase_add_test(t, since_moves_not);
    tcase_add_test(t, since_is_set);
    tcase_add_test(t, switching_on_sets_since);
    return run_edits("config_edit", t);
}
