/* SPDX-License-Identifier: MIT */
/* worker.c - one copy of one message, and how its work ended.
 *
 *     worker CONFIG SIDE ID done|failed|unsure    mqm_run(), answered so
 *     worker CONFIG SIDE ID hold                  claimed, and never ended
 *     worker CONFIG SIDE ID stay                  done, and open until SIGTERM
 *
 * Prints the result's number.  Exit code 2: it could not even begin.  ORIGIN
 * in the environment: where the copy lies.
 */
#include <mqmigrate/mqmigrate.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int outcome(void *user, const struct mqm_delivery *d)
{
    (void)d;
    return *(const int *)user;
}

static int run(mqm *m, const struct mqm_msg *msg, const char *how)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;
    int answer = MQM_UNSURE;

    if (strcmp(how, "done") == 0)
        answer = MQM_HANDLED;
    else if (strcmp(how, "failed") == 0)
        answer = MQM_FAILED;
    d.msg = *msg;
    d.body = "a reward";
    d.body_len = 8;
    mqm_run(m, &d, 1, outcome, &answer);
    return d.result;
}

static int hold(mqm *m, const struct mqm_msg *msg)
{
    struct mqm_claim c = MQM_CLAIM_INIT;
    int r;

    c.msg = *msg;
    r = mqm_acquire(m, &c);
    printf("%d\n", r);
    fflush(stdout);
    _exit(0);
}

static int stay(mqm *m, const struct mqm_msg *msg)
{
    sigset_t term;
    int r, sig;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    r = run(m, msg, "done");
    printf("%d\n", r);
    fflush(stdout);
    sigwait(&term, &sig);
    return r;
}

/* Before the keeper begins, which must not get it. */
static void block_term(void)
{
    sigset_t term;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, NULL);
}

int main(int argc, char **argv)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;
    struct mqm_msg msg = MQM_MSG_INIT;
    mqm *m;
    int r;

    if (argc != 5)
        return 2;
    block_term();
    opts.config = argv[1];
    r = mqm_open(&m, &opts);
    if (r < 0) {
        fprintf(stderr, "worker: %s\n", mqm_errmsg());
        return 2;
    }
    msg.side = argv[2];
    msg.group = "issuer";
    msg.topic = "rewards";
    msg.id = argv[3];
    msg.id_len = strlen(argv[3]);
    msg.origin = getenv("ORIGIN");
    if (strcmp(argv[4], "hold") == 0)
        r = hold(m, &msg);
    else if (strcmp(argv[4], "stay") == 0)
        r = stay(m, &msg);
    else
        r = run(m, &msg, argv[4]);
    printf("%d\n", r);
    if (r < 0)
        fprintf(stderr, "worker: %s\n", mqm_errmsg());
    mqm_close(m);
    return 0;
}
