/* SPDX-License-Identifier: MIT */
/* hotpath.c - what a message costs: after some batches nothing of the library
 * allocates between claim and end, and a batch is one round trip.
 *
 * In the memory store a new message needs a new cell, so those are made before:
 * the copies of the measured batches were claimed and handed back once.
 */
#include "guard.h"

#include "../count_malloc.h"
#include "../redis_server.h"

enum { BATCH = 64 };

static void open_quiet(void)
{
    how.flags = MQM_NO_KEEPER;
    m = open_on("memory:", ", \"pause_ms\": 0");
}

static void fill(struct mqm_delivery *d)
{
    for (int i = 0; i < BATCH; i++)
        d[i] = delivery("kafka", new_id());
}

static void warm_up_batches(void)
{
    struct mqm_delivery d[BATCH];
    int n = 0;

    for (int i = 0; i < 8; i++) {
        fill(d);
        ck_assert_int_eq(mqm_run(m, d, BATCH, handle_counting, &n), MQM_OK);
    }
}

/* Each has a cell with room for its record. */
static void touch(struct mqm_delivery *d)
{
    for (int i = 0; i < BATCH; i++) {
        struct mqm_claim c = claim("kafka", d[i].msg.id);

        ck_assert_int_eq(mqm_acquire(m, &c), MQM_OK);
        ck_assert_int_eq(mqm_hand_back(m, &c), MQM_OK);
    }
}

START_TEST(test_run_allocates_nothing)
{
    struct mqm_delivery d[BATCH];
    int n = 0, r;

    warm_up_batches();
    fill(d);
    touch(d);
    allocations = 0;
    counting = true;
    r = mqm_run(m, d, BATCH, handle_counting, &n);
    counting = false;
    ck_assert_int_eq(r, MQM_OK);
    ck_assert_int_eq(n, BATCH);
    ck_assert_int_eq(allocations, 0);
}
END_TEST

START_TEST(test_new_messages_cost_only_their_cells)
{
    struct mqm_delivery d[BATCH];
    int n = 0, r;

    warm_up_batches();
    fill(d);
    allocations = 0;
    counting = true;
    r = mqm_run(m, d, BATCH, handle_counting, &n);
    counting = false;
    ck_assert_int_eq(r, MQM_OK);
    ck_assert_int_gt(allocations, 0); /* the counter counts */
    ck_assert_int_le(allocations, 2 * BATCH + 1);
}
END_TEST

START_TEST(test_claims_allocate_nothing)
{
    struct mqm_delivery d[BATCH];

    fill(d);
    touch(d);
    allocations = 0;
    counting = true;
    for (int i = 0; i < BATCH; i++) {
        struct mqm_claim c = claim("kafka", d[i].msg.id);

        if (mqm_acquire(m, &c) != MQM_OK ||
            mqm_release_on_success(m, &c) != MQM_OK)
            allocations += 1000;
    }
    counting = false;
    ck_assert_int_eq(allocations, 0);
}
END_TEST

START_TEST(test_a_run_is_two_round_trips)
{
    struct mqm_delivery d[BATCH];
    unsigned long long before;
    int n = 0;

    warm_up_batches();
    fill(d);
    before = calls(m);
    ck_assert_int_eq(mqm_run(m, d, BATCH, handle_counting, &n), MQM_OK);
    ck_assert_uint_le(calls(m), before + 2);
}
END_TEST

START_TEST(test_a_batch_in_a_row_is_one_round_trip)
{
    static struct mqm_claim c[2][BATCH];
    struct mqm_claim *list[2 * BATCH];
    unsigned long long before;

    for (int i = 0; i < BATCH; i++) {
        c[0][i] = claim("kafka", new_id());
        list[i] = &c[0][i];
    }
    before = calls(m);
    ck_assert_int_eq(mqm_submit(m, list, BATCH), MQM_OK);
    for (int k = 1; k <= 10; k++) {
        struct mqm_claim *old = c[(k + 1) % 2], *next = c[k % 2];

        for (int i = 0; i < BATCH; i++) {
            ck_assert_int_eq(old[i].result, MQM_OK);
            old[i].op = MQM_OP_SUCCESS;
            next[i] = claim("kafka", new_id());
            list[i] = &old[i];
            list[BATCH + i] = &next[i];
        }
        ck_assert_int_eq(mqm_submit(m, list, 2 * BATCH), MQM_OK);
    }
    ck_assert_uint_eq(calls(m), before + 11);
}
END_TEST

static struct redis_server server;

static void open_redis(void)
{
    char url[64];

    ck_assert(redis_server_start(&server));
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
    mqm_close(m);
    m = open_on(url, ", \"pause_ms\": 0");
}

/* There the cells are not ours: new messages allocate nothing, nor do those
 * that were done and come again. */
START_TEST(test_on_redis_nothing_allocates)
{
    struct mqm_delivery d[BATCH];
    long cost[2];
    int n = 0;

    open_redis();
    warm_up_batches();
    fill(d);
    for (int i = 0; i < 2; i++) {
        int r;

        allocations = 0;
        counting = true;
        r = mqm_run(m, d, BATCH, handle_counting, &n);
        counting = false;
        cost[i] = allocations;
        ck_assert_int_eq(r, MQM_OK);
        ck_assert_int_eq(n, BATCH); /* the second time none is worked on */
    }
    ck_assert_int_eq(cost[0], 0);
    ck_assert_int_eq(cost[1], 0);
    redis_server_end(&server);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("hotpath");

    tcase_add_checked_fixture(tc, open_quiet, close_it);
    tcase_add_test(tc, test_run_allocates_nothing);
    tcase_add_test(tc, test_new_messages_cost_only_their_cells);
    tcase_add_test(tc, test_claims_allocate_nothing);
    tcase_add_test(tc, test_on_redis_nothing_allocates);
    tcase_add_test(tc, test_a_run_is_two_round_trips);
    tcase_add_test(tc, test_a_batch_in_a_row_is_one_round_trip);
    return run_case("hotpath", tc);
}
