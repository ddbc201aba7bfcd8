/* SPDX-License-Identifier: MIT */
/* store_redis_names.c - when the name of a Redis is looked up, and what follows
 * if that is slow, or says something else than before.
 *
 * The resolver is ours: getaddrinfo() of the whole test.
 */
#define _DEFAULT_SOURCE
#include "../fake_redis_store.h"

#include <errno.h>
#include <netdb.h>
#include <resolv.h>

enum { PATIENCE_MS = 20000 };

/* What the name stands for: 127.0.0.x and others. */
static unsigned stands_for[4];
static int answers = 1, lookups, lookup_ms, retrans, retry;

int getaddrinfo(const char *host, const char *port,
                const struct addrinfo *hints, struct addrinfo **list)
{
    static struct addrinfo info[4];
    static struct sockaddr_in at[4];
    int n = 0;

    (void)host;
    if (hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    lookups++;
    retrans = _res.retrans;
    retry = _res.retry;
    sleep_ms(lookup_ms);
    for (; answers && n < 4 && stands_for[n]; n++) {
        at[n].sin_family = AF_INET;
        at[n].sin_port = htons((uint16_t)strtol(port, NULL, 10));
        at[n].sin_addr.s_addr = htonl(0x7f000000 | stands_for[n]);
        info[n].ai_family = AF_INET;
        info[n].ai_addr = (struct sockaddr *)&at[n];
        info[n].ai_addrlen = sizeof(at[n]);
        info[n].ai_next = NULL;
        if (n > 0)
            info[n - 1].ai_next = &info[n];
    }
    *list = info;
    return n ? 0 : EAI_AGAIN;
}

void freeaddrinfo(struct addrinfo *list)
{
    (void)list;
}

static int open_name(void)
{
    char url[64];
    struct mqm_setting settings[] = {{"url", url, 0},
                                     {"timeout_ms", "2000", 0}};

    snprintf(url, sizeof(url), "redis://redis.test:%d", fake.port);
    fake_failure[0] = '\0';
    return store->open(&self, &fake_host, settings, 2);
}

static void setup_names(void)
{
    setup();
    stands_for[0] = 1;
}

/* In the end. */
static int put_until_done(const char *id)
{
    int64_t end = now_ms() + PATIENCE_MS;
    int r;

    while ((r = put(id)) < 0 && now_ms() < end)
        sleep_ms(2);
    return r;
}

START_TEST(once_while_it_is_there)
{
    ck_assert_int_eq(open_name(), 0);
    ck_assert_int_eq(lookups, 1);
    for (int i = 0; i < 5; i++) {
        plays(ON_SWAP, "", 1, HANG_UP);
        ck_assert_int_lt(put("a"), 0);
        ck_assert_int_eq(put("a"), MQM_OK); /* a new connection */
    }
    ck_assert_int_eq(fake_redis_connects(&fake), 6);
    ck_assert_int_eq(lookups, 1);
}
END_TEST

/* Nobody waits for it as long as libc would, and others of this thread do. */
START_TEST(asked_once_and_briefly)
{
    int before, times;

    ck_assert_int_eq(res_init(), 0);
    before = _res.retrans;
    times = _res.retry;
    ck_assert_int_eq(open_name(), 0);
    ck_assert_int_eq(retrans, 1);
    ck_assert_int_eq(retry, 1);
    ck_assert_int_eq(_res.retrans, before);
    ck_assert_int_eq(_res.retry, times);
}
END_TEST

START_TEST(again_when_nobody_is_there)
{
    int port = fake.port;

    ck_assert_int_eq(open_name(), 0);
    plays(ON_SWAP, "", 1, HANG_UP);
    ck_assert_int_lt(put("a"), 0);
    fake_redis_end(&fake);
    ck_assert_int_eq(put("a"), -ECONNREFUSED);
    ck_assert_int_eq(lookups, 1);
    ck_assert(fake_redis_start_at(&fake, 0x7f000002, port));
    stands_for[0] = 2; /* it has moved */
    ck_assert_int_eq(put_until_done("a"), MQM_OK);
    ck_assert_int_eq(lookups, 2);
}
END_TEST

START_TEST(a_name_that_is_lost_takes_nothing_away)
{
    int port = fake.port;

    ck_assert_int_eq(open_name(), 0);
    plays(ON_SWAP, "", 1, HANG_UP);
    ck_assert_int_lt(put("a"), 0);
    fake_redis_end(&fake);
    ck_assert_int_lt(put("a"), 0);
    answers = 0;
    while (lookups < 3) {
        ck_assert_int_lt(put("a"), 0);
        sleep_ms(2);
    }
    ck_assert(fake_redis_start_at(&fake, INADDR_LOOPBACK, port));
    ck_assert_int_eq(put_until_done("a"), MQM_OK);
}
END_TEST

START_TEST(a_name_of_nothing)
{
    answers = 0;
    ck_assert_int_eq(open_name(), -EHOSTUNREACH);
    ck_assert(strstr(fake_failure, gai_strerror(EAI_AGAIN)));
    ck_assert(strstr(fake_failure, "redis.test"));
}
END_TEST

START_TEST(slow_is_not_never)
{
    lookup_ms = 2500; /* more than a call may take */
    ck_assert_msg(open_name() == 0, "%s", fake_failure);
    ck_assert_int_eq(put("a"), MQM_OK);
    ck_assert_int_eq(lookups, 1);
}
END_TEST

/* Takes no connection and refuses none. */
static int deaf(uint32_t host, int port)
{
    struct sockaddr_in a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&a, 0, sizeof(a));
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(host);
    a.sin_port = htons((uint16_t)port);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(listen(fd, 0), 0);
    for (int i = 0; i < 4; i++) {
        int full = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

        if (connect(full, (struct sockaddr *)&a, sizeof(a)) != 0)
            ck_assert_int_eq(errno, EINPROGRESS);
    }
    return fd;
}

START_TEST(each_address_has_its_turn)
{
    deaf(0x7f000003, fake.port);
    stands_for[0] = 3; /* says nothing */
    stands_for[1] = 4; /* refuses */
    stands_for[2] = 1;
    ck_assert_msg(open_name() == 0, "%s", fake_failure);
    ck_assert_int_eq(put("a"), MQM_OK);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("names");

    tcase_add_checked_fixture(tc, setup_names, teardown);
    tcase_add_test(tc, once_while_it_is_there);
    tcase_add_test(tc, asked_once_and_briefly);
    tcase_add_test(tc, again_when_nobody_is_there);
    tcase_add_test(tc, a_name_that_is_lost_takes_nothing_away);
    tcase_add_test(tc, a_name_of_nothing);
    tcase_add_test(tc, slow_is_not_never);
    tcase_add_test(tc, each_address_has_its_turn);
    return run_case("store_redis_names", tc);
}
