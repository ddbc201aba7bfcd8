/* LIBS: -lrdkafka */
/* SPDX-License-Identifier: MIT */
/* adapter_kafka_settings.c - which settings the Kafka adapter takes. */
#include "../fakes/kafka.h"

static const struct refused {
    const char *name, *value;
    int secret;
    const char *words; /* to be found in the story */
} refused[] = {
    {"bootstrap.serverz", "x", 0, "bootstrap.serverz"},
    {"consumer.nonsense", "x", 0, "nonsense"},
    {"linger.ms", "soon", 0, "linger.ms"},
    {"dr_cb", "x", 0, "dr_cb"},
    {"group.id", "mine", 0, "names the group"},
    {"enable.auto.offset.store", "true", 0, "nobody has worked on"},
    {"enable.auto.commit", "false", 0, "never be committed"},
    {"auto.commit.interval.ms", "0", 0, "never be committed"},
    {"auto.offset.reset", "latest", 0, "earliest"},
    {"auto.offset.reset", "end", 0, "earliest"},
    {"consumer.auto.offset.reset", "largest", 0, "earliest"},
    {"enabled_events", "1", 0, "callbacks"},
    {"log.queue", "true", 0, "queue"},
    {"acks", "1", 0, "safe on all replicas"},
    {"request.required.acks", "0", 0, "safe on all replicas"},
    {"message.timeout.ms", "0", 0, "for ever"},
    {"delivery.timeout.ms", "0", 0, "for ever"},
    {"delivery.report.only.error", "true", 0, "report"},
    {"transactional.id", "x", 0, "one by one"},
    {"security.protocol", "hunter2", 1, "secret"},
};

START_TEST(bad_settings_are_refused)
{
    const struct refused *x = &refused[_i];
    struct mqm_setting s[] = {{"bootstrap.servers", "127.0.0.1:1", 0},
                              {x->name, x->value, x->secret}};
    struct bench *b = bench_new();

    ck_assert_int_eq(bench_open(b, s, 2), -EINVAL);
    ck_assert_ptr_null(b->self);
    ck_assert_msg(strstr(b->why, x->words), "%s", b->why);
    ck_assert_msg(strstr(b->why, "setting '"), "%s", b->why);
    ck_assert_ptr_null(strstr(b->why, "hunter2"));
    bench_free(b);
}
END_TEST

static const struct mqm_setting allowed[] = {
    {"auto.offset.reset", "error", 0},
    {"auto.offset.reset", "smallest", 0},
    {"acks", "-1", 0},
    {"producer.linger.ms", "0", 0},
    {"consumer.fetch.wait.max.ms", "100", 0},
    {"partition.assignment.strategy", "cooperative-sticky", 0},
    {"group.instance.id", "one", 0},
    {"enable.idempotence", "false", 0},
    {"isolation.level", "read_uncommitted", 0},
    {"enable.partition.eof", "true", 0},
};

START_TEST(good_settings_are_taken)
{
    struct mqm_setting s[] = {{"bootstrap.servers", "127.0.0.1:1", 0},
                              allowed[_i]};
    struct bench *b = bench_new();

    ck_assert_msg(bench_open(b, s, 2) == 0, "%s", b->why);
    bench_free(b);
}
END_TEST

START_TEST(brokers_must_be_named)
{
    struct bench *b = bench_new();

    ck_assert_int_eq(bench_open(b, NULL, 0), -EINVAL);
    ck_assert_msg(strstr(b->why, "bootstrap.servers"), "%s", b->why);
    bench_free(b);
}
END_TEST

/* librdkafka's logs and errors name the brokers: a value as good as another. */
START_TEST(secrets_stay_secret)
{
    struct mqm_setting s[] = {{"bootstrap.servers", "127.0.0.1:1", 1}};
    struct bench *b = bench_new();

    ck_assert_int_eq(bench_open(b, s, 1), 0);
    ck_assert_int_eq(b->adapter->subscribe(b->self, "g", "t"), 0);
    for (int i = 0; i < 5; i++)
        (void)b->adapter->poll(b->self, 100);
    ck_assert_int_lt(b->adapter->probe(b->self, "g", "t"), 0);
    ck_assert_msg(strstr(b->why, "***"), "%s", b->why);
    ck_assert_msg(!strstr(b->why, "127.0.0.1:1"), "%s", b->why);
    ck_assert_msg(strstr(b->log, "***"), "%s", b->log);
    ck_assert_msg(!strstr(b->log, "127.0.0.1:1"), "%s", b->log);
    bench_free(b);
}
END_TEST

START_TEST(few_queued_messages_are_warned_of)
{
    struct bench *b = bench_on("queued.min.messages", "100");

    ck_assert_msg(strstr(b->log, "queued.min.messages"), "%s", b->log);
    bench_free(b);
}
END_TEST

START_TEST(what_cannot_be_sent_is_known_before)
{
    struct bench *b = bench_on("message.max.bytes", "2000");
    struct mqm_delivery d = MQM_DELIVERY_INIT;
    static const char *const bad[] = {"", ".", "..", "a b", "a/b"};
    char body[2000] = "";

    d.msg.topic = "t";
    ck_assert_int_eq(b->adapter->may_publish(b->self, &d), 0);
    d.msg.id = "id";
    d.msg.id_len = 2;
    d.body = body;
    d.body_len = sizeof(body);
    ck_assert_int_eq(b->adapter->may_publish(b->self, &d), -EMSGSIZE);
    ck_assert_msg(strstr(b->why, "message.max.bytes"), "%s", b->why);
    ck_assert_int_eq(b->adapter->publish(b->self, &d), -EMSGSIZE);
    d.body_len = 10;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        d.msg.topic = bad[i];
        ck_assert_int_eq(b->adapter->may_publish(b->self, &d), -EINVAL);
        ck_assert_msg(strstr(b->why, "allows no topic"), "%s", b->why);
    }
    bench_free(b);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("adapter_kafka_settings");
    TCase *t = tcase_create("settings");

    (void)argc;
    tcase_set_timeout(t, 20);
    tcase_add_loop_test(t, bad_settings_are_refused, 0,
                        sizeof(refused) / sizeof(refused[0]));
    tcase_add_loop_test(t, good_settings_are_taken, 0,
                        sizeof(allowed) / sizeof(allowed[0]));
    tcase_add_test(t, brokers_must_be_named);
    tcase_add_test(t, secrets_stay_secret);
    tcase_add_test(t, few_queued_messages_are_warned_of);
    tcase_add_test(t, what_cannot_be_sent_is_known_before);
    suite_add_tcase(s, t);
    return run_suite(s, argv);
}
