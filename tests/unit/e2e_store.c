/* SPDX-License-Identifier: MIT */
/* e2e_store.c - the store goes away for some seconds while both sides consume
 * from real brokers: everything waits, nothing is dropped, all goes on by
 * itself. */
#include "e2e_brokers.h"

#include "../free_port.h"

enum { N = 40, HALF = N / 2, DOWN_MS = 3000 };

static const char *id[N];

static void send_some(int from, int to)
{
    for (int i = from; i < to; i++)
        id[i] = send_new(NULL, "ms=40");
}

/* Each exactly once, all done, and what was parked is said. */
static void all_once(void)
{
    int doubts = 0;

    for (int i = 0; i < N; i++) {
        int64_t until = now_ms() + PATIENCE_MS;
        struct mqm_record r;

        while ((r = look_at(id[i])).state != MQM_DONE &&
               r.state != MQM_PARKED && now_ms() < until)
            sleep_ms(50);
        ck_assert_msg(r.state == MQM_DONE || r.state == MQM_PARKED,
                      "%d: %s is %d", i, id[i], r.state);
        doubts += r.state == MQM_PARKED;
        ck_assert_msg(times('E', id[i], NULL) <= 1, "%s twice", id[i]);
        ck_assert_msg(times('E', id[i], NULL) == 1 || r.state == MQM_PARKED,
                      "%s is lost", id[i]);
    }
    fprintf(stderr, "# parked as doubts: %d\n", doubts);
    /* The outage was longer than a lease; who held one told its end late, but
     * nobody else can have taken it over. */
    ck_assert_int_eq(doubts, 0);
}

/* Half of the messages are worked on, then the store goes: */
static void run_into_it(pid_t *a, pid_t *b)
{
    change("switch", "on");
    change("cut", "50%");
    sleep_ms(1200);
    *a = consume(st.mine, NULL);
    *b = consume(st.theirs, NULL);
    send_some(0, HALF);
    await_times('E', NULL, 3);
}

/* and comes back. */
static void run_out_of_it(pid_t a, pid_t b)
{
    all_once();
    await_at('D', NULL, NULL, N);
    stop(a);
    stop(b);
    ck_assert_int_eq(times('B', NULL, NULL), N);
    nothing_left();
    end();
}

START_TEST(redis_dies_and_comes_back_with_its_data)
{
    char dir[] = "/tmp/mqm-e2e-redis.XXXXXX", url[64];
    int port = free_ports(1);
    pid_t a, b;
    int before;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(sh("scripts/redis up %s %d 'appendfsync always' >&2", dir,
                        port), 0);
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", port);
    begin("redis", _i, (struct plan){
        .store = url, .more = ", \"clock_margin_ms\": 1000"});
    run_into_it(&a, &b);
    ck_assert_int_eq(sh("scripts/redis kill %s >&2", dir), 0);
    send_some(HALF, N);
    sleep_ms(500); /* what was begun ends */
    before = times('B', NULL, NULL);
    sleep_ms(DOWN_MS);
    ck_assert_int_eq(times('B', NULL, NULL), before);
    ck_assert_int_lt(before, N);
    ck_assert_int_eq(sh("scripts/redis up %s %d 'appendfsync always' >&2", dir,
                        port), 0);
    run_out_of_it(a, b);
    ck_assert_int_eq(sh("scripts/redis kill %s >&2; rm -rf %s", dir, dir), 0);
}
END_TEST

START_TEST(sqlite_is_locked_by_another_process)
{
    char line[128];
    sqlite3 *db = NULL;
    pid_t a, b;
    int before;

    begin("locked", _i, (struct plan){
        .more = ", \"clock_margin_ms\": 1000"});
    run_into_it(&a, &b);
    ck_assert_int_eq(sqlite3_open(st.db, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    snprintf(line, sizeof(line), "BEGIN EXCLUSIVE");
    ck_assert_int_eq(sqlite3_exec(db, line, NULL, NULL, NULL), SQLITE_OK);
    send_some(HALF, N);
    sleep_ms(500);
    before = times('B', NULL, NULL);
    sleep_ms(DOWN_MS);
    ck_assert_int_eq(times('B', NULL, NULL), before);
    ck_assert_int_lt(before, N);
    ck_assert_int_eq(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    run_out_of_it(a, b);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tc = tcase_create("store");

    helper(argc, argv);
    tcase_add_loop_test(tc, redis_dies_and_comes_back_with_its_data, 0, 2);
    tcase_add_loop_test(tc, sqlite_is_locked_by_another_process, 0, 2);
    return run_tests("e2e_store", tc);
}
