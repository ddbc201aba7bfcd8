/* SPDX-License-Identifier: MIT */
/* fields.c - a copy that is sent to the other side bears the headers in which
 * that side looks for its id and its key, once, wherever the first had them.
 */
#include "rescues.h"

/* Kafka's id and key lie where `kafka` says, RocketMQ's where `rocketmq`. */
static void open_sides(const char *kafka, const char *rocketmq)
{
    struct mqm_options o = how;
    char text[8192];

    snprintf(text, sizeof(text),
             "{\"app\": \"t\", \"store\": {\"url\": \"memory:\"}, \"sides\": "
             "{\"kafka\": {\"adapter\": \"%s/loop.so\"},"
             " \"rocketmq\": {\"adapter\": \"%s/loop.so\"}}, \"topics\": ["
             "{\"topic\": \"rewards\", \"group\": \"issuer\", \"old\": "
             "\"kafka\", \"new\": \"rocketmq\" %s, \"sides\": {\"kafka\": "
             "{%s, \"parking\": \"\"}, \"rocketmq\": {%s, \"parking\": "
             "\"\"}}}]}", here(), here(), switched("100%", ""), kafka, rocketmq);
    o.config = text;
    o.log = hear;
    ck_assert_msg(mqm_open(&m, &o) == 0, "%s", mqm_errmsg());
    ck_assert_int_eq(subscribe("rewards", note_trace, trace), 0);
    ck_assert_int_eq(mqm_subscribe(m, "rocketmq", "issuer", "rewards",
                                   note_trace, trace), 0);
}

static void rescued_to_rocketmq(const char *id)
{
    sleep_ms(OLDER_MS + 20);
    ck_assert_int_eq(rescue(0), 1);
    assert_fate(MQM_RESCUED, "kafka", "sent");
    poll_both();
    ck_assert_int_eq(look_at(m, id).state, MQM_DONE);
    ck_assert_str_eq(look_at(m, id).side, "rocketmq");
    ck_assert_int_eq(handled, 1);
}

START_TEST(test_the_id_is_put_where_it_is_looked_for)
{
    const char *id;

    open_sides("\"id\": \"mqm-id\"", "\"id\": \"trace\"");
    id = lose();
    rescued_to_rocketmq(id);
    ck_assert_int_eq(strncmp(trace, id, sizeof(trace) - 1), 0);
}
END_TEST

START_TEST(test_the_key_is_put_where_it_is_looked_for)
{
    const char *id;

    open_sides("\"key\": \"@key\"", "\"key\": \"trace\"");
    id = lose();
    rescued_to_rocketmq(id);
    ck_assert_str_eq(trace, "user-17");
}
END_TEST

/* What the copy has already is not put there again. */
START_TEST(test_what_is_there_stays)
{
    const char *id;

    snprintf(l->trace, sizeof(l->trace), "its own");
    open_sides("\"key\": \"@key\"", "\"key\": \"trace\"");
    id = lose();
    l->trace[0] = '\0';
    rescued_to_rocketmq(id);
    ck_assert_str_eq(trace, "its own");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("fields");

    tcase_add_checked_fixture(tc, setup, close_it);
    tcase_add_test(tc, test_the_id_is_put_where_it_is_looked_for);
    tcase_add_test(tc, test_the_key_is_put_where_it_is_looked_for);
    tcase_add_test(tc, test_what_is_there_stays);
    return run_case("fields", tc);
}
