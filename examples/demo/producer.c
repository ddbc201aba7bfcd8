/* SPDX-License-Identifier: MIT */
/* LIBS: -lmqmigrate -lrdkafka */
/* producer.c - the service's producer, through the whole migration.
 *
 * A control file tells it what to do, a word in it:
 *
 *     kafka      to Kafka alone, as it always did (but with an id)
 *     both       to both brokers, one after the other: what failed on one is
 *                repeated there alone, since an unguarded consumer, which still
 *                runs, works on every copy
 *     again      to both at once, mqm_publish(), repeated as a whole; and 1 %
 *                of the messages are sent again, as after a send that timed
 *                out: to both, to either, or into another partition.  Not
 *                before the guarded consumers have taken over
 *     half       the same, and of 0.8 % it dies between its two sends: one
 *                broker alone has them.  Not before the switch is on: until
 *                then nobody waits for a copy on the new side
 *     rocketmq   to RocketMQ alone; messages still sent again
 *     stop       finish what was begun, and end
 *
 * Message n is due at the start + n / rate; whichever thread is free takes the
 * next number.
 */
#include "demo.h"
#include "plain.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum mode { KAFKA, BOTH, AGAIN, HALF, ROCKETMQ, STOP };
static const char *const words[] = {"kafka", "both", "again", "half",
                                    "rocketmq", "stop"};

enum {
    THREADS_MAX = 64, PATIENCE_MS = 300000, AGAIN_OF_1000 = 10,
    HALF_OF_1000 = 8
};

static atomic_int mode;
static atomic_ulong next_number = 1, repeats, halves;
static const char *config, *topic, *control;
static uint64_t seed;
static long rate = 550, threads = 24;
static int64_t start_ms;
static mqm *m;

static int read_mode(void)
{
    char word[16] = "";
    FILE *f = fopen(control, "r");

    if (f) {
        if (fscanf(f, "%15s", word) != 1)
            word[0] = 0;
        fclose(f);
    }
    for (int i = 0; i <= STOP; i++) {
        if (strcmp(word, words[i]) == 0)
            return i;
    }
    return -1;
}

/* To one side, or (NULL) to all; the same id until it is there. */
static void publish(const struct sent *s, const char *side)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;
    int64_t end_ms = demo_now_ms() + PATIENCE_MS;
    int r;

    d.msg.side = side;
    d.msg.topic = topic;
    d.msg.id = s->id;
    d.msg.id_len = MQM_ID_LEN;
    d.msg.key = s->user;
    d.msg.key_len = strlen(s->user);
    d.body = s->body;
    d.body_len = strlen(s->body);
    while ((r = mqm_publish(m, &d)) != MQM_OK) {
        fprintf(stderr, "%s: %s; sent again\n", s->id, mqm_errmsg());
        if (demo_now_ms() > end_ms)
            demo_die("message %s could not be sent for five minutes", s->id);
        demo_sleep_ms(100);
    }
}

static void repeat(const struct sent *s, int how)
{
    uint64_t chance = demo_chance(seed, s->number, 50);

    if (chance % 1000 >= AGAIN_OF_1000)
        return;
    atomic_fetch_add(&repeats, 1);
    demo_sleep_ms((int64_t)(chance / 1000 % 200));
    chance /= 200000;
    if (how == ROCKETMQ || chance % 4 == 1)
        publish(s, "rocketmq");
    else if (chance % 4 == 2)
        publish(s, "kafka");
    else if (chance % 4 == 3)
        plain_send_again(s, chance / 4);
    else
        publish(s, NULL);
}

/* Died after the first of two sends: nobody sends the other one. */
static bool only_half(const struct sent *s)
{
    uint64_t chance = demo_chance(seed, s->number, 60);

    if (chance % 1000 >= HALF_OF_1000)
        return false;
    publish(s, chance / 1000 % 2 ? "kafka" : "rocketmq");
    atomic_fetch_add(&halves, 1);
    return true;
}

static void send_one(uint64_t number)
{
    int how = atomic_load(&mode);
    struct sent s;

    sent_make(&s, seed, number);
    if (how == KAFKA) {
        plain_send(&s);
        return;
    }
    if (how == HALF && only_half(&s)) {
        sent_write(&s);
        return;
    }
    if (how == BOTH)
        publish(&s, "kafka");
    publish(&s, how == AGAIN || how == HALF ? NULL : "rocketmq");
    sent_write(&s);
    if (how != BOTH)
        repeat(&s, how);
}

static void *work(void *user)
{
    (void)user;
    while (atomic_load(&mode) != STOP) {
        uint64_t n = atomic_fetch_add(&next_number, 1);

        demo_sleep_ms(start_ms + (int64_t)n * 1000 / rate - demo_now_ms());
        if (atomic_load(&mode) != STOP)
            send_one(n);
    }
    return NULL;
}

static void on_log(void *user, int level, const char *text)
{
    (void)user;
    if (level <= MQM_WARN)
        fprintf(stderr, "%s\n", text);
}

static void open_library(void)
{
    struct mqm_options o = MQM_OPTIONS_INIT;

    o.config = config;
    o.instance = "producer";
    o.log = on_log;
    if (mqm_open(&m, &o) < 0)
        demo_die("producer: %s", mqm_errmsg());
}

static void look_at_control(void)
{
    int want = demo_stopping() ? STOP : read_mode();

    if (want > KAFKA && want < STOP && !m)
        open_library();
    if (want >= 0)
        atomic_store(&mode, want);
}

static void follow_control(void)
{
    while (atomic_load(&mode) != STOP) {
        look_at_control();
        plain_poll(20);
    }
}

static int options(int argc, char **argv, const char **brokers,
                   const char **list)
{
    int o;

    while ((o = getopt(argc, argv, "c:t:k:f:o:r:j:s:")) != -1) {
        switch (o) {
        case 'c': config = optarg; break;
        case 't': topic = optarg; break;
        case 'k': *brokers = optarg; break;
        case 'f': control = optarg; break;
        case 'o': *list = optarg; break;
        case 'r': rate = demo_number(o, optarg, 1, 100000); break;
        case 'j': threads = demo_number(o, optarg, 1, THREADS_MAX); break;
        case 's': seed = (uint64_t)demo_number(o, optarg, 0, 2147483647); break;
        default: return -1;
        }
    }
    return config && topic && *brokers && control && *list ? 0 : -1;
}

int main(int argc, char **argv)
{
    const char *brokers = NULL, *list = NULL;
    pthread_t thread[THREADS_MAX];

    if (options(argc, argv, &brokers, &list) < 0)
        demo_die("usage: producer -c CONFIG -t TOPIC -k KAFKA -f CONTROL "
                 "-o LIST [-r RATE] [-j THREADS] [-s SEED]");
    demo_stop_on_signals(NULL);
    sent_open(list);
    plain_open(brokers, topic);
    look_at_control(); /* before the first message */
    start_ms = demo_now_ms();
    for (long i = 0; i < threads; i++) {
        if (pthread_create(&thread[i], NULL, work, NULL) != 0)
            demo_die("no thread for the producer");
    }
    follow_control();
    for (long i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    plain_close();
    sent_close();
    mqm_close(m);
    printf("{\"again\": %lu, \"half\": %lu}\n", atomic_load(&repeats),
           atomic_load(&halves));
    return 0;
}
