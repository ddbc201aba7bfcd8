/* SPDX-License-Identifier: MIT */
/* e2e_broker.c - a broker that is killed and started again, while consumers
 * work and while a producer sends.  On brokers of its own: others would miss
 * those they share. */
#include "e2e_brokers.h"

enum { N = 40, HALF = N / 2, DOWN_MS = 1500 };

static const char *id[N];
static char own[] = "/tmp/mqm-e2e-brokers.XXXXXX";

static int up(const char *side)
{
    bool kafka = side == side_names[0];
    const char *at = need_env(kafka ? "MQM_TEST_KAFKA" : "MQM_TEST_ROCKETMQ");

    return sh("scripts/%s up %s/%s %s >&2", side, own, side,
              strchr(at, ':') + 1);
}

static int down(const char *side)
{
    return sh("scripts/%s kill %s/%s >&2", side, own, side);
}

static void await_all_once(void)
{
    for (int i = 0; i < N; i++) {
        await_state(id[i], MQM_DONE);
        ck_assert_int_eq(times('E', id[i], NULL), 1);
        ck_assert_int_eq(times('B', id[i], NULL), 1);
    }
}

/* Kafka's consumers come back within seconds; RocketMQ's client asks for
 * routes each 30 s and rebalances each 10 s.  Both brokers are gone for a
 * while, and each of them alone. */
START_TEST(consumers_go_on_after_their_brokers_were_killed)
{
    pid_t a, b;

    begin("killed", 0, (struct plan){.more = ", \"clock_margin_ms\": 1000"});
    change("switch", "on");
    change("cut", "50%");
    sleep_ms(1200);
    a = consume(st.mine, NULL);
    b = consume(st.theirs, NULL);
    for (int i = 0; i < HALF; i++)
        id[i] = send_new(NULL, "ms=60");
    await_at('E', NULL, st.mine, 2);
    await_at('E', NULL, st.theirs, 2);
    ck_assert_int_eq(down("rocketmq"), 0);
    sleep_ms(500);
    ck_assert_int_eq(down("kafka"), 0);
    sleep_ms(DOWN_MS);
    ck_assert_int_eq(up("rocketmq"), 0);
    ck_assert_int_eq(up("kafka"), 0);
    /* A handle of its own: the old one's client may still wait. */
    mqm_close(st.m);
    open_handle();
    for (int i = HALF; i < N; i++)
        id[i] = send_new(NULL, "x");
    await_all_once();
    ck_assert_int_gt(times('E', NULL, st.mine), 0);
    ck_assert_int_gt(times('E', NULL, st.theirs), 0);
    for (int i = 0; i < N; i++)
        await_at('D', id[i], NULL, 1);
    stop(a);
    stop(b);
    nothing_left();
    end();
}
END_TEST

START_TEST(publishing_with_one_broker_down_is_repeated)
{
    const char *which;
    pid_t a, b;
    int r;

    begin("publish", _i, (struct plan){
        .kafka = ", \"producer.message.timeout.ms\": \"1500\"",
        .rocketmq = ", \"send_timeout_ms\": \"1500\""});
    which = new_id();
    ck_assert_int_eq(down(st.theirs), 0);
    r = try_send(NULL, which, "user-7", "x");
    ck_assert_int_lt(r, 0);
    fprintf(stderr, "# %d: %s\n", r, mqm_errmsg());
    ck_assert_ptr_nonnull(strstr(mqm_errmsg(), st.theirs));
    ck_assert_int_eq(up(st.theirs), 0);
    for (int64_t until = now_ms() + PATIENCE_MS; now_ms() < until;) {
        r = try_send(NULL, which, "user-7", "x");
        if (r == 0)
            break;
        sleep_ms(200);
    }
    ck_assert_msg(r == 0, "%d: %s", r, mqm_errmsg());
    ck_assert_int_ge(count_of(st.theirs, st.topic), 1);
    ck_assert_int_ge(count_of(st.mine, st.topic), 2);
    a = consume(st.mine, NULL);
    b = consume(st.theirs, NULL);
    await_state(which, MQM_DONE);
    await_at('D', which, st.mine, 1);
    await_at('D', which, st.theirs, 1);
    ck_assert_int_eq(times('B', which, NULL), 1);
    ck_assert_int_eq(times('B', which, st.mine), 1);
    stop(a);
    stop(b);
    nothing_left();
    end();
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tc = tcase_create("broker");
    char kafka[32], rocketmq[32];
    int port = 22000 + getpid() % 200 * 20, failed;

    helper(argc, argv);
    snprintf(kafka, sizeof(kafka), "127.0.0.1:%d", port);
    snprintf(rocketmq, sizeof(rocketmq), "127.0.0.1:%d", port + 10);
    setenv("MQM_TEST_KAFKA", kafka, 1);
    setenv("MQM_TEST_ROCKETMQ", rocketmq, 1);
    if (!mkdtemp(own) || setenv("MQM_TEST_SERVERS", own, 1) ||
        up(side_names[0]) || up(side_names[1])) {
        fprintf(stderr, "no brokers can be started\n");
        return 1;
    }
    tcase_add_test(tc, consumers_go_on_after_their_brokers_were_killed);
    tcase_add_loop_test(tc, publishing_with_one_broker_down_is_repeated, 0, 2);
    failed = run_tests("e2e_broker", tc);
    down(side_names[0]);
    down(side_names[1]);
    return sh("rm -rf %s", own) || failed;
}
