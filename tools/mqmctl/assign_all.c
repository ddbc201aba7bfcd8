/* SPDX-License-Identifier: MIT */
/* assign_all.c - what a broken side has not done becomes the other side's, all
 * at once (rule 11).
 *
 *     list -> one question -> assign each, as it was listed -> send each
 *
 * What somebody works on, and what may have happened, stays and is told.  What
 * somebody had who died is parked, as a consumer of that side would if there
 * were one: then it can be resolved.  A kill anywhere is completed by the same
 * command: what was assigned and perhaps not sent is marked so in its record,
 * and is sent by the last step, whoever assigned it.
 */
#include "ctl.h"
#include "print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct open_one {
    struct id id;
    struct mqm_record rec; /* as it was listed */
};

struct bulk {
    struct ctl *c;
    struct topic t;
    const char *from, *to;
    int64_t older_ms;
    struct open_one *one;
    size_t n, room;
    size_t due, young, left, assigned, sent, not_sent;
};

/* ------------------------------- the list ------------------------------- */

static int keep(struct bulk *b, const struct mqm_msg *msg,
                const struct mqm_record *rec)
{
    const size_t room = b->room * 2 + 64;
    struct open_one *more;

    if (msg->id_len > sizeof(more->id.bytes))
        return 0;
    if (b->n == b->room) {
        more = realloc(b->one, room * sizeof(*more));
        if (more == NULL)
            return -ENOMEM;
        b->one = more;
        b->room = room;
    }
    more = &b->one[b->n++];
    memcpy(more->id.bytes, msg->id, msg->id_len);
    more->id.len = msg->id_len;
    more->rec = *rec;
    return 0;
}

static int keep_old(void *user, const struct mqm_msg *msg,
                    const struct mqm_record *rec)
{
    struct bulk *b = user;

    if (rec->age_ms < b->older_ms) {
        b->young++;
        return 0;
    }
    return keep(b, msg, rec);
}

/* Reassigned, and perhaps no copy is on its way. */
static int keep_unsent(void *user, const struct mqm_msg *msg,
                       const struct mqm_record *rec)
{
    const unsigned both = MQM_UNSENT | MQM_REASSIGNED;

    if ((rec->flags & both) != both || rec->state == MQM_PARKED ||
        (rec->state == MQM_HELD && rec->left_ms > 0))
        return 0;
    return keep(user, msg, rec);
}

static int list(struct bulk *b, const char *side,
                int (*visit)(void *user, const struct mqm_msg *msg,
                             const struct mqm_record *rec))
{
    int r;

    b->n = 0;
    r = mqm_pending(b->c->m, side, b->t.group, b->t.topic, visit, b);
    return r == 0 ? CTL_OK : failed("what is open cannot be listed", r);
}

/* ------------------------------ whether to ------------------------------ */

/* NULL: it can be assigned; else why it stays. */
static const char *stays_for(const struct bulk *b, const struct open_one *one)
{
    const struct mqm_record *rec = &one->rec;

    if (one->id.bytes[0] == '@' &&
        memchr(one->id.bytes, '\0', one->id.len) != NULL)
        return "has no id: only its own side can tell it from others";
    if (rec->state == MQM_HELD && rec->left_ms > 0)
        return "in work: stop the consumers of its side";
    if (rec->state == MQM_HELD)
        return "who had it died, and it may have happened: it is parked, "
               "mqmctl resolve it";
    if (rec->doubt != 0 && rec->left_ms > 0)
        return "in doubt, and the attempt may still act: wait";
    if (rec->doubt != 0 && !(b->c->given & CTL_ANYWAY))
        return "it may have happened: mqmctl resolve it (--anyway: it has "
               "certainly not)";
    return NULL;
}

static void print_one(const char *what, const struct open_one *one,
                      const char *why)
{
    char id[PRINT_ID_MAX], age[PRINT_MS_MAX];

    text_of_id(id, one->id.bytes, one->id.len);
    printf("%-6s %-36s %-7s %-14s ", what, id, state_name(one->rec.state),
           text_of_duration(age, one->rec.age_ms));
    put_text(stdout, why);
    putchar('\n');
}

/* What stays is told; what does not, too, where one only looks. */
static void look(struct bulk *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const char *why = stays_for(b, &b->one[i]);

        if (why != NULL) {
            b->left++;
            print_one("stays", &b->one[i], why);
            continue;
        }
        b->due++;
        if (b->c->given & CTL_DRY_RUN)
            print_one("due", &b->one[i], "would be assigned, and sent");
    }
}

/* ------------------------------- doing it ------------------------------- */

static struct mqm_msg message_of(const struct bulk *b,
                                 const struct open_one *one)
{
    struct mqm_msg msg = MQM_MSG_INIT;

    msg.side = b->to;
    msg.group = b->t.group;
    msg.topic = b->t.topic;
    msg.id = one->id.bytes;
    msg.id_len = one->id.len;
    return msg;
}

/* As a consumer of its side, the lease being over. */
static void park(struct bulk *b, const struct open_one *one)
{
    struct mqm_claim k = MQM_CLAIM_INIT;
    int r;

    k.msg = message_of(b, one);
    k.msg.side = b->from;
    r = mqm_acquire(b->c->m, &k);
    if (r == MQM_DOUBT)
        r = mqm_release_in_doubt(b->c->m, &k);
    else if (r == MQM_OK)
        r = mqm_hand_back(b->c->m, &k);
    if (r < 0)
        print_one("failed", one, story(r));
}

static int has_died(const struct open_one *one)
{
    return one->rec.state == MQM_HELD && one->rec.left_ms <= 0;
}

static void assign_each(struct bulk *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct mqm_msg msg = message_of(b, &b->one[i]);
        int r;

        if (has_died(&b->one[i]))
            park(b, &b->one[i]);
        if (stays_for(b, &b->one[i]) != NULL)
            continue;
        r = mqm_assign(b->c->m, &msg, b->one[i].rec.token);
        if (r == 0) {
            b->assigned++;
            continue;
        }
        b->left++;
        print_one("stays", &b->one[i],
                  r == MQM_LOST ? "moved since it was listed" : story(r));
    }
}

static void send_each(struct bulk *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct mqm_msg msg = message_of(b, &b->one[i]);

        if (resend(b->c, &b->t, &msg) == CTL_OK)
            b->sent++;
        else
            b->not_sent++;
    }
}

static int run(struct bulk *b)
{
    int r = list(b, b->from, keep_old);

    if (r != CTL_OK)
        return r;
    look(b);
    if (b->c->given & CTL_DRY_RUN) {
        printf("%zu due, %zu stay, %zu too young\n", b->due, b->left, b->young);
        return CTL_OK;
    }
    r = confirm(b->c, b->due, "%zu messages of %s become %s's, for good",
                b->due, b->from, b->to);
    if (r != CTL_OK)
        return r;
    assign_each(b);
    r = list(b, b->to, keep_unsent);
    if (r != CTL_OK)
        return r;
    send_each(b);
    printf("%zu assigned to %s, %zu sent there, %zu stay, %zu too young\n",
           b->assigned, b->to, b->sent, b->left, b->young);
    if (b->left + b->not_sent > 0)
        return refuse("%zu stay with %s and %zu could not be sent: the lines "
                      "above tell why; give the same command again", b->left,
                      b->from, b->not_sent);
    return CTL_OK;
}

static int assign_all(struct ctl *c)
{
    struct bulk b = {.c = c, .to = c->to};
    int r = CTL_OK;

    if (c->to == NULL)
        return misuse("--all needs --to SIDE: whose shall they be?");
    if (c->older != NULL)
        r = duration_parse(c->older, &b.older_ms);
    if (r == CTL_OK)
        r = open_topic(c, &b.t, c->to);
    if (r == CTL_OK) {
        b.from = strcmp(c->to, b.t.old_side) == 0 ? b.t.new_side
                                                  : b.t.old_side;
        r = run(&b);
    }
    free(b.one);
    return r;
}

int cmd_assign(struct ctl *c)
{
    const unsigned bulk = CTL_ALL | CTL_TO | CTL_OLDER | CTL_YES | CTL_DRY_RUN |
                          CTL_ANYWAY;

    if (c->given & CTL_ALL)
        return c->n_args != 1 || (c->given & (CTL_KEY | CTL_TOKEN))
                   ? misuse("--all takes every message: name none")
                   : assign_all(c);
    if (c->given & bulk)
        return misuse("that is for --all: see 'mqmctl help assign'");
    return c->n_args == 3 ? assign_one(c) : usage_of(find_command("assign"));
}
