/* SPDX-License-Identifier: MIT */
/* sides.c - subscribing, and the way of an id from mqm_publish() through a
 * broker and a parking topic back to a handler. */
#include "../quick_clock.h"

#include "../../lib/run.h"
#include "loops.h"

START_TEST(test_subscribe_once_more_after_a_failure)
{
    int n = 0;

    open_loop("", "");
    atomic_store(&l->refuse, 1);
    ck_assert_int_eq(subscribe("rewards", handle_counting, &n), -EIO);
    ck_assert_int_eq(subscribe("rewards", handle_counting, &n), 0);
    ck_assert_int_eq(subscribe("rewards", handle_counting, &n), -EEXIST);
    send_it(new_id(), NULL);
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(n, 1);
}
END_TEST

static int subscribe_inside(void *user, const struct mqm_delivery *d)
{
    (void)d;
    *(int *)user = subscribe("other", handle_counting, user);
    return MQM_HANDLED;
}

START_TEST(test_subscribe_after_the_first_poll_is_refused)
{
    int r = 0;

    open_loop("", "");
    ck_assert_int_eq(subscribe("rewards", subscribe_inside, &r), 0);
    send_it(new_id(), NULL);
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(r, -EBUSY);
    ck_assert_int_eq(subscribe("other", handle_counting, &r), -EBUSY);
    ck_assert_msg(strstr(mqm_errmsg(), "before the first mqm_poll()"), "%s",
                  mqm_errmsg());
    ck_assert_int_eq(mqm_subscribe(m, "rocketmq", "issuer", "other",
                                   handle_counting, &r), 0);
}
END_TEST

static int send_again(void *user, struct mqm_delivery *d)
{
    const char *id = user;

    ck_assert_uint_eq(d->msg.id_len, strlen(id));
    ck_assert_mem_eq(d->msg.id, id, d->msg.id_len);
    ck_assert_int_eq(mqm_publish(m, d), 0); /* comes again under its own id */
    return 77;
}

/* The id has a name that mqm_publish() does not know, or is the key. */
static const char *const where[] = {", \"id\": \"orderNo\"",
                                    ", \"id\": \"@key\", \"key\": \"user\""};

START_TEST(test_an_id_gets_through)
{
    const char *id = new_id();
    int outcome = MQM_UNSURE;

    open_loop(where[_i], ", \"lease_ms\": 20000, \"handler_ms\": 5000, "
                         "\"settle_ms\": 60000");
    ck_assert_int_eq(subscribe("rewards", handle_answering, &outcome), 0);
    send_it(id, NULL);
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
    sleep_ms(60050);
    {
        struct mqm_msg msg = message("kafka", id);

        ck_assert_int_eq(mqm_resolve(m, &msg, look_at(m, id).token,
                                     MQM_FAILED), MQM_OK);
    }
    outcome = MQM_HANDLED;
    ck_assert_int_eq(mqm_read_parking(m, "kafka", "issuer", "rewards",
                                      send_again, (void *)(uintptr_t)id), 77);
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
}
END_TEST

START_TEST(test_a_key_that_is_the_id_is_no_other)
{
    struct mqm_delivery d = delivery(NULL, new_id());

    open_loop(where[1], "");
    d.msg.key = "user-17";
    d.msg.key_len = 7;
    ck_assert_int_eq(mqm_publish(m, &d), -EINVAL);
    ck_assert_msg(strstr(mqm_errmsg(), "@key"), "%s", mqm_errmsg());
    d.msg.key = d.msg.id;
    d.msg.key_len = d.msg.id_len;
    ck_assert_int_eq(mqm_publish(m, &d), 0);
}
END_TEST

/* What the old side would take and the new one not goes to neither. */
START_TEST(test_all_sides_are_asked_before_the_first_is_sent_to)
{
    struct mqm_delivery d = delivery(NULL, new_id());
    int n = 0;

    open_loop("", "");
    ck_assert_int_eq(subscribe("rewards", handle_counting, &n), 0);
    l->picky = "rocketmq";
    d.body_len = 0;
    ck_assert_int_eq(mqm_publish(m, &d), -EINVAL);
    ck_assert_msg(strstr(mqm_errmsg(), "side 'rocketmq': loop: no body"), "%s",
                  mqm_errmsg());
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(n, 0);
    d.msg.side = "kafka"; /* to one alone, only that one is asked */
    ck_assert_int_eq(mqm_publish(m, &d), 0);
    d.msg.side = NULL;
    d.body_len = 2;
    ck_assert_int_eq(mqm_publish(m, &d), 0);
    ck_assert_int_eq(mqm_poll(m, "kafka", 0), 0);
    ck_assert_int_eq(n, 1); /* both are copies of one message */
}
END_TEST

/* What a broker is asked for: a chunk as long as it is not known how fast the
 * handler is, then what it gets through in 200 ms. */
START_TEST(test_a_batch_is_what_the_handler_gets_through)
{
    struct side s = {.name = "kafka"};
    const struct plugin p = {.side = &s};

    ck_assert_uint_eq(mqm__batch(&p.host), CHUNK);
    s.pace_us = 1;
    ck_assert_uint_eq(mqm__batch(&p.host), 4096);
    s.pace_us = 1000;
    ck_assert_uint_eq(mqm__batch(&p.host), 200);
    s.pace_us = 1000000;
    ck_assert_uint_eq(mqm__batch(&p.host), 1);
}
END_TEST

static int handle_slowly(void *user, const struct mqm_delivery *d)
{
    (void)d;
    sleep_ms(50);
    ++*(int *)user;
    return MQM_HANDLED;
}

/* A handler became slow after so many were polled: the broker does not wait for
 * all of them. */
START_TEST(test_a_long_batch_is_cut_short)
{
    enum { N = LONG_US / 50000 + 40 };
    static struct mqm_delivery d[N];
    static char id[N][MQM_ID_LEN + 1];
    int n = 0;

    open_loop("", "");
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(mqm_new_id(id[i]), 0);
        d[i] = delivery("kafka", id[i]);
    }
    ck_assert_int_eq(mqm__run(m, mqm__side(m, "kafka"), d, N, handle_slowly,
                              &n),
                     MQM_LATER);
    ck_assert_int_gt(n, 0);
    ck_assert_int_le(n, N - 39);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(d[i].result, i < n ? MQM_OK : MQM_LATER);
    ck_assert_str_eq(d[n].why, "its batch took long");
    ck_assert_int_eq(look_at(m, id[n]).state, MQM_FREE);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("sides");

    tcase_add_checked_fixture(tc, setup, close_it);
    tcase_add_test(tc, test_subscribe_once_more_after_a_failure);
    tcase_add_test(tc, test_subscribe_after_the_first_poll_is_refused);
    tcase_add_loop_test(tc, test_an_id_gets_through, 0, 2);
    tcase_add_test(tc, test_a_key_that_is_the_id_is_no_other);
    tcase_add_test(tc, test_all_sides_are_asked_before_the_first_is_sent_to);
    tcase_add_test(tc, test_a_batch_is_what_the_handler_gets_through);
    tcase_add_test(tc, test_a_long_batch_is_cut_short);
    return run_case("sides", tc);
}
