/* SPDX-License-Identifier: MIT */
/* LIBS: -lhiredis */
/* store_redis_flights.c - calls that are begun and ended later, several at a
 * time: their answers are their own, also if the script, the store or the
 * connection goes meanwhile.
 */
#include "../clock.h"
#include "../fake_host.h"
#include "../redis_server.h"
#include "../suite.h"

#include "../../lib/stores.h"

#include <check.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <string.h>

enum { FLIGHTS = MQM_STORE_BEGUN, EACH = 40 };

static struct redis_server server;
static const struct mqm_store *store;
static void *self;
static redisContext *raw;
static int64_t born_ms;

static struct mqm_swap swap[FLIGHTS][EACH], *list[FLIGHTS][EACH];
static char id[FLIGHTS][EACH][16];

static void setup(void)
{
    char url[64];
    struct mqm_setting settings[] = {{"url", url, 0},
                                     {"timeout_ms", "2000", 0}};

    ck_assert(redis_server_start(&server));
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
    store = mqm__store_redis.store;
    ck_assert_int_eq(store->open(&self, &fake_host, settings, 2), 0);
    raw = redisConnect("127.0.0.1", server.port);
    ck_assert(raw && !raw->err);
    born_ms = now_ms();
}

static void teardown(void)
{
    redisFree(raw);
    store->close(self);
    redis_server_end(&server);
}

static void tell(const char *command)
{
    redisReply *r = redisCommand(raw, command);

    ck_assert_ptr_nonnull(r);
    ck_assert_int_ne(r->type, REDIS_REPLY_ERROR);
    freeReplyObject(r);
}

/* New cells of flight f, half of them listed. */
static void fill(int f)
{
    for (int i = 0; i < EACH; i++) {
        snprintf(id[f][i], sizeof(id[f][i]), "%d-%d-%d", f, i,
                 (int)(born_ms % 1000));
        swap[f][i] = (struct mqm_swap){
            .key = {"shop/issuer/rewards", id[f][i], strlen(id[f][i]), born_ms},
            .value = "x", .len = 1, .keep_ms = 60000,
            .flags = i % 2 ? MQM_SWAP_LISTED : 0, .result = -1};
        list[f][i] = &swap[f][i];
    }
}

static int begin(int f)
{
    return store->swap_begin(self, list[f], EACH);
}

static void all_are(int f, int result)
{
    for (int i = 0; i < EACH; i++)
        ck_assert_int_eq(swap[f][i].result, result);
}

static void begin_all(void)
{
    for (int f = 0; f < FLIGHTS; f++) {
        fill(f);
        ck_assert_int_eq(begin(f), MQM_OK);
    }
}

static void end_all_done(void)
{
    for (int f = 0; f < FLIGHTS; f++) {
        ck_assert_int_eq(store->swap_end(self), MQM_OK);
        all_are(f, MQM_OK);
    }
}

/* What is there is what was answered. */
static void compare_all(void)
{
    for (int f = 0; f < FLIGHTS; f++) {
        uint64_t version[EACH];

        for (int i = 0; i < EACH; i++) {
            version[i] = swap[f][i].now.version;
            swap[f][i].expect = MQM_ASK;
        }
        ck_assert_int_eq(store->swap(self, list[f], EACH), MQM_OK);
        for (int i = 0; i < EACH; i++)
            ck_assert_uint_eq(swap[f][i].now.version, version[i]);
    }
}

START_TEST(test_each_gets_its_answers)
{
    for (int round = 0; round < 3; round++) {
        begin_all();
        end_all_done();
        compare_all();
        born_ms++; /* what comes is new */
    }
}
END_TEST

START_TEST(test_one_begins_as_another_ends)
{
    fill(0);
    ck_assert_int_eq(begin(0), MQM_OK);
    for (int n = 1; n < 50; n++) {
        int f = n % FLIGHTS;

        fill(f);
        for (int i = 0; i < EACH; i++)
            id[f][i][0] = (char)('a' + n);
        ck_assert_int_eq(begin(f), MQM_OK);
        ck_assert_int_eq(store->swap_end(self), MQM_OK);
        all_are((n - 1) % FLIGHTS, MQM_OK);
    }
    ck_assert_int_eq(store->swap_end(self), MQM_OK);
}
END_TEST

/* The same cells twice: one of the two calls has each. */
START_TEST(test_two_for_the_same_cells)
{
    fill(0);
    fill(1);
    memcpy(id[1], id[0], sizeof(id[1]));
    for (int i = 0; i < EACH; i++)
        swap[1][i].key.id_len = swap[0][i].key.id_len;
    ck_assert_int_eq(begin(0), MQM_OK);
    ck_assert_int_eq(begin(1), MQM_OK);
    ck_assert_int_eq(store->swap_end(self), MQM_OK);
    ck_assert_int_eq(store->swap_end(self), MQM_OK);
    for (int i = 0; i < EACH; i++)
        ck_assert(swap[0][i].result == MQM_OK
                      ? swap[1][i].result == MQM_LOST
                      : swap[0][i].result == MQM_LOST &&
                            swap[1][i].result == MQM_OK);
}
END_TEST

START_TEST(test_the_script_is_forgotten)
{
    fill(0);
    ck_assert_int_eq(store->swap(self, list[0], EACH), MQM_OK);
    tell("SCRIPT FLUSH");
    for (int f = 1; f < FLIGHTS; f++) {
        fill(f);
        ck_assert_int_eq(begin(f), MQM_OK);
    }
    for (int f = 1; f < FLIGHTS; f++) {
        ck_assert_int_eq(store->swap_end(self), MQM_OK);
        all_are(f, MQM_OK);
    }
    compare_all();
}
END_TEST

/* What was born before it was emptied is in doubt. */
START_TEST(test_the_store_is_emptied)
{
    fill(0);
    ck_assert_int_eq(store->swap(self, list[0], EACH), MQM_OK);
    sleep_ms(20);
    tell("FLUSHALL");
    for (int f = 1; f < FLIGHTS; f++) {
        fill(f);
        ck_assert_int_eq(begin(f), MQM_OK);
    }
    for (int f = 1; f < FLIGHTS; f++) {
        ck_assert_int_eq(store->swap_end(self), MQM_OK);
        all_are(f, MQM_DOUBT);
    }
}
END_TEST

/* All that is in flight is unknown then; what begins next is not. */
START_TEST(test_the_connection_is_lost)
{
    ck_assert_int_eq(kill(server.pid, SIGSTOP), 0);
    for (int f = 0; f < 3; f++) {
        fill(f);
        ck_assert_int_eq(begin(f), MQM_OK);
    }
    ck_assert_int_eq(store->swap_end(self), -ETIMEDOUT);
    all_are(0, -ETIMEDOUT);
    ck_assert_int_eq(kill(server.pid, SIGCONT), 0);
    fill(3);
    ck_assert_int_eq(begin(3), MQM_OK);
    ck_assert_int_eq(store->swap_end(self), -ECONNRESET);
    all_are(1, -ECONNRESET);
    ck_assert_int_eq(store->swap_end(self), -ECONNRESET);
    all_are(2, -ECONNRESET);
    ck_assert_int_eq(store->swap_end(self), MQM_OK);
    all_are(3, MQM_OK);
}
END_TEST

/* Whoever went away to work finds its answer, however late. */
START_TEST(test_ended_after_its_time)
{
    begin_all();
    sleep_ms(2300);
    end_all_done();
    compare_all();
}
END_TEST

START_TEST(test_no_server_to_begin_with)
{
    redis_server_end(&server);
    fill(0);
    ck_assert_int_lt(begin(0), 0);
    for (int i = 0; i < EACH; i++)
        ck_assert_int_lt(swap[0][i].result, 0);
    ck_assert(redis_server_start(&server));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("flights");
    Suite *suite = suite_create("store_redis_flights");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_each_gets_its_answers);
    tcase_add_test(tc, test_one_begins_as_another_ends);
    tcase_add_test(tc, test_two_for_the_same_cells);
    tcase_add_test(tc, test_the_script_is_forgotten);
    tcase_add_test(tc, test_the_store_is_emptied);
    tcase_add_test(tc, test_the_connection_is_lost);
    tcase_add_test(tc, test_ended_after_its_time);
    tcase_add_test(tc, test_no_server_to_begin_with);
    suite_add_tcase(suite, tc);
    return run_all(suite);
}
