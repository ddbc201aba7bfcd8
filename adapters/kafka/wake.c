/* SPDX-License-Identifier: MIT */
/* wake.c - waits for what librdkafka has to say, by a clock that nobody sets.
 *
 * librdkafka's own waits end at an instant of the wall clock (its issue 2145):
 * one that began while that clock was an hour ahead lasts an hour longer once
 * it is put right, and no copy is worked on.  So none of them is used where a
 * broker may be away: librdkafka writes to a pipe when something comes into an
 * empty queue, and poll() waits for that.
 *
 * Its own threads sleep in the same way: the main one, and with it the
 * heartbeats, and that of each broker, between two tries to connect.  When the
 * clock went back they are woken, by calls that are meant for something else.
 */
#include "kafka.h"

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

int wake_open(struct wake *w, const struct mqm_host *host)
{
    if (pipe(w->fd) < 0) {
        w->fd[0] = w->fd[1] = -1;
        return host->fail(host, -errno, "cannot make a pipe");
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(w->fd[i], F_SETFL, O_NONBLOCK) < 0 ||
            fcntl(w->fd[i], F_SETFD, FD_CLOEXEC) < 0)
            return host->fail(host, -errno, "cannot set up a pipe");
    w->ahead_ms = clock_ahead_ms();
    return 0;
}

void wake_close(struct wake *w)
{
    for (int i = 0; i < 2; i++)
        if (w->fd[i] >= 0)
            close(w->fd[i]);
}

void wake_for(struct wake *w, rd_kafka_queue_t *queue)
{
    rd_kafka_queue_io_event_enable(queue, w->fd[1], "", 1);
}

int64_t wake_clear(struct wake *w)
{
    int64_t ahead_ms = clock_ahead_ms(), back_ms = w->ahead_ms - ahead_ms;
    char buf[64];

    while (read(w->fd[0], buf, sizeof(buf)) == (ssize_t)sizeof(buf))
        ;
    w->ahead_ms = ahead_ms;
    return back_ms < BACK_MS ? 0 : back_ms;
}

void wake_wait(const struct wake *w, int64_t until_ms)
{
    struct pollfd p = {.fd = w->fd[0], .events = POLLIN};
    int64_t ms = until_ms - kafka_now_ms();

    (void)poll(&p, 1, ms < 0 ? 0 : (int)ms);
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

void wake_consumer(const struct kafka *k, rd_kafka_t *rk)
{
    rd_kafka_topic_partition_list_t *list;

    wake_brokers(k, rk);
    if (!rd_kafka_assignment(rk, &list))
        rd_kafka_topic_partition_list_destroy(list);
}
