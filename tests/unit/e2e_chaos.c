/* SPDX-License-Identifier: MIT */
/* e2e_chaos.c - all at once, on real brokers: two consumers a side that are
 * killed again and again, a cut that moves, messages that are sent twice.  What
 * is parked in the end is resolved by asking whoever knows, which is the book:
 * then every message has had its effect exactly once. */
#include "e2e_brokers.h"

enum { N = 120, KILLS = 10, CONSUMERS = 4, END_MS = 60000 };

static const char *id[N];
static pid_t who[CONSUMERS];

static void start_one(int k)
{
    who[k] = consume(side_names[k % 2], NULL);
}

static void send_one(int i)
{
    char key[16];

    snprintf(key, sizeof(key), "user-%d", rand() % 50);
    id[i] = new_id();
    send_as(NULL, id[i], key, i % 5 ? "ms=40" : "ms=40 fail=1");
    if (i % 4 == 0)
        send_as(NULL, id[i], "another", "ms=40");
}

static void run_wild(void)
{
    static const char *const cuts[] = {"0%", "30%", "100%", "70%", "50%"};

    for (int i = 0; i < N; i++) {
        send_one(i);
        if (i % (N / KILLS) != N / KILLS - 1)
            continue;
        kill_now(who[i / (N / KILLS) % CONSUMERS]);
        change("cut", cuts[rand() % 5]);
        sleep_ms(rand() % 400);
        start_one(i / (N / KILLS) % CONSUMERS);
    }
}

static void await_ends(int64_t until)
{
    for (int i = 0; i < N; i++) {
        struct mqm_record r;

        while ((r = look_at(id[i])).state != MQM_DONE &&
               r.state != MQM_PARKED && now_ms() < until)
            sleep_ms(50);
        ck_assert_msg(r.state == MQM_DONE || r.state == MQM_PARKED,
                      "%d: %s is %d on %s, from %s", i, id[i], r.state, r.side,
                      r.origin);
    }
}

/* As a resolver does: had it its effect?  If not, it is sent again. */
static int resolve_parked(void)
{
    int parked = 0;

    for (int i = 0; i < N; i++) {
        struct mqm_record r = look_at(id[i]);
        bool had = times('E', id[i], NULL) > 0;
        struct mqm_msg msg = message(r.side, id[i]);

        ck_assert_msg(r.state == MQM_PARKED || had, "%s is lost", id[i]);
        if (r.state != MQM_PARKED)
            continue;
        parked++;
        r = await_settled(id[i]);
        ck_assert_msg(mqm_resolve(st.m, &msg, r.token,
                                  had ? MQM_HANDLED : MQM_FAILED) == MQM_OK,
                      "%s", mqm_errmsg());
        if (!had)
            ck_assert_int_ge(send_again(r.side, id[i]), 1);
    }
    return parked;
}

START_TEST(every_effect_exactly_once)
{
    int parked;

    begin("chaos", _i, (struct plan){.more = ", \"clock_margin_ms\": 1000"});
    srand((unsigned)getpid());
    fprintf(stderr, "# seed %d\n", (int)getpid());
    change("switch", "on");
    change("cut", "50%");
    sleep_ms(1200);
    for (int k = 0; k < CONSUMERS; k++)
        start_one(k);
    run_wild();
    await_ends(now_ms() + END_MS);
    parked = resolve_parked();
    fprintf(stderr, "# %d were parked\n", parked);
    for (int i = 0; i < N; i++) {
        await_state(id[i], MQM_DONE);
        ck_assert_msg(times('E', id[i], NULL) == 1, "%s had %d effects", id[i],
                      times('E', id[i], NULL));
        ck_assert_int_eq(times('E', id[i], look_at(id[i]).side), 1);
    }
    await_no_lag("kafka");
    await_no_lag("rocketmq");
    for (int k = 0; k < CONSUMERS; k++)
        stop(who[k]);
    ck_assert_int_eq(given_up(), 0);
    end();
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tc = tcase_create("chaos");

    helper(argc, argv);
    tcase_add_loop_test(tc, every_effect_exactly_once, 0, 1);
    return run_tests("e2e_chaos", tc);
}
