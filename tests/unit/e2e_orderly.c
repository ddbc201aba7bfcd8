/* SPDX-License-Identifier: MIT */
/* e2e_orderly.c - order on real brokers: what stands behind a message that
 * failed waits for it, on RocketMQ in orderly mode and on Kafka. */
#include "e2e_brokers.h"

enum { N = 12, FAILING = 4 };

START_TEST(nothing_overtakes_a_failed_one)
{
    const char *id[N];
    pid_t a, b;
    int n, k = 0;

    begin("order", _i, (struct plan){
        .parts = 1, .rocketmq = ", \"mode\": \"orderly\""});
    for (int i = 0; i < N; i++)
        id[i] = send_new(NULL, i % FAILING == 1 ? "fail=2" : "x");
    a = consume(st.mine, NULL);
    b = consume(st.theirs, NULL);
    for (int i = 0; i < N; i++)
        await_state(id[i], MQM_DONE);
    n = read_book();
    for (int i = 0; i < n; i++) {
        if (book[i].what == 'D')
            continue;
        ck_assert_int_lt(k, N);
        ck_assert_msg(strcmp(book[i].id, id[k]) == 0, "%c of %s before %d",
                      book[i].what, book[i].id, k);
        ck_assert_int_eq(book[i].tries, 0);
        k += book[i].what == 'E';
    }
    ck_assert_int_eq(k, N);
    ck_assert_int_eq(times('F', NULL, st.mine), 2 * N / FAILING);
    await_at('D', NULL, st.theirs, N);
    stop(a);
    stop(b);
    nothing_left();
    ck_assert_int_eq(sent_back(), 0);
    end();
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tc = tcase_create("orderly");

    helper(argc, argv);
    tcase_add_loop_test(tc, nothing_overtakes_a_failed_one, 0, 2);
    return run_tests("e2e_orderly", tc);
}
