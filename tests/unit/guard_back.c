/* SPDX-License-Identifier: MIT */
/* guard_back.c - the store goes back to what it was some time ago, and does not
 * know: whoever ends a claim that it has lost notices, puts a success on record
 * all the same, says so, and has what has no record in doubt from then on.
 */
#include "guard.h"

#include <sqlite3.h>

static char file[160];

static void open_file(void)
{
    char url[200];

    snprintf(file, sizeof(file), "%s", new_path("back.db"));
    snprintf(url, sizeof(url), "sqlite:%s", file);
    how.flags = MQM_NO_KEEPER;
    m = open_on(url, ", \"pause_ms\": 0");
}

/* Behind the library's back. */
static void behind(const char *sql)
{
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    sqlite3_close(db);
}

static unsigned long long went_back(void)
{
    struct mqm_stats s = MQM_STATS_INIT;

    ck_assert_int_eq(mqm_read_stats(m, &s), 0);
    return s.went_back;
}

static void is_in_doubt(const char *id)
{
    struct mqm_claim c = claim("kafka", id);

    ck_assert(was_said("the store has lost a claim"));
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_DOUBT);
}

START_TEST(test_a_success_whose_record_is_gone)
{
    const char *lost = new_id();
    struct mqm_claim a = claim("kafka", new_id()), b = a;

    open_file();
    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    behind("DELETE FROM cells");
    ck_assert_int_eq(mqm_release_on_success(m, &a), MQM_OK);
    ck_assert_str_eq(a.why, "the store went back");
    ck_assert_int_eq(look_at(m, a.msg.id).state, MQM_DONE);
    ck_assert_int_eq(mqm_acquire(m, &b), MQM_SKIP);
    ck_assert_uint_eq(went_back(), 1);
    is_in_doubt(lost);
}
END_TEST

START_TEST(test_a_success_whose_record_is_older)
{
    struct mqm_claim a = claim("kafka", new_id());

    open_file();
    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    ck_assert_int_eq(mqm_release_on_failure(m, &a), MQM_OK);
    behind("CREATE TABLE kept AS SELECT * FROM cells");
    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    behind("DELETE FROM cells; INSERT INTO cells SELECT * FROM kept");
    ck_assert_int_eq(look_at(m, a.msg.id).state, MQM_OWED);
    ck_assert_int_eq(mqm_release_on_success(m, &a), MQM_OK);
    ck_assert_int_eq(look_at(m, a.msg.id).state, MQM_DONE);
    ck_assert_uint_eq(went_back(), 1);
}
END_TEST

START_TEST(test_the_other_ends_notice)
{
    int (*const ends[])(mqm *, struct mqm_claim *) = {
        mqm_release_on_failure, mqm_hand_back, mqm_release_in_doubt,
        mqm_renew};
    const char *lost = new_id();
    struct mqm_claim a = claim("kafka", new_id());

    open_file();
    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    behind("DELETE FROM cells");
    ck_assert_int_eq(ends[_i](m, &a), MQM_LOST);
    ck_assert_uint_eq(went_back(), 1);
    is_in_doubt(a.msg.id);
    is_in_doubt(lost);
}
END_TEST

static int lose_it(void *user, const struct mqm_delivery *d)
{
    (void)d;
    behind("DELETE FROM cells");
    return *(int *)user;
}

START_TEST(test_run_puts_it_on_record)
{
    struct mqm_delivery d = delivery("kafka", new_id());
    int answer = MQM_HANDLED;

    open_file();
    ck_assert_int_eq(mqm_run(m, &d, 1, lose_it, &answer), MQM_OK);
    ck_assert_int_eq(look_at(m, d.msg.id).state, MQM_DONE);
    ck_assert_uint_eq(went_back(), 1);
}
END_TEST

/* A claim whose message has become another proves nothing. */
START_TEST(test_a_claim_that_is_mixed_up)
{
    struct mqm_claim a = claim("kafka", new_id());

    open_file();
    ck_assert_int_eq(mqm_acquire(m, &a), MQM_OK);
    a.msg.id = new_id();
    ck_assert_int_eq(mqm_release_on_success(m, &a), MQM_LOST);
    ck_assert_int_eq(look_at(m, a.msg.id).state, MQM_FREE);
    ck_assert_uint_eq(went_back(), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("guard_back");

    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_a_success_whose_record_is_gone);
    tcase_add_test(tc, test_a_success_whose_record_is_older);
    tcase_add_loop_test(tc, test_the_other_ends_notice, 0, 4);
    tcase_add_test(tc, test_run_puts_it_on_record);
    tcase_add_test(tc, test_a_claim_that_is_mixed_up);
    return run_case("guard_back", tc);
}
