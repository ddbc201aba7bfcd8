/* SPDX-License-Identifier: MIT */
/* store_sqlite_memory.c - SQLite has no memory for something, each thing in
 * turn: the store says so, and never that nothing is wrong. */
#include "../sqlite_store.h"

#include <limits.h>

static sqlite3_mem_methods real;
static long asked, victim; /* the victim-th that is asked for fails */

static void *get(int size)
{
    return ++asked == victim ? NULL : real.xMalloc(size);
}

static void *get_more(void *p, int size)
{
    return ++asked == victim ? NULL : real.xRealloc(p, size);
}

static void take_over(void)
{
    sqlite3_mem_methods ours;

    ck_assert_int_eq(sqlite3_shutdown(), SQLITE_OK);
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real), 0);
    ours = real;
    ours.xMalloc = get;
    ours.xRealloc = get_more;
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), 0);
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), 0);
    ck_assert_int_eq(sqlite3_initialize(), SQLITE_OK);
}

START_TEST(each_in_turn)
{
    int refused = 0;
    void *s;

    take_over();
    if (_i) /* not the first time that it is opened */
        close_store(open_store());
    for (long n = 1; asked >= victim; n++) {
        int r;

        asked = 0;
        victim = n;
        s = NULL;
        r = open_with(&s, NULL, NULL);
        victim = LONG_MAX;
        if (r < 0) {
            ck_assert_msg(strstr(fake_failure, "memory"), "%ld: %d %s", n, r,
                          fake_failure);
            refused++;
        } else {
            ck_assert_int_ge(put(s, "a"), 0);
        }
        close_store(s);
        victim = n;
    }
    ck_assert_int_gt(refused, 50);
    victim = 0;
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("memory");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, each_in_turn, 0, 2);
    return run_sqlite_case("store_sqlite_memory", tc);
}
