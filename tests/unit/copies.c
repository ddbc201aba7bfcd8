/* SPDX-License-Identifier: MIT */
/* copies.c - one copy read again from where its record says that it lies, and
 * how far a group has read. */
#include "loops.h"

/* ------------------------------- fetching -------------------------------- */

struct wanted {
    const char *id;
    char trace[32];
    int visits, answer;
};

static int look_at_it(void *user, struct mqm_delivery *d)
{
    struct wanted *w = user;
    size_t len = 0;
    const char *trace = mqm_header(d, "trace", &len);

    ck_assert_str_eq(d->msg.side, "kafka");
    ck_assert_str_eq(d->msg.group, "issuer");
    ck_assert_str_eq(d->msg.topic, "rewards");
    ck_assert_uint_eq(d->msg.id_len, strlen(w->id));
    ck_assert_mem_eq(d->msg.id, w->id, d->msg.id_len);
    ck_assert_ptr_nonnull(d->raw);
    snprintf(w->trace, sizeof(w->trace), "%.*s", (int)len,
             trace ? trace : "");
    w->visits++;
    return w->answer;
}

static int fetch(struct wanted *w, const char *origin)
{
    struct mqm_msg msg = message(NULL, w->id);

    w->visits = 0;
    msg.origin = origin;
    return mqm_fetch_copy(m, &msg, look_at_it, w);
}

/* All is the new side's: Kafka's copy is left to RocketMQ. */
static void leave_one(const char *id)
{
    static int n;

    open_loop("", ", \"since\": 1577836800000, \"switch\": true, \"cut\": \"100%\"");
    snprintf(l->trace, sizeof(l->trace), "t-%s", id);
    ck_assert_int_eq(subscribe("rewards", handle_counting, &n), 0);
    send_it(id, NULL);
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(look_at(m, id).state, MQM_OWED);
}

START_TEST(test_a_copy_is_read_where_the_record_says)
{
    struct wanted w = {.id = new_id()};
    struct mqm_record rec;
    char trace[64];

    leave_one(w.id);
    rec = look_at(m, w.id);
    ck_assert_str_eq(rec.side, "rocketmq");
    ck_assert_str_eq(rec.origin, "kafka:rewards/1");
    ck_assert_msg(fetch(&w, rec.origin) == 0, "%s", mqm_errmsg());
    ck_assert_int_eq(w.visits, 1);
    snprintf(trace, sizeof(trace), "t-%s", w.id);
    trace[sizeof(l->trace) - 1] = '\0';
    ck_assert_str_eq(w.trace, trace);
    w.answer = 77;
    ck_assert_int_eq(fetch(&w, rec.origin), 77);
}
END_TEST

static void refused(struct wanted *w, const char *origin, int result,
                    const char *words)
{
    ck_assert_int_eq(fetch(w, origin), result);
    ck_assert_int_eq(w->visits, 0);
    ck_assert_msg(strstr(mqm_errmsg(), words), "%s", mqm_errmsg());
}

START_TEST(test_what_cannot_be_read_is_told)
{
    struct wanted w = {.id = new_id()};

    leave_one(w.id);
    refused(&w, NULL, -EINVAL, "names no place");
    refused(&w, "1", -EINVAL, "\"kafka:rewards/...\" would");
    refused(&w, "pulsar:rewards/1", -EINVAL, "names no place");
    refused(&w, "kafka:other/1", -EINVAL, "names no place");
    refused(&w, "kafka:rewards", -EINVAL, "names no place");
    refused(&w, "kafka:rewards/2", -ENOENT, "side 'kafka': loop: nothing");
    w.id = new_id();
    refused(&w, "kafka:rewards/1", -ENOENT, "another message lies at '1'");
    atomic_store(&l->gone, 1);
    refused(&w, "kafka:rewards/1", -ENOENT, "loop: nothing at '1'");
    ck_assert_int_eq(mqm_fetch_copy(m, NULL, look_at_it, &w), -EINVAL);
}
END_TEST

/* ------------------------------- positions ------------------------------- */

static struct mqm_position seen;
static char next[128];

static int note(void *user, const struct mqm_position *p)
{
    ++*(int *)user;
    seen = *p;
    snprintf(next, sizeof(next), "%s", p->next ? p->next : "-");
    return 0;
}

START_TEST(test_positions_tell_what_is_read_next)
{
    int n = 0;

    leave_one(new_id());
    ck_assert_int_eq(mqm_positions(m, "rocketmq", "issuer", "rewards", note,
                                   &n), 0);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(seen.committed, 0);
    ck_assert_int_eq(seen.end, 1);
    ck_assert_str_eq(next, "rocketmq:rewards/1");
    ck_assert_int_eq(mqm_positions(m, "kafka", "issuer", "rewards", note, &n),
                     0);
    ck_assert_int_eq(seen.committed, 1);
    ck_assert_str_eq(next, "-");
    ck_assert_int_eq(mqm_positions(m, "pulsar", "issuer", "rewards", note, &n),
                     -ENOENT);
    ck_assert_int_eq(mqm_positions(m, NULL, "issuer", "rewards", note, &n),
                     -EINVAL);
    ck_assert_int_eq(n, 2);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("copies");

    tcase_add_checked_fixture(tc, setup, close_it);
    tcase_add_test(tc, test_a_copy_is_read_where_the_record_says);
    tcase_add_test(tc, test_what_cannot_be_read_is_told);
    tcase_add_test(tc, test_positions_tell_what_is_read_next);
    return run_case("copies", tc);
}
