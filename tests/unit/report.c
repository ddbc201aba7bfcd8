/* SPDX-License-Identifier: MIT */
/* report.c - a report as bytes and back; the print of a policy. */
#include "guard.h"

#include "../../lib/fingerprint.h"
#include "../../lib/report.h"

static struct report some_report(void)
{
    struct report r = {.gone = true, .report_ms = 5000, .pid = INT64_MAX,
                       .print = UINT64_MAX, .on = true, .cut_ppm = 1000000,
                       .since_ms = 1, .open_ms = 2, .in_force_ms = 3,
                       .confirmed_ms = 4, .unchanged_ms = 5,
                       .lately = {6, 7, 8, 9}, .minute = {.at_ms = 10,
                                                          .done = 11}};

    memset(r.host, 'h', sizeof(r.host) - 1);
    memset(r.version, 'v', sizeof(r.version) - 1);
    for (int i = 0; i < COUNTS; i++)
        r.n[i] = UINT64_MAX - (uint64_t)i;
    return r;
}

/* The longest there is fits, comes back as it was, and cut off anywhere it is
 * refused; what a later library adds behind it is no reason to. */
START_TEST(test_the_bytes)
{
    struct report r = some_report(), back;
    unsigned char value[MQM_VALUE_MAX];
    size_t len = mqm__report_encode(value, &r);

    ck_assert_uint_le(len, MQM_VALUE_MAX);
    ck_assert_int_eq(mqm__report_decode(&back, value, len), 0);
    ck_assert(back.gone && back.on);
    ck_assert_str_eq(back.host, r.host);
    ck_assert_str_eq(back.version, r.version);
    ck_assert_int_eq(back.pid, r.pid);
    ck_assert_uint_eq(back.print, r.print);
    ck_assert_int_eq(back.unchanged_ms, 5);
    ck_assert_mem_eq(back.n, r.n, sizeof(r.n));
    ck_assert_mem_eq(&back.lately, &r.lately, sizeof(r.lately));
    ck_assert_uint_eq(back.minute.done, 11);
    for (size_t cut = 0; cut < len; cut++)
        ck_assert_int_eq(mqm__report_decode(&back, value, cut), -EPROTO);
    value[len] = 99;
    ck_assert_int_eq(mqm__report_decode(&back, value, len + 1), 0);
    value[0] = 2;
    ck_assert_int_eq(mqm__report_decode(&back, value, len), -EPROTO);
}
END_TEST

START_TEST(test_the_keys)
{
    static const char *const bad[] = {
        "", "x", "0123456789abcdef", "0123456789abcdef/kafka",
        "0123456789abcdef0/kafka/x",
        "0/kafkakafkakafkakafkakafkakafkakaf/x", "/"};
    struct report_key key = {"0123456789abcdef", "kafka", "a/b"}, back;
    unsigned char id[MQM_ID_MAX];
    size_t len = mqm__report_key(id, &key);

    ck_assert_int_eq(mqm__report_key_read(&back, id, len), 0);
    ck_assert_str_eq(back.run, key.run);
    ck_assert_str_eq(back.side, key.side);
    ck_assert_str_eq(back.instance, key.instance);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_int_eq(mqm__report_key_read(&back, bad[i], strlen(bad[i])),
                         -EPROTO);
    memset(key.side, 's', sizeof(key.side) - 1);
    memset(key.instance, 'i', sizeof(key.instance) - 1);
    len = mqm__report_key(id, &key);
    ck_assert_uint_le(len, MQM_ID_MAX);
    ck_assert_int_eq(mqm__report_key_read(&back, id, len), 0);
    ck_assert_str_eq(back.instance, key.instance);
}
END_TEST

/* ---------------------------- the fingerprint ---------------------------- */

static uint64_t print_of(const struct policy *p)
{
    return mqm__fingerprint(p, "kafka", "rocketmq");
}

START_TEST(test_fingerprints_differ)
{
    static const char *const entries[] = {"a", "b", "c"};
    const struct policy base = {.on = true, .cut_ppm = 5, .since_ms = 7,
                                .margin_ms = 9, .seed = 11};
    struct policy v[9];
    uint64_t print[11];

    for (size_t i = 0; i < 9; i++)
        v[i] = base;
    v[1].on = false;
    v[2].cut_ppm = 6;
    v[3].since_ms = 8;
    v[4].margin_ms = 10;
    v[5].hash = MQM_HASH_LAST_TWO_DIGITS;
    v[6].hash_id = true;
    v[7].seed = 12;
    v[8].allow = mqm__allow_list_new(entries, 2);
    for (size_t i = 0; i < 9; i++)
        print[i] = print_of(&v[i]);
    print[9] = mqm__fingerprint(&base, "rocketmq", "kafka");
    print[10] = mqm__fingerprint(&base, "kafka", "rocketmq2");
    for (int i = 0; i < 11; i++)
        for (int k = 0; k < i; k++)
            ck_assert_msg(print[i] != print[k], "%d is as %d", i, k);
    mqm__allow_list_free(v[8].allow);
}
END_TEST

START_TEST(test_fingerprints_agree)
{
    static const char *const one[] = {
        "a", "01a20628-e3f6-71a6-8c8b-109c40a78a83", "c"};
    static const char *const same[] = {
        "c", "a", "01A20628-E3F6-71A6-8C8B-109C40A78A83", "a"};
    struct policy p = {.on = true}, q = {.on = true};

    ck_assert_uint_eq(print_of(&p), print_of(&q));
    p.allow = mqm__allow_list_new(one, 3);
    q.allow = mqm__allow_list_new(same, 4);
    ck_assert_uint_eq(print_of(&p), print_of(&q));
    mqm__allow_list_free(p.allow);
    mqm__allow_list_free(q.allow);
    /* The same on all machines: a report is read on another one. */
    p.allow = NULL;
    ck_assert_uint_eq(print_of(&p), UINT64_C(1859315970345393860));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("report");

    tcase_add_test(tc, test_the_bytes);
    tcase_add_test(tc, test_the_keys);
    tcase_add_test(tc, test_fingerprints_differ);
    tcase_add_test(tc, test_fingerprints_agree);
    return run_case("report", tc);
}
