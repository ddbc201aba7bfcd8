/* SPDX-License-Identifier: MIT */
/* wake.c - waits for messages of any group, by a clock that nobody sets.
 *
 * librdkafka's own waits end at an instant of the wall clock (its issue 2145):
 * one that began while that clock was an hour ahead lasts an hour longer once
 * it is put right, and no copy is worked on.  So none of them is used in
 * kafka_poll(): librdkafka writes to a pipe when something comes into a group's
 * empty queue, and poll() waits for that.
 *
 * Its own threads sleep in the same way: the main one, and with it the
 * heartbeats, and that of each broker, between two tries to connect.  When the
 * clock went back they are woken, by calls that are meant for something else.
 */
#include "group.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

enum { BACK_MS = 100 }; /* less is not worth a word */

static int64_t clock_ahead_ms(void)
{
    return kafka_wall_ms() - kafka_now_ms();
}

int wake_open(struct kafka *k)
{
    const struct mqm_host *host = k->host;

    if (pipe(k->wake) < 0) {
        k->wake[0] = k->wake[1] = -1;
        return host->fail(host, -errno, "cannot make a pipe");
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(k->wake[i], F_SETFL, O_NONBLOCK) < 0 ||
            fcntl(k->wake[i], F_SETFD, FD_CLOEXEC) < 0)
            return host->fail(host, -errno, "cannot set up a pipe");
    k->clock_ahead_ms = clock_ahead_ms();
    return 0;
}

void wake_close(struct kafka *k)
{
    for (int i = 0; i < 2; i++)
        if (k->wake[i] >= 0)
            close(k->wake[i]);
}

/* From now on this group's messages end a wait. */
void wake_for(struct group *g)
{
    g->queue = rd_kafka_queue_get_consumer(g->rk);
    rd_kafka_queue_io_event_enable(g->queue, g->c.k->wake[1], "", 1);
}

/* A setting as it stands, or "". */
static int setting_of(const struct kafka *k, const char *name,
                      char value[KAFKA_TEXT_MAX])
{
    size_t size = 0;

    value[0] = '\0';
    if (rd_kafka_conf_get(k->consumer, name, NULL, &size) != RD_KAFKA_CONF_OK)
        return 0;
    if (size > KAFKA_TEXT_MAX)
        return -ENAMETOOLONG;
    rd_kafka_conf_get(k->consumer, name, value, &size);
    return 0;
}

/* There is one call that wakes all threads of a client's brokers, also of those
 * that are away: it tells them a user and a password, here the ones they have.
 * Without SASL nobody reads them. */
void wake_brokers(const struct kafka *k, rd_kafka_t *rk)
{
    char user[KAFKA_TEXT_MAX], password[KAFKA_TEXT_MAX];

    if (setting_of(k, "sasl.username", user) < 0 ||
        setting_of(k, "sasl.password", password) < 0)
        return;
    rd_kafka_error_destroy(rd_kafka_sasl_set_credentials(rk, user, password));
}

static void wake_main(rd_kafka_t *rk)
{
    rd_kafka_topic_partition_list_t *list;

    if (!rd_kafka_assignment(rk, &list))
        rd_kafka_topic_partition_list_destroy(list);
}

static void follow_clock(struct kafka *k)
{
    int64_t ahead_ms = clock_ahead_ms(), back_ms = k->clock_ahead_ms - ahead_ms;

    k->clock_ahead_ms = ahead_ms;
    if (back_ms < BACK_MS)
        return;
    k->host->log(k->host, MQM_INFO,
                 "the clock was set back by %" PRId64 " ms: librdkafka, which "
                 "would sleep for as long, is woken",
                 back_ms);
    for (struct group *g = k->groups; g; g = g->next) {
        wake_brokers(k, g->rk);
        wake_main(g->rk);
    }
    kafka_producer_wake(k->out);
}

/* To be called before the groups are looked at: what comes later ends the
 * wait. */
void wake_clear(struct kafka *k)
{
    char buf[64];

    while (read(k->wake[0], buf, sizeof(buf)) == (ssize_t)sizeof(buf))
        ;
    follow_clock(k);
}

/* Not beyond the end of a kafka_poll(). */
void wake_wait(struct kafka *k, int64_t until_ms)
{
    struct pollfd p = {.fd = k->wake[0], .events = POLLIN};
    int64_t ms = until_ms - kafka_now_ms();

    (void)poll(&p, 1, ms < 0 ? 0 : (int)ms);
}
