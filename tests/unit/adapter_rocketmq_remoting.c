/* SPDX-License-Identifier: MIT */
/* adapter_rocketmq_remoting.c - what the RocketMQ adapter asks of name servers
 * and brokers by itself, and the client library whose functions fail: nothing
 * is taken for read, sent or absent that is not.
 */
#include "../fakes/remoting.h"
#include "../fakes/rocketmq_stub.h"

static struct remoting r;
static struct mqm_position place;
static char next[64], queue[32];
static int places;

static void play(void)
{
    static char address[64];

    ck_assert(remoting_start(&r));
    r.committed = 3;
    r.last = 9;
    /* The first does not exist, the next has no port, the third is one. */
    snprintf(address, sizeof(address), "no.such.host.invalid:1;x;127.0.0.1:%d",
             r.port);
    name_server = address;
    open_stub(NULL, NULL);
}

static void done(void)
{
    fake.adapter->close(fake.self);
    remoting_end(&r);
}

static int note(void *user, const struct mqm_position *p)
{
    place = *p;
    snprintf(next, sizeof(next), "%s", p->next ? p->next : "-");
    snprintf(queue, sizeof(queue), "%s", p->queue);
    places++;
    return user ? *(int *)user : 0;
}

static int ask(int *stop)
{
    places = 0;
    fake.error[0] = '\0';
    return fake.adapter->positions(fake.self, "G", "T", note, stop);
}

static void must_fail(int result, const char *words)
{
    const int got = ask(NULL);

    ck_assert_msg(got == result, "%d, not %d: %s", got, result, fake.error);
    ck_assert_msg(strstr(fake.error, words) != NULL, "%s", fake.error);
    ck_assert_int_eq(places, 0);
}

START_TEST(positions)
{
    int stop = 42;

    play();
    ck_assert_int_eq(ask(NULL), 0);
    ck_assert_int_eq(places, 1);
    ck_assert_str_eq(next, "0/3");
    r.first = 5;
    ck_assert_int_eq(ask(NULL), 0);
    ck_assert_str_eq(next, "0/5");
    r.first = -1; /* of a queue that was never written to */
    r.last = 0;
    r.committed = -2;
    ck_assert_int_eq(ask(NULL), 0);
    ck_assert_str_eq(next, "-");
    ck_assert_int_eq(place.begin, 0);
    ck_assert_int_eq(place.committed, -1);
    r.topics = ",%RETRY%G,";
    ck_assert_int_eq(ask(NULL), 0);
    ck_assert_int_eq(places, 2);
    ck_assert_str_eq(queue, "retry/0");
    ck_assert_int_eq(ask(&stop), 42);
    ck_assert_int_eq(places, 1);
    ck_assert_int_eq(
        fake.adapter->positions(fake.self, "no/name", "T", note, NULL),
        -EINVAL);
    done();
}
END_TEST

START_TEST(positions_that_are_not_told)
{
    static const enum request of[] = {FIRST, LAST, COMMITTED};

    play();
    for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
        r.on = of[i];
        r.trouble = HANG_UP;
        must_fail(-EIO, "the broker of 'T' does not answer");
        r.trouble = NO_TROUBLE;
        r.code = 16;
        must_fail(-EIO, "(code 16: as told)");
        r.code = 0;
        r.body = ""; /* and no offset */
        must_fail(-EIO, "(code 0: no reason given)");
        r.body = NULL;
    }
    r.on = 0;
    r.last = -2; /* only a group may have none */
    must_fail(-EIO, "(code 22");
    r.last = 9;
    r.first = -2;
    must_fail(-EIO, "(code 22");
    r.first = 10;
    must_fail(-EIO, "does not tell the offsets");
    done();
}
END_TEST

START_TEST(routes)
{
    play();
    r.on = ROUTE;
    r.body = "{\"queueDatas\":[]}";
    must_fail(-EIO, "has no queues");
    r.body = "{\"queueDatas\":[{\"perm\":4}]}";
    must_fail(-EIO, "is not understood");
    r.body = "{\"queueDatas\":[{\"perm\":4,\"brokerName\":\"a\"}]}";
    must_fail(-EIO, "broker 'a' of 'T' is not in reach");
    r.body = "{\"queueDatas\":[{\"perm\":4,\"brokerName\":\"a\"}],"
             "\"brokerDatas\":[{\"brokerName\":\"b\"},{},{\"brokerName\":"
             "\"a\",\"brokerAddrs\":{0:\"127.0.0.1:1\"}}]}";
    must_fail(-EIO, "broker 'a' of 'T' is not in reach");
    r.body = "{\"queueDatas\":[{\"perm\":2,\"brokerName\":\"a\"}]}";
    ck_assert_int_eq(ask(NULL), 0); /* nothing is read from it */
    ck_assert_int_eq(places, 0);
    r.body = NULL;
    r.code = 1;
    must_fail(-EIO, "gives no queues (code 1)");
    r.code = 0;
    r.of = "RETRY";
    r.trouble = HANG_UP; /* after the topic's own */
    ck_assert_int_eq(ask(NULL), -EIO);
    ck_assert(strstr(fake.error, "%RETRY%G"));
    done();
}
END_TEST

START_TEST(answers_that_are_none)
{
    static const enum trouble of[] = {HANG_UP, HALF, TOO_LONG, HEADER_TOO_LONG,
                                      NO_CODE, ODD_CODE, SILENCE};

    play();
    r.on = LAST;
    for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
        r.trouble = of[i];
        must_fail(-EIO, "does not answer");
    }
    r.trouble = ASKS_FIRST; /* which is not for us */
    ck_assert_int_eq(ask(NULL), 0);
    ck_assert_int_eq(places, 1);
    done();
}
END_TEST

/* ------------------------------ dead letters ----------------------------- */

static int count(void *user, struct mqm_delivery *d)
{
    (void)d;
    ++*(int *)user;
    return 0;
}

static int read_dead(void)
{
    int n = 0, result;

    fake.error[0] = '\0';
    result = fake.adapter->dead(fake.self, "G", "T", count, &n);
    ck_assert_int_eq(n, 0);
    return result;
}

START_TEST(nothing_is_dead)
{
    play();
    ck_assert_int_eq(read_dead(), 0);
    r.topics = ",%DLQ%G,"; /* there are, of another topic */
    stub->pull_status = 3;
    stub->pull_next = 5;
    ck_assert_int_eq(read_dead(), 0);
    done();
}
END_TEST

START_TEST(what_is_dead_is_not_known)
{
    play();
    r.on = ROUTE;
    r.code = 17; /* a name server that has just begun knows nothing */
    ck_assert_int_eq(read_dead(), -ENOENT);
    ck_assert(strstr(fake.error, "no topic 'T'"));
    r.code = 0;
    r.trouble = HANG_UP;
    stub->fails = "FetchSubscriptionMessageQueues";
    ck_assert_int_eq(read_dead(), -EIO);
    ck_assert(strstr(fake.error, "the name server"));
    ck_assert_int_eq(fake.adapter->dead(fake.self, "no/name", "T", count, &r),
                     -EINVAL);
    done();
}
END_TEST

/* ---------------------------- the client library ------------------------- */

START_TEST(a_scan_sees_all_or_fails)
{
    int n = 0;

    play();
    stub->pull_status = 3;
    stub->pull_next = 5;
    ck_assert_int_eq(fake.adapter->scan(fake.self, "T", count, &n), 0);
    ck_assert_int_eq(n, 1);
    stub->pull_max = 7; /* something lies behind, and is not given */
    stub->pull_status = 1;
    ck_assert_int_eq(fake.adapter->scan(fake.self, "T", count, &n), -EIO);
    ck_assert_int_eq(n, 2);
    stub->pull_status = 9; /* nobody knows what that is */
    ck_assert_int_eq(fake.adapter->scan(fake.self, "T", count, &n), -EIO);
    stub->pull_status = 3;
    stub->pull_max = 5; /* it came later than we did */
    ck_assert_int_eq(fake.adapter->scan(fake.self, "T", count, &n), 0);
    ck_assert_int_eq(n, 3);
    done();
}
END_TEST

static int fetch(const char *origin)
{
    int n = 0, result;

    fake.error[0] = '\0';
    result = fake.adapter->fetch(fake.self, "G", "T", origin, count, &n);
    return result < 0 ? result : n;
}

START_TEST(a_fetch_finds_it_or_says_why)
{
    play();
    stub->pull_next = 5;
    stub->pull_status = 3;
    ck_assert_int_eq(fetch("0/5"), 1);
    stub->pull_off_by = 1;
    ck_assert_int_eq(fetch("0/5"), -ENOENT);
    stub->pull_off_by = 0;
    ck_assert_int_eq(fetch("0/4"), -ENOENT);
    ck_assert_int_eq(fetch("1/5"), -ENOENT);
    ck_assert_int_eq(fetch("0/5/"), -EINVAL);
    ck_assert_int_eq(fetch("0/-5"), -EINVAL);
    ck_assert_int_eq(fetch("4294967296/5"), -EINVAL); /* nor queue 0 */
    ck_assert_int_eq(fetch("0/18446744073709551621"), -EINVAL);
    stub->pull_status = 9;
    ck_assert_int_eq(fetch("0/4"), -EIO);
    stub->queues = 2; /* the number is one of each broker's */
    ck_assert_int_eq(fetch("0/5"), 2);
    stub->silent = "other";
    ck_assert_int_eq(fetch("0/5"), -EIO);
    ck_assert(strstr(fake.error, "broker 'other'"));
    stub->silent = "broker";
    ck_assert_int_eq(fetch("0/5"), -EIO);
    stub->silent = NULL;
    ck_assert_int_eq(fetch("0/5"), 2);
    done();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        positions,
        positions_that_are_not_told,
        routes,
        answers_that_are_none,
        nothing_is_dead,
        what_is_dead_is_not_known,
        a_scan_sees_all_or_fails,
        a_fetch_finds_it_or_says_why,
    };

    return run_suite("adapter_rocketmq_remoting", tests,
                     sizeof(tests) / sizeof(tests[0]));
}
