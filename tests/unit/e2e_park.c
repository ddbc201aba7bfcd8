/* SPDX-License-Identifier: MIT */
/* e2e_park.c - parking on real brokers, with the process killed between each
 * two steps: body kept, record parked, copy acknowledged, resolved, sent again.
 * Each step may be repeated; in the end the message is done exactly once. */
#include "e2e_brokers.h"

/* Answers while it may not be resolved yet are -EAGAIN. */
static void resolve(const char *id, int outcome)
{
    struct mqm_record r = look_at(id);
    struct mqm_msg msg = message(r.side, id);

    ck_assert_int_eq(r.state, MQM_PARKED);
    if (r.left_ms > 500 && outcome == MQM_FAILED)
        ck_assert_int_eq(mqm_resolve(st.m, &msg, r.token, outcome), -EAGAIN);
    r = await_settled(id);
    ck_assert_msg(mqm_resolve(st.m, &msg, r.token, outcome) == MQM_OK, "%s",
                  mqm_errmsg());
}

/* As send_again(), where there is no test that could fail. */
static int publish_one(void *user, struct mqm_delivery *d)
{
    const char *id = user;

    if (d->msg.id_len != strlen(id) || memcmp(d->msg.id, id, d->msg.id_len))
        return 0;
    return mqm_publish(st.m, d);
}

/* A process that does one step and dies, without closing anything.
 *     TEST step CONFIG SIDE ID     resolve: not done;  send: out of parking */
static int mode_step(char **arg, int sends)
{
    struct mqm_options o = MQM_OPTIONS_INIT;
    struct mqm_record r = MQM_RECORD_INIT;
    struct mqm_msg msg = message(arg[1], arg[2]);

    o.config = arg[0];
    if (mqm_open(&st.m, &o) < 0)
        return 3;
    if (sends) {
        if (mqm_read_parking(st.m, arg[1], "issuer", "rewards", publish_one,
                             arg[2]) < 0)
            return 4;
    } else if (mqm_inspect(st.m, &msg, &r) < 0 ||
               mqm_resolve(st.m, &msg, r.token, MQM_FAILED) != MQM_OK) {
        return 5;
    }
    kill(getpid(), SIGKILL);
    return 6;
}

static void step(const char *mode, const char *id)
{
    ck_assert_int_eq(exit_of(start_helper(mode, st.mine, id, NULL)), -SIGKILL);
}

/* Two at once, as two operators do. */
static void send_twice(const char *id)
{
    ck_assert_int_ge(send_again(st.mine, id), 1);
    ck_assert_int_ge(send_again(st.mine, id), 1);
}

static void finish(pid_t a, const char *id)
{
    pid_t b = consume(st.theirs, NULL);

    await_at('D', id, st.theirs, 1);
    stop(a);
    stop(b);
    ck_assert_int_eq(look_at(id).state, MQM_DONE);
    nothing_left();
    end();
}

/* Parked, for a death at this point has come before; then run on. */
static pid_t parked_after(const char *id, const char *point)
{
    pid_t a = consume(st.mine, point);

    if (point) {
        ck_assert_int_eq(exit_of(a), DIED);
        a = consume(st.mine, NULL);
    }
    await_state(id, MQM_PARKED);
    return a;
}

static void done_after_a_death_at(const char *point, const char *name, int side)
{
    const char *id;
    pid_t a;

    begin(name, side, (struct plan){0});
    id = send_new(NULL, "unsure");
    a = parked_after(id, point);
    resolve(id, MQM_HANDLED);
    ck_assert_int_eq(look_at(id).state, MQM_DONE);
    ck_assert_int_eq(times('U', id, NULL), 1);
    ck_assert_int_ge(parked_at(st.mine), 1);
    /* What is sent again once more is dropped. */
    send_twice(id);
    finish(a, id);
}

START_TEST(death_once_the_hook_has_the_body)
{
    done_after_a_death_at("hook", "hook", _i);
}
END_TEST

START_TEST(death_once_the_parking_topic_has_the_body)
{
    done_after_a_death_at("body-kept", "kept", _i);
}
END_TEST

START_TEST(death_once_the_record_is_parked)
{
    done_after_a_death_at("parked", "parked", _i);
}
END_TEST

/* Fails for certain until it is parked; then the resolver says: not done. */
START_TEST(death_between_resolving_and_sending_again)
{
    const char *id;
    struct mqm_record r;
    pid_t a;

    begin("resolve", _i, (struct plan){.more = ", \"tries\": 1"});
    id = send_new(NULL, "fail=1");
    a = parked_after(id, NULL);
    await_settled(id);
    step("resolve", id);
    r = look_at(id);
    ck_assert_int_eq(r.state, MQM_OWED);
    ck_assert(r.flags & MQM_UNSENT);
    step("send", id);
    await_state(id, MQM_DONE);
    send_twice(id);
    ck_assert_int_eq(times('F', id, NULL), 1);
    await_at('D', id, st.mine, 2);
    ck_assert_int_eq(times('E', id, st.mine), 1);
    finish(a, id);
}
END_TEST

START_TEST(a_doubt_is_not_resolved_before_it_is_settled)
{
    struct mqm_record r;
    struct mqm_msg msg;
    const char *id;
    pid_t a;

    begin("settle", _i, (struct plan){.more = ", \"tries\": 2"});
    id = send_new(NULL, "die");
    ck_assert_int_eq(exit_of(consume(st.mine, NULL)), DIED);
    a = consume(st.mine, NULL);
    await_state(id, MQM_PARKED);
    r = look_at(id);
    msg = message(st.mine, id);
    ck_assert_int_gt(r.left_ms, 0);
    ck_assert_int_eq(mqm_resolve(st.m, &msg, r.token, MQM_FAILED), -EAGAIN);
    ck_assert_int_eq(mqm_resolve(st.m, &msg, r.token - 1, MQM_HANDLED),
                     MQM_LOST);
    resolve(id, MQM_HANDLED);
    ck_assert_int_eq(times('B', id, NULL), 1);
    finish(a, id);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tc = tcase_create("park");
    const TTest *const tests[] = {
        death_once_the_hook_has_the_body,
        death_once_the_parking_topic_has_the_body,
        death_once_the_record_is_parked,
        death_between_resolving_and_sending_again,
        a_doubt_is_not_resolved_before_it_is_settled,
    };

    if (argc == 5 && strcmp(argv[1], "resolve") == 0)
        return mode_step(argv + 2, 0);
    if (argc == 5 && strcmp(argv[1], "send") == 0)
        return mode_step(argv + 2, 1);
    helper(argc, argv);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        tcase_add_loop_test(tc, tests[i], 0, 2);
    return run_tests("e2e_park", tc);
}
