/* SPDX-License-Identifier: MIT */
/* e2e_verdicts.c - every verdict, driven through real brokers, with what the
 * brokers themselves say afterwards.  Each test runs once on each side. */
#include "e2e_brokers.h"

enum { N = 12 };

static struct mqm_claim claim_of(const char *id)
{
    struct mqm_claim c = MQM_CLAIM_INIT;

    c.msg = message(st.mine, id);
    return c;
}

/* Stops both once the other side has dropped its n copies, and checks that
 * nothing is left and nothing was sent back. */
static void finish(pid_t a, pid_t b, int n)
{
    await_at('D', NULL, st.theirs, n);
    stop(a);
    stop(b);
    nothing_left();
    ck_assert_int_eq(sent_back(), 0);
    end();
}

START_TEST(mine_is_worked_on_and_the_other_copy_skipped)
{
    const char *id[N];
    pid_t a, b;

    begin("ok", _i, (struct plan){0});
    for (int i = 0; i < N; i++)
        id[i] = send_new(NULL, "x");
    a = consume(st.mine, NULL);
    b = consume(st.theirs, NULL);
    for (int i = 0; i < N; i++) {
        await_state(id[i], MQM_DONE);
        ck_assert_str_eq(look_at(id[i]).side, st.mine);
    }
    finish(a, b, N);
}
END_TEST

/* What lies before an undone message may be acknowledged, it may not. */
static void not_beyond(const char *id)
{
    struct mqm_record r = look_at(id);
    struct view v = view_of(st.mine);
    long offset = -1;
    int part = -1;

    ck_assert_msg(place_of(&r, st.mine, &part, &offset), "'%s'", r.origin);
    ck_assert_int_lt(part, v.n);
    ck_assert_msg(v.committed[part] <= offset, "committed %ld beyond %ld",
                  v.committed[part], offset);
}

START_TEST(held_by_another_handle_comes_later)
{
    const char *id[N], *held;
    struct mqm_claim c;
    struct view v;
    pid_t a, b;
    int others = 0;

    begin("later", _i, (struct plan){.lease_ms = 30000});
    held = send_new(NULL, "x");
    c = claim_of(held);
    ck_assert_int_eq(mqm_acquire(st.m, &c), MQM_OK);
    for (int i = 0; i < N; i++)
        id[i] = send_new(NULL, "x");
    a = consume(st.mine, NULL);
    b = consume(st.theirs, NULL);
    /* What shares its partition on Kafka waits behind it. */
    await_times('E', NULL, 3);
    sleep_ms(1000);
    ck_assert_int_eq(times('B', held, NULL), 0);
    ck_assert_int_eq(look_at(held).state, MQM_HELD);
    v = view_of(st.mine);
    ck_assert_int_gt(lag(&v), 0);
    ck_assert_int_eq(mqm_release_on_failure(st.m, &c), MQM_OK);
    await_state(held, MQM_DONE);
    for (int i = 0; i < N; i++) {
        await_state(id[i], MQM_DONE);
        others += times('B', id[i], st.mine);
    }
    ck_assert_int_eq(others, N);
    ck_assert_int_eq(times('B', held, st.mine), 1);
    ck_assert_int_eq(times('B', NULL, st.theirs), 0);
    finish(a, b, N + 1);
}
END_TEST

static void hold_and_die(const char *id)
{
    ck_assert_int_eq(exit_of(start_helper("hold", st.mine, id, NULL)), DIED);
}

START_TEST(a_doubt_is_parked)
{
    struct parked_body p;
    const char *id;
    pid_t a, b;

    begin("doubt", _i, (struct plan){0});
    id = send_new(NULL, "the body");
    hold_and_die(id);
    a = consume(st.mine, NULL);
    b = consume(st.theirs, NULL);
    await_state(id, MQM_PARKED);
    ck_assert_str_eq(look_at(id).why, "a lease ran out");
    ck_assert(look_at(id).flags & MQM_BODY_SAFE);
    p = parked_body(st.mine, id);
    ck_assert_int_eq(p.found, 1);
    ck_assert_str_eq(p.body, "the body");
    ck_assert_int_eq(parked_at(st.theirs), 0);
    ck_assert_int_eq(times('B', NULL, NULL), 0);
    finish(a, b, 1);
}
END_TEST

START_TEST(a_doubt_is_worked_on_again)
{
    const char *id;
    pid_t a, b;

    begin("again", _i, (struct plan){.more = ", \"in_doubt\": \"again\""});
    id = send_new(NULL, "x");
    hold_and_die(id);
    a = consume(st.mine, NULL);
    b = consume(st.theirs, NULL);
    await_state(id, MQM_DONE);
    ck_assert_int_eq(times('B', id, NULL), 1);
    ck_assert_int_eq(entry_of('B', id, 0).result, MQM_DOUBT);
    ck_assert_uint_eq(entry_of('B', id, 0).attempt, 2);
    finish(a, b, 1);
}
END_TEST

START_TEST(a_failed_one_is_tried_again_later_and_later)
{
    struct entry b1, b2, b3, f1, f2;
    const char *id;
    pid_t a, b;

    begin("failed", _i, (struct plan){0});
    id = send_new(NULL, "fail=2");
    a = consume(st.mine, NULL);
    await_times('F', id, 1);
    not_beyond(id);
    b = consume(st.theirs, NULL);
    await_state(id, MQM_DONE);
    ck_assert_int_eq(times('B', id, NULL), 3);
    ck_assert_int_eq(times('F', id, st.mine), 2);
    b1 = entry_of('B', id, 0), b2 = entry_of('B', id, 1);
    b3 = entry_of('B', id, 2);
    f1 = entry_of('F', id, 0), f2 = entry_of('F', id, 1);
    ck_assert_uint_eq(b1.attempt, 1);
    ck_assert_uint_eq(b2.attempt, 2);
    ck_assert_uint_eq(b3.attempt, 3);
    ck_assert_int_ge(b2.ms - f1.ms, PAUSE_MS - 1);
    ck_assert_int_ge(b3.ms - f2.ms, 2 * PAUSE_MS - 1);
    ck_assert_int_eq(b3.tries, 0);
    finish(a, b, 1);
}
END_TEST

START_TEST(what_failed_too_often_is_parked)
{
    const char *id;
    pid_t a, b;

    begin("tries", _i, (struct plan){.more = ", \"tries\": 3"});
    id = send_new(NULL, "fail=9");
    a = consume(st.mine, NULL);
    b = consume(st.theirs, NULL);
    await_state(id, MQM_PARKED);
    ck_assert_str_eq(look_at(id).why, "failed too often");
    ck_assert_int_eq(times('B', id, NULL), 3);
    ck_assert_str_eq(parked_body(st.mine, id).body, "fail=9");
    finish(a, b, 1);
}
END_TEST

/* Headers come from what the producer's own client sends. */
static void send_with_headers(const char *id)
{
    const char *servers = need_env("MQM_TEST_SERVERS");

    if (st.mine == side_names[0])
        ck_assert_int_eq(
            sh("printf 'user-7|unsure' | kcat -P -q -b %s -t %s -K '|' "
               "-H mqm-id=%s -H colour=red -H shape=",
               need_env("MQM_TEST_KAFKA"), st.topic, id), 0);
    else
        ck_assert_int_eq(
            sh("printf 'unsure\\n' | scripts/rocketmq send '%s/rocketmq' %s "
               "mqm-id=%s KEYS=user-7 colour=red size=9", servers, st.topic,
               id), 0);
}

START_TEST(an_unsure_one_is_parked_with_all_that_came_along)
{
    struct parked_body p;
    const char *id;
    pid_t a, b;

    begin("unsure", _i, (struct plan){0});
    id = new_id();
    send_with_headers(id);
    send_as(st.theirs, id, "user-7", "unsure");
    a = consume(st.mine, NULL);
    b = consume(st.theirs, NULL);
    await_state(id, MQM_PARKED);
    ck_assert_str_eq(look_at(id).why, "the handler could not tell");
    p = parked_body(st.mine, id);
    ck_assert_int_eq(p.found, 1);
    ck_assert_str_eq(p.body, "unsure");
    ck_assert_str_eq(p.key, "user-7");
    ck_assert_str_eq(p.colour, "red");
    ck_assert_str_eq(p.shape, "");
    ck_assert_int_eq(times('B', id, NULL), 1);
    ck_assert_int_eq(parked_at(st.theirs), 0);
    finish(a, b, 1);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tc = tcase_create("verdicts");
    const TTest *const tests[] = {
        mine_is_worked_on_and_the_other_copy_skipped,
        held_by_another_handle_comes_later,
        a_doubt_is_parked,
        a_doubt_is_worked_on_again,
        a_failed_one_is_tried_again_later_and_later,
        what_failed_too_often_is_parked,
        an_unsure_one_is_parked_with_all_that_came_along,
    };

    helper(argc, argv);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        tcase_add_loop_test(tc, tests[i], 0, 2);
    return run_tests("e2e_verdicts", tc);
}
