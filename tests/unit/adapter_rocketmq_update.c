/* LIBS: -ldl */
/* SPDX-License-Identifier: MIT */
/* adapter_rocketmq_update.c - the client is not shut down while it takes over a
 * changed route, which it looks for 3 s after its beginning and each 30 s from
 * then on: a client of 1.2 would abort the program.
 */
#include "../quick_clock.h"

#include "../fakes/rocketmq_stub.h"

/* When it is closed, and when it may be shut down, since it began. */
static void closed_at(int64_t close_ms, int64_t least_ms, int64_t most_ms)
{
    int64_t began_ms = clock_ms();

    open_stub(NULL, NULL);
    start();
    atomic_fetch_add(&ahead_ns, close_ms * 1000000);
    fake.adapter->close(fake.self);
    ck_assert_int_ge(stub_shut_down_ms() - began_ms, least_ms);
    ck_assert_int_le(stub_shut_down_ms() - began_ms, most_ms);
}

/* The most is far, for busy machines, and less than the next least. */
START_TEST(at_once_where_it_rests)
{
    closed_at(0, 0, 2400);
}
END_TEST

START_TEST(at_once_where_it_rests_later)
{
    closed_at(10000, 10000, 32000);
}
END_TEST

START_TEST(after_its_first_look)
{
    closed_at(2900, 4100, 32000);
}
END_TEST

START_TEST(after_a_later_look)
{
    closed_at(63500, 64100, 92000);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        at_once_where_it_rests,
        at_once_where_it_rests_later,
        after_its_first_look,
        after_a_later_look,
    };

    return run_suite("adapter_rocketmq_update", tests,
                     sizeof(tests) / sizeof(tests[0]));
}
