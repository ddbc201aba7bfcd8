/* SPDX-License-Identifier: MIT */
/* restore_redis.c - two programs in the middle of their work, and their Redis
 * loses what it was told last: no doubt, and nothing twice. */
#include "../redis_crash.h"
#include "guard.h"

enum { N = 40, TRIES = 3000 };

static struct redis_server server;
static struct mqm_claim claims[N];
static int verdicts[N];

static void serve(void)
{
    char url[64], more[256];

    server.synced = 2;
    ck_assert(redis_server_start(&server));
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
    m = open_on(url, ""); /* the store begins before the switch */
    snprintf(more, sizeof(more), ", \"switch\": true, \"cut\": \"50%%\", "
             "\"since\": %lld, \"clock_margin_ms\": 100, \"pause_ms\": 0, "
             "\"lease_ms\": 60000", (long long)now_ms() + 1);
    mqm_close(m);
    sleep_ms(300);
    m = open_on(url, more);
    other = open_on(url, more);
}

static void end_all(void)
{
    close_it();
    redis_server_end(&server);
}

/* m is on one side, other on the other. */
static mqm *who(int i)
{
    return i % 2 ? other : m;
}

static const char *side(int i)
{
    return i % 2 ? "rocketmq" : "kafka";
}

/* As an adapter does: again, as long as the store says later. */
static int acquire(mqm *by, struct mqm_claim *c)
{
    int r = mqm_acquire(by, c);

    for (int i = 0; r < 0 && i < TRIES; i++) {
        sleep_ms(10);
        r = mqm_acquire(by, c);
    }
    ck_assert_msg(r >= 0, "%d: %s", r, mqm_errmsg());
    return r;
}

static int succeed(mqm *by, struct mqm_claim *c)
{
    int r = mqm_release_on_success(by, c);

    for (int i = 0; r < 0 && i < TRIES; i++) {
        sleep_ms(10);
        r = mqm_release_on_success(by, c);
    }
    return r;
}

static void acquire_all(int from, int to)
{
    for (int i = from; i < to; i++) {
        claims[i] = claim(side(i), new_id());
        verdicts[i] = acquire(who(i), &claims[i]);
    }
}

/* Its other copy, and this one again. */
static void no_other_copy_is_granted(int i, int now)
{
    struct mqm_claim twin = claim(side(i + 1), claims[i].msg.id);
    struct mqm_claim again = claim(side(i), claims[i].msg.id);
    int ours = verdicts[i] == MQM_OK;
    int x = acquire(who(i + 1), &twin), y = acquire(who(i), &again);

    ck_assert_msg(x != MQM_DOUBT && y != MQM_DOUBT, "%d: in doubt", i);
    if (ours) {
        ck_assert_int_eq(x, MQM_SKIP);
        ck_assert_int_eq(y, now);
    } else { /* it is theirs, and nobody has begun */
        ck_assert_msg(x == MQM_OK, "%d: %d %s; %s", i, x, twin.why, said);
        ck_assert_int_eq(y, MQM_SKIP);
    }
}

/* Some are done, some are held, some are owed, when it falls; and how many of
 * these Redis forgets, or takes for what they were. */
START_TEST(no_doubt_and_none_twice)
{
    const char *unseen[N];

    for (int i = 0; i < N; i++)
        unseen[i] = new_id(); /* the lag */
    acquire_all(0, N / 2);
    redis_server_remember(&server);
    acquire_all(N / 2, N);
    for (int i = 0; i < N; i += 4) /* of both halves */
        for (int j = i; j < i + 2; j++)
            if (verdicts[j] == MQM_OK)
                ck_assert_int_eq(succeed(who(j), &claims[j]), MQM_OK);
    redis_server_lose(&server);
    for (int i = 0; i < N; i++)
        no_other_copy_is_granted(i, i % 4 < 2 ? MQM_SKIP : MQM_LATER);
    for (int i = 2; i < N; i += 4) /* their work ends */
        if (verdicts[i] == MQM_OK)
            ck_assert_int_eq(succeed(who(i), &claims[i]), MQM_OK);
    for (int i = 0; i < N; i++) {
        struct mqm_claim c = claim(side(i), unseen[i]);

        ck_assert_int_ne(acquire(who(i), &c), MQM_DOUBT);
    }
    ck_assert(was_said("records again"));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("restore_redis");

    tcase_add_checked_fixture(tc, serve, end_all);
    tcase_add_test(tc, no_doubt_and_none_twice);
    return run_case_for("restore_redis", tc, 120);
}
