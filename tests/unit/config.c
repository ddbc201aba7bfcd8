/* SPDX-License-Identifier: MIT */
/* config.c - what a configuration gives, and that each mistake is told with its
 * line, its place and what is allowed.
 */
#include "../../lib/config.h"

#include "../../lib/config_read.h"
#include "../suite.h"
#include "config_text.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

static struct config *parse(const char *text)
{
    struct config *c = NULL;

    ck_assert_msg(mqm__config_parse(&c, text, strlen(text), "mqm.json") == 0,
                  "%s", mqm_errmsg());
    return c;
}

static struct config *parse_with(const char *from, const char *to)
{
    char *text = with(good, from, to);
    struct config *c = parse(text);

    free(text);
    return c;
}

static void refuse(const char *text, const char *words)
{
    struct config *c = NULL;

    ck_assert_msg(mqm__config_parse(&c, text, strlen(text), "mqm.json") ==
                      -EINVAL,
                  "taken: %s", text);
    ck_assert_ptr_null(c);
    ck_assert_msg(strstr(mqm_errmsg(), words) != NULL, "%s\nis not\n%s",
                  mqm_errmsg(), words);
}

/* ------------------------------ mistakes -------------------------------- */

struct mistake {
    const char *from, *to, *words;
};

#define TOPIC(more) "\"cut\": \"12.5%\"", "\"cut\": \"12.5%\",\n" more
#define LINE(n) "mqm.json: line " #n ": "

static const struct mistake mistakes[] = {
    /* the text */
    {"\"app\": \"shop\",", "\"app\": \"shop\"",
     LINE(3) "not valid JSON: '}' expected"},
    {"\"shop\"", "\"shop\", \"app\": \"two\"",
     LINE(2) "not valid JSON: duplicate object key near '\"app\"'"},
    {"{", "", LINE(2) "not valid JSON: '[' or '{' expected"},
    {"}\n  ]", "}, 7\n  ]",
     LINE(16) "topics[1]: must be a section: {\"name\": value, ...}"},
    /* names */
    {TOPIC("\"swich\": true"),
     LINE(16) "topics[0].swich: unknown setting; did you mean \"switch\"?"},
    {TOPIC("\"lease\": 1"), LINE(16) "topics[0].lease: unknown setting; did "
                                     "you mean \"lease_ms\"?"},
    {TOPIC("\"percentage\": 1"),
     LINE(16) "topics[0].percentage: unknown setting; there are: topic, group, "
              "old, new, switch, since, cut, allow, salt"},
    {"\"app\"", "\"topic\": [], \"app\"",
     LINE(2) "topic: unknown setting; did you mean \"topics\"?"},
    {TOPIC("\"sides\": {\n\"kafka\": {\"parkin\": \"\"}}"),
     LINE(17) "topics[0].sides.kafka.parkin: unknown setting; did you mean "
              "\"parking\"?"},
    /* what is missing */
    {"\"app\": \"shop\",", "",
     LINE(1) "app: is missing; must be a name of 1 to 31 of"},
    {"\"store\": {\"url\": \"memory:\"},", "",
     LINE(1) "store: is missing; must be the section \"store\""},
    {"\"url\": \"memory:\"", "",
     LINE(3) "store.url: is missing; must be a text of 1 to 2000 bytes"},
    {"\"topic\": \"rewards\",", "",
     LINE(9) "topics[0].topic: is missing; must be a name of 1 to 31 of"},
    {"\"old\": \"kafka\",", "", LINE(9) "topics[0].old: is missing; must be"},
    /* kinds */
    {"\"shop\"", "\"a shop\"",
     LINE(2) "app: must be a name of 1 to 31 of A-Z a-z 0-9 . _ -"},
    {"\"shop\"", "\"a/b\"", LINE(2) "app: must be a name of 1 to 31 of"},
    {"\"shop\"", "\"\"", LINE(2) "app: must be a name of 1 to 31 of"},
    {"\"shop\"", "\"12345678901234567890123456789012\"",
     LINE(2) "app: must be a name of 1 to 31 of"},
    {"\"shop\"", "7", LINE(2) "app: must be a name of 1 to 31 of"},
    {"{\"url\": \"memory:\"}", "\"memory:\"",
     LINE(3) "store: must be a section: {\"name\": value, ...}"},
    {"\"memory:\"", "7",
     LINE(3) "store.url: must be a text of 1 to 2000 bytes"},
    {"\"memory:\"", "\"a\\nb\"",
     LINE(3) "store.url: must be a text of 1 to 2000 bytes, without control"},
    {"\"memory:\"", "\"memory:\", \"timeout_ms\": 5",
     LINE(3) "store.timeout_ms: must be 10 to 600000 (milliseconds)"},
    {TOPIC("\"lease_ms\": 99"),
     LINE(16) "topics[0].lease_ms: must be 100 to 3600000 (milliseconds)"},
    {TOPIC("\"lease_ms\": 3600001"), "topics[0].lease_ms: must be 100 to"},
    {TOPIC("\"lease_ms\": 1000.0"), "topics[0].lease_ms: must be 100 to"},
    {TOPIC("\"lease_ms\": \"1000\""), "topics[0].lease_ms: must be 100 to"},
    {TOPIC("\"lease_ms\": null"), "topics[0].lease_ms: must be 100 to"},
    {TOPIC("\"tries\": 0"), "topics[0].tries: must be 1 to 14"},
    {TOPIC("\"tries\": 15"), "topics[0].tries: must be 1 to 14"},
    {TOPIC("\"switch\": \"on\""), "topics[0].switch: must be true or false"},
    {TOPIC("\"switch\": 1"), "topics[0].switch: must be true or false"},
    {TOPIC("\"in_doubt\": \"retry\""),
     "topics[0].in_doubt: must be \"park\" or \"again\""},
    {TOPIC("\"done_marks\": 1"),
     "topics[0].done_marks: must be \"durable\" or \"relaxed\""},
    {TOPIC("\"hash\": \"md5\""),
     "topics[0].hash: must be \"xxh3\" or \"last-two-digits\""},
    {TOPIC("\"hash_of\": \"body\""), "topics[0].hash_of: must be \"key\" or"},
    {TOPIC("\"salt\": 7"), "topics[0].salt: must be a text of 0 to 255 bytes"},
    {TOPIC("\"allow\": \"user-17\""),
     "topics[0].allow: must be up to 100000 texts of 1 to 255 bytes"},
    {TOPIC("\"allow\": [\"a\",\n\n17]"),
     LINE(18) "topics[0].allow[1]: must be a key or an id"},
    {TOPIC("\"allow\": [\"\"]"), "topics[0].allow[0]: must be a key or an id"},
    {"\"12.5%\"", "\"12.5\"",
     LINE(15) "topics[0].cut: must be \"0%\" to \"100%\", in steps of 0.0001%"},
    {"\"12.5%\"", "0.125",
     "topics[0].cut: must be a text with a percent sign: \"0%\" to \"100%\""},
    {"1766400000000", "1766400000",
     LINE(14) "topics[0].since: lies before the year 2000: is it in seconds?"},
    {"1766400000000", "\"yesterday\"",
     "topics[0].since: must be null, Unix milliseconds or \"2026-01-31T"},
    {"1766400000000", "0", "topics[0].since: must be null, Unix"},
    {"1766400000000", "-1", "topics[0].since: must be null, Unix"},
    {"1766400000000", "true", "topics[0].since: must be null, Unix"},
    {"1766400000000", "1766400000000000", "topics[0].since: must be null"},
    {"[\n", "{}, \"x\": [\n", "x: unknown setting; there are: app"},
    /* together */
    {TOPIC("\"settle_ms\": 40000"),
     LINE(16) "topics[0].settle_ms: settle_ms (40000) must be more than "
              "lease_ms + handler_ms (40000)"},
    {TOPIC("\"lease_ms\": 3600000"),
     "topics[0].settle_ms: settle_ms (120000) must be more than lease_ms + "
     "handler_ms (3610000)"},
    {TOPIC("\"keep_ms\": 119999"),
     "topics[0].keep_ms: keep_ms (119999) must not be less than settle_ms "
     "(120000)"},
    {TOPIC("\"pause_ms\": 300001"),
     "pause_max_ms (300000) must not be less than pause_ms (300001)"},
    {"1766400000000", "null",
     LINE(
         15) "topics[0].cut: a cut above 0% needs \"since\", the moment of the "
             "switch, which is not set"},
    {"1766400000000,\n      \"cut\": \"12.5%\"", "null, \"switch\": true",
     "topics[0].switch: a switch that is on needs \"since\""},
    {"1766400000000,\n      \"cut\": \"12.5%\"", "null, \"allow\": [\"a\"]",
     "topics[0].allow: an allow list needs \"since\""},
    {TOPIC("\"hash\": \"last-two-digits\""),
     LINE(15) "topics[0].cut: must be a whole number of percents: hash is "
              "\"last-two-digits\""},
    {"\"new\": \"rocketmq\"", "\"new\": \"kafka\"",
     LINE(13) "topics[0].new: old and new are the same side (kafka)"},
    {"\"new\": \"rocketmq\"", "\"new\": \"rabbit\"",
     LINE(13) "topics[0].new: no such side \"rabbit\"; there are: kafka, "
              "rocketmq"},
    {TOPIC("\"sides\": {\"rabbit\": {}}"),
     LINE(16) "topics[0].sides.rabbit: is neither the old side (kafka) nor the "
              "new one (rocketmq)"},
    {TOPIC("\"sides\": []"), "topics[0].sides: must be a section"},
    {TOPIC("\"sides\": {\"kafka\": 1}"),
     "topics[0].sides.kafka: must be a section"},
    /* names on the brokers */
    {"\"rewards\"", "\"svc.rewards\"",
     "topics[0].sides.rocketmq.topic: the broker cannot have the name "
     "\"svc.rewards\": RocketMQ takes up to 127 of A-Z a-z 0-9 _ - % |, no "
     "dots; set topics[0].sides.rocketmq.topic"},
    {"\"issuer\"", "\"a.b\"", "; set topics[0].sides.rocketmq.group"},
    {"\"rocketmq\": {", "\"rocketmq\": {\"adapter\": \"/x/mqm_rabbit.so\", ",
     NULL},
    {TOPIC("\"sides\": {\"kafka\": {\"topic\": \"a b\"}}"),
     "topics[0].sides.kafka.topic: the broker cannot have the name \"a b\": "
     "Kafka takes up to 249 of"},
    {TOPIC("\"sides\": {\"kafka\": {\"group\": \"a b\"}}"),
     "set topics[0].sides.kafka.parking"},
    {TOPIC("\"sides\": {\"kafka\": {\"id\": \"@id\"}}"),
     "topics[0].sides.kafka.id: must be the name of a header, or \"@key\""},
    {TOPIC("\"sides\": {\"kafka\": {\"key\": \"@body\"}}"),
     "topics[0].sides.kafka.key: must be the name of a header, or \"@key\", or "
     "\"@id\""},
    {TOPIC("\"sides\": {\"kafka\": {\"parking\": \"rewards\"}}"),
     "topics[0].sides.kafka.parking: the parking topic \"rewards\" is the "
     "topic of topics[0] on that side"},
    /* sections of plugins */
    {"\"kafka\": {", "\"ka fka\": {",
     LINE(5) "sides.ka fka: must be a name of 1 to 31"},
    {"\"127.0.0.1:9092\"", "null",
     LINE(5) "sides.kafka.bootstrap.servers: must be a text, a number, true, "
             "false or {\"file\": \"/path\"}"},
    {"\"127.0.0.1:9092\"", "{\"file\": \"x\"}",
     "sides.kafka.bootstrap.servers: the file must be a path from the root"},
    {"\"127.0.0.1:9092\"", "{\"file\": \"/no/such/file\"}",
     "cannot open /no/such/file: No such file or directory"},
    {"\"127.0.0.1:9092\"", "{\"file\": \"/\"}",
     "/ must be a readable file of text below 64 KB"},
    {"\"bootstrap.servers\"", "\"a_file\": 1, \"b\"",
     "sides.kafka.a_file: must be the path of a file"},
};

START_TEST(each_mistake)
{
    const struct mistake *x = &mistakes[_i];
    char *text = with(good, x->from, x->to);

    if (x->words)
        refuse(text, x->words);
    else
        mqm__config_free(parse(text));
    free(text);
}
END_TEST

#define SECOND(more)                                                           \
    "    }\n  ]", "    },\n{\"topic\": \"orders\", \"group\": \"issuer\", "    \
                  "\"old\": \"kafka\", \"new\": \"rocketmq\"" more "}]"

static const struct mistake between[] = {
    {SECOND(""), NULL},
    {SECOND(", \"sides\": {\"kafka\": {\"topic\": \"rewards\"}}"),
     LINE(17) "topics[1].sides.kafka: topic \"rewards\" and group \"issuer\" "
              "of the broker are those of topics[0], too"},
    {SECOND(", \"sides\": {\"kafka\": {\"topic\": \"rewards\", \"group\": "
            "\"b\"}}"),
     NULL},
    {SECOND(", \"sides\": {\"kafka\": {\"parking\": \"rewards\"}}"),
     "topics[1].sides.kafka.parking: the parking topic \"rewards\" is the "
     "topic of topics[0] on that side"},
    {SECOND(", \"sides\": {\"kafka\": {\"topic\": \"rewards-issuer-"
            "parking\"}}"),
     "topics[0].sides.kafka.parking: the parking topic \"rewards-issuer-"
     "parking\" is the topic of topics[1]"},
    {SECOND(", \"sides\": {\"kafka\": {\"parking\": \"rewards-issuer-"
            "parking\"}}"),
     "topics[1].sides.kafka.parking: the parking topic \"rewards-issuer-"
     "parking\" is that of topics[0], too"},
    {"    }\n  ]",
     "    },\n{\"topic\": \"rewards\", \"group\": \"issuer\", \"old\": "
     "\"kafka\", \"new\": \"rocketmq\"}]",
     LINE(17) "topics[1]: topic \"rewards\" and group \"issuer\" are those of "
              "topics[0], too"},
};

START_TEST(each_clash)
{
    const struct mistake *x = &between[_i];
    char *text = with(good, x->from, x->to);

    if (x->words)
        refuse(text, x->words);
    else
        mqm__config_free(parse(text));
    free(text);
}
END_TEST

START_TEST(odd_texts)
{
    refuse("", LINE(1) "not valid JSON");
    refuse("[]", LINE(1) "must be a section");
    refuse("{}", LINE(1) "app: is missing");
    refuse("{\"app\": \"a\\u0000b\"}", LINE(1) "not valid JSON");
    refuse("{\"app\": \"\xff\"}", LINE(1) "not valid JSON");
}
END_TEST

/* A text cut off anywhere is refused, and nothing is read beyond its end. */
START_TEST(cut_off)
{
    size_t len = strlen(good) - 2, n;
    struct config *c = NULL;

    for (n = 0; n < len; n++) {
        char *text = malloc(n ? n : 1);

        memcpy(text, good, n);
        ck_assert_int_eq(mqm__config_parse(&c, text, n, "x"), -EINVAL);
        free(text);
    }
}
END_TEST

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

/* ------------------------------- secrets -------------------------------- */

static void is_setting(const struct section *s, size_t i, const char *name,
                       const char *value, int secret)
{
    ck_assert_uint_lt(i, s->n);
    ck_assert_str_eq(s->settings[i].name, name);
    ck_assert_str_eq(s->settings[i].value, value);
    ck_assert_msg(s->settings[i].secret == secret, "%s", name);
}

static void write_secret(char *path, const char *text)
{
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

START_TEST(sections)
{
    char path[] = "/tmp/mqm-config-XXXXXX", to[400];
    const struct section *s;
    struct config *c;

    write_secret(path, "hunter2\r\n");
    snprintf(to, sizeof(to),
             "\"n\": 5, \"b\": true, \"f\": 0.1, \"SASL.Password\": \"x\", "
             "\"y\": {\"file\": \"%s\"}, \"z_file\": \"%s\", "
             "\"url\": \"http://u:p@h/\"",
             path, path);
    c = parse_with("\"bootstrap.servers\": \"127.0.0.1:9092\"", to);
    s = &c->sides[0].section;
    ck_assert_uint_eq(s->n, 7);
    is_setting(s, 0, "n", "5", 0);
    is_setting(s, 1, "b", "true", 0);
    is_setting(s, 2, "f", "0.1", 0);
    is_setting(s, 3, "SASL.Password", "x", 1);
    is_setting(s, 4, "y", "hunter2", 1);
    is_setting(s, 5, "z", "hunter2", 1);
    is_setting(s, 6, "url", "http://u:p@h/", 1);
    mqm__config_free(c);
    snprintf(to, sizeof(to), "\"z\": 1, \"z_file\": \"%s\", \"b\"", path);
    char *text = with(good, "\"bootstrap.servers\"", to);
    refuse(text, "sides.kafka.z_file: \"z\" is set twice");
    free(text);
    unlink(path);
}
END_TEST

START_TEST(store_section)
{
    char path[] = "/tmp/mqm-config-XXXXXX", to[400];
    struct config *c = parse_with("{\"url\": \"memory:\"}",
                                  "{\"x\": \"1\", \"timeout_ms\": 50, "
                                  "\"url\": \"redis://h\"}");

    is_setting(&c->store.section, 0, "url", "redis://h", 0);
    is_setting(&c->store.section, 1, "x", "1", 0);
    is_setting(&c->store.section, 2, "timeout_ms", "50", 0);
    ck_assert_uint_eq(c->store.section.n, 3);
    mqm__config_free(c);
    write_secret(path, "redis://:pw@h\n");
    snprintf(to, sizeof(to), "{\"file\": \"%s\"}", path);
    c = parse_with("\"memory:\"", to);
    ck_assert_str_eq(c->store.url, "redis://:pw@h");
    is_setting(&c->store.section, 0, "url", "redis://:pw@h", 1);
    is_setting(&c->store.section, 1, "timeout_ms", "2000", 0);
    mqm__config_free(c);
    unlink(path);
}
END_TEST

/* Errors tell places, never what stands there. */
START_TEST(secrets_are_not_told)
{
    static const char *const to[] = {
        "\"password\": \"hunter2\" \"x\"",
        "\"password\": hunter2, \"x\"",
        "\"password\": \"hunter2\n\", \"x\"",
        "\"password\": [\"hunter2\"], \"x\"",
        "\"password\": \"hunter2\", \"password\"",
        "\"password\": \"hunter2\", \"x\": null, \"y\""};
    struct config *c = NULL;
    size_t i;

    for (i = 0; i < sizeof(to) / sizeof(*to); i++) {
        char *text = with(good, "\"bootstrap.servers\"", to[i]);

        ck_assert_int_eq(mqm__config_parse(&c, text, strlen(text), "x"),
                         -EINVAL);
        ck_assert_msg(!strstr(mqm_errmsg(), "hunter2"), "%s", mqm_errmsg());
        free(text);
    }
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
    Suite *s = suite_create("config");
    TCase *t = tcase_create("config");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, each_mistake, 0,
                        (int)(sizeof(mistakes) / sizeof(*mistakes)));
    tcase_add_loop_test(t, each_clash, 0,
                        (int)(sizeof(between) / sizeof(*between)));
    tcase_add_test(t, odd_texts);
    tcase_add_test(t, cut_off);
    tcase_add_test(t, defaults);
    tcase_add_test(t, all_set);
    tcase_add_test(t, cuts);
    tcase_add_test(t, moments);
    tcase_add_test(t, sections);
    tcase_add_test(t, store_section);
    tcase_add_test(t, secrets_are_not_told);
    tcase_add_loop_test(t, may_follow, 0,
                        (int)(sizeof(follow) / sizeof(*follow)));
    tcase_add_test(t, since_may_be_set);
    tcase_add_test(t, finding);
    tcase_add_test(t, settings);
    tcase_add_test(t, distance);
    suite_add_tcase(s, t);
    return run_all(s);
}
