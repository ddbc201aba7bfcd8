/* SPDX-License-Identifier: MIT */
/* reload.c - the configuration changes under a handle that runs: in force
 * within a second if it is whole and valid, and not at all if it is not.
 * Rule 9: a policy that cannot be confirmed gives nothing away.
 */
#include "guard.h"

#include <sys/stat.h>

static char path[200];

static void write_to(const char *where, const char *text, size_t len)
{
    FILE *f = fopen(where, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static const char *store = "memory:";

static void write_file(const char *where, const char *more)
{
    const char *text = config_text(store, more);

    write_to(where, text, strlen(text));
}

static void rename_over(const char *more)
{
    char beside[256];

    snprintf(beside, sizeof(beside), "%s.new", path);
    write_file(beside, more);
    ck_assert_int_eq(rename(beside, path), 0);
}

static void open_path(void)
{
    struct mqm_options o = how;

    o.config = path;
    o.log = hear;
    ck_assert_msg(mqm_open(&m, &o) == 0, "%s", mqm_errmsg());
}

static void open_file(const char *more)
{
    snprintf(path, sizeof(path), "%s", new_path("mqm.json"));
    write_file(path, more);
    open_path();
}

static int note_cut(void *user, const struct mqm_topic_info *info)
{
    *(int *)user = (int)(info->cut_ppm / 10000);
    return 0;
}

static int cut_now(void)
{
    int cut = -1;

    ck_assert_int_eq(mqm_topics(m, note_cut, &cut), 0);
    return cut;
}

static int cut_after_ms(int want, int ms)
{
    for (; cut_now() != want && ms > 0; ms -= 20)
        sleep_ms(20);
    return cut_now();
}

static const char *on(const char *cut, const char *more)
{
    static char since[32], text[4096];

    if (!since[0])
        snprintf(since, sizeof(since), "%lld", (long long)now_ms() - 60000);
    snprintf(text, sizeof(text), ", \"switch\": true, \"cut\": \"%s\", "
             "\"since\": %s %s", cut, since, more);
    return text;
}

START_TEST(test_renamed_over)
{
    open_file(on("0%", ""));
    ck_assert_int_eq(cut_now(), 0);
    for (int cut = 10; cut < 40; cut += 10) {
        char percent[16];

        snprintf(percent, sizeof(percent), "%d%%", cut);
        rename_over(on(percent, ""));
        ck_assert_int_eq(cut_after_ms(cut, 1000), cut);
    }
}
END_TEST

START_TEST(test_rewritten_in_place)
{
    open_file(on("10%", ""));
    write_file(path, on("20%", "")); /* of the same size */
    ck_assert_int_eq(cut_after_ms(20, 1000), 20);
    write_file(path, on("30%", ""));
    ck_assert_int_eq(cut_after_ms(30, 1000), 30);
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
    ck_assert_int_eq(cut_after_ms(20, 1000), 20);
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
    ck_assert_int_eq(cut_after_ms(20, 1000), 20);
    link_to(one);
    ck_assert_int_eq(cut_after_ms(10, 1000), 10);
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
    ck_assert_int_eq(cut_after_ms(25, 1000), 25);
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

START_TEST(test_rule_09_unconfirmed_gives_nothing_away)
{
    struct mqm_claim r, k;
    char away[256];

    open_file(on("0%", ", \"policy_max_age_ms\": 1000"));
    snprintf(away, sizeof(away), "%s.away", path);
    r = claim("rocketmq", new_id());
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_SKIP);
    ck_assert_int_eq(rename(path, away), 0);
    sleep_ms(1700);
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_SKIP); /* on record already */
    r = claim("rocketmq", new_id());
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_LATER);
    ck_assert_str_eq(r.why, "policy is stale");
    ck_assert_int_lt(mqm_should_consume(m, &r.msg), 0);
    ck_assert_int_eq(look_at(m, r.msg.id).state, MQM_FREE);
    k = claim("kafka", r.msg.id);
    ck_assert_int_eq(mqm_acquire(m, &k), MQM_OK); /* own work goes on */
    ck_assert_int_eq(rename(away, path), 0);
    sleep_ms(1200);
    r = claim("rocketmq", new_id());
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_SKIP);
}
END_TEST

START_TEST(test_rule_09_inline_is_always_confirmed)
{
    struct mqm_claim r;

    how.flags = MQM_NO_KEEPER;
    open_with(", \"policy_max_age_ms\": 1000");
    sleep_ms(1100);
    r = claim("rocketmq", new_id());
    ck_assert_int_eq(mqm_acquire(m, &r), MQM_SKIP);
}
END_TEST

/* The cut moves while a handler works, and the rest of that call still knows
 * the old one only. */
static int change_the_cut(void *user, const struct mqm_delivery *d)
{
    (void)d;
    rename_over(user);
    ck_assert_int_eq(cut_after_ms(100, 1000), 100);
    sleep_ms(1300);
    return MQM_HANDLED;
}

START_TEST(test_rule_09_an_overtaken_policy_is_not_confirmed)
{
    struct mqm_delivery d[2];
    char more[100], changed[4096];

    snprintf(more, sizeof(more), ", \"policy_max_age_ms\": 1000, "
             "\"allow\": [\"%s\"]", new_id());
    open_file(on("0%", more));
    snprintf(changed, sizeof(changed), "%s", on("100%", more));
    d[0] = delivery("rocketmq", strstr(more, "[\"") + 2);
    d[0].msg.id_len = MQM_ID_LEN;
    d[1] = delivery("rocketmq", new_id());
    ck_assert_int_eq(mqm_run(m, d, 2, change_the_cut, changed), MQM_LATER);
    ck_assert_int_eq(d[0].result, MQM_OK);
    ck_assert_int_eq(look_at(m, d[1].msg.id).state, MQM_FREE);
    ck_assert_str_eq(d[1].why, "policy is stale");
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

    how.flags = MQM_NO_KEEPER;
    store = "fault:";
    open_file(on("0%", ", \"policy_max_age_ms\": 1000"));
    atomic_store(&the_fault()->delay_ms, 1500);
    ck_assert_int_eq(pthread_create(&slow, NULL, claim_on_kafka, id), 0);
    while (!atomic_load(&the_fault()->inside))
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
    tcase_add_test(tc, test_rule_09_unconfirmed_gives_nothing_away);
    tcase_add_test(tc, test_rule_09_inline_is_always_confirmed);
    tcase_add_test(tc, test_rule_09_an_overtaken_policy_is_not_confirmed);
    tcase_add_test(tc, test_rule_09_what_waits_grows_old);
    return run_case("reload", tc);
}
