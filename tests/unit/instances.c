/* SPDX-License-Identifier: MIT */
/* instances.c - what an instance tells of itself: when, and when not. */
#include "instances.h"

#include "../../lib/core.h"

static void open_watcher(void)
{
    char url[200];

    snprintf(url, sizeof(url), "sqlite:%s", new_path("store.db"));
    write_config(url);
    how.flags = MQM_NO_KEEPER;
    how.config = config_path;
    ck_assert_int_eq(mqm_open(&m, &how), 0);
    ck_assert_int_eq(mqm_open(&other, &how), 0);
}

START_TEST(test_several_processes_sqlite)
{
    char url[200];

    snprintf(url, sizeof(url), "sqlite:%s", new_path("several.db"));
    several_processes(url);
}
END_TEST

START_TEST(test_who_does_nothing_is_not_there)
{
    open_watcher();
    ck_assert_int_eq(mqm_tick(other), 0);
    look_at(other, new_id());
    ck_assert_int_eq(mqm_tick(other), 0);
    ck_assert_int_eq(sight(m, 0), 0);
    work_on(other, "kafka", new_id());
    ck_assert_int_eq(sight(m, 0), 0);
    ck_assert_int_eq(mqm_tick(other), 0);
    ck_assert_int_eq(sight(m, 0), 1);
    work_on(other, "rocketmq", new_id());
    ck_assert_int_eq(mqm_tick(other), 0);
    ck_assert_int_eq(sight(m, 0), 2);
}
END_TEST

/* Who resolves does not work for a side. */
START_TEST(test_who_resolves_is_not_there)
{
    struct mqm_claim c = claim("kafka", new_id());

    open_watcher();
    c.flags = MQM_FROM_PARKING;
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_DOUBT);
    ck_assert_int_eq(mqm_release_in_doubt(m, &c), MQM_OK);
    ck_assert_int_eq(mqm_resolve(other, &c.msg, c.token, MQM_HANDLED), 0);
    ck_assert_int_eq(mqm_resolve(other, &c.msg, c.token + 1, MQM_FAILED),
                     MQM_LOST);
    ck_assert_int_eq(mqm_tick(other), 0);
    ck_assert_int_eq(sight(m, 0), 0);
}
END_TEST

START_TEST(test_a_name_of_its_own)
{
    struct mqm_options o = MQM_OPTIONS_INIT;
    char run[20];
    mqm *third;

    open_watcher();
    o.flags = MQM_NO_KEEPER;
    o.config = config_path;
    o.instance = "pod/7:x";
    ck_assert_int_eq(mqm_open(&third, &o), 0);
    work_on(third, "kafka", new_id());
    ck_assert_int_eq(mqm_tick(third), 0);
    ck_assert_int_eq(sight(m, getpid()), 1);
    ck_assert_str_eq(seen.instance, "pod/7:x");
    snprintf(run, sizeof(run), "%s", seen.run);
    mqm_close(third);
    ck_assert_int_eq(sight(m, 0), 1);
    ck_assert(seen.info.flags & MQM_INSTANCE_GONE);
    /* The same name, another run: another report. */
    ck_assert_int_eq(mqm_open(&third, &o), 0);
    work_on(third, "kafka", new_id());
    ck_assert_int_eq(mqm_tick(third), 0);
    ck_assert_int_eq(sight(m, 0), 2);
    mqm_close(third);
    ck_assert_uint_eq(strlen(run), 16);
}
END_TEST

/* At once, not when the next report is due. */
START_TEST(test_a_change_is_told_at_once)
{
    char text[2048], *at;
    FILE *f;
    size_t n;

    open_watcher();
    f = fopen(config_path, "r");
    n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = '\0';
    at = strstr(text, "\"report_ms\": 5,");
    ck_assert_ptr_nonnull(at);
    f = fopen(config_path, "w");
    fprintf(f, "%.*s\"report_ms\": 3600000,%s", (int)(at - text), text,
            at + strlen("\"report_ms\": 5,"));
    fclose(f);
    ck_assert_int_eq(mqm_reload(other), 0);
    work_on(other, "kafka", new_id());
    ck_assert_int_eq(mqm_tick(other), 0);
    ck_assert_int_eq(sight(m, 0), 1);
    work_on(other, "kafka", new_id());
    ck_assert_int_eq(mqm_tick(other), 0);
    ck_assert_int_eq(sight(m, 0), 1);
    ck_assert_uint_eq(seen.info.granted + seen.info.skipped, 1);
    raise_cut();
    ck_assert_int_eq(mqm_tick(other), 0);
    ck_assert_int_eq(sight(m, 0), 1);
    ck_assert_uint_eq(seen.info.granted + seen.info.skipped, 2);
    ck_assert_uint_eq(seen.info.cut_ppm, 750000);
    ck_assert(seen.info.flags & MQM_INSTANCE_CURRENT);
}
END_TEST

/* Taken away while it stood still, it comes back with its next report. */
START_TEST(test_swept_and_back)
{
    int64_t until = now_ms() + PATIENCE_MS;

    open_watcher();
    work_on(other, "kafka", new_id());
    ck_assert_int_eq(mqm_tick(other), 0);
    work_on(m, "rocketmq", new_id());
    ck_assert_int_eq(mqm_tick(m), 0);
    ck_assert_int_eq(sight(m, 0), 2);
    while (sight(m, 0) == 2) {
        ck_assert_msg(now_ms() < until, "it is still listed");
        ck_assert_int_eq(mqm_tick(m), 0);
        sleep_ms(20);
    }
    ck_assert_int_eq(sight(m, 0), 1);
    ck_assert_str_eq(seen.side, "rocketmq");
    ck_assert_int_eq(mqm_tick(other), 0); /* meets what was swept */
    ck_assert_int_eq(mqm_tick(other), 0);
    ck_assert_int_eq(sight(m, 0), 2);
}
END_TEST

/* A newer library's report: its name is shown, and nothing else is made up. */
START_TEST(test_an_unknown_format)
{
    struct mqm_swap s = {.value = "\177", .len = 1,
                         .flags = MQM_SWAP_LISTED | MQM_SWAP_ANYWAY},
                    *swaps = &s;

    open_watcher();
    s.key = (struct mqm_key){"t/issuer/rewards/instances",
                             "0123456789abcdef/kafka/new:1", 28, 1};
    ck_assert_int_eq(
        mqm__combine_swap(&m->combine, &swaps, 1, COMBINE_EVER), MQM_OK);
    ck_assert_int_eq(sight(m, 0), 1);
    ck_assert_str_eq(seen.instance, "new:1");
    ck_assert_str_eq(seen.side, "kafka");
    ck_assert_str_eq(seen.run, "0123456789abcdef");
    ck_assert_uint_eq(seen.info.flags, MQM_INSTANCE_UNKNOWN);
    ck_assert_int_eq(seen.info.pid, 0);
    ck_assert_int_eq(seen.info.open_ms, 0);
}
END_TEST

/* Nothing but a word, once, comes of a store that does not take reports. */
START_TEST(test_a_store_that_fails)
{
    struct mqm_claim c = claim("kafka", new_id());
    struct fault *f;
    const char *first;

    how.flags = MQM_NO_KEEPER;
    m = open_on("fault:", "");
    f = the_fault();
    ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
    m->snapshot->config->report_ms = 1;
    for (int i = 0; i < 5; i++) {
        int before = atomic_load(&f->calls);

        atomic_store(&f->fail, 1);
        ck_assert_int_eq(mqm_tick(m), 0);
        ck_assert_int_eq(atomic_load(&f->calls), before + 1);
        sleep_ms(5);
    }
    atomic_store(&f->fail, 0);
    first = strstr(said, "cannot report itself");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(strstr(first + 1, "cannot report itself"));
    ck_assert_int_eq(mqm_release_on_success(m, &c), MQM_OK);
    atomic_store(&f->lose, 1); /* it is written, and the answer lost */
    ck_assert_int_eq(mqm_tick(m), 0);
    sleep_ms(5);
    ck_assert_int_eq(mqm_tick(m), 0); /* meets its own cell */
    ck_assert_int_eq(mqm_tick(m), 0);
    ck_assert_int_eq(sight(m, 0), 1);
    ck_assert_uint_eq(seen.info.succeeded, 1);
}
END_TEST

START_TEST(test_none_wanted)
{
    open_memory();
    m->snapshot->config->report_ms = 0;
    work_on(m, "kafka", new_id());
    ck_assert_int_eq(mqm_tick(m), 0);
    ck_assert_int_eq(sight(m, 0), 0);
}
END_TEST

START_TEST(test_names_are_asked_for)
{
    open_memory();
    ck_assert_int_eq(mqm_instances(m, "x", "rewards", visit_instance, &seen),
                     -ENOENT);
    ck_assert_int_eq(mqm_instances(m, NULL, NULL, visit_instance, &seen),
                     -EINVAL);
    ck_assert_int_eq(mqm_instances(m, NULL, "rewards", NULL, &seen), -EINVAL);
    ck_assert_int_eq(mqm_instances(NULL, NULL, "rewards", visit_instance,
                                   &seen), -EINVAL);
}
END_TEST

START_TEST(test_the_store)
{
    struct mqm_store_info info = MQM_STORE_INFO_INIT;

    open_watcher();
    ck_assert_int_eq(mqm_read_store(m, "issuer", "rewards", &info), 0);
    ck_assert_str_eq(info.name, "sqlite");
    ck_assert(info.shared && info.durable);
    ck_assert_int_ge(info.round_trip_us, 0);
    ck_assert_int_gt(info.created_ms, now_ms() - PATIENCE_MS);
    ck_assert_int_eq(mqm_read_store(m, "x", "rewards", &info), -ENOENT);
    ck_assert_int_eq(mqm_read_store(m, NULL, "rewards", NULL), -EINVAL);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tc;

    if (is_consumer(argc, argv))
        return consume(argv + 2);
    tc = tcase_create("instances");
    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_several_processes_sqlite);
    tcase_add_test(tc, test_who_does_nothing_is_not_there);
    tcase_add_test(tc, test_who_resolves_is_not_there);
    tcase_add_test(tc, test_a_name_of_its_own);
    tcase_add_test(tc, test_a_change_is_told_at_once);
    tcase_add_test(tc, test_swept_and_back);
    tcase_add_test(tc, test_an_unknown_format);
    tcase_add_test(tc, test_a_store_that_fails);
    tcase_add_test(tc, test_none_wanted);
    tcase_add_test(tc, test_names_are_asked_for);
    tcase_add_test(tc, test_the_store);
    return run_case_for("instances", tc, 240);
}
