/* SPDX-License-Identifier: MIT */
/* config_mistakes.c - each mistake in a configuration is told with its line,
 * its place and what is allowed.
 */
#include "config_parse.h"

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

static void judge(const struct mistake *x)
{
    char *text = with(good, x->from, x->to);

    if (x->words)
        refuse(text, x->words);
    else
        mqm__config_free(parse(text));
    free(text);
}

START_TEST(each_mistake)
{
    judge(&mistakes[_i]);
}
END_TEST

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
    judge(&between[_i]);
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

int main(void)
{
    TCase *t = tcase_create("config_mistakes");

    tcase_add_loop_test(t, each_mistake, 0,
                        (int)(sizeof(mistakes) / sizeof(*mistakes)));
    tcase_add_loop_test(t, each_clash, 0,
                        (int)(sizeof(between) / sizeof(*between)));
    tcase_add_test(t, odd_texts);
    tcase_add_test(t, cut_off);
    return run_case("config_mistakes", t);
}
