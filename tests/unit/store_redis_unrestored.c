/* SPDX-License-Identifier: MIT */
/* LIBS: -lhiredis */
/* store_redis_unrestored.c - a Redis that went back in time and cannot get all
 * back: what has no record is in doubt then.  And who is waited for. */
#include "../count_malloc.h"
#include "../redis_restore.h"
#include "../suite.h"

static void setup_hasty(void)
{
    setup_two("1500", "8192");
}

static void setup_small(void)
{
    setup_two("60000", "1");
}

static void both_write(void)
{
    struct mqm_swap b = a_swap("b", 0);

    ck_assert_int_eq(put("a"), MQM_OK);
    ck_assert_int_eq(run_on(other, &b), MQM_OK);
}

static int exists(const char *id)
{
    struct mqm_swap q = a_swap(id, MQM_ASK);

    return run(&q) == MQM_LOST && q.now.version != 0;
}

/* What the others have comes back all the same. */
START_TEST(one_is_dead)
{
    struct mqm_swap c = a_swap("c", 0);
    int64_t fell_ms;

    both_write();
    remember_files();
    ck_assert_int_eq(run_on(other, &c), MQM_OK);
    ck_assert_int_eq(put("d"), MQM_OK);
    lose();
    fell_ms = now_ms();
    ck_assert_int_eq(is_back(self), 0);
    settle_alone();
    ck_assert_msg(strstr(fake_log, "1 of those"), "%s", fake_log);
    ck_assert_int_ge(memory_from(), fell_ms - 1000);
    ck_assert_int_eq(unknown(case_ms), MQM_DOUBT);
    ck_assert_int_eq(unknown(now_ms() + 1), MQM_LOST);
    ck_assert(exists("a") && exists("b") && exists("d") && !exists("c"));
    ck_assert_int_eq(ask(&c), MQM_DOUBT);
    store->tick(other); /* it comes too late */
    ck_assert(exists("c"));
    ck_assert_int_eq(unknown(case_ms), MQM_DOUBT);
}
END_TEST

/* It says so itself, and nobody waits for the patience to end. */
START_TEST(one_cannot_tell_of_all)
{
    struct mqm_swap s;
    char id[32];

    both_write();
    remember_files();
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof(id), "one of forty %d", i);
        s = a_swap(id, 0);
        ck_assert_int_eq(run_on(other, &s), MQM_OK);
    }
    lose();
    settle_both();
    ck_assert_int_eq(unknown(case_ms), MQM_DOUBT);
    ck_assert_int_ge(memory_from(), case_ms);
    ck_assert(exists("a") && exists("one of forty 39"));
    ck_assert(!exists("one of forty 0"));
}
END_TEST

/* As much was written, but long ago. */
START_TEST(what_is_safe_need_not_be_told)
{
    struct mqm_swap s;
    char id[32];

    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof(id), "one of forty %d", i);
        s = a_swap(id, 0);
        ck_assert_int_eq(run_on(other, &s), MQM_OK);
    }
    sleep_ms(1000);
    store->tick(other);
    remember_files();
    ck_assert_int_eq(put("a"), MQM_OK);
    lose();
    settle_both();
    ck_assert_int_eq(memory_from(), 0);
    ck_assert(exists("a") && exists("one of forty 0"));
}
END_TEST

/* A registration of somebody else, of so long before the last one. */
static void ghost(long long before_ms)
{
    redisReply *r = redisCommand(raw, "HGET mqm:store clock");
    char text[48];

    ck_assert_int_eq(r->type, REDIS_REPLY_STRING);
    snprintf(text, sizeof(text), "%lld 7",
             strtoll(r->str, NULL, 10) - before_ms);
    freeReplyObject(r);
    r = redisCommand(raw, "HSET mqm:clients ghost %b", text, strlen(text));
    ck_assert_int_eq(r->integer, 1);
    freeReplyObject(r);
}

/* A cell that only `other` wrote is lost. */
static void lose_one(void)
{
    struct mqm_swap c = a_swap("c", 0);

    remember_files();
    ck_assert_int_eq(run_on(other, &c), MQM_OK);
    lose();
}

START_TEST(who_died_long_ago_is_not_waited_for)
{
    both_write();
    ghost(15000);
    lose_one();
    settle_both();
    ck_assert_int_eq(unknown(case_ms), MQM_LOST);
    ck_assert(exists("c"));
}
END_TEST

START_TEST(who_died_lately_is)
{
    both_write();
    ghost(5000);
    lose_one();
    settle_both();
    ck_assert_int_eq(unknown(case_ms), MQM_DOUBT);
    ck_assert(exists("c"));
}
END_TEST

/* One that nobody knew of any more, and that has something. */
START_TEST(who_was_not_waited_for_comes_late)
{
    both_write();
    tell("DEL mqm:clients"); /* but for the first of them */
    sleep_ms(1000);
    store->tick(self);
    lose_one();
    settle_alone();
    ck_assert_int_eq(unknown(case_ms), MQM_LOST);
    ck_assert(!exists("c"));
    settle_both();
    ck_assert(exists("c"));
    ck_assert_int_eq(reopen(), 0);
    ck_assert_int_eq(unknown(case_ms), MQM_DOUBT);
}
END_TEST

/* A file that syncs never, or not all the time, is not worth that trouble. */
START_TEST(it_was_not_synced_for_a_while)
{
    static const char *const modes[][3] = {{"appendfsync", "no", "everysec"},
                                           {"appendonly", "no", "yes"}};
    void *s;

    tell("CONFIG SET %s %s", modes[_i][0], modes[_i][1]);
    ck_assert_int_eq(open_patient(&s, "60000", "64"), 0); /* it is seen */
    store->close(s);
    tell("CONFIG SET %s %s", modes[_i][0], modes[_i][2]);
    while (info("aof_rewrite_in_progress") || info("aof_enabled") == 0)
        sleep_ms(10);
    both_write();
    lose_one();
    settle_both();
    ck_assert_int_eq(unknown(case_ms), MQM_DOUBT);
}
END_TEST

START_TEST(nobody_registers_where_nothing_is_lost)
{
    teardown_two();
    other = NULL;
    begin(_i);
    ck_assert_int_eq(put("a"), MQM_OK);
    store->tick(self);
    ck_assert_int_eq(tell("EXISTS mqm:clients"), 0);
}
END_TEST

/* The first write waits until nothing can have been lost that says who we are;
 * a question does not. */
START_TEST(who_writes_is_known)
{
    void *s;
    int64_t began_ms;

    began_ms = now_ms();
    ck_assert_int_eq(open_patient(&s, "300", "64"), 0);
    for (int i = 0; i < 2; i++) {
        struct mqm_swap x = a_swap("x", i ? 0 : MQM_ASK);

        ck_assert_int_eq(run_on(s, &x), i ? MQM_OK : MQM_LOST);
    }
    ck_assert_int_ge(now_ms() - began_ms, 1900);
    store->close(s);
    ck_assert_int_eq(tell("HLEN mqm:clients"), 3); /* it wrote just now */
}
END_TEST

/* Of those who left nothing but their names. */
START_TEST(who_died_very_long_ago_is_forgotten)
{
    ghost(5000000);
    ck_assert_int_eq(tell("HLEN mqm:clients"), 3);
    ck_assert_int_eq(reopen(), 0);
    ck_assert_int_eq(tell("HEXISTS mqm:clients ghost"), 0);
}
END_TEST

START_TEST(who_only_looked_is_not_waited_for)
{
    void *s;

    ck_assert_int_eq(open_patient(&s, "300", "64"), 0);
    ck_assert_int_eq(is_back(s), 1);
    ck_assert_int_eq(tell("HLEN mqm:clients"), 3);
    store->close(s);
    for (int i = 0; i < 1000 && tell("HLEN mqm:clients") != 2; i++)
        sleep_ms(10);
    ck_assert_int_eq(tell("HLEN mqm:clients"), 2);
}
END_TEST

/* Silent for longer than it is known, a program registers anew first. */
START_TEST(who_was_silent_is_known_again)
{
    int64_t began_ms;

    both_write();
    sleep_ms(9500);
    began_ms = now_ms();
    ck_assert_int_eq(put("c"), MQM_OK);
    ck_assert_int_ge(now_ms() - began_ms, 1900);
}
END_TEST

/* What was sent before that, and comes after it, Redis refuses. */
START_TEST(what_comes_too_late_is_refused)
{
    both_write();
    kill(server.pid, SIGSTOP);
    ck_assert_int_eq(put("late"), -ETIMEDOUT);
    sleep_ms(6000);
    kill(server.pid, SIGCONT);
    settle_both();
    sleep_ms(100);
    ck_assert(!exists("late"));
    ck_assert_int_eq(put("late"), MQM_OK);
}
END_TEST

/* Nor does it cost a swap that we register again, and remember. */
START_TEST(it_costs_no_round_trip_and_no_memory)
{
    both_write();
    for (int i = 0; i < 4; i++) {
        struct mqm_swap x = a_swap("x", MQM_ASK), b = a_swap("b", MQM_ASK);
        struct mqm_swap *all[] = {&x, &b};
        long long reads;

        ck_assert_int_eq(run(&b), MQM_LOST);
        sleep_ms(1000);
        x.expect = b.expect = b.now.version;
        b.flags = MQM_SWAP_LISTED;
        reads = info("total_reads_processed");
        allocations = 0;
        ck_assert_int_eq(store->swap(self, all, 2), MQM_OK);
        ck_assert_int_eq(b.result, MQM_OK);
        ck_assert_int_eq(allocations, 0);
        reads = info("total_reads_processed") - reads;
        ck_assert_int_eq(reads, 2); /* and INFO */
    }
}
END_TEST

/* It keeps nothing of the store that was emptied. */
START_TEST(an_emptied_one_stays_empty)
{
    both_write();
    tell("FLUSHALL");
    ck_assert_int_eq(unknown(case_ms), MQM_DOUBT);
    remember_files(); /* it is on the disk */
    restart();
    settle_both();
    ck_assert(!exists("a") && !exists("b"));
    ck_assert_int_eq(unknown(case_ms), MQM_DOUBT);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("hasty"), *small = tcase_create("small");
    Suite *suite = suite_create("store_redis_unrestored");

    tcase_add_checked_fixture(tc, setup_hasty, teardown_two);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, one_is_dead);
    tcase_add_test(tc, who_died_lately_is);
    tcase_add_test(tc, who_died_very_long_ago_is_forgotten);
    tcase_add_loop_test(tc, it_was_not_synced_for_a_while, 0, 2);
    tcase_add_loop_test(tc, nobody_registers_where_nothing_is_lost, 0, 2);
    tcase_add_test(tc, who_writes_is_known);
    tcase_add_test(tc, who_only_looked_is_not_waited_for);
    tcase_add_test(tc, who_was_silent_is_known_again);
    tcase_add_test(tc, what_comes_too_late_is_refused);
    tcase_add_test(tc, it_costs_no_round_trip_and_no_memory);
    tcase_add_test(tc, an_emptied_one_stays_empty);
    tcase_add_checked_fixture(small, setup_small, teardown_two);
    tcase_set_timeout(small, 120);
    tcase_add_test(small, who_died_long_ago_is_not_waited_for);
    tcase_add_test(small, who_was_not_waited_for_comes_late);
    tcase_add_test(small, one_cannot_tell_of_all);
    tcase_add_test(small, what_is_safe_need_not_be_told);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, small);
    return run_all(suite);
}
