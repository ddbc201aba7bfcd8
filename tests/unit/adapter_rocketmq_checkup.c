/* SPDX-License-Identifier: MIT */
/* adapter_rocketmq_checkup.c - what the RocketMQ adapter finds of brokers,
 * groups and client libraries that are not fit to lose nothing, each played;
 * and what it says of all that a broker does not tell.
 */
#include "../fakes/remoting.h"
#include "../fakes/rocketmq_stub.h"
#include "../found.h"

enum { HOUR_MS = 3600000 };

static const char levels[] =
    "messageDelayLevel=1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h "
    "2h\n";
static char lines[1024];
static struct remoting r;
static struct mqm_inquiry q;

static void config(const char *more)
{
    snprintf(lines, sizeof(lines), "brokerRole=ASYNC_MASTER\n%s%s", levels,
             more);
    r.config = lines;
}

static void play_with(const char *client, const char *setting,
                      const char *value)
{
    static char address[32];

    ck_assert(remoting_start(&r));
    r.committed = r.first = r.last = 0;
    config("fileReservedTime=72\nflushDiskType=SYNC_FLUSH\n"
           "autoCreateTopicEnable=false\n");
    snprintf(address, sizeof(address), "127.0.0.1:%d", r.port);
    name_server = address;
    open_file(client, setting, value);
    q = (struct mqm_inquiry){.size = sizeof(q),
                             .find = find,
                             .keep_ms = 96LL * HOUR_MS,
                             .margin_ms = 60000,
                             .group = "G",
                             .topic = "T",
                             .parking = "",
                             .settle_ms = 60000};
}

static void play(const char *setting, const char *value)
{
    play_with("librocketmq_stub.so", setting, value);
}

static int look(void)
{
    findings[0] = '\0';
    return fake.adapter->checkup(fake.self, &q);
}

static void must_look(void)
{
    const int result = look();

    ck_assert_msg(result == 0, "%d %s", result, fake.error);
}

static void done(void)
{
    fake.adapter->close(fake.self);
    remoting_end(&r);
}

START_TEST(as_it_should_be)
{
    play(NULL, NULL);
    must_look();
    must_find("fine librocketmq:", "whole bodies");
    must_find("fine retention:", "fileReservedTime=72 h");
    must_find("fine replicas:", "SYNC_FLUSH, ASYNC_MASTER");
    must_find("fine clock:", "within");
    must_find("fine group:", "has a position: what comes from now");
    must_not_find("warning");
    must_not_find("fatal");
    done();
}
END_TEST

START_TEST(a_client_that_loses_copies)
{
    play_with("librocketmq_before_2.so", NULL, NULL);
    must_look();
    must_find("warning librocketmq:", "one that has to wait keeps a thread");
    must_not_find("_exit()");
    done();
}
END_TEST

START_TEST(a_client_that_loses_copies_of_who_signs)
{
    play_with("librocketmq_before_2.so", "keys", "mine");
    must_look();
    must_find("warning librocketmq:", "has to end with _exit()");
    done();
}
END_TEST

START_TEST(a_client_that_is_orderly)
{
    play_with("librocketmq_before_2.so", "mode", "orderly");
    must_look();
    must_not_find("warning librocketmq");
    done();
}
END_TEST

START_TEST(settings_of_a_broker)
{
    play(NULL, NULL);
    config("fileReservedTime=120\nflushDiskType=ASYNC_FLUSH\n"
           "autoCreateTopicEnable=true\n");
    r.topics = ",P,";
    q.parking = "P";
    must_look();
    must_find("warning retention:", "longer than keep_ms");
    must_find("warning parking:", "gone after 120 h");
    must_find("warning replicas:", "ASYNC_FLUSH, ASYNC_MASTER");
    must_find("warning autoCreateTopicEnable:", "misspelt");
    must_not_find("warning retries");
    q.keep_ms = 4 * HOUR_MS; /* 16 tries take 4 h 45 min */
    q.settle_ms = 121LL * HOUR_MS;
    must_look();
    must_find("warning retries:", "285 minutes");
    must_find("fatal parking:", "'P'");
    config("flushDiskType=SYNC_FLUSH\n");
    must_look();
    must_find("warning retention:", "tells no fileReservedTime");
    must_not_find("fatal");
    r.config = "messageDelayLevel=1s 5s soon\nbrokerRole=SYNC_MASTER\n";
    q.keep_ms = 1;
    must_look();
    must_not_find("warning retries");
    must_find("fine replicas:", "SYNC_MASTER");
    r.config = "messageDelayLevel=1s 1s 1d\n";
    must_look();
    must_find("warning retries:", "1440 minutes");
    done();
}
END_TEST

START_TEST(clocks)
{
    play(NULL, NULL);
    r.ahead_ms = 2 * HOUR_MS;
    must_look();
    must_find("warning clock:", "ahead of this machine's");
    r.ahead_ms = -2 * HOUR_MS;
    must_look();
    must_find("warning clock:", "behind this machine's");
    r.ahead_ms = 0;
    r.on = RUNTIME;
    r.body = "{\"table\":{\"bootTimestamp\":\"1\",\"runtime\":\"long\"}}";
    must_look();
    must_find("warning clock:", "does not tell its time");
    r.body = "{\"table\":{\"bootTimestamp\":\"1\"}}";
    must_look();
    must_find("warning clock:", "does not tell its time");
    r.body = "{}";
    must_look();
    must_find("warning clock:", "does not tell its time");
    r.body = "{\"table\":{\"bootTimestamp\":\"1\",\"runtime\":\"[ "
             "9223372036854775807 days, 1 hours, 1 minutes, 7 seconds ]\"}}";
    must_look();
    must_find("warning clock:", "does not tell its time");
    r.body = "{\"table\":{\"bootTimestamp\":\"9223372036854775807\",\"runtime\""
             ":\"[ 1 days, 1 hours, 1 minutes, 7 seconds ]\"}}";
    must_look();
    must_find("warning clock:", "does not tell its time");
    r.trouble = HANG_UP;
    must_look();
    must_find("warning clock:", "does not tell its time");
    done();
}
END_TEST

START_TEST(positions)
{
    play(NULL, NULL);
    r.last = 10;
    r.committed = -2;
    must_look();
    must_find("warning group:", "is that its name?");
    q.is_new = 1;
    must_look();
    must_find("warning group:", "with 10 messages");
    q.since_ms = 1;
    must_look();
    must_find("fatal group:", "no position in 1 of 1 queues");
    r.last = 0;
    must_look();
    must_find("warning group:", "with 0 messages");
    r.last = 10;
    r.committed = 4;
    r.by_time = 4;
    must_look();
    must_find("fine group:", "before the moment of the switch");
    r.by_time = 1;
    must_look(); /* it has members */
    must_find("fine group:", "read past the moment");
    r.on = MEMBERS;
    r.code = 206;
    must_look();
    must_find("warning group:", "stands 3 messages behind");
    r.on = 0;
    r.first = 7;
    must_look();
    must_find("fatal group:", "not read 3 messages");
    done();
}
END_TEST

/* What is not told is never taken for well. */
START_TEST(positions_that_are_not_told)
{
    static const enum request of[] = {FIRST, LAST, COMMITTED, BY_TIME};

    play(NULL, NULL);
    q.since_ms = 1;
    r.trouble = HANG_UP;
    for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
        r.on = of[i];
        must_look();
        must_find("warning group:", "not looked at in 1 of 1 queues");
        must_not_find("fine group");
    }
    done();
}
END_TEST

START_TEST(a_broker_that_does_not_tell)
{
    play(NULL, NULL);
    r.on = CONFIG;
    r.code = 16;
    must_look();
    must_find("warning broker:", "it refuses (code 16)");
    r.trouble = HANG_UP;
    must_look();
    must_find("warning broker:", "it does not answer (code -1)");
    must_not_find("fine retention");
    done();
}
END_TEST

START_TEST(routes)
{
    static const char *const odd[] = {
        "{}", "{\"brokerDatas\":[]}",
        "{\"brokerDatas\":[{\"brokerAddrs\":{1:\"127.0.0.1:1\"},"
        "\"brokerName\":\"a\"}]}",
        "{\"brokerDatas\":[{\"brokerAddrs\":{0:\"127.0.0.1:1\"}}]}",
        "{\"brokerDatas\":[{\"brokerAddrs\":{0:\"127.0.0.1:1\"},"
        "\"brokerName\":\"a\"}],\"queueDatas\":[{\"brokerName\":\"b\","
        "\"readQueueNums\":1},{\"readQueueNums\":2}]}"};

    play(NULL, NULL);
    r.on = ROUTE;
    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
        r.body = odd[i];
        must_look();
        must_find("warning broker:", "names no master");
        must_not_find("fine group");
        if (i > 1)
            must_find("warning broker:", "no master or no queues");
    }
    r.body = "{\"brokerDatas\":[{\"brokerAddrs\":{0:\"nowhere\"},"
             "\"brokerName\":\"a\"}],\"queueDatas\":[{\"brokerName\":\"a\","
             "\"readQueueNums\":2}]}";
    must_look();
    must_find("warning broker:", "a (nowhere): not looked at");
    must_find("warning group:", "not looked at in 2 of 2 queues");
    done();
}
END_TEST

START_TEST(topics_that_are_not_there)
{
    play(NULL, NULL);
    q.parking = "P";
    must_look();
    must_find("warning parking:", "'P' is not there");
    r.on = ROUTE;
    r.of = "\"P\"";
    r.trouble = HANG_UP;
    must_look();
    must_find("warning parking:", "not looked at: the name server");
    q.topic = "none";
    ck_assert_int_eq(look(), -ENOENT);
    ck_assert(strstr(fake.error, "no topic 'none'"));
    r.of = NULL;
    ck_assert_int_eq(look(), -EIO);
    ck_assert(strstr(fake.error, "does not answer"));
    q.topic = "no/name";
    ck_assert_int_eq(look(), -EINVAL);
    q.group = "no/name";
    ck_assert_int_eq(look(), -EINVAL);
    done();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        as_it_should_be,
        a_client_that_loses_copies,
        a_client_that_loses_copies_of_who_signs,
        a_client_that_is_orderly,
        settings_of_a_broker,
        clocks,
        positions,
        positions_that_are_not_told,
        a_broker_that_does_not_tell,
        routes,
        topics_that_are_not_there,
    };

    return run_suite("adapter_rocketmq_checkup", tests,
                     sizeof(tests) / sizeof(tests[0]));
}
