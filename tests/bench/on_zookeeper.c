/* SPDX-License-Identifier: MIT */
/* on_zookeeper.c - the guard's cycle on ZooKeeper, beside nodes that are
 * created and set by hand: pipelined, and one by one. */
#include "bench.h"
#include "guard_cycle.h"
#include "zk_hand.h"

#include <stdio.h>

#define ROOT "/guard"

static void learn_lengths(mqm *m, struct zk_hand *h)
{
    struct mqm_claim claim = MQM_CLAIM_INIT;

    bench_make_ids(1);
    bench_message(&claim.msg, 0);
    must(mqm_acquire(m, &claim) == MQM_OK, "acquire: %s", claim.why);
    zk_hand_learn(h, ROOT, ZK_HAND_HELD);
    must(mqm_release_on_success(m, &claim) == MQM_OK, "release");
    zk_hand_learn(h, ROOT, ZK_HAND_DONE);
}

static void race_single(mqm *m, struct zk_hand *h)
{
    struct zk_hand_way way = {h, 1, 1};
    struct guard one = {m, 1};
    struct race race = {
        .title = "ZooKeeper, single",
        .servers = {[BENCH_ZOOKEEPER] = "zk us"},
        .n = 4,
        .racer = {{"by hand: create, last one's set", zk_hand_pipelined, &way,
                   128, 0, {{0}}},
                  {"naive: two round trips", zk_hand_naive, &way, 128, 0,
                   {{0}}},
                  {"mqm_submit", guard_submit, &one, 128, 0, {{0}}},
                  {"mqm_acquire, ..._on_success", guard_steps, &one, 128, 0,
                   {{0}}}}};

    race_run(&race);
}

static void race_batches(mqm *m, struct zk_hand *h, size_t n, size_t messages)
{
    struct zk_hand_way each = {h, n, 1}, groups = {h, n, 64};
    struct guard batch = {m, n}, whole = {m, 1024};
    char title[40];
    struct race race = {
        .title = title,
        .servers = {[BENCH_ZOOKEEPER] = "zk us"},
        .n = 4,
        .racer = {{"by hand: pipelined create, set", zk_hand_pipelined, &each,
                   messages, 0, {{0}}},
                  {"by hand: transactions of 64", zk_hand_pipelined, &groups,
                   messages, 0, {{0}}},
                  {"mqm_submit", guard_submit, &batch, messages, 0, {{0}}},
                  {"mqm_run", guard_run, &whole, messages, 0, {{0}}}}};

    snprintf(title, sizeof(title), "ZooKeeper, batches of %zu", n);
    race_run(&race);
}

static void race_threads(mqm *m, struct zk_hand *h)
{
    struct zk_hand_way way = {h, 256, 1};
    struct guard one = {m, 1}, eight = {m, 8}, many = {m, 64};
    struct race race = {
        .title = "ZooKeeper, threads with one message at a time",
        .servers = {[BENCH_ZOOKEEPER] = "zk us"},
        .n = 4,
        .racer = {{"by hand: pipelined by 256", zk_hand_pipelined, &way, 2048,
                   0, {{0}}},
                  {"1 thread", guard_threads, &one, 128, 0, {{0}}},
                  {"8 threads", guard_threads, &eight, 512, 0, {{0}}},
                  {"64 threads", guard_threads, &many, 2048, 0, {{0}}}}};

    race_run(&race);
}

void bench_zookeeper(int port)
{
    struct zk_hand *h = zk_hand_open(port);
    char url[64];
    mqm *m;

    snprintf(url, sizeof(url), "zk://127.0.0.1:%d" ROOT, port);
    m = guard_open(url, "");
    learn_lengths(m, h);
    race_single(m, h);
    race_batches(m, h, 64, 2048);
    race_batches(m, h, 256, 4096);
    race_threads(m, h);
    mqm_close(m);
    zk_hand_close(h);
}
