/* SPDX-License-Identifier: MIT */
/* config.c - what a configuration gives, and what may follow it while consumers
 * run.  (config_mistakes.c: what is wrong with one; config_sections.c: what
 * stores and adapters get.)
 */
#include "config_parse.h"

#include "../../lib/config_read.h"

#include <inttypes.h>

/* ------------------------------- values --------------------------------- */

START_TEST(defaults)
{
    struct config *c = parse(good);
    const struct topic_config *t = &c->topics[0];

    ck_assert_str_eq(c->app, "shop");
    ck_assert_ptr_null(c->plugin_dir);
    ck_assert_int_eq(c->store.timeout_ms, 2000);
    ck_assert_str_eq(t->space, "shop/issuer/rewards");
    ck_assert(!t->policy.on && !t->policy.hash_id && !t->policy.allow);
    ck_assert_uint_eq(t->policy.cut_ppm, 125000);
    ck_assert_int_eq(t->policy.since_ms, 1766400000000);
    ck_assert_int_eq(t->policy.margin_ms, 5000);
    ck_assert_int_eq(t->policy.hash, MQM_HASH_XXH3);
    ck_assert_uint_eq(t->policy.seed, 0);
    ck_assert_int_eq(t->lease_ms, 30000);
    ck_assert_int_eq(t->handler_ms, 10000);
    ck_assert_int_eq(t->settle_ms, 120000);
    ck_assert_int_eq(t->keep_ms, INT64_C(7) * 86400000);
    ck_assert_int_eq(t->policy_max_age_ms, 60000);
    ck_assert_int_eq(t->pause_ms, 1000);
    ck_assert_int_eq(t->pause_max_ms, 300000);
    ck_assert_uint_eq(t->tries, 10);
    ck_assert_int_eq(t->in_doubt, MQM_DOUBT_PARK);
    ck_assert(t->done_relaxed);
    ck_assert_str_eq(t->at[MQM_OLD].side->name, "kafka");
    ck_assert_str_eq(t->at[MQM_NEW].side->adapter, "rocketmq");
    ck_assert_str_eq(t->at[MQM_NEW].topic, "rewards");
    ck_assert_str_eq(t->at[MQM_NEW].group, "issuer");
    ck_assert_str_eq(t->at[MQM_NEW].id, "mqm-id");
    ck_assert_str_eq(t->at[MQM_NEW].key, "@key");
    ck_assert_str_eq(t->at[MQM_NEW].parking, "rewards-issuer-parking");
    mqm__config_free(c);
}
END_TEST

START_TEST(all_set)
{
    struct config *c = parse_with(
        TOPIC("\"switch\": true, \"allow\": [\"a\", \"b\", \"a\"], \"salt\": "
              "\"s\", \"hash_of\": \"id\", \"clock_margin_ms\": 0, "
              "\"lease_ms\": 100, \"handler_ms\": 10, \"settle_ms\": 111, "
              "\"keep_ms\": 31622400000, \"tries\": 14, \"in_doubt\": "
              "\"again\", \"done_marks\": \"relaxed\", \"sides\": {\"kafka\": "
              "{\"topic\": \"a.b\", \"group\": \"g h\", \"id\": \"@key\", "
              "\"key\": \"@id\", \"parking\": \"\"}}"));
    const struct topic_config *t = &c->topics[0];

    ck_assert(t->policy.on && t->policy.hash_id && t->done_relaxed);
    ck_assert_uint_eq(mqm__allow_list_size(t->policy.allow), 2);
    ck_assert_uint_eq(t->policy.seed, mqm__seed_of("s"));
    ck_assert_int_eq(t->policy.margin_ms, 0);
    ck_assert_int_eq(t->settle_ms, 111);
    ck_assert_uint_eq(t->tries, 14);
    ck_assert_int_eq(t->in_doubt, MQM_DOUBT_AGAIN);
    ck_assert_str_eq(t->at[MQM_OLD].topic, "a.b");
    ck_assert_str_eq(t->at[MQM_OLD].group, "g h");
    ck_assert_str_eq(t->at[MQM_OLD].key, "@id");
    ck_assert_str_eq(t->at[MQM_OLD].parking, "");
    ck_assert_str_eq(t->at[MQM_NEW].topic, "rewards");
    mqm__config_free(c);
}
END_TEST

START_TEST(cuts)
{
    static const struct {
        const char *text;
        uint32_t ppm;
    } fine[] = {{"0%", 0},
                {"100%", 1000000},
                {"12.5%", 125000},
                {"0.0001%", 1},
                {"1%", 10000},
                {"99.9999%", 999999},
                {"000%", 0},
                {"7.10%", 71000},
                {"033.3333%", 333333},
                {"100.0000%", 1000000}};
    static const char *const bad[] = {
        "",         "%",      "5",         "5 %",        " 5%",
        "-1%",      "101%",   "100.0001%", "1.%",        ".5%",
        "0.00001%", "1e1%",   "0000%",     "+5%",        "5%%",
        "1,5%",     "1.5.5%", "0x5%",      "9999999999%"};
    uint32_t ppm;
    size_t i;

    for (i = 0; i < sizeof(fine) / sizeof(*fine); i++) {
        ck_assert_msg(!mqm__cut_of_text(fine[i].text, &ppm), "%s",
                      fine[i].text);
        ck_assert_uint_eq(ppm, fine[i].ppm);
    }
    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(mqm__cut_of_text(bad[i], &ppm) == -EINVAL, "%s", bad[i]);
}
END_TEST

START_TEST(moments)
{
    static const struct {
        const char *text;
        int64_t ms;
    } fine[] = {{"2000-01-01T00:00:00Z", 946684800000},
                {"2026-11-22T22:40:01Z", 1795387201000},
                {"2024-02-29T12:00:00.5Z", 1709208000500},
                {"2000-02-29T00:00:00Z", 951782400000},
                {"2000-03-01T00:00:00Z", 951868800000},
                {"2099-12-31T23:59:59.999999Z", 4102444799999},
                {"2100-01-01T00:00:00Z", 4102444800000}};
    static const char *const bad[] = {"2026-11-22",
                                      "2026-11-22T22:40:01",
                                      "2026-11-22 22:40:01Z",
                                      "2026-02-29T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-11-22T24:00:00Z",
                                      "2026-11-22T22:40:01+01:00",
                                      "2026-11-22T22:40:01.Z",
                                      "1999-12-31T23:59:59Z",
                                      "2100-01-01T00:00:01Z",
                                      "2026-11-31T00:00:00Z",
                                      "2026-1-01T00:00:00Z",
                                      ""};
    int64_t ms;
    size_t i;

    for (i = 0; i < sizeof(fine) / sizeof(*fine); i++) {
        ck_assert_msg(!mqm__ms_of_text(fine[i].text, &ms), "%s", fine[i].text);
        ck_assert_msg(ms == fine[i].ms, "%s: %" PRId64, fine[i].text, ms);
    }
    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(mqm__ms_of_text(bad[i], &ms) == -EINVAL, "%s", bad[i]);
}
END_TEST

/* ------------------------------ following ------------------------------- */

static const struct mistake follow[] = {
    {"\"12.5%\"", "\"50%\", \"switch\": true, \"salt\": \"x\"", NULL},
    {SECOND(""), NULL},
    {"\"shop\"", "\"shop2\"", "app may not change while consumers run"},
    {"memory:", "memory:2", "store.url may not change while consumers run"},
    {"1766400000000", "1766400000001",
     "shop/issuer/rewards: since is set and never moves"},
    {"1766400000000,\n      \"cut\": \"12.5%\"", "null",
     "shop/issuer/rewards: since is set and never moves"},
    {"\"rewards\"", "\"orders\"",
     "shop/issuer/rewards is missing: a topic may not go while consumers run"},
    {"\"old\": \"kafka\",\n      \"new\": \"rocketmq\"",
     "\"old\": \"rocketmq\",\n      \"new\": \"kafka\"",
     "the side of kafka may not change"},
    {TOPIC("\"sides\": {\"kafka\": {\"id\": \"x\"}}"),
     "where the id is of kafka may not change"},
    {TOPIC("\"sides\": {\"kafka\": {\"topic\": \"x\"}}"),
     "the broker's topic of kafka may not change"},
    {TOPIC("\"sides\": {\"rocketmq\": {\"group\": \"x\"}}"),
     "the broker's group of rocketmq may not change"},
};

START_TEST(may_follow)
{
    const struct mistake *x = &follow[_i];
    struct config *cur = parse(good), *next = parse_with(x->from, x->to);
    int r = mqm__config_may_follow(cur, next);

    ck_assert_msg(r == (x->words ? -EINVAL : 0), "%d %s", r, mqm_errmsg());
    if (x->words)
        ck_assert_msg(strstr(mqm_errmsg(), x->words) != NULL, "%s",
                      mqm_errmsg());
    mqm__config_free(cur);
    mqm__config_free(next);
}
END_TEST

START_TEST(since_may_be_set)
{
    struct config *next = parse(good);
    struct config *cur =
        parse_with("1766400000000,\n      \"cut\": \"12.5%\"", "null");

    ck_assert_int_eq(mqm__config_may_follow(cur, next), 0);
    mqm__config_free(cur);
    mqm__config_free(next);
}
END_TEST

START_TEST(finding)
{
    struct config *c =
        parse_with("    }\n  ]", "    },\n{\"topic\": \"rewards\", \"group\": "
                                 "\"audit\", \"old\": \"kafka\", \"new\": "
                                 "\"rocketmq\"}]");

    ck_assert_ptr_eq(mqm__config_topic(c, "issuer", "rewards"), c->topics);
    ck_assert_ptr_eq(mqm__config_topic(c, "audit", "rewards"), c->topics + 1);
    ck_assert_ptr_null(mqm__config_topic(c, NULL, "rewards"));
    ck_assert_str_eq(mqm_errmsg(),
                     "more than one group has \"rewards\"; there are "
                     "(group/topic): issuer/rewards, audit/rewards");
    ck_assert_ptr_null(mqm__config_topic(c, "GID", "rewards"));
    ck_assert(strstr(mqm_errmsg(), "no such topic \"GID/rewards\""));
    ck_assert_ptr_null(mqm__config_topic(c, "issuer", NULL));
    ck_assert_int_eq(mqm__topic_side(c->topics, "kafka"), MQM_OLD);
    ck_assert_int_eq(mqm__topic_side(c->topics, "rocketmq"), MQM_NEW);
    ck_assert_int_eq(mqm__topic_side(c->topics, "x"), -ENOENT);
    ck_assert(strstr(mqm_errmsg(), "there are: kafka, rocketmq"));
    ck_assert_int_eq(mqm__topic_side(c->topics, NULL), -ENOENT);
    mqm__config_free(c);
    mqm__config_free(NULL);
}
END_TEST

/* ------------------------------ the table ------------------------------- */

static int visit(void *user, const struct mqm_setting_info *info)
{
    int *n = user;

    ck_assert_uint_eq(info->size, sizeof(*info));
    ck_assert(info->where && info->name && info->type && info->fallback);
    ck_assert_msg(info->limits && *info->limits, "%s", info->name);
    ck_assert(info->words && info->words[strlen(info->words) - 1] == '.');
    ck_assert_ptr_nonnull(mqm__find_setting(info->where, info->name));
    return ++*n == 7 ? 7 : 0;
}

static int visit_all(void *user, const struct mqm_setting_info *info)
{
    int n = 0;

    visit(&n, info);
    (*(int *)user)++;
    return 0;
}

START_TEST(settings)
{
    int n = 0;

    ck_assert_int_eq(mqm_settings(visit, &n), 7);
    ck_assert_int_eq(n, 7);
    n = 0;
    ck_assert_int_eq(mqm_settings(visit_all, &n), 0);
    ck_assert_uint_eq((size_t)n, mqm__n_settings);
}
END_TEST

START_TEST(distance)
{
    ck_assert_uint_eq(mqm__edit_distance("switch", "switch"), 0);
    ck_assert_uint_eq(mqm__edit_distance("swich", "switch"), 1);
    ck_assert_uint_eq(mqm__edit_distance("kitten", "sitting"), 3);
    ck_assert_uint_eq(mqm__edit_distance("", "abc"), 3);
    ck_assert_uint_eq(mqm__edit_distance("abc", ""), 3);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("config");

    tcase_add_test(t, defaults);
    tcase_add_test(t, all_set);
    tcase_add_test(t, cuts);
    tcase_add_test(t, moments);
    tcase_add_loop_test(t, may_follow, 0,
                        (int)(sizeof(follow) / sizeof(*follow)));
    tcase_add_test(t, since_may_be_set);
    tcase_add_test(t, finding);
    tcase_add_test(t, settings);
    tcase_add_test(t, distance);
    return run_case("config", t);
}
