/* SPDX-License-Identifier: MIT */
/* store_sqlite.c - what only the sqlite store has: its settings, a writer that
 * holds the file for too long, a file that is not the same any more.
 * store_sqlite_*.c have kills, faults, damage, shares and forgetting.
 */
#include "../sqlite_store.h"

START_TEST(settings)
{
    void *s = NULL;

    ck_assert_int_eq(open_with(&s, "durability", "none"), -EINVAL);
    ck_assert(strstr(fake_failure, "process"));
    ck_assert_int_eq(open_with(&s, "durability", "process"), 0);
    ck_assert_int_eq(put(s, "a"), MQM_OK);
    close_store(s);
}
END_TEST

/* A batch is created by few statements; whichever of it are there already, the
 * others are. */
START_TEST(some_are_there)
{
    enum { BATCH = 21 };
    char ids[BATCH][16];
    struct mqm_swap c[BATCH];
    struct mqm_swap *all[BATCH];

    for (int first = 0; first < BATCH; first++) {
        int second = (first * 5 + 3) % BATCH;
        void *s = open_as("durability", "process");

        for (int i = 0; i < BATCH; i++) {
            snprintf(ids[i], sizeof(ids[i]), "%d.%d", first, i);
            c[i] = a_swap(ids[i], 0);
            c[i].value = ids[i];
            c[i].len = strlen(ids[i]);
            all[i] = &c[i];
        }
        ck_assert_int_eq(put(s, ids[first]), MQM_OK);
        put(s, ids[second]);
        ck_assert_int_eq(swap(s, all, BATCH), MQM_OK);
        for (int i = 0; i < BATCH; i++) {
            int old = i == first || i == second;
            struct mqm_swap ask = a_swap(ids[i], MQM_ASK);

            ck_assert_int_eq(c[i].result, old ? MQM_LOST : MQM_OK);
            ck_assert_int_eq(run(s, &ask), MQM_LOST);
            ck_assert(ask.now.version == c[i].now.version);
            ck_assert_uint_eq(ask.now.len, old ? 1 : strlen(ids[i]));
            ck_assert(memcmp(ask.now.value, old ? "x" : ids[i],
                             ask.now.len) == 0);
        }
        close_store(s);
    }
}
END_TEST

START_TEST(a_held_lock_is_a_limit)
{
    void *s = open_as("timeout_ms", "500");
    struct mqm_swap swaps[3] = {a_swap("a", 0), a_swap("b", 0), a_swap("c", 7)};
    struct mqm_swap *all[3] = {&swaps[0], &swaps[1], &swaps[2]};
    sqlite3 *db = NULL;
    int64_t t0;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), 0);
    t0 = now_ms();
    ck_assert_int_eq(swap(s, all, 3), -EAGAIN);
    ck_assert_int_ge(now_ms() - t0, 480);
    said("kept it busy for all of store.timeout_ms");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(swaps[i].result, -EAGAIN);
    ck_assert_int_eq(has(s, "a"), 0); /* who only asks is not held up */
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);
    ck_assert_int_eq(swap(s, all, 3), MQM_OK);
    ck_assert_int_eq(swaps[0].result, MQM_OK);
    ck_assert_int_eq(swaps[1].result, MQM_OK);
    ck_assert_int_eq(swaps[2].result, MQM_LOST);
    close_store(s);
}
END_TEST

/* What was there is in doubt, and what is born from now on is not. */
static void goes_on_with_another(void *s, const struct mqm_swap *born_before)
{
    int64_t from = 0, created = 0, before = now_ms();
    struct mqm_swap again = *born_before;

    ck_assert_int_eq(put(s, "b"), -ESTALE);
    said("deleted or replaced");
    ck_assert_int_eq(run(s, &again), MQM_DOUBT);
    ck_assert_int_eq(mqm__store_sqlite.store->memory(s, "shop/issuer/rewards",
                                                     0, &from, &created),
                     0);
    ck_assert_int_gt(from, again.key.born_ms);
    ck_assert_int_ge(from, before + fake_margin_ms); /* their clocks */
    sleep_ms(2);
    again = a_swap("c", 0);
    again.key.born_ms = from - 1;
    ck_assert_int_eq(run(s, &again), MQM_DOUBT);
    again.key.born_ms = from;
    ck_assert_int_eq(run(s, &again), MQM_OK);
}

START_TEST(a_replaced_file)
{
    void *s = open_store(), *other;
    char name[80];
    struct mqm_swap swap;

    fake_margin_ms = 60000;
    ck_assert_int_eq(put(s, "a"), MQM_OK);
    swap = a_swap("b", 0);
    snprintf(name, sizeof(name), "%s.old", path);
    ck_assert_int_eq(rename(path, name), 0);
    sleep_ms(5);
    other = open_store(); /* a new one in its place */
    goes_on_with_another(s, &swap);
    ck_assert_int_eq(put(other, "c"), MQM_LOST);
    close_store(other);
    close_store(s);
}
END_TEST

static void a_deleted(const char *const *tails, int n)
{
    void *s = open_store();
    struct mqm_swap swap = a_swap("a", 0);
    char name[80];

    ck_assert_int_eq(run(s, &swap), MQM_OK);
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "%s%s", path, tails[i]);
        ck_assert_int_eq(unlink(name), 0);
    }
    sleep_ms(5);
    goes_on_with_another(s, &swap);
    close_store(s);
    s = open_store();
    ck_assert(has(s, "c"));
    ck_assert_int_eq(run(s, &swap), MQM_DOUBT); /* it is kept in mind */
    close_store(s);
}

START_TEST(a_deleted_file)
{
    a_deleted((const char *const[]){""}, 1);
}
END_TEST

START_TEST(all_files_deleted)
{
    a_deleted((const char *const[]){"", "-wal", "-shm", "-turn"}, 4);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("sqlite");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, settings);
    tcase_add_test(tc, some_are_there);
    tcase_add_test(tc, a_held_lock_is_a_limit);
    tcase_add_test(tc, a_replaced_file);
    tcase_add_test(tc, a_deleted_file);
    tcase_add_test(tc, all_files_deleted);
    return run_sqlite_case("store_sqlite", tc);
}
