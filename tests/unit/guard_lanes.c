/* SPDX-License-Identifier: MIT */
/* guard_lanes.c - what comes again, and in which order: lanes, tries with their
 * pauses, copies without an id.
 */
#include "../quick_clock.h"

#include "guard.h"

static int seen[64], n_seen;
static int fail_lane(void *user, const struct mqm_delivery *d)
{
    int i = (int)(d - (struct mqm_delivery *)user);

    seen[n_seen++] = i;
    return i == 4 ? MQM_FAILED : MQM_HANDLED;
}

START_TEST(test_lane_stops_behind_a_failed_one)
{
    struct mqm_delivery d[30];

    open_with("");
    warm_up(60);
    for (int i = 0; i < 30; i++) {
        d[i] = delivery("kafka", new_id());
        d[i].lane = (unsigned)i % 3 + 1;
    }
    ck_assert_int_eq(mqm_run(m, d, 30, fail_lane, d), MQM_LATER);
    for (int i = 0; i < 30; i++)
        ck_assert_int_eq(d[i].result, i % 3 == 1 && i > 1 ? MQM_LATER : MQM_OK);
    ck_assert_int_eq(n_seen, 22);
    for (int i = 1; i < n_seen; i++)
        ck_assert_int_gt(seen[i], seen[i - 1]);
    ck_assert_int_eq(look_at(m, d[7].msg.id).state, MQM_OWED);
    ck_assert_uint_eq(look_at(m, d[7].msg.id).attempts, 0);
}
END_TEST

START_TEST(test_lane_before_a_refused_one_goes)
{
    struct mqm_delivery d[3];
    int n = 0;

    open_with("");
    warm_up(60);
    for (int i = 0; i < 3; i++) {
        d[i] = delivery("kafka", new_id());
        d[i].lane = 7;
    }
    d[1].msg.topic = "nothing";
    ck_assert_int_eq(mqm_run(m, d, 3, handle_counting, &n), -ENOENT);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(d[0].result, MQM_OK);
    ck_assert_int_eq(d[2].result, MQM_LATER);
}
END_TEST

START_TEST(test_lane_stops_behind_one_parked_without_its_body)
{
    struct mqm_delivery d[2];
    int answer = MQM_UNSURE;

    open_with("");
    warm_up(60);
    d[0] = delivery("kafka", new_id());
    d[1] = delivery("kafka", new_id());
    d[0].lane = d[1].lane = 1;
    ck_assert_int_eq(mqm_run(m, d, 2, handle_answering, &answer), MQM_LATER);
    ck_assert_int_ne(look_at(m, d[1].msg.id).state, MQM_PARKED);
}
END_TEST

/* What was given to the other side, which does not do it, is in the way of its
 * lane until a lease's time is over and its body is kept. */
START_TEST(test_lane_goes_on_behind_one_of_the_other_side)
{
    const char *more = switched("0%", ", \"lease_ms\": 20000, \"handler_ms\": "
                                      "5000, \"pause_ms\": 10, "
                                      "\"pause_max_ms\": 20");
    struct mqm_delivery d[2];
    struct mqm_msg msg;
    int n = 0, outcome = MQM_FAILED;

    how.park = keep;
    open_with(more);
    for (int i = 0; i < 2; i++) {
        d[i] = delivery("kafka", new_id());
        d[i].lane = 7;
    }
    ck_assert_int_eq(mqm_run(m, d, 1, handle_answering, &outcome), MQM_LATER);
    msg = message("rocketmq", d[0].msg.id);
    ck_assert_int_eq(mqm_assign(m, &msg, look_at(m, d[0].msg.id).token), MQM_OK);
    ck_assert_int_eq(mqm_run(m, d, 2, handle_counting, &n), MQM_LATER);
    ck_assert_int_eq(n, 0);
    sleep_ms(20050);
    keeping = -1; /* not to be kept: it stays */
    ck_assert_int_eq(mqm_run(m, d, 2, handle_counting, &n), MQM_LATER);
    ck_assert_int_eq(n + kept, 0);
    keeping = 0;
    ck_assert_int_eq(mqm_run(m, d, 2, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(kept, 1);
    ck_assert_int_eq(look_at(m, d[0].msg.id).state, MQM_OWED);
    ck_assert_int_eq(look_at(m, d[1].msg.id).state, MQM_DONE);
}
END_TEST

START_TEST(test_tries_with_growing_pauses)
{
    struct mqm_delivery d;
    int64_t pause[] = {9000, 18000, 27000};
    int answer = MQM_FAILED;

    how.park = keep;
    open_with(", \"pause_ms\": 9000, \"pause_max_ms\": 27000, \"tries\": 4");
    d = delivery("kafka", new_id());
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(mqm_run(m, &d, 1, handle_answering, &answer),
                         MQM_LATER);
        ck_assert_int_eq(d.retry_ms, pause[i]);
        ck_assert_uint_eq(d.attempt, (unsigned)i + 1);
        ck_assert_int_eq(mqm_run(m, &d, 1, handle_answering, &answer),
                         MQM_LATER); /* too early */
        ck_assert_uint_eq(look_at(m, d.msg.id).attempts, (unsigned)i + 1);
        sleep_ms(pause[i] + 20);
    }
    ck_assert_int_eq(mqm_run(m, &d, 1, handle_answering, &answer), MQM_OK);
    ck_assert_int_eq(look_at(m, d.msg.id).state, MQM_PARKED);
    ck_assert_uint_eq(look_at(m, d.msg.id).doubt, 0);
    ck_assert_str_eq(look_at(m, d.msg.id).why, "failed too often");
    ck_assert_int_eq(mqm_resolve(m, &d.msg, look_at(m, d.msg.id).token,
                                 MQM_FAILED), MQM_OK);
}
END_TEST

START_TEST(test_claims_pause_longer_with_each_try)
{
    struct mqm_claim c;

    open_with(", \"pause_ms\": 8000, \"pause_max_ms\": 60000");
    c = claim("kafka", new_id());
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
        ck_assert_uint_eq(c.attempt, (unsigned)i + 1);
        ck_assert_int_eq(mqm_release_on_failure(m, &c), MQM_OK);
        ck_assert_int_eq(mqm_acquire(m, &c), MQM_LATER);
        ck_assert(c.lease_ms > (8000 << i) - 6000 && c.lease_ms <= 8000 << i);
        sleep_ms((8000 << i) + 20);
    }
}
END_TEST

START_TEST(test_no_id_on_both_sides)
{
    static const struct { const void *id; size_t len; } none[] = {
        {NULL, 0}, {"", 0}, {"\0\0\0", 3}, {"id", 0}, {"", 10000}};
    struct mqm_delivery d[2];
    struct mqm_stats s = MQM_STATS_INIT;
    char big[10000];
    int n = 0;

    memset(big, 'x', sizeof(big));
    how.park = keep;
    how.flags = MQM_NO_KEEPER;
    open_with(switched("100%", ""));
    for (int side = 0; side < 2; side++) {
        d[side] = delivery(side ? "rocketmq" : "kafka", NULL);
        d[side].msg.id = _i == 4 ? big : none[_i].id;
        d[side].msg.id_len = none[_i].len;
        d[side].msg.born_ms = now_ms();
        d[side].msg.key = "user";
        d[side].msg.key_len = 4;
        d[side].msg.origin = "3/1209";
    }
    ck_assert_int_eq(mqm_run(m, d, 1, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, 1); /* the old side's, though the cut is all */
    ck_assert_int_eq(kept, 0);
    ck_assert_int_eq(mqm_run(m, d, 1, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, 1);
    d[0].msg.origin = "3/1210";
    ck_assert_int_eq(mqm_run(m, d, 1, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, 2);
    ck_assert_int_eq(mqm_run(m, d + 1, 1, handle_counting, &n), MQM_OK);
    ck_assert_int_eq(n, 2); /* parked, and said so */
    ck_assert_int_eq(kept, 1);
    ck_assert(was_said("is in the parking topic"));
    ck_assert_int_eq(mqm_read_stats(m, &s), 0);
    ck_assert_uint_eq(s.without_id, 4);
    keeping = -EIO;
    ck_assert_int_eq(mqm_run(m, d + 1, 1, handle_counting, &n), -EBADMSG);
    ck_assert_int_eq(n, 2);
}
END_TEST

static int first_id(void *user, const struct mqm_msg *msg,
                    const struct mqm_record *r)
{
    struct mqm_msg *out = user;
    static char id[MQM_ID_MAX];

    (void)r;
    memcpy(id, msg->id, msg->id_len);
    out->id = id;
    out->id_len = msg->id_len;
    return 1;
}

/* An id may be any text, also what the key of a copy without one looks like. */
START_TEST(test_an_id_like_the_key_of_one_without)
{
    struct mqm_claim none = claim("kafka", NULL), like = claim("kafka", "@3/7");
    struct mqm_claim ends = claim("kafka", "@3/7");
    struct mqm_record r = MQM_RECORD_INIT;
    struct mqm_msg msg = message(NULL, NULL);

    open_with("");
    none.msg.origin = "3/7";
    ends.msg.id_len++; /* its NUL does not count */
    ck_assert_int_eq(mqm_acquire(m, &none), MQM_OK);
    ck_assert_int_eq(mqm_pending(m, NULL, "issuer", "rewards", first_id, &msg),
                     1);
    ck_assert_int_eq(mqm_acquire(m, &like), MQM_OK);
    ck_assert_int_eq(mqm_acquire(m, &ends), MQM_LATER);
    ck_assert_int_eq(mqm_release_on_success(m, &like), MQM_OK);
    ck_assert_int_eq(mqm_inspect(m, &msg, &r), 0); /* as it was listed */
    ck_assert_int_eq(r.state, MQM_HELD);
    ck_assert_uint_eq(r.token, none.token);
    ck_assert_int_eq(mqm_release_in_doubt(m, &none), MQM_OK);
    ck_assert_int_eq(mqm_resolve(m, &msg, none.token, MQM_HANDLED), MQM_OK);
    ck_assert_int_eq(mqm_acquire(m, &none), MQM_SKIP);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("guard_lanes");

    tcase_add_checked_fixture(tc, NULL, close_it);
    tcase_add_test(tc, test_lane_stops_behind_a_failed_one);
    tcase_add_test(tc, test_lane_before_a_refused_one_goes);
    tcase_add_test(tc, test_lane_stops_behind_one_parked_without_its_body);
    tcase_add_test(tc, test_lane_goes_on_behind_one_of_the_other_side);
    tcase_add_test(tc, test_tries_with_growing_pauses);
    tcase_add_test(tc, test_claims_pause_longer_with_each_try);
    tcase_add_loop_test(tc, test_no_id_on_both_sides, 0, 5);
    tcase_add_test(tc, test_an_id_like_the_key_of_one_without);
    return run_case("guard_lanes", tc);
}
