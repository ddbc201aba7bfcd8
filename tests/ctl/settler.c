/* SPDX-License-Identifier: MIT */
/* settler.c - one mqm_settle(), with a hook that always says the same, killed
 * at one of its steps.
 *
 *     settler CONFIG yes|no|unknown [again|sent|done]
 *
 * Prints what becomes of each message, by the numbers of mqm_settle_fate; the
 * last word is the fate at which it kills itself, right after it was told.
 */
#include <mqmigrate/mqmigrate.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"done", "again", "sent", "waits", "no body",
                                    "failed"};

static int answer(void *user, const struct mqm_msg *msg,
                  const struct mqm_record *record)
{
    (void)msg, (void)record;
    return *(const int *)user;
}

static int tell(void *user, const struct mqm_settled *s)
{
    const char *until = user;

    printf("%.*s %s: %s\n", (int)s->msg->id_len, (const char *)s->msg->id,
           names[s->fate], s->why);
    fflush(stdout);
    if (until && strcmp(until, names[s->fate]) == 0)
        kill(getpid(), SIGKILL);
    return 0;
}

int main(int argc, char **argv)
{
    struct mqm_settle_options o = MQM_SETTLE_OPTIONS_INIT;
    struct mqm_options opts = MQM_OPTIONS_INIT;
    int says = MQM_UNSURE, r;
    mqm *m;

    if (argc < 3)
        return 2;
    if (strcmp(argv[2], "unknown") != 0)
        says = strcmp(argv[2], "yes") == 0 ? MQM_HANDLED : MQM_FAILED;
    opts.config = argv[1];
    opts.user = &says;
    opts.resolve = answer;
    if (mqm_open(&m, &opts) < 0) {
        fprintf(stderr, "settler: %s\n", mqm_errmsg());
        return 2;
    }
    o.group = "issuer";
    o.topic = "rewards";
    o.resend_ms = 1;
    r = mqm_settle(m, &o, tell, argv[3]);
    if (r < 0)
        fprintf(stderr, "settler: %s\n", mqm_errmsg());
    mqm_close(m);
    return r != 0;
}
