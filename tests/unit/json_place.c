/* SPDX-License-Identifier: MIT */
/* json_place.c - places, lines and changes in JSON of every layout. */
#include "../suite.h"

#include "../../lib/json_place.h"
#include "../../lib/json_edit.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct json_place a = {NULL, "a", 0}, b = {NULL, "b", 0};
static const struct json_place b1 = {&b, NULL, 1}, b1c = {&b1, "c", 0};
static const struct json_place b9 = {&b, NULL, 9}, ac = {&a, "c", 0};
static const struct json_place b1d = {&b1, "d", 0}, odd = {NULL, "x\"y{", 0};

static const char *const text =
    "\n{ \"a\" : \"}]\\\"\\\\\", \"z\":{\"b\":[0]},\n"
    "\"b\":[ -1.5e3 ,\n"
    "{\"d\":null\n,\"c\":[[],{}]}],\n"
    "\"x\\u0022y{\": true}";

static void finds(const struct json_place *p, const char *value, size_t line)
{
    struct json_span s;

    ck_assert_int_eq(mqm__json_find(text, strlen(text), p, &s), 0);
    ck_assert_uint_eq(s.to - s.from, strlen(value));
    ck_assert_mem_eq(text + s.from, value, strlen(value));
    ck_assert_uint_eq(mqm__json_line(text, strlen(text), p), line);
}

START_TEST(found)
{
    finds(&a, "\"}]\\\"\\\\\"", 2);
    finds(&b1c, "[[],{}]", 5);
    finds(&b1d, "null", 4);
    finds(&odd, "true", 6);
    finds(NULL, strchr(text, '{'), 2);
}
END_TEST

START_TEST(not_there)
{
    struct json_span s;

    ck_assert_int_eq(mqm__json_find(text, strlen(text), &b9, &s), -ENOENT);
    ck_assert_int_eq(mqm__json_find(text, strlen(text), &ac, &s), -ENOENT);
    ck_assert_uint_eq(mqm__json_line(text, strlen(text), &b9), 3);
    ck_assert_int_eq(mqm__json_find("{}", 2, &a, &s), -ENOENT);
    ck_assert_int_eq(mqm__json_find("", 0, &a, &s), -ENOENT);
}
END_TEST

START_TEST(names)
{
    const struct json_place bad = {&b1, "\n\x7f", 0};
    char buf[64], tiny[6];

    ck_assert_str_eq(mqm__json_name(buf, sizeof(buf), &b1c), "b[1].c");
    ck_assert_str_eq(mqm__json_name(buf, sizeof(buf), NULL), "");
    ck_assert_str_eq(mqm__json_name(buf, sizeof(buf), &bad), "b[1].??");
    ck_assert_str_eq(mqm__json_name(tiny, sizeof(tiny), &b1c), "b[1].");
}
END_TEST

/* No byte beyond the end is looked at, whatever stands there. */
START_TEST(cut_off)
{
    const struct json_place *all[] = {&a, &b1c, &b9, &odd};
    struct json_span s;
    size_t n, i;

    for (n = 0; n <= strlen(text); n++) {
        char *part = malloc(n ? n : 1);

        memcpy(part, text, n);
        for (i = 0; i < 4; i++) {
            if (mqm__json_find(part, n, all[i], &s) == 0)
                ck_assert(s.key <= n && s.from <= n && s.to <= n);
            ck_assert_uint_ge(mqm__json_line(part, n, all[i]), 1);
        }
        free(part);
    }
}
END_TEST

static void sets(const char *from, const struct json_place *p, const char *to)
{
    struct json_text t = {strdup(from), strlen(from)};

    ck_assert_int_eq(mqm__json_set(&t, p, "7"), 0);
    ck_assert_str_eq(t.text, to);
    ck_assert_uint_eq(t.len, strlen(to));
    free(t.text);
}

START_TEST(set)
{
    struct json_text t = {strdup("{\"b\":[0]}"), 9};

    sets("{\"a\": 1, \"b\":2}", &a, "{\"a\": 7, \"b\":2}");
    sets("{}", &a, "{\"a\": 7}");
    sets("{ }", &a, "{\"a\": 7 }");
    sets("{\"b\":2}", &a, "{\"b\":2, \"a\": 7}");
    sets("{\n\t\"b\":2\n}\n", &a, "{\n\t\"b\":2,\n\t\"a\": 7\n}\n");
    sets("{\"b\":[0,{\"d\":1}]}", &b1c, "{\"b\":[0,{\"d\":1, \"c\": 7}]}");
    ck_assert_int_eq(mqm__json_set(&t, &b1c, "7"), -ENOENT);
    ck_assert_str_eq(t.text, "{\"b\":[0]}");
    free(t.text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("json_place");
    TCase *t = tcase_create("json_place");

    tcase_add_test(t, found);
    tcase_add_test(t, not_there);
    tcase_add_test(t, names);
    tcase_add_test(t, cut_off);
    tcase_add_test(t, set);
    suite_add_tcase(s, t);
    return run_all(s);
}
