/* SPDX-License-Identifier: MIT */
/* party.c - a consumer or a producer of a migration, on whatever brokers.
 *
 *     party CONFIG consume SIDE       until SIGTERM; prints "SIDE ID" of each
 *                                     message once it is handled
 *     party CONFIG send SIDE|both ID BODY
 *
 * A message whose body is "unsure" is not known to have been handled, the first
 * time.
 */
#include <mqmigrate/mqmigrate.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static mqm *m;

static void on_term(int sig)
{
    (void)sig;
    mqm_stop(m);
}

static int handle(void *user, const struct mqm_delivery *d)
{
    (void)user;
    if (d->body_len == 6 && memcmp(d->body, "unsure", 6) == 0 &&
        d->attempt == 1)
        return MQM_UNSURE;
    printf("%s %.*s\n", d->msg.side, (int)d->msg.id_len,
           (const char *)d->msg.id);
    fflush(stdout);
    return MQM_HANDLED;
}

static int consume(const char *side)
{
    struct sigaction on = {.sa_handler = on_term};
    int r = mqm_subscribe(m, side, "issuer", "rewards", handle, NULL);

    sigaction(SIGTERM, &on, NULL);
    while (r >= 0 || r == -EAGAIN || r == -EIO || r == -ETIMEDOUT)
        r = mqm_poll(m, side, -1);
    return r == -ECANCELED ? 0 : r;
}

static int send_one(const char *side, const char *id, const char *body)
{
    struct mqm_delivery d = MQM_DELIVERY_INIT;

    if (strcmp(side, "both") != 0)
        d.msg.side = side;
    d.msg.group = "issuer";
    d.msg.topic = "rewards";
    d.msg.id = id;
    d.msg.id_len = strlen(id);
    d.body = body;
    d.body_len = strlen(body);
    return mqm_publish(m, &d);
}

int main(int argc, char **argv)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;
    int r;

    if (argc != 4 && argc != 6)
        return 2;
    opts.config = argv[1];
    r = mqm_open(&m, &opts);
    if (r == 0)
        r = argc == 4 ? consume(argv[3]) : send_one(argv[3], argv[4], argv[5]);
    if (r < 0)
        fprintf(stderr, "party: %s\n", mqm_errmsg());
    mqm_close(m);
    return r < 0;
}
