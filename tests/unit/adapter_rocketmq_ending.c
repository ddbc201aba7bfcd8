/* LIBS: -ldl */
/* SPDX-License-Identifier: MIT */
/* adapter_rocketmq_ending.c - how the RocketMQ adapter ends: what it answers to
 * the client then, and in which order the client's parts end.  With a stub in
 * place of the client library.
 */
#include "../fakes/remoting.h"
#include "../fakes/rocketmq_stub.h"

#include <stdatomic.h>

static int later(struct mqm_delivery *d, const struct seen *s)
{
    (void)s;
    d->retry_ms = 100;
    return MQM_LATER;
}

static atomic_int answered = -1, batch = 1;
static int64_t answered_ms;
static struct stub_message held;

/* As the client does with a batch: up to one that is not consumed. */
static void *call_back(void *consumer)
{
    int answer = 0;

    pthread_detach(pthread_self());
    for (int i = 0; i < batch && answer == 0; i++)
        answer = stub->callback(consumer, &held);
    answered_ms = clock_ms();
    answered = answer;
    stub->waits = 0;
    return NULL;
}

/* One copy of so many tries waits in a callback, and goes on waiting after the
 * program stopped. */
static void hold_one(int tries)
{
    pthread_t t;

    held = message(tries);
    fake.answer = later;
    ck_assert_int_eq(pthread_create(&t, NULL, call_back, stub->consumer), 0);
    while (fake_ids(1) < 1)
        sleep_ms(5);
    fake_stop();
    sleep_ms(300);
    ck_assert_int_eq(answered, -1);
}

/* The answer is expected, or not at all (-1). */
static void close_with(int answer)
{
    fake.adapter->close(fake.self);
    for (int i = 0; i < (answer < 0 ? 30 : 1000) && answered == -1; i++)
        sleep_ms(10);
    ck_assert_int_eq(answered, answer);
}

START_TEST(at_the_end_what_waits_is_sent_back)
{
    open_stub(NULL, NULL);
    start();
    hold_one(13);
    close_with(1);
    ck_assert_str_eq(stub->ends, "Cc");
}
END_TEST

/* Not while close() waits for the client's look at the routes, 3 s after its
 * beginning: it would go on handing out, and each copy would lose a try. */
START_TEST(nothing_is_sent_back_before_the_shutdown)
{
    open_stub(NULL, NULL);
    start();
    sleep_ms(2400);
    hold_one(0);
    close_with(1);
    ck_assert_int_ge(answered_ms, stub_shut_down_ms());
}
END_TEST

START_TEST(the_last_tries_are_not_used_up)
{
    pthread_t t;

    open_stub(NULL, NULL);
    start();
    hold_one(14);
    close_with(-1);
    ck_assert_str_eq(stub->ends, "");
    ck_assert(strstr(fake.log, "is not shut down"));
    /* Nor is anything delivered that the client still hands out. */
    ck_assert_int_eq(pthread_create(&t, NULL, call_back, stub->consumer), 0);
    sleep_ms(300);
    ck_assert_int_eq(answered, -1);
    ck_assert_uint_eq(fake_ids(1), 1);
}
END_TEST

/* Groups and a producer, of one instance. */
static void start_groups(int n)
{
    static const char *const names[] = {"G", "H", "I"};

    open_stub(NULL, NULL);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(fake.adapter->subscribe(fake.self, names[i], "T"),
                         MQM_OK);
    ck_assert_int_eq(fake.adapter->poll(fake.self, 1), MQM_OK);
    ck_assert_int_eq(send_one(), MQM_OK);
}

/* They share the client's connections, and an answer may still come in. */
START_TEST(all_are_shut_down_before_one_is_destroyed)
{
    start_groups(3);
    fake.adapter->close(fake.self);
    ck_assert_str_eq(stub->ends, "PCCCpccc");
}
END_TEST

START_TEST(beside_one_that_is_left_nothing_is_destroyed)
{
    start_groups(2);
    hold_one(14);
    close_with(-1);
    ck_assert_str_eq(stub->ends, "PC");
}
END_TEST

/* ------------------------- clients older than 2.0 ------------------------ */

/* With a broker that has the copy. */
static struct remoting r;

static void play_broker(void)
{
    static char address[64];
    const struct stub_message m = message(0);

    ck_assert(remoting_start(&r));
    snprintf(address, sizeof(address), "127.0.0.1:%d", r.port);
    name_server = address;
    r.topics = ",%RETRY%G,";
    r.queue = m.queue;
    r.offset = m.offset;
    r.place = m.place;
    r.born_ms = m.born_ms;
}

/* The copy has a key, or none. */
static void hold_one_with(const char *key)
{
    play_broker();
    r.key = key;
    open_file("librocketmq_before_2.so", NULL, NULL);
    start();
    hold_one(20);
    held.key = key;
    stub->waits = 1; /* as the client does */
}

static void hold_one_of_an_older_client(void)
{
    hold_one_with(message(0).key);
}

static void must_be_sent_back(void)
{
    close_with(0);
    ck_assert_str_eq(stub->ends, "Cc");
    remoting_end(&r);
}

/* What the client cannot do safely the adapter does, without a thought of how
 * often the copy has come. */
START_TEST(the_broker_says_that_it_has_it)
{
    hold_one_of_an_older_client();
    r.before = "{\"brokerName\":\"slave\",\"brokerAddrs\":{}},"
               "{\"brokerName\":\"a\",\"brokerAddrs\":{0:\"127.0.0.1:1\"}},";
    must_be_sent_back();
    ck_assert_int_ge(answered_ms, stub_shut_down_ms());
    ck_assert_int_eq(r.sent_back, 1);
    ck_assert(strstr(r.back, "\"offset\":\"4096\",\"group\":\"G\""));
    ck_assert(strstr(r.back, "\"delayLevel\":\"1\",\"originTopic\":\"T\""));
    ck_assert(strstr(r.back, "\"maxReconsumeTimes\":\"2147483647\""));
}
END_TEST

START_TEST(so_does_what_follows_in_its_batch)
{
    batch = 3;
    hold_one_of_an_older_client();
    held.from = "T"; /* and out of the retry topic */
    must_be_sent_back();
    ck_assert_int_eq(r.sent_back, 3);
    ck_assert(strstr(r.back, "\"originTopic\":\"%RETRY%G\""));
    ck_assert_uint_eq(fake_ids(1), 1); /* the others were not delivered */
}
END_TEST

static void broker_is_busy_for(enum request on, int times)
{
    hold_one_of_an_older_client();
    r.on = on;
    r.code = 2;
    r.times = times;
    must_be_sent_back();
}

START_TEST(a_busy_broker_is_asked_again)
{
    broker_is_busy_for(VIEW, 3);
    ck_assert_int_eq(r.viewed, 3 + 2); /* it is looked at twice */
    ck_assert_int_eq(r.sent_back, 1);
}
END_TEST

START_TEST(a_busy_broker_is_sent_it_again)
{
    broker_is_busy_for(SEND_BACK, 2);
    ck_assert_int_eq(r.sent_back, 3);
}
END_TEST

static void must_be_left(const char *ends)
{
    close_with(-1);
    ck_assert_str_eq(stub->ends, ends);
    ck_assert(strstr(fake.log, "a broker does not take them back"));
    remoting_end(&r);
}

START_TEST(a_broker_that_is_away_is_not_asked_for_ever)
{
    hold_one_of_an_older_client();
    r.on = ROUTE;
    r.trouble = HANG_UP;
    must_be_left("");
}
END_TEST

/* It would say that it has done it. */
START_TEST(a_broker_without_the_retry_topic_is_not_asked)
{
    hold_one_of_an_older_client();
    r.topics = NULL;
    must_be_left("");
    ck_assert_int_eq(r.viewed, 0);
}
END_TEST

/* At the same place of another broker lies another message. */
START_TEST(another_message_is_not_sent_back)
{
    hold_one_of_an_older_client();
    r.differs = true;
    must_be_left("");
    ck_assert_int_ge(r.viewed, 6); /* each difference once */
    ck_assert_int_eq(r.sent_back, 0);
}
END_TEST

START_TEST(a_broker_that_is_alone_needs_no_key)
{
    hold_one_with(NULL);
    must_be_sent_back();
}
END_TEST

/* Any of them may have the copy that looks like this. */
START_TEST(without_a_key_two_brokers_are_one_too_many)
{
    hold_one_with(NULL);
    r.before = "{\"brokerName\":\"b\",\"brokerAddrs\":{}},";
    must_be_left("");
    ck_assert_int_eq(r.sent_back, 0);
}
END_TEST

/* The client waits for its callback, and close() does not. */
START_TEST(what_cannot_be_sent_back_stays)
{
    hold_one_of_an_older_client();
    r.on = SEND_BACK;
    r.code = 16;
    must_be_left("C");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        at_the_end_what_waits_is_sent_back,
        nothing_is_sent_back_before_the_shutdown,
        the_last_tries_are_not_used_up,
        all_are_shut_down_before_one_is_destroyed,
        beside_one_that_is_left_nothing_is_destroyed,
        the_broker_says_that_it_has_it,
        so_does_what_follows_in_its_batch,
        a_busy_broker_is_asked_again,
        a_busy_broker_is_sent_it_again,
        a_broker_that_is_away_is_not_asked_for_ever,
        a_broker_without_the_retry_topic_is_not_asked,
        another_message_is_not_sent_back,
        a_broker_that_is_alone_needs_no_key,
        without_a_key_two_brokers_are_one_too_many,
        what_cannot_be_sent_back_stays,
    };

    return run_suite("adapter_rocketmq_ending", tests,
                     sizeof(tests) / sizeof(tests[0]));
}
