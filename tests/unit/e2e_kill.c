/* SPDX-License-Identifier: MIT */
/* e2e_kill.c - consumers that are killed, and consumers that are stopped, in
 * the middle of a stream on real brokers.  Each test runs once on each side. */
#include "e2e_brokers.h"

enum { N = 60, ROUNDS = 3, WORK_MS = 50 };

static const char *id[N];

static void send_stream(void)
{
    char body[16];

    snprintf(body, sizeof(body), "ms=%d", WORK_MS);
    for (int i = 0; i < N; i++)
        id[i] = send_new(NULL, body);
}

static int handler_threads(void)
{
    return st.mine == side_names[0] ? 1 : 4;
}

/* How many were handled, or parked as doubts; each exactly once. */
static void tally(int *handled, int *doubts)
{
    *handled = *doubts = 0;
    for (int i = 0; i < N; i++) {
        struct mqm_record r = look_at(id[i]);
        int effects = times('E', id[i], NULL);

        ck_assert_msg(effects <= 1, "%s had %d effects", id[i], effects);
        ck_assert_msg(effects == 1 || r.state == MQM_PARKED,
                      "%s is lost: state %d", id[i], r.state);
        *handled += effects;
        *doubts += r.state == MQM_PARKED;
        ck_assert_str_eq(r.side, st.mine);
    }
}

/* Those that are neither done nor parked, by their numbers and states. */
static const char *open_ones(void)
{
    static char list[N * 8];
    size_t len = 0;

    list[0] = '\0';
    for (int i = 0; i < N; i++) {
        struct mqm_record r = look_at(id[i]);

        if (r.state != MQM_DONE && r.state != MQM_PARKED)
            len += (size_t)snprintf(list + len, sizeof(list) - len, " %d:%d", i,
                                    r.state);
    }
    return list;
}

static void await_all(void)
{
    int64_t until = now_ms() + 2 * PATIENCE_MS;
    const char *open;

    while (*(open = open_ones()) && now_ms() < until)
        sleep_ms(50);
    ck_assert_msg(!*open, "%s did not get%s", st.mine, open);
}

START_TEST(a_kill_leaves_a_doubt_a_thread_at_most)
{
    int handled, doubts;
    pid_t a, b;

    begin("kill", _i, (struct plan){0});
    b = consume(st.theirs, NULL);
    send_stream();
    for (int i = 1; i <= ROUNDS; i++) {
        a = consume(st.mine, NULL);
        await_times('E', NULL, i * N / (ROUNDS + 2));
        sleep_ms(i * 17);
        kill_now(a);
    }
    a = consume(st.mine, NULL);
    await_all();
    tally(&handled, &doubts);
    ck_assert_int_ge(handled + doubts, N);
    ck_assert_msg(doubts <= ROUNDS * handler_threads(), "%d doubts", doubts);
    ck_assert_int_eq(parked_at(st.mine), doubts);
    await_at('D', NULL, st.theirs, N);
    stop(a);
    stop(b);
    nothing_left();
    end();
}
END_TEST

static int no_held(void *user, const struct mqm_msg *msg,
                   const struct mqm_record *r)
{
    (void)user;
    ck_assert_msg(r->state == MQM_OWED, "%.*s is %d", (int)msg->id_len,
                  (const char *)msg->id, r->state);
    ck_assert_uint_eq(r->doubt, 0);
    return 0;
}

START_TEST(a_stop_leaves_no_doubt)
{
    int handled, doubts, r;
    pid_t a, b;

    begin("stop", _i, (struct plan){0});
    b = consume(st.theirs, NULL);
    send_stream();
    for (int i = 1; i <= ROUNDS; i++) {
        a = consume(st.mine, NULL);
        await_times('E', NULL, i * N / (ROUNDS + 2));
        stop(a);
        ck_assert_int_eq(times('B', NULL, NULL), times('E', NULL, NULL));
        r = mqm_pending(st.m, NULL, "issuer", "rewards", no_held, NULL);
        ck_assert_msg(r == 0, "%d %s", r, mqm_errmsg());
    }
    a = consume(st.mine, NULL);
    await_all();
    tally(&handled, &doubts);
    ck_assert_int_eq(handled, N);
    ck_assert_int_eq(doubts, 0);
    ck_assert_int_eq(times('B', NULL, NULL), N);
    await_at('D', NULL, st.theirs, N);
    stop(a);
    stop(b);
    ck_assert_int_eq(counted("doubtful"), 0);
    ck_assert_int_eq(counted("lost"), 0);
    nothing_left();
    end();
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tc = tcase_create("kill");

    helper(argc, argv);
    tcase_add_loop_test(tc, a_kill_leaves_a_doubt_a_thread_at_most, 0, 2);
    tcase_add_loop_test(tc, a_stop_leaves_no_doubt, 0, 2);
    return run_tests("e2e_kill", tc);
}
