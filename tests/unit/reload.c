/* SPDX-License-Identifier: MIT */
/* reload.c - the configuration changes under a handle that runs: in force
 * within a second if it is whole and valid, and not at all if it is not.
 * Rule 9, the rest of it: reload_stale.c.
 */
#include "reloads.h"

#include <sys/stat.h>

enum { PATIENCE_MS = 30000 };

/* That cut is in force in the end; the ms until then. */
static int64_t await_cut(int want)
{
    const int64_t t0 = now_ms();

    while (cut_now() != want && now_ms() - t0 < PATIENCE_MS)
        sleep_ms(20);
    ck_assert_int_eq(cut_now(), want);
    return now_ms() - t0;
}

/* Not more than a second, when the machine has time for it. */
START_TEST(test_renamed_over)
{
    int64_t ms, least = PATIENCE_MS;

    open_file(on("0%", ""));
    ck_assert_int_eq(cut_now(), 0);
    for (int cut = 10; cut < 40; cut += 10) {
        char percent[16];

        snprintf(percent, sizeof(percent), "%d%%", cut);
        rename_over(on(percent, ""));
        ms = await_cut(cut);
        least = ms < least ? ms : least;
    }
    ck_assert_int_le(least, 1000);
}
END_TEST

START_TEST(test_rewritten_in_place)
{
    open_file(on("10%", ""));
    write_file(path, on("20%", "")); /* of the same size */
    await_cut(20);
    write_file(path, on("30%", ""));
    await_cut(30);
}
END_TEST

START_TEST(test_half_written_is_not_in_force)
{
    const char *text;

    open_file(on("10%", ""));
    text = config_text("memory:", on("20%", ""));
    write_to(path, text, strlen(text) / 2);
    sleep_ms(1200);
    ck_assert_int_eq(cut_now(), 10);
    write_to(path, "", 0); /* truncated: somebody begins to write */
    sleep_ms(700);
    ck_assert_int_eq(mqm_reload(m), -EAGAIN);
    ck_assert_int_eq(cut_now(), 10);
    text = config_text("memory:", on("20%", ""));
    write_to(path, text, strlen(text));
    await_cut(20);
}
END_TEST

START_TEST(test_broken_keeps_the_old_and_says_where)
{
    open_file(on("10%", ""));
    rename_over(on("101%", ""));
    ck_assert_int_lt(mqm_reload(m), 0);
    ck_assert_msg(strstr(mqm_errmsg(), "cut") != NULL, "%s", mqm_errmsg());
    ck_assert_msg(strstr(mqm_errmsg(), path) != NULL, "%s", mqm_errmsg());
    ck_assert_int_lt(mqm_reload(m), 0); /* as long as it is */
    ck_assert_msg(strstr(mqm_errmsg(), "cut") != NULL, "%s", mqm_errmsg());
    ck_assert_int_eq(cut_now(), 10);
    ck_assert(was_said("the old policy stays in force"));
    ck_assert(was_said(path));
    rename_over(on("20%", ""));
    ck_assert_int_eq(mqm_reload(m), 0);
    ck_assert_int_eq(cut_now(), 20);
}
END_TEST

START_TEST(test_broken_while_somebody_writes)
{
    struct stat st;

    open_file(on("10%", ""));
    rename_over(on("101%", ""));
    ck_assert_int_lt(mqm_reload(m), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert_int_eq(mqm_reload(m), -EAGAIN);
    write_file(path, on("101%", ""));
    ck_assert_int_eq(mqm_reload(m), -EINVAL);
    ck_assert_int_eq(cut_now(), 10);
}
END_TEST

START_TEST(test_since_does_not_move)
{
    open_file(on("10%", ""));
    rename_over(", \"switch\": true, \"cut\": \"20%\", \"since\": "
                "\"2024-01-01T00:00:00Z\"");
    ck_assert_int_eq(mqm_reload(m), -EINVAL);
    ck_assert_msg(strstr(mqm_errmsg(), "since") != NULL, "%s", mqm_errmsg());
    ck_assert_int_eq(cut_now(), 10);
}
END_TEST

START_TEST(test_removed_and_back)
{
    char away[256];

    open_file(on("10%", ""));
    snprintf(away, sizeof(away), "%s.away", path);
    ck_assert_int_eq(rename(path, away), 0);
    ck_assert_int_eq(mqm_reload(m), -ENOENT);
    ck_assert_int_eq(cut_now(), 10);
    ck_assert(was_said(path));
    ck_assert_int_eq(rename(away, path), 0);
    ck_assert_int_eq(mqm_reload(m), 0);
}
END_TEST

static void link_to(const char *target)
{
    char beside[256];

    snprintf(beside, sizeof(beside), "%s.link", path);
    ck_assert_int_eq(symlink(target, beside), 0);
    ck_assert_int_eq(rename(beside, path), 0);
}

START_TEST(test_link_switched_removed_and_back)
{
    char one[200], two[200];

    snprintf(one, sizeof(one), "%s", new_path("one"));
    snprintf(two, sizeof(two), "%s", new_path("two"));
    snprintf(path, sizeof(path), "%s", new_path("link"));
    write_file(one, on("10%", ""));
    write_file(two, on("20%", ""));
    sleep_ms(2100); /* so old that their stamps are believed */
    link_to(one);
    open_path();
    link_to(two);
    await_cut(20);
    link_to(one);
    await_cut(10);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mqm_reload(m), -ENOENT);
    link_to(one); /* the very same file */
    ck_assert_int_eq(mqm_reload(m), 0);
    ck_assert_int_eq(mqm_reload(m), 0);
    write_file(two, on("101%", ""));
    sleep_ms(2100);
    link_to(two);
    ck_assert_int_eq(mqm_reload(m), -EINVAL);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mqm_reload(m), -ENOENT);
    link_to(two); /* the very same, and broken as before */
    ck_assert_int_eq(mqm_reload(m), -EINVAL);
    ck_assert_msg(strstr(mqm_errmsg(), "cut") != NULL, "%s", mqm_errmsg());
    ck_assert_int_eq(cut_now(), 10);
}
END_TEST

START_TEST(test_change_is_seen)
{
    open_file(on("0%", ""));
    ck_assert_msg(mqm_change(path, NULL, "rewards", "cut", "25%") == 0, "%s",
                  mqm_errmsg());
    await_cut(25);
    ck_assert_int_eq(mqm_change(path, NULL, "rewards", "cut", "125%"), -EINVAL);
    sleep_ms(700);
    ck_assert_int_eq(cut_now(), 25);
}
END_TEST

START_TEST(test_tick_does_it_without_a_keeper)
{
    how.flags = MQM_NO_KEEPER;
    open_file(on("0%", ""));
    rename_over(on("50%", ""));
    sleep_ms(700);
    ck_assert_int_eq(cut_now(), 0);
    ck_assert_int_eq(mqm_tick(m), 0);
    ck_assert_int_eq(cut_now(), 50);
}
END_TEST

static void *claim_on_kafka(void *id)
{
    struct mqm_claim k = claim("kafka", id);

    return mqm_acquire(m, &k) == MQM_OK ? id : NULL;
}

/* Decided in time, it waits behind another thread's call until its policy is
 * too old: what waits is not sent any more. */
START_TEST(test_rule_09_what_waits_grows_old)
{
    char id[] = "3f0c8a4e-55a1-4c7e-9d5a-0a4b7c9e2d11";
    struct mqm_claim r;
    pthread_t slow;
    void *told;
    int before;

    how.flags = MQM_NO_KEEPER;
    store = "fault:";
    open_file(on("0%", ", \"policy_max_age_ms\": 1000"));
    atomic_store(&the_fault()->delay_ms, 1500);
    before = atomic_load(&the_fault()->calls);
    ck_assert_int_eq(pthread_create(&slow, NULL, claim_on_kafka, id), 0);
    while (atomic_load(&the_fault()->calls) == before)
        sleep_ms(1);
    atomic_store(&the_fault()->delay_ms, 0);
    r = claim("rocketmq", new_id());
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_LATER);
    ck_assert_str_eq(r.why, "policy is stale");
    ck_assert_int_eq(look_at(m, r.msg.id).state, MQM_FREE);
    ck_assert_int_eq(pthread_join(slow, &told), 0);
    ck_assert_ptr_eq(told, id);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("reload");

    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_renamed_over);
    tcase_add_test(tc, test_rewritten_in_place);
    tcase_add_test(tc, test_half_written_is_not_in_force);
    tcase_add_test(tc, test_broken_keeps_the_old_and_says_where);
    tcase_add_test(tc, test_broken_while_somebody_writes);
    tcase_add_test(tc, test_since_does_not_move);
    tcase_add_test(tc, test_removed_and_back);
    tcase_add_test(tc, test_link_switched_removed_and_back);
    tcase_add_test(tc, test_change_is_seen);
    tcase_add_test(tc, test_tick_does_it_without_a_keeper);
    tcase_add_test(tc, test_rule_09_what_waits_grows_old);
    return run_case("reload", tc);
}
