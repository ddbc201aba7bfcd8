/* SPDX-License-Identifier: MIT */
/* adapter_rocketmq.c - the RocketMQ adapter against a real broker and the real
 * client library, with a host that answers as the test says.
 */
#include "../fakes/rocketmq.h"

/* As a program that goes on: nothing seen, not stopped. */
static void open_again(const char *mode)
{
    fake.stopped = 0;
    fake.n = 0;
    fake.answer = answer_ok;
    open_adapter(mode, NULL, NULL);
}

/* Poll until n ids are done (or seen), ms at most: how many are. */
static size_t poll_ids(size_t n, int all, int ms)
{
    int64_t end = clock_ms() + ms;

    while (fake_ids(all) < n && clock_ms() < end) {
        int r = fake.adapter->poll(fake.self, 50);

        ck_assert_msg(r == MQM_OK || r == -ECANCELED, "poll: %d %s", r,
                      fake.error);
    }
    return fake_ids(all);
}

/* ------------------------------ delivering ------------------------------ */

START_TEST(all_that_is_sent_arrives_once)
{
    const char *topic = fresh("all"), *group = fresh("GID_all");

    open_adapter("concurrent", NULL, NULL);
    publish(topic, 0, 40);
    subscribe(group, topic);
    ck_assert_uint_eq(poll_ids(40, 0, 20000), 40);
    poll_for(1500);
    ck_assert_uint_eq(fake.n, 40);
    for (size_t i = 0; i < fake.n; i++) {
        const struct seen *s = &fake.seen[i];
        int no = (int)strtol(s->id + 3, NULL, 10), queue = -1, end = 0;
        long long offset = -1;
        char body[32], key[32];

        snprintf(body, sizeof(body), "body-%04d", no);
        snprintf(key, sizeof(key), "user-%d", no % 7);
        ck_assert_str_eq(s->body, body);
        ck_assert_str_eq(s->key, key);
        ck_assert_str_eq(s->tag, "gold");
        ck_assert_str_eq(s->topic, topic);
        ck_assert_int_gt(s->born_ms, 1700000000000);
        ck_assert_uint_eq(s->lane, 0);
        ck_assert_int_eq(sscanf(s->origin, "%d/%lld%n", &queue, &offset, &end),
                         2);
        ck_assert_int_eq((int)strlen(s->origin), end);
    }
    close_adapter();

    open_again("concurrent");
    subscribe(group, topic);
    poll_for(1500);
    ck_assert_msg(fake.n == 0, "%zu came again after all was done", fake.n);
    close_adapter();
}
END_TEST

static int third_time_ok(struct mqm_delivery *d, const struct seen *s)
{
    int before = 0;

    if (strcmp(s->id, "id-0002"))
        return MQM_OK;
    for (size_t i = 0; i < fake.n; i++)
        before += !strcmp(fake.seen[i].id, s->id);
    d->retry_ms = 200;
    return before < 2 ? MQM_LATER : MQM_OK;
}

START_TEST(a_copy_waits_inside_the_callback)
{
    const char *topic = fresh("waits"), *group = fresh("GID_waits");
    int64_t at[3];
    int n = 0;

    open_adapter("concurrent", NULL, NULL);
    fake.answer = third_time_ok;
    publish(topic, 0, 12);
    subscribe(group, topic);
    ck_assert_uint_eq(poll_ids(12, 0, 20000), 12);
    poll_for(4000); /* the broker's retry takes 1 s here */
    ck_assert_uint_eq(fake.n, 14);
    for (size_t i = 0; i < fake.n; i++) {
        ck_assert_int_eq(fake.seen[i].tries, 0);
        if (!strcmp(fake.seen[i].id, "id-0002"))
            at[n++] = fake.seen[i].at_ms;
    }
    ck_assert_int_eq(n, 3);
    ck_assert_int_ge(at[1] - at[0], 195);
    ck_assert_int_ge(at[2] - at[1], 195);
    close_adapter();
}
END_TEST

static int every_fifth_twice(struct mqm_delivery *d, const struct seen *s)
{
    int before = 0;

    for (size_t i = 0; i < fake.n; i++)
        before += !strcmp(fake.seen[i].id, s->id);
    d->retry_ms = 300;
    return strtol(s->id + 3, NULL, 10) % 5 == 0 && before < 2 ? MQM_LATER
                                                              : MQM_OK;
}

START_TEST(orderly_keeps_each_lane_in_order)
{
    const char *topic = fresh("order"), *group = fresh("GID_order");
    long long next[64] = {0};

    open_adapter("orderly", NULL, NULL);
    fake.answer = every_fifth_twice;
    publish(topic, 0, 30);
    subscribe(group, topic);
    ck_assert_uint_eq(poll_ids(30, 0, 60000), 30);
    ck_assert_uint_eq(fake.n, 30 + 6 * 2);
    for (size_t i = 0; i < fake.n; i++) {
        const struct seen *s = &fake.seen[i];
        long long offset = strtoll(strchr(s->origin, '/') + 1, NULL, 10);

        ck_assert_uint_gt(s->lane, 0);
        ck_assert_uint_lt(s->lane, 64);
        ck_assert_int_eq(s->tries, 0);
        ck_assert_msg(offset == next[s->lane],
                      "lane %u: %lld instead of %lld, after %zu", s->lane,
                      offset, next[s->lane], i);
        next[s->lane] += s->result == MQM_OK;
    }
    close_adapter();
}
END_TEST

static int never(struct mqm_delivery *d, const struct seen *s)
{
    (void)s;
    d->retry_ms = 3600000;
    return MQM_LATER;
}

/* How many came out of the group's retry topic; all bear the topic's name. */
static int retried(const char *topic)
{
    int n = 0;

    for (size_t i = 0; i < fake.n; i++) {
        const struct seen *s = &fake.seen[i];

        ck_assert_str_eq(s->topic, topic);
        ck_assert_int_eq(s->tries > 0, !strncmp(s->origin, "retry/", 6));
        n += s->tries > 0;
    }
    return n;
}

static int stop_in_the_middle(const char *mode)
{
    const char *topic = fresh("stop"), *group = fresh("GID_stop");
    int64_t began;
    int n;

    open_adapter(mode, NULL, NULL);
    fake.answer = never;
    publish(topic, 0, 20);
    subscribe(group, topic);
    ck_assert_uint_ge(poll_ids(1, 1, 20000), 1);
    fake_stop();
    began = clock_ms();
    ck_assert_int_eq(fake.adapter->poll(fake.self, 50), -ECANCELED);
    close_adapter();
    ck_assert_int_lt(clock_ms() - began, 5000);
    ck_assert_int_eq(fake.inside, 0);

    open_again(mode);
    subscribe(group, topic);
    ck_assert_uint_eq(poll_ids(20, 0, 90000), 20);
    n = retried(topic);
    close_adapter();
    return n;
}

START_TEST(a_concurrent_stop_loses_nothing)
{
    ck_assert_int_gt(stop_in_the_middle("concurrent"), 0);
}
END_TEST

START_TEST(an_orderly_stop_loses_nothing)
{
    ck_assert_int_eq(stop_in_the_middle("orderly"), 0);
}
END_TEST

START_TEST(a_body_that_the_client_cuts_off_is_not_delivered)
{
    const char *topic = fresh("cut"), *group = fresh("GID_cut");

    open_adapter("concurrent", NULL, NULL);
    publish(topic, 0, 3);
    ck_assert_int_eq(publish_one(topic, 3, "ab\0cd", 5), MQM_OK);
    publish(topic, 4, 3);
    subscribe(group, topic);
    poll_ids(7, 0, 3000);
    for (size_t i = 0; i < fake.n; i++)
        if (!strcmp(fake.seen[i].id, "id-0003"))
            ck_assert_uint_eq(strlen(fake.seen[i].body), 5);
    ck_assert(strstr(fake.log, "cut off by the client"));
    ck_assert_uint_ge(fake_ids(0), 3);
    fake_stop();
    close_adapter();
}
END_TEST

/* --------------------------- sending, reading --------------------------- */

/* Known before it is sent, and not sent if it is tried. */
static void refused(const struct mqm_delivery *d, const char *words)
{
    ck_assert_int_eq(fake.adapter->may_publish(fake.self, d), -EINVAL);
    ck_assert_msg(strstr(fake.error, words), "%s", fake.error);
    fake.error[0] = '\0';
    ck_assert_int_eq(fake.adapter->publish(fake.self, d), -EINVAL);
    ck_assert_msg(strstr(fake.error, words), "%s", fake.error);
}

START_TEST(what_cannot_be_sent_is_refused_with_words)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;

    open_adapter("concurrent", NULL, NULL);
    d.msg.topic = "any";
    refused(&d, "no body");
    d.body = "x";
    d.body_len = 1;
    ck_assert_int_eq(fake.adapter->may_publish(fake.self, &d), MQM_OK);
    d.msg.key = "a\001b";
    d.msg.key_len = 3;
    refused(&d, "key of the message is binary");
    d.msg.key = NULL;
    d.msg.id = "\0\001\002";
    d.msg.id_len = 3;
    refused(&d, "id of the message is binary");
    d.msg.topic = "with.dots";
    refused(&d, "with.dots");
    d.msg.topic = "any";
    d.msg.id = NULL;
    d.body_len = 4194305;
    ck_assert_int_eq(fake.adapter->may_publish(fake.self, &d), -EMSGSIZE);
    ck_assert_msg(strstr(fake.error, "max_message_size"), "%s", fake.error);
    close_adapter();
}
END_TEST

/* The client alone would take 128 KiB, and the tests' broker takes 256. */
START_TEST(a_large_body_is_sent)
{
    enum { LARGE = 250000 };
    static char body[LARGE];
    const char *topic = fresh("large");

    memset(body, 'x', LARGE);
    open_adapter("concurrent", NULL, NULL);
    publish(topic, 0, 1);
    ck_assert_msg(publish_one(topic, 1, body, LARGE) == MQM_OK, "%s",
                  fake.error);
    close_adapter();
}
END_TEST

struct visits {
    int n, stop_at;
    unsigned char found[256];
};

static int visit(void *user, struct mqm_delivery *d)
{
    struct visits *v = user;
    struct seen s;

    write_down(&s, d);
    v->found[strtol(s.id + 3, NULL, 10) & 255]++;
    ck_assert_int_eq(strncmp(s.body, "body-", 5), 0);
    return ++v->n == v->stop_at ? 7 : 0;
}

START_TEST(a_scan_visits_all_and_is_nobodys_member)
{
    const char *topic = fresh("scan"), *group = fresh("GID_scan");
    struct visits v = {0, 0, {0}};

    open_adapter("concurrent", NULL, NULL);
    publish(topic, 0, 150);
    await_filed(topic, 150);
    ck_assert_int_eq(fake.adapter->scan(fake.self, topic, visit, &v), MQM_OK);
    ck_assert_int_eq(v.n, 150);
    for (int i = 0; i < 150; i++)
        ck_assert_uint_eq(v.found[i], 1);
    v.n = 0;
    v.stop_at = 5;
    ck_assert_int_eq(fake.adapter->scan(fake.self, topic, visit, &v), 7);
    ck_assert_int_eq(v.n, 5);
    subscribe(group, topic);
    ck_assert_uint_eq(poll_ids(150, 0, 20000), 150);
    ck_assert_int_eq(fake.adapter->probe(fake.self, group, topic), MQM_OK);
    ck_assert_int_eq(fake.adapter->scan(fake.self, "NOPE", visit, &v), -ENOENT);
    ck_assert(strstr(fake.error, "no topic 'NOPE'"));
    ck_assert_int_eq(fake.adapter->probe(fake.self, group, "NOPE"), -ENOENT);
    close_adapter();
}
END_TEST

static char parking[100];

static int park_it(struct mqm_delivery *d, const struct seen *s)
{
    struct mqm_delivery copy = *d;

    copy.msg.topic = parking;
    copy.msg.id = s->id;
    copy.msg.id_len = strlen(s->id);
    copy.msg.key = "what the configuration takes for the key";
    copy.msg.key_len = strlen(copy.msg.key);
    return fake.adapter->publish(fake.self, &copy) == MQM_OK ? MQM_OK
                                                             : MQM_LATER;
}

static int check_parked(void *user, struct mqm_delivery *d)
{
    size_t len = 0;
    const char *colour = fake.adapter->header(fake.self, d, "colour", &len);
    struct seen s;

    write_down(&s, d);
    ck_assert_uint_eq(len, 4);
    ck_assert_str_eq(colour, "blue");
    ck_assert_ptr_null(fake.adapter->header(fake.self, d, "shape", NULL));
    ck_assert_str_eq(s.id, "id-from-outside");
    ck_assert_str_eq(s.body, "a body");
    ck_assert_str_eq(s.key, "user-9");
    ck_assert_str_eq(s.tag, "silver");
    ++*(int *)user;
    return 0;
}

START_TEST(a_parked_copy_keeps_key_tag_and_listed_properties)
{
    const char *topic = fresh("park"), *group = fresh("GID_park");
    char line[4096];
    int n = 0;

    snprintf(parking, sizeof(parking), "%s", fresh("parking"));
    snprintf(line, sizeof(line),
             "D=%s/rocketmq; scripts/rocketmq topic $D %s >&2 && "
             "echo 'a body' | scripts/rocketmq send $D %s "
             "mqm-id=id-from-outside KEYS=user-9 TAGS=silver colour=blue "
             "shape=round >&2",
             need_env("MQM_TEST_SERVERS"), topic, topic);
    ck_assert_msg(!system(line), "failed: %s", line);
    open_adapter("concurrent", "properties", "size, colour");
    fake.answer = park_it;
    subscribe(group, topic);
    ck_assert_uint_eq(poll_ids(1, 0, 20000), 1);
    await_filed(parking, 1);
    ck_assert_int_eq(fake.adapter->scan(fake.self, parking, check_parked, &n),
                     MQM_OK);
    ck_assert_int_eq(n, 1);
    close_adapter();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        all_that_is_sent_arrives_once,
        a_copy_waits_inside_the_callback,
        orderly_keeps_each_lane_in_order,
        a_concurrent_stop_loses_nothing,
        an_orderly_stop_loses_nothing,
        a_body_that_the_client_cuts_off_is_not_delivered,
        what_cannot_be_sent_is_refused_with_words,
        a_scan_visits_all_and_is_nobodys_member,
        a_large_body_is_sent,
        a_parked_copy_keeps_key_tag_and_listed_properties,
    };

    return run_suite("adapter_rocketmq", tests,
                     sizeof(tests) / sizeof(tests[0]));
}
