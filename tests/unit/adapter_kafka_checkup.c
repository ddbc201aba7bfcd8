/* LIBS: -lrdkafka -ldl */
/* SPDX-License-Identifier: MIT */
/* adapter_kafka_checkup.c - what the Kafka adapter finds of topics, groups and
 * clients that are not fit to lose nothing, each provoked; and what it says of
 * all that the broker does not let it see.
 */
#include "../fakes/kafka_faults.h"
#include "../found.h"

enum { PATIENCE = 200, HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS };

static struct mqm_inquiry q;
static char topic[64], parking[64], group[64];
static struct bench *b;

static int look(void)
{
    findings[0] = '\0';
    b->why[0] = '\0';
    return b->adapter->checkup(b->self, &q);
}

/* In the end: a broker that gets no time from its machine is dropped by its
 * controller for a moment, and knows of nothing. */
static void must_look(void)
{
    int r = look();

    for (int i = 0; i < PATIENCE && r < 0; i++) {
        host_wait(NULL, 200);
        r = look();
    }
    ck_assert_msg(r == 0, "%d %s\n%s", r, b->why, findings);
}

/* name: of one partition. */
static void make(char name[64], const char *const *settings)
{
    name_new(name, "checkup");
    topic_make(name, 1, settings);
}

#define TOPIC(name, ...)                                                       \
    make(name, (const char *const[]){__VA_ARGS__, NULL})

static void set_up(void)
{
    b = bench_on(NULL, NULL);
    name_new(group, "g");
    q = (struct mqm_inquiry){.size = sizeof(q),
                             .find = find,
                             .rate = 10,
                             .keep_ms = 7LL * DAY_MS,
                             .margin_ms = 60000,
                             .group = group,
                             .topic = topic,
                             .parking = "",
                             .settle_ms = 60000,
                             .work_ms = 30000};
}

static void tear_down(void)
{
    fault.name = NULL;
    bench_free(b);
}

/* The group stands there in its one partition. */
static void stands_at(int64_t offset)
{
    rd_kafka_t *rk = direct(RD_KAFKA_CONSUMER, group);
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;

    rd_kafka_topic_partition_list_add(l, topic, 0)->offset = offset;
    for (int i = 0; i < PATIENCE && (err = rd_kafka_commit(rk, l, 0)); i++)
        host_wait(NULL, 200); /* the coordinator may be new */
    ck_assert_int_eq(err, 0);
    rd_kafka_topic_partition_list_destroy(l);
    rd_kafka_destroy(rk);
}

static int64_t wall_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void send_born(int64_t born_ms)
{
    rd_kafka_t *rk = direct(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_vu_t v[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {"b", 1}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = born_ms},
    };

    ck_assert_ptr_null(rd_kafka_produceva(rk, v, 3));
    ck_assert_int_eq(rd_kafka_flush(rk, 20000), 0);
    rd_kafka_destroy(rk);
}

/* -------------------------------- settings ------------------------------- */

START_TEST(as_it_should_be)
{
    TOPIC(topic, "retention.ms", "259200000", "min.insync.replicas", "2");
    TOPIC(parking, "retention.ms", "-1");
    q.parking = parking;
    replicas = 3;
    must_look();
    must_find("fine retention:", "259200000");
    must_find("fine replicas:", "3, min.insync.replicas=2");
    must_find("fine parking:", "without limit");
    must_find("fine max.poll.interval.ms:", "300000");
    must_find("fine group:", "no position yet");
    must_find("fine rate:", "0 messages");
    must_find("fine clock:", "no message");
    must_not_find("fatal");
    must_not_find("warning retention");
}
END_TEST

START_TEST(settings_that_lose)
{
    TOPIC(topic, "cleanup.policy", "compact", "retention.ms", "3600000",
          "retention.bytes", "1000", "unclean.leader.election.enable", "true");
    TOPIC(parking, "retention.ms", "60000");
    q.parking = parking;
    q.work_ms = 300000;
    replicas = 3;
    must_look();
    must_find("fatal compaction:", "cleanup.policy=compact");
    must_find("warning retention:", "60 minutes");
    must_find("warning retention:", "retention.bytes=1000");
    must_find("fatal parking:", "retention.ms=60000");
    must_find("warning replicas:", "one broker alone");
    must_find("warning replicas:", "one that lags may lead");
    must_find("warning max.poll.interval.ms:", "300000");
}
END_TEST

START_TEST(settings_that_may_lose)
{
    TOPIC(topic, "retention.ms", "864000000", "min.insync.replicas", "2");
    TOPIC(parking, "retention.ms", "864000000", "min.insync.replicas", "5");
    q.parking = parking;
    must_look();
    must_find("warning retention:", "longer than keep_ms");
    must_find("warning parking:", "retention.ms=864000000");
    must_find("warning replicas:", "one: messages are lost");
    replicas = 3;
    must_look();
    must_find("warning replicas:", "nothing can be sent to it");
    TOPIC(topic, "retention.ms", "-1");
    TOPIC(parking, "retention.ms", "-1", "retention.bytes", "1000");
    must_look();
    must_find("warning retention:", "retention.ms=-1 is longer");
    must_find("warning parking:", "retention.bytes=1000");
    name_new(parking, "none");
    must_look();
    must_find("warning parking:", "is not there");
}
END_TEST

/* --------------------------------- groups -------------------------------- */

START_TEST(a_group_without_a_position)
{
    TOPIC(topic, NULL);
    flood(topic, 1, 5);
    must_look();
    must_find("warning group:", "is that its name?");
    q.is_new = 1;
    must_look();
    must_find("warning group:", "the oldest of 5 messages");
    must_not_find("fatal");
}
END_TEST

START_TEST(a_group_and_the_moment_of_the_switch)
{
    TOPIC(topic, NULL);
    flood(topic, 1, 10);
    stands_at(4);
    must_look();
    must_find("fine group:", "what comes from now on it will see");
    q.since_ms = wall_ms() + HOUR_MS;
    must_look();
    must_find("fine group:", "stands before the moment");
    q.since_ms = 1;
    must_look();
    must_find("warning group:", "stands 4 messages behind");
    remove_before(topic, 7);
    must_look();
    must_find("fatal group:", "not read 3 messages");
}
END_TEST

/* The same with a member at work is as it should be; unless nobody tells. */
START_TEST(a_group_at_work_is_past_the_moment)
{
    struct bench *member = bench_on(NULL, NULL);

    TOPIC(topic, NULL);
    flood(topic, 1, 10);
    stands_at(4);
    q.since_ms = 1;
    ck_assert_int_eq(member->adapter->subscribe(member->self, group, topic), 0);
    poll_until(member, 6, 20000);
    must_look();
    must_find("fine group:", "1 members, and read past");
    fail_call("rd_kafka_list_groups", 1, 1, RD_KAFKA_RESP_ERR__TIMED_OUT);
    must_look();
    ck_assert_int_eq(fault.failed, 1);
    must_find("warning group:", "messages behind");
    bench_free(member);
}
END_TEST

START_TEST(rate_and_clock)
{
    TOPIC(topic, NULL);
    flood(topic, 1, 1800);
    q.rate = 1;
    must_look();
    must_find("warning rate:", "3 messages a second came lately, not 1");
    must_find("fine clock:", "no message");
    q.rate = 0;
    must_look();
    must_find("fine rate:", "3 messages a second");
    send_born(wall_ms() + HOUR_MS);
    must_look();
    must_find("warning clock:", "clock_margin_ms (60000)");
    q.margin_ms = 2 * HOUR_MS;
    must_look();
    must_find("fine clock:", "no message");
}
END_TEST

/* -------------------------- what it may not see --------------------------- */

static const struct {
    const char *function;
    int nth, result; /* 1: it goes on, and the words are in a finding */
    const char *words;
} unseen[] = {
    {"rd_kafka_conf_set", 1, -EIO, "refuses to look"},
    {"rd_kafka_conf_set", 2, -EIO, "refuses to look"},
    {"rd_kafka_new", 1, -EINVAL, "no memory for it"},
    {"rd_kafka_topic_new", 1, -EINVAL, "topic '"},
    {"rd_kafka_metadata", 1, -EIO, "no broker answers"},
    {"rd_kafka_committed", 1, -EIO, "the position of"},
    {"rd_kafka_offsets_for_times", 1, -EIO, "the offsets by time"},
    {"rd_kafka_offsets_for_times", 2, -EIO, "the offsets by time"},
    {"rd_kafka_offsets_for_times", 3, -EIO, "the offsets by time"},
    {"rd_kafka_query_watermark_offsets", 1, -EIO, "the ends of"},
    {"rd_kafka_topic_new", 2, 1, "warning replicas: "},
    {"rd_kafka_metadata", 2, 1, "warning replicas: "},
    {"rd_kafka_ConfigResource_new", 1, 1, "warning settings: "},
    {"rd_kafka_queue_poll", 1, 1, "warning settings: "},
    {"rd_kafka_event_error", 1, 1, "warning settings: "},
    {"rd_kafka_ConfigResource_error", 1, 1, "warning settings: "},
    {"rd_kafka_queue_poll", 2, 1, "warning settings: "}, /* of the broker */
    {"rd_kafka_metadata", 3, 1, "warning parking: "},
    {"rd_kafka_queue_poll", 3, 1, "warning settings: "}, /* of the parking */
    {"rd_kafka_ConfigEntry_value", 1, 1, "fine "},
};

static bool as_told(int r, int nth)
{
    const char *words = unseen[nth].words;

    if (fault.failed != 1)
        return false;
    if (unseen[nth].result < 0)
        return r < 0 && r != -ENOENT && strstr(b->why, words);
    return r == 0 &&
           is_found(words, strncmp(words, "fine", 4) ? "not looked at" : "");
}

START_TEST(what_is_not_seen_is_said)
{
    bool found = false;
    int r = 0;

    TOPIC(topic, NULL);
    TOPIC(parking, NULL);
    flood(topic, 1, 3);
    stands_at(3);
    q.parking = parking;
    q.since_ms = 1;
    for (int i = 0; i < PATIENCE / 4 && !found; i++) {
        fail_call(unseen[_i].function, unseen[_i].nth, 1,
                  RD_KAFKA_RESP_ERR__TRANSPORT);
        r = look();
        found = as_told(r, _i);
        if (!found)
            host_wait(NULL, 200);
    }
    ck_assert_msg(found, "%s: failed %d times, %d %s\n%s",
                  unseen[_i].function, fault.failed, r, b->why, findings);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("adapter_kafka_checkup");
    TCase *t = tcase_create("checkup");

    (void)argc;
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, as_it_should_be);
    tcase_add_test(t, settings_that_lose);
    tcase_add_test(t, settings_that_may_lose);
    tcase_add_test(t, a_group_without_a_position);
    tcase_add_test(t, a_group_and_the_moment_of_the_switch);
    tcase_add_test(t, a_group_at_work_is_past_the_moment);
    tcase_add_test(t, rate_and_clock);
    tcase_add_loop_test(t, what_is_not_seen_is_said, 0,
                        (int)(sizeof(unseen) / sizeof(*unseen)));
    suite_add_tcase(s, t);
    return run_suite(s, argv);
}
