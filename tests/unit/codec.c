/* SPDX-License-Identifier: MIT */
/* codec.c - records as bytes: every state there and back, and nothing that was
 * cut off, damaged or made up is ever half a record.
 */
#include "../suite.h"

#include "../../lib/codec.h"

#include <mqmigrate/plugin.h>

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const int states[] = {MQM_OWED, MQM_HELD, MQM_PARKED, MQM_DONE};

static void fill(char *text, size_t size, size_t len)
{
    len = len < size - 1 ? len : size - 1;
    memset(text, 'x', len);
    text[len] = '\0';
}

/* Records of all lengths and flags, by a number. */
static struct record make(int state, unsigned n)
{
    struct record r = {.state = state,
                       .token = 0x1234567890abcdefu + n,
                       .doubt = n % 3 ? 0x0102030405060708u * n : 0,
                       .attempts = n * 7 % 65535 + 1,
                       .lease_ms = (int64_t)n * 1234567 % 0xffffffff,
                       .by_rule = n & 1, .body_safe = n & 2,
                       .reassigned = n & 4, .unsent = n & 8,
                       .why = (int)(n % 5)};

    fill(r.side, sizeof(r.side), n % 31 + 1);
    fill(r.holder, sizeof(r.holder), n % 64);
    fill(r.origin, sizeof(r.origin), n % 128);
    return r;
}

static void same(const struct record *a, const struct record *b)
{
    ck_assert_int_eq(a->state, b->state);
    ck_assert_uint_eq(a->token, b->token);
    if (a->state == MQM_DONE)
        return;
    ck_assert_uint_eq(a->doubt, b->doubt);
    ck_assert_uint_eq(a->attempts, b->attempts);
    ck_assert_int_eq(a->lease_ms, b->lease_ms);
    ck_assert_int_eq(a->by_rule, b->by_rule);
    ck_assert_int_eq(a->body_safe, b->body_safe);
    ck_assert_int_eq(a->reassigned, b->reassigned);
    ck_assert_int_eq(a->unsent, b->unsent);
    ck_assert_int_eq(a->why, b->why);
    ck_assert_str_eq(a->side, b->side);
    ck_assert_str_eq(a->holder, b->holder);
    ck_assert_str_eq(a->origin, b->origin);
}

/* In memory of just that size, so that a sanitizer sees a read beyond. */
static int decode(struct record *out, const unsigned char *in, size_t len)
{
    unsigned char *exact = malloc(len ? len : 1), tag;
    int r;

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, in, len);
    r = mqm__decode(out, exact, len, &tag);
    free(exact);
    return r;
}

START_TEST(test_there_and_back)
{
    unsigned char bytes[MQM_VALUE_MAX];

    for (unsigned n = 0; n < 2000; n++) {
        struct record a = make(states[_i], n), b;
        size_t len = mqm__encode(bytes, &a);

        ck_assert_uint_le(len, MQM_VALUE_MAX);
        ck_assert_int_eq(decode(&b, bytes, len), 0);
        same(&a, &b);
    }
}
END_TEST

START_TEST(test_done_knows_its_side)
{
    unsigned char bytes[MQM_VALUE_MAX], tag = 0;
    struct record a = make(MQM_DONE, 5), b;
    size_t len = mqm__encode(bytes, &a);

    ck_assert_uint_eq(len, 10);
    ck_assert_int_eq(mqm__decode(&b, bytes, len, &tag), 0);
    ck_assert_uint_eq(tag, mqm__side_tag(a.side));
    ck_assert_uint_ne(mqm__side_tag("kafka"), mqm__side_tag("rocketmq"));
    ck_assert_int_eq(mqm__decode(&b, bytes, len, NULL), 0);
}
END_TEST

START_TEST(test_cut_off_or_too_long)
{
    unsigned char bytes[MQM_VALUE_MAX + 1] = {0};
    struct record a = make(states[_i], 40), b;
    size_t len = mqm__encode(bytes, &a);

    for (size_t cut = 0; cut < len; cut++)
        ck_assert_int_eq(decode(&b, bytes, cut), -EPROTO);
    ck_assert_int_eq(decode(&b, bytes, len + 1), -EPROTO);
}
END_TEST

START_TEST(test_unknown_formats_and_states)
{
    unsigned char bytes[MQM_VALUE_MAX];
    struct record a = make(states[_i], 3), b;
    size_t len = mqm__encode(bytes, &a);

    for (unsigned head = 0; head < 256; head++) {
        bool known = head >> 4 == 1 && (head & 15) >= MQM_OWED &&
                     (head & 15) <= MQM_DONE;

        bytes[0] = (unsigned char)head;
        if (!known)
            ck_assert_int_eq(decode(&b, bytes, len), -EPROTO);
    }
}
END_TEST

START_TEST(test_damaged)
{
    unsigned char bytes[MQM_VALUE_MAX];
    struct record a = make(MQM_HELD, 7), b;
    size_t len = mqm__encode(bytes, &a);

    bytes[1] |= 0x10; /* a flag that nobody knows */
    ck_assert_int_eq(decode(&b, bytes, len), -EPROTO);
    bytes[1] &= 0x0f;
    bytes[26 + 1] = '\0'; /* in the middle of its side */
    ck_assert_int_eq(decode(&b, bytes, len), -EPROTO);
    a.side[0] = '\0'; /* nobody's */
    ck_assert_int_eq(decode(&b, bytes, mqm__encode(bytes, &a)), -EPROTO);
}
END_TEST

/* What is read of noise is written again as the very same bytes. */
START_TEST(test_noise)
{
    unsigned char bytes[MQM_VALUE_MAX], again[MQM_VALUE_MAX];
    unsigned seed = 1;

    for (int n = 0; n < 100000; n++) {
        size_t len = (size_t)rand_r(&seed) % 64;
        struct record r;

        for (size_t i = 0; i < len; i++)
            bytes[i] = (unsigned char)(rand_r(&seed) >> 8);
        if (len > 2 && n % 2)
            bytes[0] = (unsigned char)(0x10 | n / 2 % 5), bytes[1] &= 15;
        for (size_t i = 26; n % 2 && i < len; i++)
            bytes[i] = (unsigned char)(bytes[i] % 12);
        if (decode(&r, bytes, len) < 0 || r.state == MQM_DONE)
            continue;
        ck_assert_uint_eq(mqm__encode(again, &r), len);
        ck_assert_mem_eq(again, bytes, len);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("codec");
    Suite *s = suite_create("codec");

    tcase_add_loop_test(tc, test_there_and_back, 0, 4);
    tcase_add_test(tc, test_done_knows_its_side);
    tcase_add_loop_test(tc, test_cut_off_or_too_long, 0, 4);
    tcase_add_loop_test(tc, test_unknown_formats_and_states, 0, 4);
    tcase_add_test(tc, test_damaged);
    tcase_add_test(tc, test_noise);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(s, tc);
    return run_all(s);
}
