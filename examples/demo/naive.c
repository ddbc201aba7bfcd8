/* SPDX-License-Identifier: MIT */
/* LIBS: -lrdkafka -lcurl -lsqlite3 */
/* naive.c - the guard that is none: a percentage and a lock (see naive.h).
 *
 * What is wrong with it, in the order of the code below:
 *   - both sides may drop a message (or both take it) when they see it at
 *     different values of a cut that moves;
 *   - "somebody has the lock" is taken for "somebody will finish it";
 *   - a call without an answer is taken for one without an effect;
 *   - who died keeps the lock until it runs out, and by then the copy of
 *     whoever met the lock is acknowledged.
 */
#include "naive.h"

#include "demo.h"
#include "third.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_MS = 500 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *side, *cut_path;
static unsigned cut;
static int64_t looked_ms;

/* Each process looks for itself, now and then. */
static unsigned current_cut(void)
{
    unsigned now;
    FILE *f;

    pthread_mutex_lock(&lock);
    if (demo_now_ms() - looked_ms > LOOK_MS && (f = fopen(cut_path, "r"))) {
        if (fscanf(f, "%u", &now) == 1)
            cut = now;
        fclose(f);
        looked_ms = demo_now_ms();
    }
    now = cut;
    pthread_mutex_unlock(&lock);
    return now;
}

static int is_ours(const struct naive_message *msg)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < msg->key_len; i++)
        h = (h ^ (unsigned char)msg->key[i]) * UINT64_C(1099511628211);
    h = demo_chance(h, 0, 0) % 100;
    return (h < current_cut()) == (strcmp(side, "rocketmq") == 0);
}

int naive_handle(const struct naive_message *msg)
{
    if (!is_ours(msg) || !naive_lock_take(msg->id, msg->id_len))
        return NAIVE_ACKNOWLEDGE;
    if (third_issue(msg->id, msg->id_len, side, msg->body, msg->body_len) ==
        THIRD_ISSUED)
        return NAIVE_ACKNOWLEDGE;
    naive_lock_drop(msg->id, msg->id_len);
    return NAIVE_AGAIN;
}

int main(int argc, char **argv)
{
    int kafka;

    if (argc != 9 && argc != 10)
        demo_die("usage: naive SIDE BROKER GROUP TOPIC NAME CUT LOCKS "
                 "THIRD_PARTY [LIBROCKETMQ]");
    side = argv[1];
    cut_path = argv[6];
    kafka = strcmp(side, "kafka") == 0;
    demo_stop_on_signals(NULL);
    naive_lock_open(argv[7]);
    third_open(argv[8], 400);
    if (kafka)
        naive_kafka(argv[2], argv[3], argv[4]);
    else if (argc == 10)
        naive_rocketmq(argv[9], argv[2], argv[3], argv[4], argv[5]);
    else
        demo_die("naive: RocketMQ needs the path of its client library");
    return 0;
}
