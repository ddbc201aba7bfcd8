/* LIBS: -lrdkafka */
/* SPDX-License-Identifier: MIT */
/* adapter_kafka.c - the Kafka adapter consumes: what is acknowledged is committed, what is not
 * comes again, in order, whatever the group does meanwhile. */
#include "../fakes/kafka.h"

/* Everything of one partition, in the order it was seen and was well. */
static void assert_each_once(const struct bench *b, int32_t partition, int64_t n)
{
    int64_t next = 0;

    for (size_t i = 0; i < b->n; i++) {
        if (b->seen[i].partition != partition || b->seen[i].result != MQM_OK)
            continue;
        ck_assert_int_eq(b->seen[i].offset, next);
        next++;
    }
    ck_assert_int_eq(next, n);
}

START_TEST(all_well_is_committed)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64], group[64];

    subscribe_flooded(b, topic, group, 4, 1000);
    poll_until(b, 1000, 20000);
    ck_assert_uint_eq(b->n, 1000);
    bench_free(b);
    for (int32_t p = 0; p < 4; p++)
        ck_assert_int_eq(committed(group, topic, p), 250);
}
END_TEST

START_TEST(reopened_goes_on)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64], group[64];

    b->batch = 10;
    subscribe_flooded(b, topic, group, 1, 100);
    poll_until(b, 50, 20000);
    ck_assert_uint_eq(b->n, 50);
    bench_free(b);
    ck_assert_int_eq(committed(group, topic, 0), 50);

    b = bench_on(NULL, NULL);
    ck_assert_int_eq(b->adapter->subscribe(b->self, group, topic), 0);
    poll_until(b, 50, 20000);
    ck_assert_int_eq(b->seen[0].offset, 50);
    ck_assert_uint_eq(b->n, 50);
    bench_free(b);
    ck_assert_int_eq(committed(group, topic, 0), 100);
}
END_TEST

static void later_thrice(struct bench *b, struct mqm_delivery *d)
{
    if (strcmp(d->msg.origin, "1/120") || b->times == 3)
        return;
    b->times++;
    d->result = MQM_LATER;
    d->retry_ms = 700;
}

START_TEST(later_comes_again_in_order)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64], group[64];
    int64_t last_ms = 0, others_ms = 0;
    unsigned tries = 0;

    b->batch = 64;
    b->script = later_thrice;
    subscribe_flooded(b, topic, group, 3, 900);
    poll_until(b, 903, 20000);
    for (int32_t p = 0; p < 3; p++)
        assert_each_once(b, p, 300);
    for (size_t i = 0; i < b->n; i++) {
        const struct seen *s = &b->seen[i];

        if (s->partition != 1) {
            others_ms = s->at_ms;
            continue;
        }
        if (s->offset != 120)
            continue;
        if (tries++ > 0) {
            ck_assert_int_ge(s->at_ms - last_ms, 690);
            ck_assert_int_le(s->at_ms - last_ms, 8000);
        }
        last_ms = s->at_ms;
    }
    ck_assert_uint_eq(tries, 4);
    ck_assert_int_lt(others_ms, last_ms - 1000); /* did not wait */
    bench_free(b);
    for (int32_t p = 0; p < 3; p++)
        ck_assert_int_eq(committed(group, topic, p), 300);
}
END_TEST

static void never_that(struct bench *b, struct mqm_delivery *d)
{
    int32_t partition;
    int64_t offset;

    sscanf(d->msg.origin, "%" SCNd32 "/%" SCNd64, &partition, &offset);
    if (offset != b->hold_offset)
        return;
    b->times++;
    d->result = -EIO;
    d->retry_ms = 200;
}

/* poll() fails when not one message is well. */
static void poll_anyhow(struct bench *b, size_t n, int64_t ms)
{
    for (int64_t end_ms = now_ms() + ms; b->n < n && now_ms() < end_ms;) {
        int r = b->adapter->poll(b->self, 100);

        ck_assert(r == 0 || r == -EIO);
    }
}

START_TEST(what_is_not_well_is_not_passed)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64], group[64];

    b->script = never_that;
    b->hold_offset = 40;
    subscribe_flooded(b, topic, group, 2, 200);
    poll_anyhow(b, SEEN_MAX, 2500);
    for (int i = 0; i < 40 && b->times < 10; i++)
        poll_anyhow(b, SEEN_MAX, 500);
    ck_assert_uint_ge(b->times, 10); /* both partitions, several times */
    bench_free(b);
    for (int32_t p = 0; p < 2; p++)
        ck_assert_int_eq(committed(group, topic, p), 40);
}
END_TEST

/* Retention takes the message that was to come again. */
START_TEST(what_is_gone_is_told_and_passed)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64], group[64];

    b->script = never_that;
    b->hold_offset = 40;
    subscribe_flooded(b, topic, group, 1, 100);
    poll_anyhow(b, 43, 10000);
    remove_before(topic, 60);
    for (int64_t end_ms = now_ms() + 15000;
         b->seen[b->n - 1].offset != 99 && now_ms() < end_ms;)
        poll_anyhow(b, b->n + 1, 100);
    ck_assert_int_eq(b->seen[b->n - 1].offset, 99);
    ck_assert_int_eq(b->seen[b->n - 40].offset, 60);
    ck_assert_int_eq(b->seen[b->n - 41].offset, 40);
    ck_assert_msg(strstr(b->log, "no longer has it"), "%s", b->log);
    bench_free(b);
    ck_assert_int_eq(committed(group, topic, 0), 100);
}
END_TEST

/* Everything of every topic: each offset is well once, in order. */
START_TEST(random_verdicts_lose_nothing)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[2][64], group[64];
    int64_t next[2][3] = {{0}}, end_ms = now_ms() + 40000;
    size_t well = 0, i = 0;

    name_new(group, "g");
    b->script = at_random;
    b->times = (unsigned)_i + 1;
    b->batch = _i % 2 ? 7 : 256;
    for (int t = 0; t < 2; t++) {
        topic_new(topic[t], 3);
        flood(topic[t], 3, 600);
        ck_assert_int_eq(b->adapter->subscribe(b->self, group, topic[t]), 0);
    }
    while (well < 1200 && now_ms() < end_ms) {
        ck_assert_int_eq(b->adapter->poll(b->self, 100), 0);
        for (; i < b->n; i++) {
            const struct seen *s = &b->seen[i];
            int t = strcmp(s->topic, topic[0]) != 0;

            ck_assert_int_eq(s->offset, next[t][s->partition]);
            next[t][s->partition] += s->result == MQM_OK;
            well += s->result == MQM_OK;
        }
    }
    ck_assert_uint_eq(well, 1200);
    ck_assert_ptr_null(strstr(b->log, "no longer has it"));
    bench_free(b);
    for (int32_t p = 0; p < 3; p++)
        ck_assert_int_eq(committed(group, topic[1], p), 200);
}
END_TEST

START_TEST(missing_topic_is_told)
{
    struct bench *b = bench_on(NULL, NULL);
    int64_t end_ms = now_ms() + 10000;
    char topic[64], group[64];
    int r = 0;

    name_new(topic, "t");
    name_new(group, "g");
    ck_assert_int_eq(b->adapter->subscribe(b->self, group, topic), 0);
    while (r == 0 && now_ms() < end_ms)
        r = b->adapter->poll(b->self, 100);
    ck_assert_int_eq(r, -ENOENT);
    ck_assert_msg(strstr(b->why, topic), "%s", b->why);
    ck_assert_int_eq(b->adapter->subscribe(b->self, group, "^all"), -EINVAL);
    bench_free(b);
}
END_TEST

START_TEST(gone_brokers_hold_nobody_up)
{
    struct mqm_setting s[] = {{"bootstrap.servers", "127.0.0.1:1", 0}};
    struct bench *b = bench_new();
    int64_t begin_ms;

    ck_assert_int_eq(bench_open(b, s, 1), 0);
    ck_assert_int_eq(b->adapter->subscribe(b->self, "g", "t"), 0);
    for (int i = 0; i < 10; i++) {
        begin_ms = now_ms();
        (void)b->adapter->poll(b->self, 100);
        ck_assert_int_ge(now_ms() - begin_ms, 95); /* it waited */
        ck_assert_int_le(now_ms() - begin_ms, 600);
    }
    ck_assert_msg(strstr(b->log, "refused"), "%s", b->log);
    begin_ms = now_ms();
    bench_free(b);
    ck_assert_int_le(now_ms() - begin_ms, 6000);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("adapter_kafka");
    TCase *t = tcase_create("consume");

    (void)argc;
    tcase_set_timeout(t, 90);
    tcase_add_test(t, all_well_is_committed);
    tcase_add_test(t, reopened_goes_on);
    tcase_add_test(t, later_comes_again_in_order);
    tcase_add_test(t, what_is_not_well_is_not_passed);
    tcase_add_test(t, what_is_gone_is_told_and_passed);
    tcase_add_loop_test(t, random_verdicts_lose_nothing, 0, 2);
    tcase_add_test(t, missing_topic_is_told);
    tcase_add_test(t, gone_brokers_hold_nobody_up);
    suite_add_tcase(s, t);
    return run_suite(s, argv);
}
