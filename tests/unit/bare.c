/* SPDX-License-Identifier: MIT */
/* bare.c - adapters that can only consume, as those were that were built first,
 * beside one that can all: what they cannot is said, and nothing gets lost.
 */
#include "loops.h"

#include "../../lib/side.h"

#include "../found.h"

static void open_bare(void)
{
    loop_plugin = "loop_bare.so";
    open_loop(", \"id\": \"@key\"", "");
}

static void says(int r, int want, const char *words)
{
    ck_assert_msg(r == want, "%d, not %d: %s", r, want, mqm_errmsg());
    ck_assert_msg(strstr(mqm_errmsg(), words) != NULL, "%s", mqm_errmsg());
}

static int never(void *user, struct mqm_delivery *d)
{
    (void)user, (void)d;
    ck_abort_msg("visited");
    return 1;
}

static int no_place(void *user, const struct mqm_position *p)
{
    (void)user, (void)p;
    ck_abort_msg("visited");
    return 1;
}

START_TEST(test_what_an_adapter_cannot)
{
    struct mqm_delivery d = delivery(NULL, new_id());
    struct mqm_msg msg = message(NULL, d.msg.id);

    open_bare();
    says(mqm_publish(m, &d), -ENOTSUP, "cannot send");
    msg.origin = "kafka:rewards/1";
    says(mqm_fetch_copy(m, &msg, never, NULL), -ENOTSUP,
         "cannot read one copy");
    says(mqm_positions(m, "kafka", "issuer", "rewards", no_place, NULL),
         -ENOTSUP, "how far");
    says(mqm_read_dead(m, "kafka", "issuer", "rewards", never, NULL),
         -ENOTSUP, "no dead letters");
    says(mqm_read_parking(m, "kafka", "issuer", "rewards", never, NULL),
         -ENOTSUP, "");
    ck_assert_int_lt(mqm_probe(m, "kafka", "issuer", "rewards"), 0);
}
END_TEST

static int keep_finding(void *user, const struct mqm_finding *f)
{
    char what[100];

    (void)user;
    snprintf(what, sizeof(what), "%s %s", f->part, f->subject);
    add_finding(f->level, what, f->text, f->remedy);
    return 0;
}

START_TEST(test_a_checkup_says_what_was_not_looked_at)
{
    open_bare();
    ck_assert_int_eq(mqm_checkup(m, keep_finding, NULL), 0);
    must_find("warning kafka look:", "cannot tell how it is set up");
    must_find("warning rocketmq look:", "cannot tell how it is set up");
}
END_TEST

START_TEST(test_a_checkup_asks_each_side_of_its_topic)
{
    open_loop("", ", \"switch\": true, \"cut\": \"10%\", \"since\": "
                  "1577836800000, \"lease_ms\": 2000, \"handler_ms\": 1000, "
                  "\"settle_ms\": 5000");
    ck_assert_int_eq(mqm_checkup(m, keep_finding, NULL), 0);
    must_find("fine kafka asked:", "rewards of issuer, parking 'parked', old, "
                                   "since 1577836800000, settle 5000, work "
                                   "3000");
    must_find("fine rocketmq asked:", "parking 'parked', new, since 15778");
    atomic_store(&l->no_positions, 1);
    ck_assert_int_eq(mqm_checkup(m, keep_finding, NULL), 0);
    must_find("warning kafka look:", "loop: not looked at");
    ck_assert_int_eq(mqm_checkup(m, NULL, NULL), -EINVAL);
    ck_assert_int_eq(mqm_checkup(NULL, keep_finding, NULL), -EINVAL);
}
END_TEST

/* ------------------------------- what came ------------------------------- */

static int headers_of(void *user, const char *name, const void *value,
                      size_t len)
{
    (void)user, (void)name, (void)value, (void)len;
    return 1;
}

static int unsure(void *user, const struct mqm_delivery *d)
{
    ++*(int *)user;
    ck_assert_ptr_null(mqm_header(d, "trace", NULL));
    says(mqm_headers(d, headers_of, NULL), -ENOTSUP, "cannot tell all headers");
    ck_assert_int_eq(mqm_headers(d, NULL, NULL), -EINVAL);
    return MQM_UNSURE;
}

/* Its body cannot be kept, so its copy keeps coming. */
START_TEST(test_what_cannot_be_parked_is_not_dropped)
{
    struct mqm_delivery d = delivery(NULL, NULL);
    const char *id = new_id();
    struct side *s;
    int n = 0;

    open_bare();
    ck_assert_int_eq(subscribe("rewards", unsure, &n), 0);
    s = mqm__side(m, "kafka");
    ck_assert_ptr_nonnull(s);
    for (int i = 0; i < 2; i++) {
        d.msg.key = id;
        d.msg.key_len = strlen(id);
        d.msg.id = NULL;
        d.msg.id_len = 0;
        (void)s->adapter.host.deliver(&s->adapter.host, &d, 1);
        ck_assert_int_eq(d.result, MQM_LATER);
        ck_assert_int_eq(look_at(m, id).state, MQM_PARKED);
        ck_assert_uint_eq(look_at(m, id).flags & MQM_BODY_SAFE, 0);
    }
    ck_assert_int_eq(n, 1);
}
END_TEST

/* ------------------------------ dead letters ----------------------------- */

static int count_dead(void *user, struct mqm_delivery *d)
{
    ck_assert_str_eq(d->msg.side, "kafka");
    ck_assert_str_eq(d->msg.topic, "rewards");
    ck_assert_uint_gt(d->msg.id_len, 0);
    ++*(int *)user;
    return 0;
}

START_TEST(test_dead_letters)
{
    int n = 0;

    open_loop("", "");
    send_it(new_id(), NULL);
    send_it(new_id(), NULL);
    ck_assert_int_eq(
        mqm_read_dead(m, "kafka", "issuer", "rewards", count_dead, &n), 0);
    ck_assert_int_eq(n, 0);
    atomic_store(&l->dead, 1);
    ck_assert_int_eq(
        mqm_read_dead(m, "kafka", "issuer", "rewards", count_dead, &n), 0);
    ck_assert_int_eq(n, 1);
    says(mqm_read_dead(m, "pulsar", "issuer", "rewards", count_dead, &n),
         -ENOENT, "pulsar");
    says(mqm_read_dead(m, "kafka", "issuer", "nothing", count_dead, &n),
         -ENOENT, "nothing");
    says(mqm_read_dead(m, NULL, "issuer", "rewards", count_dead, &n), -EINVAL,
         "mqm_read_dead");
    says(mqm_read_dead(m, "kafka", "issuer", NULL, count_dead, &n), -EINVAL,
         "mqm_read_dead");
    says(mqm_read_dead(m, "kafka", "issuer", "rewards", NULL, &n), -EINVAL,
         "mqm_read_dead");
    ck_assert_int_eq(n, 1);
}
END_TEST

/* ---------------------------- who asks wrongly --------------------------- */

START_TEST(test_questions_that_are_not_whole)
{
    char far[MQM_ID_MAX + 2];
    struct mqm_msg msg = message(NULL, NULL);

    memset(far, 'x', sizeof(far));
    msg.id = far;
    open_loop("", "");
    msg.id_len = sizeof(far);
    msg.origin = "kafka:rewards/1";
    says(mqm_fetch_copy(m, &msg, never, NULL), -EINVAL, "1 to 128 bytes");
    msg.id_len = 0;
    says(mqm_fetch_copy(m, &msg, never, NULL), -EINVAL, "not 0");
    msg.id_len = 5;
    msg.topic = NULL;
    says(mqm_fetch_copy(m, &msg, never, NULL), -EINVAL, "needs a topic");
    msg.topic = "nothing";
    says(mqm_fetch_copy(m, &msg, never, NULL), -ENOENT, "nothing");
    msg.topic = "rewards";
    says(mqm_fetch_copy(m, &msg, NULL, NULL), -EINVAL, "a visitor");
    says(mqm_fetch_copy(NULL, &msg, never, NULL), -EINVAL, "");
    says(mqm_positions(m, "kafka", "issuer", NULL, no_place, NULL), -EINVAL,
         "needs a topic");
    says(mqm_positions(m, "kafka", "issuer", "rewards", NULL, NULL), -EINVAL,
         "a visitor");
    says(mqm_positions(m, "kafka", "issuer", "nothing", no_place, NULL),
         -ENOENT, "nothing");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("bare");

    how.flags = MQM_NO_KEEPER;
    tcase_add_checked_fixture(tc, setup, close_it);
    tcase_add_test(tc, test_what_an_adapter_cannot);
    tcase_add_test(tc, test_a_checkup_says_what_was_not_looked_at);
    tcase_add_test(tc, test_a_checkup_asks_each_side_of_its_topic);
    tcase_add_test(tc, test_what_cannot_be_parked_is_not_dropped);
    tcase_add_test(tc, test_dead_letters);
    tcase_add_test(tc, test_questions_that_are_not_whole);
    return run_case("bare", tc);
}
