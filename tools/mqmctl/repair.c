/* SPDX-License-Identifier: MIT */
/* repair.c - what only a person can decide: resolve and assign one message.
 *
 * Each has two steps, the record first, then the body.  A kill between them
 * leaves the record at MQM_UNSENT, and the same command then does the second
 * step alone:
 *
 *     PARKED --resolve again--> OWED, unsent --resend--> ... DONE
 *     PARKED --resolve done---> DONE
 *     OWED, PARKED --assign---> OWED by the other side, unsent --resend--> ...
 *
 * What is owed in doubt is resolved like what is parked.
 * The mark stays until it is done or parked: who took it meanwhile may have had
 * a copy that was acknowledged long ago.
 *
 * What was decided is decided about the record that was seen: --token, or the
 * one read a moment before.  If it moved since, nothing is changed.
 */
#include "ctl.h"
#include "print.h"
#include "repair.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_token(const char *text, uint64_t *token)
{
    char *end;

    errno = 0;
    *token = strtoumax(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9')
        return misuse("token '%s' is no number: 'mqmctl show' tells it", text);
    return CTL_OK;
}

/* Open, find, look up, and compare with --token. */
static int begin(struct ctl *c, struct repair *p)
{
    uint64_t seen = 0;
    int r = id_parse(&p->id, c->args[1]);

    if (r == CTL_OK && c->token != NULL)
        r = parse_token(c->token, &seen);
    if (r == CTL_OK)
        r = open_topic(c, &p->t, NULL);
    if (r == CTL_OK)
        r = look_up(c, &p->t, &p->id, &p->msg, &p->rec);
    if (r != CTL_OK)
        return r;
    text_of_id(p->text, p->msg.id, p->msg.id_len);
    if (c->token != NULL && seen != p->rec.token)
        return refuse("%s moved since: its token is %" PRIu64 "; look at it "
                      "with 'mqmctl show'", p->text, p->rec.token);
    return CTL_OK;
}

/* The library's no to a change of the record. */
static int refused(const struct repair *p, int r)
{
    char ms[PRINT_MS_MAX];

    if (r == MQM_LOST)
        return refuse("%s moved since it was read: look at it with 'mqmctl "
                      "show'; nothing was changed", p->text);
    if (r == -EAGAIN && p->rec.left_ms > 0)
        return refuse("%s: the attempt in doubt may still act; ask again in %s",
                      p->text, text_of_duration(ms, p->rec.left_ms));
    return refuse("%s: %s; nothing was changed", p->text, story(r));
}

static int wrong_state(const struct repair *p, const char *want)
{
    return refuse("%s is %s%s%s, not %s: nothing was changed", p->text,
                  state_name(p->rec.state), p->rec.side[0] ? " by " : "",
                  p->rec.side, want);
}

/* ------------------------------ resolve --------------------------------- */

static int is_owed_in_doubt(const struct repair *p)
{
    return p->rec.state == MQM_OWED && p->rec.doubt != 0;
}

static int resolve_done(struct ctl *c, struct repair *p)
{
    int r;

    if (p->rec.state == MQM_DONE) {
        printf("%s: is done already\n", p->text);
        return CTL_OK;
    }
    if (p->rec.state != MQM_PARKED && !is_owed_in_doubt(p))
        return wrong_state(p, "parked or owed in doubt");
    r = mqm_resolve(c->m, &p->msg, p->rec.token, MQM_HANDLED);
    if (r != 0)
        return refused(p, r);
    printf("%s: is done\n", p->text);
    return CTL_OK;
}

/* Nobody is at it, and perhaps no copy is on its way: to send it once more is
 * never wrong. */
static int is_unsent(const struct repair *p)
{
    return (p->rec.state == MQM_OWED ||
            (p->rec.state == MQM_HELD && p->rec.left_ms == 0)) &&
           (p->rec.flags & MQM_UNSENT) != 0;
}

static int resolve_again(struct ctl *c, struct repair *p)
{
    int r;

    if (is_unsent(p) && !is_owed_in_doubt(p))
        return resend(c, &p->t, &p->msg);
    /* Owed and not unsent: somebody tried since, perhaps with the only copy. */
    if (p->rec.state != MQM_PARKED && p->rec.state != MQM_OWED)
        return wrong_state(p, "parked or owed");
    r = mqm_resolve(c->m, &p->msg, p->rec.token, MQM_FAILED);
    if (r != 0)
        return refused(p, r);
    printf("%s: owed by %s again\n", p->text, p->msg.side);
    return resend(c, &p->t, &p->msg);
}

int resolve_one(struct ctl *c, struct repair *p, enum resolution how)
{
    if (p->rec.side[0] != '\0')
        p->msg.side = p->rec.side;
    return how == RESOLVE_AGAIN ? resolve_again(c, p) : resolve_done(c, p);
}

int resolve_id(struct ctl *c, enum resolution how)
{
    struct repair p = {.msg = MQM_MSG_INIT, .rec = MQM_RECORD_INIT};
    const int r = begin(c, &p);

    return r == CTL_OK ? resolve_one(c, &p, how) : r;
}

/* ------------------------------- assign --------------------------------- */

int assign_one(struct ctl *c)
{
    struct repair p = {.msg = MQM_MSG_INIT, .rec = MQM_RECORD_INIT};
    int r = begin(c, &p);

    if (r == CTL_OK)
        r = check_side(&p.t, c->args[2]);
    if (r != CTL_OK)
        return r;
    p.msg.side = c->args[2];
    if (strcmp(p.rec.side, p.msg.side) == 0) {
        if (is_unsent(&p))
            return resend(c, &p.t, &p.msg);
        return refuse("%s belongs to %s already (%s): nothing was changed",
                      p.text, p.msg.side, state_name(p.rec.state));
    }
    if (p.rec.state != MQM_OWED && p.rec.state != MQM_PARKED)
        return wrong_state(&p, "owed or parked");
    r = mqm_assign(c->m, &p.msg, p.rec.token);
    if (r != 0)
        return refused(&p, r);
    printf("%s: belongs to %s now\n", p.text, p.msg.side);
    return resend(c, &p.t, &p.msg);
}
