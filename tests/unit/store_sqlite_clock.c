/* SPDX-License-Identifier: MIT */
/* store_sqlite_clock.c - the machine's wall clock is set, and nobody's record
 * becomes older or younger for it; a record of before a restart of the machine
 * is not younger than it was.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "../wall_clock.h"

#include "../sqlite_store.h"

#include <dlfcn.h>
#include <stdio.h>

#define HOUR_S INT64_C(3600)

static const char *boot_file; /* NULL: the machine's */

FILE *fopen(const char *name, const char *mode)
{
    FILE *(*real)(const char *, const char *);

    *(void **)&real = dlsym(RTLD_NEXT, "fopen");
    if (boot_file && strstr(name, "boot_id"))
        name = boot_file;
    return real(name, mode);
}

static int64_t age_of(void *h, const char *id)
{
    struct mqm_swap s = a_swap(id, MQM_ASK);

    ck_assert_int_eq(run(h, &s), MQM_LOST);
    ck_assert(s.now.version != 0);
    return s.now.age_ms;
}

static void begin(void)
{
    setup();
    wall_ahead_s = 0;
    boot_file = NULL;
}

START_TEST(an_age_is_time_that_went_by)
{
    static const int64_t hours[] = {1, -1, 24 * 365, 0};
    void *s = open_store(), *later;

    ck_assert_int_eq(put(s, "a"), MQM_OK);
    for (size_t i = 0; i < sizeof(hours) / sizeof(hours[0]); i++) {
        char id[8];
        int64_t age;

        wall_ahead_s = hours[i] * HOUR_S;
        snprintf(id, sizeof(id), "b%zu", i);
        later = open_store();
        age = age_of(later, "a");
        ck_assert_int_lt(age, 60000);
        sleep_ms(20);
        ck_assert_int_ge(age_of(s, "a"), age + 20);
        ck_assert_int_eq(put(later, id), MQM_OK);
        sleep_ms(20);
        ck_assert_int_ge(age_of(s, id), 20);
        ck_assert_int_lt(age_of(s, id), 60000);
        close_store(later);
    }
    close_store(s);
}
END_TEST

/* Nor is all of it due at once. */
START_TEST(nothing_is_forgotten_for_it)
{
    void *s = open_store();

    ck_assert_int_eq(put(s, "a"), MQM_OK);
    wall_ahead_s = 24 * HOUR_S;
    ck_assert_int_eq(tick(s), 0);
    ck_assert(has(s, "a"));
    close_store(s);
}
END_TEST

/* As after a restart: BOOTTIME itself begins anew then. */
START_TEST(another_boot_goes_on_from_the_newest)
{
    void *s = open_store();
    long was, is;

    ck_assert_int_eq(put(s, "a"), MQM_OK);
    close_store(s);
    raw("UPDATE meta SET name='clock of-before' WHERE name LIKE 'clock %'");
    raw("UPDATE cells SET changed_ms=changed_ms+3600000");
    was = raw_number("SELECT changed_ms FROM cells");
    s = open_store();
    ck_assert_int_lt(age_of(s, "a"), 60000);
    sleep_ms(20);
    ck_assert_int_ge(age_of(s, "a"), 20);
    ck_assert_int_eq(put(s, "b"), MQM_OK);
    close_store(s);
    is = raw_number("SELECT max(changed_ms) FROM cells");
    ck_assert_int_ge(is, was + 20);
    ck_assert_int_eq(raw_number("SELECT count(*) FROM meta"
                                " WHERE name LIKE 'clock %'"), 1);
}
END_TEST

/* A machine without a clock of its own, before it asked anybody. */
START_TEST(a_boot_that_began_in_1970)
{
    void *s;

    wall_ahead_s = -(int64_t)time(NULL);
    s = open_store();
    ck_assert_int_eq(put(s, "a"), MQM_OK);
    close_store(s);
    wall_ahead_s = 0;
    s = open_store();
    ck_assert_int_lt(age_of(s, "a"), 60000);
    sleep_ms(20);
    ck_assert_int_ge(age_of(s, "a"), 20);
    close_store(s);
}
END_TEST

START_TEST(where_no_boot_is_known_it_is_the_wall_clock)
{
    void *s;

    boot_file = "/nonexistent";
    s = open_store();
    ck_assert_int_eq(put(s, "a"), MQM_OK);
    wall_ahead_s = HOUR_S;
    ck_assert_int_ge(age_of(s, "a"), HOUR_S * 1000);
    close_store(s);
    ck_assert_int_eq(raw_number("SELECT count(*) FROM meta"
                                " WHERE name LIKE 'clock %'"), 0);
}
END_TEST

START_TEST(a_clock_that_is_none_is_refused)
{
    void *s = open_store();

    close_store(s);
    raw("UPDATE meta SET value=9223372036854775807 WHERE name LIKE 'clock %'");
    ck_assert_int_eq(open_with(&s, NULL, NULL), -EIO);
    said("its clock began at 9223372036854775807 ms");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("store_sqlite_clock");

    tcase_add_checked_fixture(tc, begin, teardown);
    tcase_add_test(tc, an_age_is_time_that_went_by);
    tcase_add_test(tc, nothing_is_forgotten_for_it);
    tcase_add_test(tc, another_boot_goes_on_from_the_newest);
    tcase_add_test(tc, a_boot_that_began_in_1970);
    tcase_add_test(tc, where_no_boot_is_known_it_is_the_wall_clock);
    tcase_add_test(tc, a_clock_that_is_none_is_refused);
    return run_sqlite_case("store_sqlite_clock", tc);
}
