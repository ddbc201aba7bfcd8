/* LIBS: -lrdkafka */
/* SPDX-License-Identifier: MIT */
/* adapter_kafka_fetch.c - the Kafka adapter reads one message again, and tells
 * how far a group has read. */
#include "../fakes/kafka.h"

/* -------------------------------- fetching ------------------------------- */

struct wanted {
    struct bench *b;
    const char *topic, *origin, *body;
    int visits, answer;
};

static int look_at_it(void *user, struct mqm_delivery *d)
{
    struct wanted *w = user;

    ck_assert_str_eq(d->msg.topic, w->topic);
    ck_assert_str_eq(d->msg.group, "g");
    ck_assert_str_eq(d->msg.origin, w->origin);
    ck_assert_uint_eq(d->body_len, strlen(w->body));
    ck_assert_mem_eq(d->body, w->body, d->body_len);
    ck_assert_ptr_nonnull(d->raw);
    w->visits++;
    return w->answer;
}

static int fetch(struct wanted *w)
{
    w->visits = 0;
    return w->b->adapter->fetch(w->b->self, "g", w->topic, w->origin,
                                look_at_it, w);
}

START_TEST(each_message_is_found_where_it_lies)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64], origin[32], body[16];
    struct wanted w = {b, topic, origin, body, 0, 0};

    topic_new(topic, 3);
    flood(topic, 3, 60);
    for (int i = 59; i >= 0; i -= 7) {
        snprintf(origin, sizeof(origin), "%d/%d", i % 3, i / 3);
        snprintf(body, sizeof(body), "%d", i);
        ck_assert_msg(fetch(&w) == 0, "%s: %s", origin, b->why);
        ck_assert_int_eq(w.visits, 1);
    }
    w.answer = 77;
    ck_assert_int_eq(fetch(&w), 77);
    bench_free(b);
}
END_TEST

static int has_headers(void *user, struct mqm_delivery *d)
{
    struct bench *b = user;
    size_t len = 0;
    const void *v = b->adapter->header(b->self, d, MQM_ID_HEADER, &len);

    ck_assert_uint_eq(len, 4);
    ck_assert_mem_eq(v, "id-1", 4);
    v = b->adapter->header(b->self, d, "trace", &len);
    ck_assert_uint_eq(len, 3);
    ck_assert_mem_eq(v, "a\0b", 3);
    ck_assert_mem_eq(d->msg.key, "user", 4);
    b->times++;
    return 0;
}

START_TEST(with_headers_and_key)
{
    struct bench *b = bench_on(NULL, NULL);
    rd_kafka_t *rk = direct(RD_KAFKA_PRODUCER, NULL);
    char topic[64];
    rd_kafka_vu_t v[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {"body", 4}},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {"user", 4}},
        {.vtype = RD_KAFKA_VTYPE_HEADER,
         .u.header = {MQM_ID_HEADER, "id-1", 4}},
        {.vtype = RD_KAFKA_VTYPE_HEADER, .u.header = {"trace", "a\0b", 3}},
    };

    topic_new(topic, 1);
    ck_assert_ptr_null(rd_kafka_produceva(rk, v, 5));
    ck_assert_int_eq(rd_kafka_flush(rk, 20000), 0);
    rd_kafka_destroy(rk);
    ck_assert_int_eq(
        b->adapter->fetch(b->self, "g", topic, "0/0", has_headers, b), 0);
    ck_assert_uint_eq(b->times, 1);
    bench_free(b);
}
END_TEST

/* ------------------------- from the other broker -------------------------- */

static int look_at_fields(void *user, const struct mqm_field *f)
{
    struct bench *b = user;

    if (!strcmp(f->name, "none"))
        ck_assert_ptr_null(f->value);
    else
        ck_assert_mem_eq(f->value, "a\0b", 3);
    ck_assert_str_ne(f->name, MQM_ID_HEADER);
    b->times++;
    return 0;
}

static int list_fields(void *user, struct mqm_delivery *d)
{
    struct bench *b = user;
    size_t len;
    const void *id = b->adapter->header(b->self, d, MQM_ID_HEADER, &len);

    ck_assert_mem_eq(id, "id-7", 4);
    return b->adapter->headers(b->self, d, look_at_fields, b);
}

START_TEST(headers_come_along)
{
    static const struct mqm_field f[] = {
        {"trace", "a\0b", 3}, {"none", NULL, 0}, {"trace", "a\0b", 3}};
    struct bench *b = bench_on(NULL, NULL);
    struct mqm_delivery d = MQM_DELIVERY_INIT;
    char topic[64];

    topic_new(topic, 1);
    d.msg.topic = topic;
    d.msg.id = "id-7";
    d.msg.id_len = 4;
    d.body = "body";
    d.body_len = 4;
    ck_assert_msg(b->adapter->publish_with(b->self, &d, f, 3) == 0, "%s",
                  b->why);
    ck_assert_int_eq(
        b->adapter->fetch(b->self, "g", topic, "0/0", list_fields, b), 0);
    ck_assert_uint_eq(b->times, 3);
    bench_free(b);
}
END_TEST

static void refused(struct wanted *w, const char *origin, int result,
                    const char *words)
{
    w->origin = origin;
    ck_assert_msg(fetch(w) == result, "%s: %s", origin, w->b->why);
    ck_assert_int_eq(w->visits, 0);
    ck_assert_msg(strstr(w->b->why, words), "%s", w->b->why);
}

START_TEST(what_is_gone_is_told)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64], other[64];
    struct wanted w = {b, topic, "0/4", "4", 0, 0};

    topic_new(topic, 1);
    flood(topic, 1, 10);
    remove_before(topic, 4);
    ck_assert_int_eq(fetch(&w), 0);
    refused(&w, "0/3", -ENOENT, "retention has removed it");
    refused(&w, "0/10", -ENOENT, "made anew");
    refused(&w, "0/4x", -EINVAL, "no place");
    refused(&w, "retry/0/4", -EINVAL, "no place");
    refused(&w, "-1/4", -EINVAL, "no place");
    refused(&w, "", -EINVAL, "no place");
    refused(&w, "4294967296/4", -EINVAL, "no place"); /* nor partition 0 */
    refused(&w, "0/18446744073709551620", -EINVAL, "no place");
    name_new(other, "t");
    w.topic = other;
    refused(&w, "0/4", -ENOENT, other);
    w = (struct wanted){b, topic, "0/9", "9", 0, 0};
    ck_assert_int_eq(fetch(&w), 0); /* and the reader is none the worse */
    bench_free(b);
}
END_TEST

START_TEST(a_dead_broker_is_an_error)
{
    struct mqm_setting s[] = {{"bootstrap.servers", "127.0.0.1:1", 0}};
    struct bench *b = bench_new();
    struct wanted w = {b, "t", "0/0", "", 0, 0};
    int r;

    ck_assert_int_eq(bench_open(b, s, 1), 0);
    r = fetch(&w);
    ck_assert_msg(r < 0 && r != -ENOENT, "%d %s", r, b->why);
    bench_free(b);
}
END_TEST

/* ------------------------------- positions ------------------------------- */

struct places {
    struct mqm_position p[8];
    char queue[8][16], next[8][32];
    int n;
};

static int note(void *user, const struct mqm_position *p)
{
    struct places *all = user;
    int i = all->n++;

    ck_assert_int_lt(i, 8);
    all->p[i] = *p;
    snprintf(all->queue[i], 16, "%s", p->queue);
    snprintf(all->next[i], 32, "%s", p->next ? p->next : "-");
    return 0;
}

static struct places ask(struct bench *b, const char *group, const char *topic)
{
    struct places all = {.n = 0};
    int r = b->adapter->positions(b->self, group, topic, note, &all);

    ck_assert_msg(r == 0, "positions: %d %s", r, b->why);
    return all;
}

static void stop_at_three(struct bench *b, struct mqm_delivery *d)
{
    int32_t partition;
    int64_t offset;

    (void)b;
    ck_assert_int_eq(sscanf(d->msg.origin, "%" SCNd32 "/%" SCNd64, &partition,
                            &offset), 2);
    if (partition == 0 && offset == 3) {
        d->result = MQM_LATER;
        d->retry_ms = 60000;
    }
}

START_TEST(positions_of_a_group)
{
    struct bench *b = bench_on(NULL, NULL);
    char topic[64], group[64];
    struct places all;

    topic_new(topic, 3);
    flood(topic, 2, 20); /* the third is empty */
    name_new(group, "g");
    all = ask(b, group, topic);
    ck_assert_int_eq(all.n, 3);
    ck_assert_int_eq(all.p[0].committed, -1);
    ck_assert_str_eq(all.next[0], "0/0");
    ck_assert_str_eq(all.next[2], "-");

    b->script = stop_at_three;
    ck_assert_int_eq(b->adapter->subscribe(b->self, group, topic), 0);
    poll_until(b, 14, 20000);
    bench_free(b); /* commits */
    b = bench_on(NULL, NULL);
    all = ask(b, group, topic);
    ck_assert_int_eq(all.n, 3);
    ck_assert_str_eq(all.queue[1], "1");
    ck_assert_int_eq(all.p[0].committed, 3);
    ck_assert_int_eq(all.p[0].begin, 0);
    ck_assert_int_eq(all.p[0].end, 10);
    ck_assert_str_eq(all.next[0], "0/3");
    ck_assert_int_eq(all.p[1].committed, 10);
    ck_assert_str_eq(all.next[1], "-");
    remove_before(topic, 6);
    all = ask(b, group, topic);
    ck_assert_int_eq(all.p[0].begin, 6);
    ck_assert_str_eq(all.next[0], "0/6");
    bench_free(b);
}
END_TEST

START_TEST(positions_of_nothing)
{
    struct bench *b = bench_on(NULL, NULL);
    struct places all = {.n = 0};
    char topic[64];

    name_new(topic, "t");
    ck_assert_int_eq(b->adapter->positions(b->self, "g", topic, note, &all),
                     -ENOENT);
    ck_assert_int_eq(all.n, 0);
    bench_free(b);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("adapter_kafka_fetch");
    TCase *t = tcase_create("fetch");

    (void)argc;
    tcase_set_timeout(t, 60);
    tcase_add_test(t, each_message_is_found_where_it_lies);
    tcase_add_test(t, with_headers_and_key);
    tcase_add_test(t, headers_come_along);
    tcase_add_test(t, what_is_gone_is_told);
    tcase_add_test(t, a_dead_broker_is_an_error);
    tcase_add_test(t, positions_of_a_group);
    tcase_add_test(t, positions_of_nothing);
    suite_add_tcase(s, t);
    return run_suite(s, argv);
}
