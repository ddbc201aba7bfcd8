/* LIBS: -ldl */
/* SPDX-License-Identifier: MIT */
/* adapter_rocketmq_library.c - each function of the client library fails, and
 * each allocation: the caller is told, nothing counts as sent or read, and the
 * next try is none the worse.
 */
#include "../fakes/faults.h"
#include "../fakes/remoting.h"
#include "../fakes/rocketmq_stub.h"

static struct remoting r;
static char address[32];

static int visited;

static int visit(void *user, struct mqm_delivery *d)
{
    (void)user, (void)d;
    visited++;
    return 0;
}

/* With all that can be set. */
static void open_all(const char *channel)
{
    struct mqm_setting s[] = {
        {"name_server", address, 0},
        {"library", lib_path("librocketmq_stub.so"), 0},
        {"access_key", "me", 0},
        {"secret_key", "hush", 1},
        {"log_dir", "/tmp/x", 0},
        {"channel", channel, 0},
    };
    int result;

    ck_assert(remoting_start(&r));
    snprintf(address, sizeof(address), "127.0.0.1:%d", r.port);
    load("librocketmq_stub.so", RTLD_LOCAL);
    fake_load("mqm_rocketmq.so");
    result = fake.adapter->open(&fake.self, &fake.host, s, channel ? 6 : 5);
    ck_assert_msg(result == 0, "%d %s", result, fake.error);
    stub->pull_status = 3;
    stub->pull_next = 5;
}

static void done(void)
{
    fake.adapter->close(fake.self);
    fake.self = NULL;
    remoting_end(&r);
}

/* --------------------------------- calls --------------------------------- */

static int consume(void)
{
    int result = fake.adapter->subscribe(fake.self, "G", "T");

    return result < 0 && result != -EBUSY ? result
                                          : fake.adapter->poll(fake.self, 1);
}

static int publish_with(const struct mqm_field *f, size_t n)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;

    d.msg.topic = "T";
    d.msg.id = "an-id";
    d.msg.id_len = 5;
    d.msg.key = "a-key";
    d.msg.key_len = 5;
    d.tag = "gold";
    d.body = "body";
    d.body_len = 4;
    return fake.adapter->publish_with(fake.self, &d, f, n);
}

static int publish(void)
{
    static const struct mqm_field f[] = {{"trace", "a", 1}};

    return publish_with(f, 1);
}

static int scan(void)
{
    return fake.adapter->scan(fake.self, "T", visit, NULL);
}

static int fetch(void)
{
    return fake.adapter->fetch(fake.self, "G", "T", "0/5", visit, NULL);
}

static const struct {
    int (*call)(void);
    const char *function;
    int result;
    const char *words, *of; /* of this property */
} broken[] = {
    {consume, "CreatePushConsumer", -ENOMEM, "makes no consumer", NULL},
    {consume, "SetPushConsumerNameServerAddress", -EIO, "(77: ", NULL},
    {consume, "SetPushConsumerInstanceName", -EIO, "(77: ", NULL},
    {consume, "SetPushConsumerSessionCredentials", -EIO, "(77: ", NULL},
    {consume, "SetPushConsumerThreadCount", -EIO, "(77: ", NULL},
    {consume, "SetPushConsumerMessageBatchMaxSize", -EIO, "(77: ", NULL},
    {consume, "SetPushConsumerLogPath", -EIO, "(77: ", NULL},
    {consume, "Subscribe", -EIO, "(77: ", NULL},
    {consume, "RegisterMessageCallback", -EIO, "(77: ", NULL},
    {publish, "CreateProducer", -ENOMEM, "makes no producer", NULL},
    {publish, "SetProducerNameServerAddress", -EIO, "(77: ", NULL},
    {publish, "SetProducerInstanceName", -EIO, "(77: ", NULL},
    {publish, "SetProducerSessionCredentials", -EIO, "(77: ", NULL},
    {publish, "SetProducerSendMsgTimeout", -EIO, "(77: ", NULL},
    {publish, "SetProducerMaxMessageSize", -EIO, "(77: ", NULL},
    {publish, "SetProducerLogPath", -EIO, "(77: ", NULL},
    {publish, "CreateMessage", -ENOMEM, "out of memory", NULL},
    {publish, "SetMessageProperty", -EIO, "property 'trace'", "trace"},
    {publish, "SetMessageProperty", -EIO, "takes no id", "mqm-id"},
    {publish, "SetMessageProperty", -EIO, "no body", "mqm-body-length"},
    {publish, "SetMessageKeys", -EIO, "takes no key", NULL},
    {publish, "SetByteMessageBody", -EIO, "takes no body", NULL},
    {publish, "SetMessageTags", -EIO, "takes no body", NULL},
    {scan, "CreatePullConsumer", -ENOMEM, "out of memory", NULL},
    {scan, "SetPullConsumerNameServerAddress", -EIO, "no start (77", NULL},
    {scan, "SetPullConsumerSessionCredentials", -EIO, "no start (77", NULL},
    {scan, "SetPullConsumerLogPath", -EIO, "no start (77", NULL},
    {scan, "StartPullConsumer", -EIO, "no start (77", NULL},
    {scan, "FetchSubscriptionMessageQueues", -EIO, "the route of", NULL},
    {fetch, "CreatePullConsumer", -ENOMEM, "out of memory", NULL},
    {fetch, "FetchSubscriptionMessageQueues", -EIO, "the route of", NULL},
};

static void must_work(int (*call)(void))
{
    const int result = call();

    ck_assert_msg(result == 0, "%d %s", result, fake.error);
}

START_TEST(functions_that_fail)
{
    open_all("ALIYUN");
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        int result;

        stub->fails = broken[i].function;
        stub->fails_for = broken[i].of;
        fake.error[0] = '\0';
        result = broken[i].call();
        ck_assert_msg(result == broken[i].result, "%s: %d %s",
                      broken[i].function, result, fake.error);
        ck_assert_msg(strstr(fake.error, broken[i].words) != NULL, "%s: %s",
                      broken[i].function, fake.error);
        ck_assert(strstr(fake.error, "hush") == NULL);
    }
    ck_assert_int_eq(stub->sends, 0);
    ck_assert_int_eq(stub->starts, 0);
    ck_assert_int_eq(visited, 0);
    stub->fails = NULL;
    must_work(consume);
    must_work(publish);
    must_work(scan);
    must_work(fetch);
    ck_assert_int_eq(stub->sends, 1);
    ck_assert_int_eq(visited, 2);
    done();
}
END_TEST

START_TEST(a_client_that_gives_no_reason)
{
    open_all(NULL);
    stub->fails = "StartPullConsumer";
    stub->error = NULL;
    ck_assert_int_eq(scan(), -EIO);
    ck_assert_msg(strstr(fake.error, "gives no reason") != NULL, "%s",
                  fake.error);
    done();
}
END_TEST

/* ------------------------------- allocations ------------------------------ */

static int open_anew(void)
{
    void *was = fake.self;
    struct mqm_setting s[] = {{"name_server", address, 0},
                              {"library", lib_path("librocketmq_stub.so"), 0}};
    int result = fake.adapter->open(&fake.self, &fake.host, s, 2);

    if (result == 0)
        fake.adapter->close(fake.self);
    else
        ck_assert_ptr_eq(fake.self, was);
    fake.self = was;
    return result;
}

static int subscribe_anew(void)
{
    static int n;
    char group[16];

    snprintf(group, sizeof(group), "G%d", n++);
    return fake.adapter->subscribe(fake.self, group, "T");
}

static int visit_place(void *user, const struct mqm_position *p)
{
    (void)user, (void)p;
    visited++;
    return 0;
}

static int ask_positions(void)
{
    return fake.adapter->positions(fake.self, "G", "T", visit_place, NULL);
}

/* Each of them, until a call does not ask so often. */
START_TEST(allocations_that_fail)
{
    static int (*const calls[])(void) = {open_anew, subscribe_anew, publish,
                                         fetch};
    static const char *const functions[] = {"calloc", "malloc", "strdup"};

    open_all(NULL);
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        for (size_t j = 0; j < sizeof(functions) / sizeof(*functions); j++)
            for (int nth = 1; nth < 20; nth++) {
                int result;

                fake.error[0] = '\0';
                fail_next(functions[j], nth, 1);
                result = calls[i]();
                fault.name = NULL;
                if (!fault.failed) {
                    ck_assert_msg(result == 0, "%d %s", result, fake.error);
                    break;
                }
                ck_assert_msg(result == -ENOMEM, "%s %d: %d", functions[j],
                              nth, result);
                ck_assert_str_eq(fake.error, "out of memory");
            }
    done();
}
END_TEST

/* Nor is anything taken for an answer without a socket or memory for it. */
START_TEST(questions_without_means)
{
    static const char *const functions[] = {"socket", "malloc"};

    open_all(NULL);
    for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
        fail_next(functions[i], 1, 1000);
        ck_assert_int_eq(ask_positions(), -EIO);
        fault.name = NULL;
        ck_assert(strstr(fake.error, "does not answer"));
        ck_assert_int_eq(visited, 0);
    }
    done();
}
END_TEST

/* --------------------------------- limits -------------------------------- */

static int scan_inside(void *user, struct mqm_delivery *d)
{
    int *depth = user;
    int result;

    (void)d;
    ++*depth;
    result = fake.adapter->scan(fake.self, "T", scan_inside, depth);
    ck_assert_int_eq(result, -EAGAIN);
    return result;
}

START_TEST(so_many_at_once)
{
    int depth = 0;

    open_all(NULL);
    ck_assert_int_eq(fake.adapter->scan(fake.self, "T", scan_inside, &depth),
                     -EAGAIN);
    ck_assert_int_eq(depth, 8);
    ck_assert(strstr(fake.error, "8 topics are read at once"));
    must_work(scan);
    done();
}
END_TEST

/* What cannot be a property is left out and told; the rest goes. */
START_TEST(headers_that_cannot_be_properties)
{
    static const struct mqm_field f[] = {
        {"", "x", 1},       {"KEYS", "x", 1}, {"a\1b", "x", 1},
        {"bin", "\1", 1},   {"none", "", 0},  {"mqm-id", "x", 1},
        {"trace", "kept", 4}};
    struct mqm_delivery d = MQM_DELIVERY_INIT;

    open_all(NULL);
    ck_assert_int_eq(publish_with(f, 7), 0);
    ck_assert_int_eq(stub->sends, 1);
    ck_assert(strstr(fake.log, "header 'KEYS' (1 bytes) is left out"));
    ck_assert(strstr(fake.log, "header 'bin' (1 bytes) is left out"));
    ck_assert(!strstr(fake.log, "trace"));
    ck_assert_str_eq(stub->last_id, "an-id");
    d.msg.topic = "T";
    d.body = "b";
    ck_assert_int_eq(fake.adapter->publish(fake.self, &d), -EINVAL);
    ck_assert(strstr(fake.error, "has no body"));
    d.body_len = (size_t)INT32_MAX + 1;
    ck_assert_int_eq(fake.adapter->publish(fake.self, &d), -EMSGSIZE);
    d.body_len = 1;
    d.msg.id = "\0\0"; /* nothing but NUL bytes is no id */
    d.msg.id_len = 2;
    stub->last_id[0] = '\0';
    ck_assert_int_eq(fake.adapter->publish(fake.self, &d), 0);
    ck_assert_str_eq(stub->last_id, "");
    ck_assert_int_eq(stub->sends, 2);
    done();
}
END_TEST

static int told_by(void)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;
    size_t len;

    return fake.adapter->header(fake.self, &d, "x", &len) != NULL;
}

START_TEST(stopped_while_it_waits_to_start)
{
    open_all(NULL);
    ck_assert_int_eq(told_by(), 0);
    stub->start = 20;
    ck_assert_int_eq(consume(), -EIO);
    fake_stop();
    ck_assert_int_eq(fake.adapter->poll(fake.self, 50), -ECANCELED);
    ck_assert_int_eq(stub->starts, 1);
    done();
    fake.adapter->close(NULL);
}
END_TEST

START_TEST(a_group_that_never_polled)
{
    open_all(NULL);
    ck_assert_int_eq(fake.adapter->subscribe(fake.self, "G", "T"), 0);
    ck_assert_int_eq(fake.adapter->subscribe(fake.self, "G", "T"), 0);
    ck_assert_int_eq(fake.adapter->subscribe(fake.self, "G", "gone"), 0);
    ck_assert_int_eq(fake.adapter->subscribe(fake.self, "H", "T"), 0);
    done();
    ck_assert_int_eq(stub->starts, 0);
}
END_TEST

/* The client itself would wait in silence. */
START_TEST(a_topic_that_is_missing_is_told)
{
    struct stub_message m = {.topic = "T", .body = "b", .body_len = 1};

    open_all(NULL);
    ck_assert_int_eq(fake.adapter->subscribe(fake.self, "G", "T"), 0);
    ck_assert_int_eq(fake.adapter->subscribe(fake.self, "G", "gone"), 0);
    ck_assert_int_eq(fake.adapter->subscribe(fake.self, "H", "gone"), 0);
    ck_assert_int_eq(fake.adapter->poll(fake.self, 1), 0);
    ck_assert_int_eq(stub->starts, 2);
    ck_assert(strstr(fake.log, "has no topic 'gone'"));
    ck_assert(!strstr(fake.log, "has no topic 'T'"));
    /* A consumer that is not ours is not answered for. */
    ck_assert_int_eq(stub->callback(&m, &m), 1);
    ck_assert_uint_eq(fake.n, 0);
    done();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        functions_that_fail,
        a_client_that_gives_no_reason,
        allocations_that_fail,
        questions_without_means,
        so_many_at_once,
        headers_that_cannot_be_properties,
        stopped_while_it_waits_to_start,
        a_group_that_never_polled,
        a_topic_that_is_missing_is_told,
    };

    return run_suite("adapter_rocketmq_library", tests,
                     sizeof(tests) / sizeof(tests[0]));
}
