/* LIBS: -lrdkafka */
/* SPDX-License-Identifier: MIT */
/* adapter_kafka_out.c - the Kafka adapter publishes, scans and probes. */
#include "../fakes/kafka_mock.h"

/* ------------------------------ publishing ------------------------------- */

static struct mqm_delivery message(const char *topic, const char *id)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;

    d.msg.topic = topic;
    d.msg.id = id;
    d.msg.id_len = id ? strlen(id) : 0;
    return d;
}

static void publish(struct bench *b, const struct mqm_delivery *d)
{
    int r = b->adapter->publish(b->self, d);

    ck_assert_msg(r == 0, "publish: %d %s", r, b->why);
}

static size_t count_headers(const struct mqm_delivery *d, const char *name)
{
    rd_kafka_headers_t *h;
    const void *value;
    size_t n = 0, len;

    if (rd_kafka_message_headers(d->raw, &h))
        return 0;
    while (!rd_kafka_header_get(h, n, name, &value, &len))
        n++;
    return n;
}

static void assert_header(struct bench *b, const struct mqm_delivery *d,
                          const char *name, const void *value, size_t len)
{
    size_t got = 0;
    const void *v = b->adapter->header(b->self, d, name, &got);

    ck_assert_msg(v, "no header %s", name);
    ck_assert_uint_eq(got, len);
    ck_assert_mem_eq(v, value, len);
}

static void look_at_it(struct bench *b, struct mqm_delivery *d)
{
    size_t len;

    assert_header(b, d, MQM_ID_HEADER, "id-1", 4);
    ck_assert_uint_eq(count_headers(d, MQM_ID_HEADER), 1);
    ck_assert_ptr_null(b->adapter->header(b->self, d, "none", &len));
    ck_assert_uint_eq(d->msg.key_len, 3);
    ck_assert_mem_eq(d->msg.key, "k\0y", 3);
    ck_assert_uint_eq(d->body_len, 5);
    ck_assert_mem_eq(d->body, "b\0dy!", 5);
    ck_assert_int_gt(d->msg.born_ms, 1600000000000);
    ck_assert_uint_eq(d->lane, 1);
    ck_assert_str_eq(d->msg.group, b->why);
    ck_assert_ptr_null(d->tag);
}

START_TEST(published_is_consumed)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64];
    struct mqm_delivery d = message(topic, "id-1");

    topic_new(topic, 1);
    name_new(b->why, "g"); /* where look_at_it() finds the group's name */
    d.msg.key = "k\0y";
    d.msg.key_len = 3;
    d.body = "b\0dy!";
    d.body_len = 5;
    publish(b, &d);
    b->script = look_at_it;
    ck_assert_int_eq(b->adapter->subscribe(b->self, b->why, topic), 0);
    poll_until(b, 1, 10000);
    ck_assert_uint_eq(b->n, 1);
    bench_free(b);
}
END_TEST

static void bare(struct bench *b, struct mqm_delivery *d)
{
    size_t len;

    ck_assert_uint_eq(d->msg.key_len, 0);
    ck_assert_uint_eq(d->body_len, 0);
    ck_assert_ptr_null(d->msg.key);
    ck_assert_int_eq(d->body == NULL, b->times == 0); /* a tombstone, then "" */
    ck_assert_ptr_null(b->adapter->header(b->self, d, MQM_ID_HEADER, &len));
    b->times++;
}

START_TEST(no_key_no_body_no_id)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64], group[64];
    struct mqm_delivery d = message(topic, NULL);

    topic_new(topic, 1);
    name_new(group, "g");
    publish(b, &d);
    d.body = "";
    publish(b, &d);
    b->script = bare;
    ck_assert_int_eq(b->adapter->subscribe(b->self, group, topic), 0);
    poll_until(b, 2, 10000);
    ck_assert_uint_eq(b->times, 2);
    bench_free(b);
}
END_TEST

/* A message with headers of every kind, and the id twice. */
static void put_odd(const char *topic)
{
    rd_kafka_t *rk = direct(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_headers_t *h = rd_kafka_headers_new(4);
    rd_kafka_vu_t v[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {"body", 4}},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {"its own", 7}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = h},
    };

    rd_kafka_header_add(h, MQM_ID_HEADER, -1, "first", 5);
    rd_kafka_header_add(h, "nul", -1, "a\0b\0", 4);
    rd_kafka_header_add(h, "empty", -1, "", 0);
    rd_kafka_header_add(h, "null", -1, NULL, 0);
    rd_kafka_header_add(h, "twice", -1, "1", 1);
    rd_kafka_header_add(h, "twice", -1, "2", 1);
    rd_kafka_header_add(h, MQM_ID_HEADER, -1, "last", 4);
    ck_assert_ptr_null(rd_kafka_produceva(rk, v, 4));
    ck_assert_int_eq(rd_kafka_flush(rk, 20000), 0);
    rd_kafka_destroy(rk);
}

static char parking[64];

/* As the library parks: the delivery as it is, to another topic. */
static void park(struct bench *b, struct mqm_delivery *d)
{
    struct mqm_delivery out = *d;

    assert_header(b, d, MQM_ID_HEADER, "last", 4);
    out.msg.topic = parking;
    out.msg.id = "last";
    out.msg.id_len = 4;
    out.msg.key = "user-17"; /* of a header, as the configuration says */
    out.msg.key_len = 7;
    publish(b, &out);
}

static int look_at_parked(void *user, struct mqm_delivery *d)
{
    struct bench *b = user;
    size_t len;

    ck_assert_str_eq(d->msg.topic, parking);
    assert_header(b, d, MQM_ID_HEADER, "last", 4);
    ck_assert_uint_eq(count_headers(d, MQM_ID_HEADER), 1);
    assert_header(b, d, "nul", "a\0b\0", 4);
    assert_header(b, d, "empty", "", 0);
    assert_header(b, d, "twice", "2", 1);
    ck_assert_uint_eq(count_headers(d, "twice"), 2);
    ck_assert_uint_eq(count_headers(d, "null"), 1);
    ck_assert_ptr_null(b->adapter->header(b->self, d, "null", &len));
    ck_assert_mem_eq(d->body, "body", 4);
    ck_assert_uint_eq(d->msg.key_len, 7);
    ck_assert_mem_eq(d->msg.key, "its own", 7);
    b->times++;
    return 0;
}

static int send_back(void *user, struct mqm_delivery *d)
{
    struct bench *b = user;
    struct mqm_delivery out = *d;

    (void)look_at_parked(b, d);
    publish(b, &out); /* to the same topic, raw and all */
    return 0;
}

START_TEST(raw_keeps_its_headers_and_key)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64], group[64];

    topic_new(topic, 1);
    topic_new(parking, 1);
    name_new(group, "g");
    put_odd(topic);
    b->script = park;
    ck_assert_int_eq(b->adapter->subscribe(b->self, group, topic), 0);
    poll_until(b, 1, 10000);
    ck_assert_int_eq(b->adapter->scan(b->self, parking, send_back, b), 0);
    ck_assert_uint_eq(b->times, 1);
    ck_assert_int_eq(b->adapter->scan(b->self, parking, look_at_parked, b), 0);
    ck_assert_uint_eq(b->times, 3);
    bench_free(b);
}
END_TEST

/* A broker that takes a message for one that it has: perhaps it has not. */
START_TEST(a_duplicate_is_not_taken_for_sent)
{
    struct mock mock = mock_new("mocked", 1);
    struct mqm_delivery d = message("mocked", "id");
    struct bench *b = bench_on(NULL, NULL);

    publish(b, &d);
    rd_kafka_mock_push_request_errors(
        mock.cluster, 0, 1, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
    ck_assert_int_eq(b->adapter->publish(b->self, &d), -EIO);
    ck_assert_msg(strstr(b->why, "it may have been sent"), "%s", b->why);
    publish(b, &d);
    bench_free(b);
    mock_free(&mock);
}
END_TEST

START_TEST(dead_broker_is_told_in_time)
{
    struct mqm_setting s[] = {{"bootstrap.servers", "127.0.0.1:1", 0},
                              {"message.timeout.ms", "1500", 0}};
    struct bench *b = bench_new();
    struct mqm_delivery d = message("t", "id");
    int64_t begin_ms;

    ck_assert_int_eq(bench_open(b, s, 2), 0);
    begin_ms = now_ms();
    ck_assert_int_eq(b->adapter->publish(b->self, &d), -ETIMEDOUT);
    ck_assert_int_le(now_ms() - begin_ms, 4000);
    ck_assert_msg(strstr(b->why, "not sent"), "%s", b->why);
    ck_assert_msg(strstr(b->why, "refused"), "%s", b->why);
    ck_assert_int_lt(b->adapter->probe(b->self, "g", "t"), 0);
    ck_assert_msg(strstr(b->why, "no broker answers"), "%s", b->why);
    ck_assert_int_le(now_ms() - begin_ms, 12000);
    bench_free(b);
}
END_TEST

enum { THREADS = 6, SENDS = 50 };

static struct bench *shared;
static char crowded[64];

static void *send_many(void *arg)
{
    for (int i = 0; i < SENDS; i++) {
        char id[32];
        struct mqm_delivery d = message(crowded, id);

        d.msg.id_len = (size_t)snprintf(id, sizeof(id), "%d-%d",
                                        (int)(intptr_t)arg, i);
        d.msg.key = id;
        d.msg.key_len = d.msg.id_len;
        publish(shared, &d);
    }
    return NULL;
}

static int count_visits(void *user, struct mqm_delivery *d)
{
    (void)d;
    return ++*(int *)user == 1000000;
}

START_TEST(threads_publish_at_once)
{
    pthread_t t[THREADS];
    int64_t begin_ms = now_ms();
    int n = 0;

    shared = bench_on(NULL, NULL);
    topic_new(crowded, 3);
    for (intptr_t i = 0; i < THREADS; i++)
        pthread_create(&t[i], NULL, send_many, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    ck_assert_int_le(now_ms() - begin_ms, 15000);
    ck_assert_int_eq(
        shared->adapter->scan(shared->self, crowded, count_visits, &n), 0);
    ck_assert_int_eq(n, THREADS * SENDS);
    bench_free(shared);
}
END_TEST

/* -------------------------- scanning and probing ------------------------- */

static int stop_at_ten(void *user, struct mqm_delivery *d)
{
    (void)d;
    return ++*(int *)user == 10 ? 77 : 0;
}

START_TEST(scan_visits_all)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64], empty[64];
    int64_t begin_ms = now_ms();
    int n = 0;

    topic_new(topic, 4);
    topic_new(empty, 4);
    flood(topic, 3, 5000); /* one partition stays empty */
    ck_assert_int_eq(b->adapter->scan(b->self, topic, count_visits, &n), 0);
    ck_assert_int_eq(n, 5000);
    n = 0;
    ck_assert_int_eq(b->adapter->scan(b->self, topic, stop_at_ten, &n), 77);
    ck_assert_int_eq(n, 10);
    n = 0;
    ck_assert_int_eq(b->adapter->scan(b->self, empty, count_visits, &n), 0);
    ck_assert_int_eq(n, 0);
    ck_assert_int_le(now_ms() - begin_ms, 15000);
    bench_free(b);
}
END_TEST

START_TEST(missing_topic_is_not_made)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64];
    int n = 0;

    name_new(topic, "t");
    for (int i = 0; i < 2; i++) { /* the first question did not make it */
        ck_assert_int_eq(b->adapter->probe(b->self, "g", topic), -ENOENT);
        ck_assert_msg(strstr(b->why, topic), "%s", b->why);
        ck_assert_int_eq(b->adapter->scan(b->self, topic, count_visits, &n),
                         -ENOENT);
    }
    topic_new(topic, 1);
    ck_assert_int_eq(b->adapter->probe(b->self, "g", topic), 0);
    bench_free(b);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("adapter_kafka_out");
    TCase *t = tcase_create("out");

    (void)argc;
    tcase_set_timeout(t, 60);
    tcase_add_test(t, published_is_consumed);
    tcase_add_test(t, no_key_no_body_no_id);
    tcase_add_test(t, raw_keeps_its_headers_and_key);
    tcase_add_test(t, a_duplicate_is_not_taken_for_sent);
    tcase_add_test(t, dead_broker_is_told_in_time);
    tcase_add_test(t, threads_publish_at_once);
    tcase_add_test(t, scan_visits_all);
    tcase_add_test(t, missing_topic_is_not_made);
    suite_add_tcase(s, t);
    return run_suite(s, argv);
}
