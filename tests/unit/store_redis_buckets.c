/* SPDX-License-Identifier: MIT */
/* LIBS: -lhiredis */
/* store_redis_buckets.c - where the redis store lays its cells, and what that
 * costs.  When they end: store_redis_forget.c. */
#include "../redis_store.h"

#include <errno.h>

enum { BATCH = 250, RECORDS = 100000 };

START_TEST(lies_in_one_place)
{
    struct mqm_swap s = a_swap("a", 0);
    const unsigned flags[] = {MQM_SWAP_LISTED, MQM_SWAP_LISTED, 0, 0,
                              MQM_SWAP_LISTED, 0};

    ck_assert_int_eq(run(&s), MQM_OK);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        int open = flags[i] == MQM_SWAP_LISTED;
        struct mqm_swap other = a_swap("a", 0);

        other.flags = flags[i];
        ck_assert_int_eq(run_again(&s, flags[i]), MQM_OK);
        ck_assert_int_eq(is_there(OPEN_KEY, "a"), open);
        ck_assert_int_eq(is_there(bucket, "a"), !open);
        ck_assert_int_eq(run(&other), MQM_LOST);
        ck_assert_uint_eq(other.now.version, s.now.version);
        ck_assert_uint_eq(other.now.len, 5);
    }
}
END_TEST

/* n swaps in calls of BATCH; the number that came to `result`. */
static int run_many(struct mqm_swap *s, size_t n, int result)
{
    struct mqm_swap *all[BATCH];
    int equal = 0;

    for (size_t at = 0; at < n; at += BATCH) {
        size_t some = n - at < BATCH ? n - at : BATCH;

        for (size_t i = 0; i < some; i++)
            all[i] = &s[at + i];
        ck_assert_int_eq(store->swap(self, all, some), MQM_OK);
        for (size_t i = 0; i < some; i++)
            equal += all[i]->result == result;
    }
    return equal;
}

START_TEST(outgrows_a_listpack)
{
    static struct mqm_swap s[1200];
    static char ids[1200][8];
    redisReply *r;

    for (int i = 0; i < 1200; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%d", i);
        s[i] = a_swap(ids[i], 0);
    }
    ck_assert_int_eq(run_many(s, 1200, MQM_OK), 1200);
    r = redisCommand(raw, "OBJECT ENCODING %s", bucket);
    ck_assert_str_eq(r->str, "hashtable");
    freeReplyObject(r);
    ck_assert_int_eq(tell("HLEN %s", bucket), 1200);
    ck_assert_int_eq(run_many(s, 1200, MQM_LOST), 1200);
    for (int i = 0; i < 1200; i++)
        s[i].expect = s[i].now.version;
    ck_assert_int_eq(run_many(s, 1200, MQM_OK), 1200);
}
END_TEST

/* A value may be too long for it, too, among short ones. */
START_TEST(a_long_value_outgrows_it)
{
    static const char value[MQM_VALUE_MAX] = "long";
    struct mqm_swap a = a_swap("a", 0), b = a_swap("b", 0);
    redisReply *r;

    ck_assert_int_eq(run(&a), MQM_OK);
    b.value = value;
    b.len = sizeof(value);
    ck_assert_int_eq(run(&b), MQM_OK);
    r = redisCommand(raw, "OBJECT ENCODING %s", bucket);
    ck_assert_str_eq(r->str, "hashtable");
    freeReplyObject(r);
    ck_assert_int_eq(ask(&a), MQM_LOST);
    ck_assert_uint_eq(a.now.len, 5);
    ck_assert_int_eq(ask(&b), MQM_LOST);
    ck_assert_uint_eq(b.now.len, sizeof(value));
    ck_assert_int_eq(memcmp(b.now.value, value, sizeof(value)), 0);
    ck_assert_int_eq(run_again(&b, 0), MQM_OK);
    ck_assert_int_gt(tell("PTTL %s", bucket), 59000);
}
END_TEST

START_TEST(many_buckets_one_round_trip)
{
    static struct mqm_swap s[BATCH];
    static char ids[BATCH][8];
    long long before;

    for (int i = 0; i < BATCH; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%d", i);
        s[i] = i % 2 ? a_listed(ids[i]) : a_swap(ids[i], 0);
        s[i].key.born_ms += i * 7919 % BATCH * 50; /* in no order */
    }
    before = info("total_reads_processed");
    ck_assert_int_eq(run_many(s, BATCH, MQM_OK), BATCH);
    ck_assert_int_le(info("total_reads_processed") - before, 3);
    for (int i = 0; i < BATCH; i++)
        s[i].expect = MQM_ASK;
    ck_assert_int_eq(run_many(s, BATCH, MQM_LOST), BATCH);
    for (int i = 0; i < BATCH; i++)
        ck_assert_uint_eq(s[i].now.len, 5);
}
END_TEST

START_TEST(has_one_span)
{
    struct mqm_swap s = a_swap("a", 0);
    void *other = NULL;

    ck_assert_int_eq(run(&s), MQM_OK);
    ck_assert_int_eq(open_with(&other, "bucket_ms", "50"), -EINVAL);
    ck_assert(strstr(fake_failure, "bucket_ms is 50"));
    ck_assert(strstr(fake_failure, "100"));
    ck_assert_int_eq(open_with(&other, "bucket_ms", "0"), -EINVAL);
    ck_assert_ptr_null(other);
    ck_assert_int_eq(open_with(&other, "bucket_ms", "100"), 0);
    store->close(other);

    tell("FLUSHALL");
    ck_assert_int_eq(open_with(&other, "bucket_ms", "50"), 0);
    store->close(self);
    self = other;
    ck_assert_int_eq(run(&s), MQM_OK);
    other = NULL;
    ck_assert_int_eq(open_with(&other, NULL, NULL), 0); /* as the store has it */
    store->close(self);
    self = other;
    ck_assert_int_eq(ask(&s), MQM_LOST);
    ck_assert_uint_eq(s.now.len, 5);
}
END_TEST

START_TEST(a_span_that_changes_is_noticed)
{
    struct mqm_swap s = a_swap("a", 0);
    void *other = NULL;

    tell("FLUSHALL");
    ck_assert_int_eq(open_with(&other, "bucket_ms", "50"), 0);
    s.key.born_ms = case_ms + 1050; /* after all that is forgotten */
    ck_assert_int_eq(run(&s), MQM_OK); /* by the one that knew another span */
    bucket_of(s.key.born_ms, 50);
    ck_assert_int_eq(is_there(bucket, "a"), 1);
    store->close(other);
}
END_TEST

START_TEST(ids_without_a_time)
{
    struct mqm_swap s = a_listed("a");
    const char *key = "mqm:c:" SPACE ":a";
    int n = 0;

    s.key.born_ms = 0;
    ck_assert_int_eq(run(&s), MQM_OK);
    ck_assert_int_eq(store->list(self, SPACE, count, &n), 0);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(tell("EXISTS %s", key), 0);
    ck_assert_int_eq(run_again(&s, 0), MQM_OK);
    ck_assert_int_eq(is_there(OPEN_KEY, "a"), 0);
    ck_assert_int_gt(tell("PTTL %s", key), 59000);
    ck_assert_int_eq(run_again(&s, 0), MQM_OK);
    ck_assert_int_gt(tell("PTTL %s", key), 59000);
    ck_assert_int_eq(run_again(&s, MQM_SWAP_LISTED), MQM_OK);
    ck_assert_int_eq(tell("EXISTS %s", key), 0);
    ck_assert_int_eq(ask(&s), MQM_LOST);
    ck_assert_uint_eq(s.now.len, 5);
    tell("SADD %s x", key);
    ck_assert_int_eq(run_again(&s, 0), -EIO);
    ck_assert_int_eq(is_there(OPEN_KEY, "a"), 1);
    ck_assert_int_eq(tell("SCARD %s", key), 1);
}
END_TEST

START_TEST(no_bucket_no_done)
{
    struct mqm_swap a = a_listed("a");
    struct mqm_swap b = a_listed("b");
    struct mqm_swap *all[] = {&a, &b};

    b.key.born_ms += 1000;
    ck_assert_int_eq(store->swap(self, all, 2), MQM_OK);
    tell("SET %s x", bucket);
    a.expect = a.now.version;
    b.expect = b.now.version;
    a.flags = b.flags = 0;
    ck_assert_int_eq(store->swap(self, all, 2), -EIO);
    ck_assert_int_eq(a.result, -EIO);
    ck_assert_int_eq(b.result, MQM_OK);
    ck_assert_int_eq(is_there(OPEN_KEY, "a"), 1); /* it stays what it was */
    ck_assert_int_eq(is_there(OPEN_KEY, "b"), 0);
    tell("DEL %s", bucket);
    ck_assert_int_eq(run(&a), MQM_OK);
}
END_TEST

/* Ids as a UUIDv7 has them: a hundred in 100 ms. */
static void put_done(size_t first)
{
    static struct mqm_swap s[BATCH];
    static unsigned char ids[BATCH][16];

    for (size_t i = 0; i < BATCH; i++) {
        uint64_t born = (uint64_t)case_ms + first + i;
        uint64_t x = (first + i + 1) * 0x9e3779b97f4a7c15u;

        s[i] = a_swap("", 0);
        memcpy(ids[i], &born, 8);
        memcpy(ids[i] + 8, &x, 8);
        s[i].key.id = ids[i];
        s[i].key.id_len = 16;
        s[i].key.born_ms = (int64_t)born;
        s[i].value = "1tttttttts"; /* a record of a done one: 10 bytes */
        s[i].len = 10;
        s[i].keep_ms = 604800000;
    }
    ck_assert_int_eq(run_many(s, BATCH, MQM_OK), BATCH);
}

START_TEST(is_cheap)
{
    char id[8];
    long long before, bytes, commands;
    int n = 0;

    put_done(10 * RECORDS);
    before = info("used_memory");
    for (size_t i = 0; i < RECORDS; i += BATCH)
        put_done(i);
    bytes = info("used_memory") - before;
    ck_assert_msg(bytes <= 45LL * RECORDS, "%lld bytes a record of %d",
                  bytes / RECORDS, RECORDS);
    ck_assert_int_gt(bytes, 26LL * RECORDS); /* they are there */

    for (int i = 0; i < 10; i++) {
        struct mqm_swap s;

        snprintf(id, sizeof(id), "o%d", i);
        s = a_listed(id);
        ck_assert_int_eq(run(&s), MQM_OK);
    }
    commands = info("total_commands_processed");
    ck_assert_int_eq(store->list(self, SPACE, count, &n), 0);
    ck_assert_int_eq(n, 10);
    ck_assert_int_le(info("total_commands_processed") - commands, 5);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("buckets");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, lies_in_one_place);
    tcase_add_test(tc, outgrows_a_listpack);
    tcase_add_test(tc, a_long_value_outgrows_it);
    tcase_add_test(tc, many_buckets_one_round_trip);
    tcase_add_test(tc, has_one_span);
    tcase_add_test(tc, a_span_that_changes_is_noticed);
    tcase_add_test(tc, ids_without_a_time);
    tcase_add_test(tc, no_bucket_no_done);
    tcase_add_test(tc, is_cheap);
    return run_case("store_redis_buckets", tc);
}
