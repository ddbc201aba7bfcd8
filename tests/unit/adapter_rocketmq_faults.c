/* SPDX-License-Identifier: MIT */
/* adapter_rocketmq_faults.c - the RocketMQ adapter with a stub in place of the
 * client library: faults, and what only newer clients do.
 */
#include "../fakes/rocketmq_stub.h"

/* ------------------------------- opening -------------------------------- */

START_TEST(a_library_that_is_not_there)
{
    ck_assert_int_eq(open_with("/nowhere/librocketmq.so", NULL, NULL), -ENOENT);
    ck_assert(strstr(fake.error, "/nowhere/librocketmq.so"));
    ck_assert(strstr(fake.error, "\"library\""));
}
END_TEST

START_TEST(a_library_that_is_too_old_or_not_whole)
{
    ck_assert_int_eq(open_with(lib_path("librocketmq_old.so"), NULL, NULL),
                     -ENOTSUP);
    ck_assert(strstr(fake.error, "older than 1.2.3"));
    ck_assert_int_eq(open_with(lib_path("librocketmq_partial.so"), NULL, NULL),
                     -ENOTSUP);
    ck_assert(strstr(fake.error, "no function Pull"));
}
END_TEST

START_TEST(what_the_process_has_comes_first)
{
    load("librocketmq_stub.so", RTLD_GLOBAL);
    ck_assert_int_eq(open_with("/nowhere/librocketmq.so", NULL, NULL), MQM_OK);
    start();
    fake.adapter->close(fake.self);
}
END_TEST

START_TEST(a_function_of_that_name_elsewhere_is_not_taken)
{
    load("librocketmq_partial.so", RTLD_GLOBAL);
    load("librocketmq_stub.so", RTLD_GLOBAL);
    ck_assert_int_eq(open_with("/nowhere/librocketmq.so", NULL, NULL),
                     -ENOTSUP);
    ck_assert(strstr(fake.error, "no function Pull"));
}
END_TEST

START_TEST(settings_that_cannot_be)
{
    static const struct {
        const char *name, *value, *words;
    } bad[] = {
        {"nameserver", "x", "no setting \"nameserver\""},
        {"threads", "0", "from 1 to 256"},
        {"threads", "8x", "\"threads\" is '8x'"},
        {"wait_ms", "-1", "from 0 to"},
        {"mode", "ordered", "\"concurrent\" or \"orderly\""},
        {"access_key", "me", "go together"},
        {"properties", "size,KEYS", "'KEYS'"},
        {"name_server", "", "needs \"name_server\""},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_int_eq(open_with("x", bad[i].name, bad[i].value), -EINVAL);
        ck_assert_msg(strstr(fake.error, bad[i].words) != NULL, "%s",
                      fake.error);
    }
}
END_TEST

START_TEST(names_that_cannot_be)
{
    open_stub(NULL, NULL);
    ck_assert_int_eq(fake.adapter->subscribe(fake.self, "a.b", "T"), -EINVAL);
    ck_assert(strstr(fake.error, "group 'a.b'"));
    ck_assert_int_eq(fake.adapter->subscribe(fake.self, "G", ""), -EINVAL);
    start();
    ck_assert_int_eq(fake.adapter->subscribe(fake.self, "G", "T2"), -EBUSY);
    ck_assert(strstr(fake.error, "before the first poll"));
    ck_assert_int_eq(strncmp(stub->instance, "mqm_", 4), 0);
    fake.adapter->close(fake.self);
    ck_assert_int_eq(stub->shutdowns, 1);
    ck_assert_int_eq(stub->destroyed, 1);
}
END_TEST

START_TEST(a_consumer_that_does_not_start_is_tried_again)
{
    int64_t began;

    open_stub(NULL, NULL);
    stub->start = 20;
    ck_assert_int_eq(fake.adapter->subscribe(fake.self, "G", "T"), MQM_OK);
    ck_assert_int_eq(fake.adapter->poll(fake.self, 200), -EIO);
    ck_assert(strstr(fake.error, "group 'G' does not start (20: the stub's"));
    ck_assert_int_eq(stub->destroyed, 1);
    began = clock_ms();
    ck_assert_int_eq(fake.adapter->poll(fake.self, 200), -EIO);
    ck_assert_int_ge(clock_ms() - began, 195);
    stub->start = 0;
    ck_assert_int_eq(fake.adapter->poll(fake.self, 1), MQM_OK);
    ck_assert_int_eq(fake.adapter->poll(fake.self, 1), MQM_OK);
    ck_assert_int_eq(stub->starts, 3);
    fake.adapter->close(fake.self);
    ck_assert_int_eq(stub->destroyed, 3);
}
END_TEST

/* ------------------------------- answers -------------------------------- */

static int ok_at; /* deliver() answers LATER before its nth call */

static int later(struct mqm_delivery *d, const struct seen *s)
{
    (void)s;
    d->retry_ms = 100;
    return ok_at && (int)fake.n + 1 >= ok_at ? MQM_OK : MQM_LATER;
}

START_TEST(a_newer_client_sends_back_after_the_wait)
{
    struct stub_message m = message(0);
    int64_t began = clock_ms();

    open_stub("wait_ms", "300");
    fake.answer = later;
    start();
    ck_assert_int_eq(stub->callback(stub->consumer, &m), 1);
    ck_assert_int_ge(clock_ms() - began, 295);
    ck_assert_int_lt(clock_ms() - began, 1500);
    ck_assert_uint_ge(fake.n, 3);
    ck_assert_str_eq(fake.seen[0].origin, "2/7");
    fake.adapter->close(fake.self);
}
END_TEST

START_TEST(a_copy_that_came_again_is_not_sent_back)
{
    struct stub_message m = message(1);

    open_stub("wait_ms", "100");
    fake.answer = later;
    ok_at = 8;
    start();
    ck_assert_int_eq(stub->callback(stub->consumer, &m), 0);
    ck_assert_uint_eq(fake.n, 8);
    fake.adapter->close(fake.self);
}
END_TEST

START_TEST(orderly_asks_again_within_a_second)
{
    struct stub_message m = message(0);
    int64_t began = clock_ms();

    open_stub("mode", "orderly");
    fake.answer = later;
    start();
    ck_assert_int_eq(stub->orderly, 1);
    ck_assert_int_eq(stub->callback(stub->consumer, &m), 1);
    ck_assert_int_lt(clock_ms() - began, 1200);
    ck_assert_uint_eq(fake.n, 1);
    ck_assert_uint_eq(fake.seen[0].lane, 3);
    fake.adapter->close(fake.self);
}
END_TEST

START_TEST(an_empty_body_is_not_delivered)
{
    struct stub_message m = message(0);

    open_stub("mode", "orderly");
    m.body_len = 0;
    start();
    ck_assert_int_eq(stub->callback(stub->consumer, &m), 1);
    ck_assert_uint_eq(fake.n, 0);
    ck_assert(strstr(fake.log, "T 2/7 waits"));
    fake.adapter->close(fake.self);
}
END_TEST

/* --------------------------- sending, reading --------------------------- */

START_TEST(only_what_is_safe_counts_as_sent)
{
    open_stub(NULL, NULL);
    stub->producer_start = 10;
    ck_assert_int_eq(send_one(), -EIO);
    ck_assert(strstr(fake.error, "producer does not start (10: the stub's"));
    ck_assert_int_eq(stub->sends, 0);
    stub->producer_start = 0;
    for (stub->send_status = 1; stub->send_status < 5; stub->send_status++) {
        ck_assert_int_eq(send_one(), -EIO);
        ck_assert(strstr(fake.error, "does not have the message"));
    }
    stub->send_status = 0;
    stub->send = 11;
    ck_assert_int_eq(send_one(), -EIO);
    ck_assert(strstr(fake.error, "(11: the stub's reason)"));
    stub->send = 0;
    ck_assert_int_eq(send_one(), MQM_OK);
    ck_assert_str_eq(stub->last_id, "an-id");
    ck_assert_str_eq(stub->last_body, "body");
    fake.adapter->close(fake.self);
}
END_TEST

static int count(void *user, struct mqm_delivery *d)
{
    ck_assert_str_eq(d->msg.origin, "0/5");
    ++*(int *)user;
    return 0;
}

START_TEST(a_scan_tells_silence_from_an_end)
{
    int n = 0;

    open_stub(NULL, NULL);
    stub->pull_status = 4;
    ck_assert_int_eq(fake.adapter->scan(fake.self, "T", count, &n), -EIO);
    ck_assert(strstr(fake.error, "broker 'broker' does not answer"));
    ck_assert_int_eq(fake.adapter->probe(fake.self, "G", "T"), -EIO);
    stub->pull_status = 1;
    ck_assert_int_eq(fake.adapter->scan(fake.self, "T", count, &n), MQM_OK);
    ck_assert_int_eq(n, 0);
    stub->pull_status = 3; /* begins at 5: what lay before was forgotten */
    stub->pull_next = 5;
    ck_assert_int_eq(fake.adapter->scan(fake.self, "T", count, &n), MQM_OK);
    ck_assert_int_eq(n, 1);
    fake.adapter->close(fake.self);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_library_that_is_not_there,
        a_library_that_is_too_old_or_not_whole,
        what_the_process_has_comes_first,
        a_function_of_that_name_elsewhere_is_not_taken,
        settings_that_cannot_be,
        names_that_cannot_be,
        a_consumer_that_does_not_start_is_tried_again,
        a_newer_client_sends_back_after_the_wait,
        a_copy_that_came_again_is_not_sent_back,
        orderly_asks_again_within_a_second,
        an_empty_body_is_not_delivered,
        only_what_is_safe_counts_as_sent,
        a_scan_tells_silence_from_an_end,
    };

    return run_suite("adapter_rocketmq_faults", tests,
                     sizeof(tests) / sizeof(tests[0]));
}
