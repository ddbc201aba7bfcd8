/* SPDX-License-Identifier: MIT */
/* driven.c - a consumer that lets the library drive the broker.
 *
 *     driven mqmigrate.json kafka issuer rewards
 *
 * One process a side, or several; the same program on both sides.
 */
#include <mqmigrate/mqmigrate.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static mqm *m;

static void on_signal(int number)
{
    (void)number;
    mqm_stop(m); /* may be called from a signal handler */
}

static void log_line(void *user, int level, const char *text)
{
    (void)user;
    if (level <= MQM_WARN)
        fprintf(stderr, "%s\n", text);
}

/* Your work.  MQM_FAILED only if it certainly had no effect; what you cannot
 * know is MQM_UNSURE. */
static int issue_reward(void *user, const struct mqm_delivery *d)
{
    (void)user;
    if (mqm_check(d) != MQM_OK)
        return MQM_FAILED; /* too late to begin, so nothing happened */
    printf("%s: reward for message %.*s: %.*s\n", d->msg.side,
           (int)d->msg.id_len, (const char *)d->msg.id, (int)d->body_len,
           (const char *)d->body);
    return MQM_HANDLED;
}

int main(int argc, char **argv)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;
    int r;

    if (argc != 5) {
        fprintf(stderr, "usage: driven CONFIG SIDE GROUP TOPIC\n");
        return 2;
    }
    opts.config = argv[1];
    opts.log = log_line;
    if (mqm_open(&m, &opts) < 0) {
        fprintf(stderr, "driven: %s\n", mqm_errmsg());
        return 1;
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (mqm_subscribe(m, argv[2], argv[3], argv[4], issue_reward, NULL) < 0) {
        fprintf(stderr, "driven: %s\n", mqm_errmsg());
        mqm_close(m);
        return 1;
    }
    do {
        r = mqm_poll(m, argv[2], -1);
        if (r < 0 && r != -ECANCELED)
            fprintf(stderr, "driven: %s\n", mqm_errmsg());
    } while (r != -ECANCELED);
    mqm_close(m);
    /* Not return: if RocketMQ's broker was away, its client is still connected,
     * and librocketmq would keep exit() waiting for ever. */
    fflush(stdout);
    _exit(0);
}
