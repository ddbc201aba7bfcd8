/* SPDX-License-Identifier: MIT */
/* adapter_rocketmq_fetch.c - the RocketMQ adapter reads one message again, and
 * tells how far a group has read, on a real broker. */
#include "../fakes/rocketmq.h"

static const char *our_group;

struct wanted {
    const char *topic, *origin;
    char id[64], body[64];
    int visits, answer;
};

static int look_at_it(void *user, struct mqm_delivery *d)
{
    struct wanted *w = user;
    size_t len = 0;
    const void *id = fake.adapter->header(fake.self, d, MQM_ID_HEADER, &len);

    ck_assert_str_eq(d->msg.group, our_group);
    ck_assert_str_eq(d->msg.origin, w->origin);
    ck_assert_ptr_nonnull(id);
    copy_text(w->id, sizeof(w->id), id, len);
    copy_text(w->body, sizeof(w->body), d->body, d->body_len);
    w->visits++;
    return w->answer;
}

static int fetch(struct wanted *w, const char *origin)
{
    w->visits = 0;
    w->origin = origin;
    return fake.adapter->fetch(fake.self, our_group, w->topic, origin,
                               look_at_it, w);
}

/* Where each of the messages lies: fake.seen. */
static int note_all(void *user, struct mqm_delivery *d)
{
    (void)user;
    write_down(&fake.seen[fake.n++], d);
    return 0;
}

START_TEST(each_message_is_found_where_it_lies)
{
    struct wanted w = {.topic = fresh("fetch")};

    open_adapter("concurrent", NULL, NULL);
    publish(w.topic, 0, 20);
    await_filed(w.topic, 20);
    ck_assert_int_eq(fake.adapter->scan(fake.self, w.topic, note_all, NULL), 0);
    ck_assert_uint_eq(fake.n, 20);
    for (size_t i = 20; i-- > 0;) {
        ck_assert_msg(fetch(&w, fake.seen[i].origin) == 0, "%s: %s",
                      fake.seen[i].origin, fake.error);
        ck_assert_int_eq(w.visits, 1);
        ck_assert_str_eq(w.id, fake.seen[i].id);
        ck_assert_str_eq(w.body, fake.seen[i].body);
    }
    w.answer = 77;
    ck_assert_int_eq(fetch(&w, fake.seen[0].origin), 77);
    close_adapter();
}
END_TEST

static void refused(struct wanted *w, const char *origin, int result,
                    const char *words)
{
    ck_assert_msg(fetch(w, origin) == result, "%s: %s", origin, fake.error);
    ck_assert_int_eq(w->visits, 0);
    ck_assert_msg(strstr(fake.error, words), "%s", fake.error);
}

START_TEST(what_is_gone_is_told)
{
    struct wanted w = {.topic = fresh("gone")};

    open_adapter("concurrent", NULL, NULL);
    publish(w.topic, 0, 4);
    refused(&w, "0/1000", -ENOENT, "offset 1000");
    refused(&w, "99/0", -ENOENT, "queue 99");
    refused(&w, "key/7F0000", -EINVAL, "no place");
    refused(&w, "0/0x", -EINVAL, "no place");
    refused(&w, "retry/0/0", -ENOENT, "%RETRY%GID_g");
    w.topic = fresh("none");
    refused(&w, "0/0", -ENOENT, w.topic);
    close_adapter();
}
END_TEST

/* ------------------------- from the other broker -------------------------- */

static int note_field(void *user, const struct mqm_field *f)
{
    char *all = user;
    size_t len = strlen(all);

    snprintf(all + len, 128 - len, "%s=%.*s;", f->name, (int)f->len,
             (const char *)f->value);
    return 0;
}

static char fields_of_it[128];

static int list_fields(void *user, struct mqm_delivery *d)
{
    (void)user;
    write_down(&fake.seen[fake.n++], d);
    return fake.adapter->headers(fake.self, d, note_field, fields_of_it);
}

/* What RocketMQ cannot bear, or would obey, is left out. */
START_TEST(headers_come_along)
{
    static const struct mqm_field f[] = {
        {"colour", "red", 3},   {"DELAY", "18", 2},     {"shape", "r\0nd", 4},
        {"KEYS", "theirs", 6},  {"empty", "", 0},       {"size", "XL", 2},
        {"mqm-id", "other", 5},
    };
    struct mqm_delivery d = MQM_DELIVERY_INIT;
    const char *topic = fresh("along");

    open_adapter("concurrent", "properties", "size,colour,shape,empty");
    d.msg.topic = topic;
    d.msg.id = "id-7";
    d.msg.id_len = 4;
    d.msg.key = "ours";
    d.msg.key_len = 4;
    d.body = "body";
    d.body_len = 4;
    ck_assert_msg(fake.adapter->publish_with(fake.self, &d, f, 7) == 0, "%s",
                  fake.error);
    await_filed(topic, 1);
    ck_assert_int_eq(fake.adapter->scan(fake.self, topic, list_fields, NULL),
                     0);
    ck_assert_uint_eq(fake.n, 1);
    ck_assert_str_eq(fields_of_it, "size=XL;colour=red;");
    ck_assert_str_eq(fake.seen[0].id, "id-7");
    ck_assert_str_eq(fake.seen[0].key, "ours");
    ck_assert_msg(strstr(fake.log, "'shape' (4 bytes) is left out"), "%s",
                  fake.log);
    close_adapter();
}
END_TEST

/* ------------------------------- positions ------------------------------- */

struct places {
    struct mqm_position p[32];
    char queue[32][16], next[32][32];
    int n;
};

static int note(void *user, const struct mqm_position *p)
{
    struct places *all = user;
    int i = all->n++;

    ck_assert_int_lt(i, 32);
    all->p[i] = *p;
    snprintf(all->queue[i], 16, "%s", p->queue);
    snprintf(all->next[i], 32, "%s", p->next ? p->next : "-");
    return 0;
}

static struct places ask(const char *group, const char *topic)
{
    struct places all = {.n = 0};
    int r = fake.adapter->positions(fake.self, group, topic, note, &all);

    ck_assert_msg(r == MQM_OK, "positions: %d %s", r, fake.error);
    return all;
}

/* In all queues of the topic: sent, and read by the group (-1: nothing). */
static void sum(const struct places *all, int64_t *sent, int64_t *done)
{
    *sent = 0;
    *done = -1;
    for (int i = 0; i < all->n; i++) {
        if (!strncmp(all->queue[i], "retry/", 6))
            continue;
        *sent += all->p[i].end - all->p[i].begin;
        if (all->p[i].committed >= 0)
            *done = (*done < 0 ? 0 : *done) + all->p[i].committed;
    }
}

START_TEST(positions_of_a_group)
{
    const char *topic = fresh("pos"), *group = fresh("GID_pos");
    int64_t end = clock_ms() + 20000, sent, done;
    struct places all;

    open_adapter("concurrent", NULL, NULL);
    publish(topic, 0, 12);
    all = ask(group, topic);
    sum(&all, &sent, &done);
    ck_assert_int_eq(sent, 12);
    ck_assert_int_eq(done, -1);
    for (int i = 0; i < all.n; i++)
        ck_assert_int_eq(all.p[i].end > all.p[i].begin, all.next[i][0] != '-');
    subscribe(group, topic);
    while (fake_ids(0) < 12 && clock_ms() < end)
        poll_for(50);
    close_adapter(); /* commits */
    open_adapter("concurrent", NULL, NULL);
    publish(topic, 12, 1);
    all = ask(group, topic);
    sum(&all, &sent, &done);
    ck_assert_int_eq(sent, 13);
    ck_assert_int_eq(done, 12);
    for (int i = 0, waiting = 0; i < all.n; i++) {
        waiting += all.next[i][0] != '-';
        ck_assert_int_le(waiting, 1);
    }
    ck_assert_int_eq(fake.adapter->positions(fake.self, group, fresh("none"),
                                             note, &all), -ENOENT);
    close_adapter();
}
END_TEST

static int fails_once(struct mqm_delivery *d, const struct seen *s)
{
    d->retry_ms = 60000;
    return s->tries ? MQM_OK : MQM_LATER;
}

/* A copy that was sent back lies in the retry topic: there it is found. */
START_TEST(the_retry_topic_counts)
{
    struct wanted w = {.topic = fresh("again")};
    int64_t end = clock_ms() + 60000;
    struct places all;
    int retry = 0;

    open_adapter("concurrent", NULL, NULL);
    fake.answer = fails_once;
    publish(w.topic, 0, 1);
    subscribe(our_group, w.topic);
    while (!fake_ids(1) && clock_ms() < end)
        poll_for(50);
    fake_stop();
    close_adapter(); /* sends it back */
    fake.stopped = 0;
    open_adapter("concurrent", NULL, NULL);
    while (!retry && clock_ms() < end) {
        all = ask(our_group, w.topic);
        for (int i = 0; i < all.n; i++)
            if (!strncmp(all.next[i], "retry/", 6))
                retry = i + 1;
        sleep_ms(100);
    }
    ck_assert_int_gt(retry, 0);
    ck_assert_msg(fetch(&w, all.next[retry - 1]) == 0, "%s", fake.error);
    ck_assert_str_eq(w.id, "id-0000");
    close_adapter();
}
END_TEST

START_TEST(a_dead_name_server_is_an_error)
{
    struct mqm_setting s[] = {
        {"name_server", "127.0.0.1:1", 0},
        {"library", need_env("MQM_TEST_LIBROCKETMQ"), 0},
    };
    struct places all = {.n = 0};
    int r;

    use_test_home();
    fake_load("mqm_rocketmq.so");
    r = fake.adapter->open(&fake.self, &fake.host, s, 2);
    ck_assert_int_eq(r, MQM_OK);
    r = fake.adapter->positions(fake.self, "GID_g", "t", note, &all);
    ck_assert_msg(r == -EIO, "%d %s", r, fake.error);
    close_adapter();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        each_message_is_found_where_it_lies,
        what_is_gone_is_told,
        headers_come_along,
        positions_of_a_group,
        the_retry_topic_counts,
        a_dead_name_server_is_an_error,
    };

    our_group = fresh("GID_g");
    return run_suite("adapter_rocketmq_fetch", tests,
                     sizeof(tests) / sizeof(tests[0]));
}
