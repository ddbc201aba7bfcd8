/* SPDX-License-Identifier: MIT */
/* table.c - how often each fault and each verdict-in-state happened.  A row
 * that never did says that the simulation is too weak.
 */
#include "sim.h"

#include <stdio.h>
#include <string.h>

struct row {
    const char *call, *why;
    int result; /* ANY_ERROR: each that is negative */
    unsigned long n;
};

enum { ANY_ERROR = -1, MEMO = 256 };

static struct row rows[] = {
    {"acquire", "new", MQM_OK, 0},
    {"acquire", "ours", MQM_OK, 0},
    {"acquire", "asked again", MQM_OK, 0},
    {"acquire", "asked again", MQM_DOUBT, 0},
    {"acquire", "asked again, after its lease", MQM_OK, 0},
    {"acquire", "in doubt", MQM_DOUBT, 0},
    {"acquire", "left to the other side", MQM_SKIP, 0},
    {"acquire", "belongs to the other side", MQM_SKIP, 0},
    {"acquire", "belongs to the other side", MQM_LATER, 0},
    {"acquire", "done", MQM_SKIP, 0},
    {"acquire", "parked", MQM_SKIP, 0},
    {"acquire", "parked", MQM_LATER, 0},
    {"acquire", "parked, and its body is here", MQM_LATER, 0},
    {"acquire", "held", MQM_LATER, 0},
    {"acquire", "failed, pausing", MQM_LATER, 0},
    {"acquire", "policy is stale", MQM_LATER, 0},
    {"acquire", "the store did not answer", ANY_ERROR, 0},
    {"success", "owner", MQM_OK, 0},
    {"success", "repeated", MQM_OK, 0},
    {"success", "settles a doubt", MQM_OK, 0},
    {"success", "the store went back", MQM_OK, 0},
    {"success", "overtaken", MQM_LOST, 0},
    {"failure", "owner", MQM_OK, 0},
    {"failure", "repeated", MQM_OK, 0},
    {"failure", "overtaken", MQM_LOST, 0},
    {"hand back", "owner", MQM_OK, 0},
    {"hand back", "repeated", MQM_OK, 0},
    {"hand back", "overtaken", MQM_LOST, 0},
    {"park", "owner", MQM_OK, 0},
    {"park", "repeated", MQM_OK, 0},
    {"park", "overtaken", MQM_LOST, 0},
    {"park (failed)", "owner", MQM_OK, 0},
    {"end", "owner", MQM_OK, 0},
    {"end", "repeated", MQM_OK, 0},
    {"end", "overtaken", MQM_LOST, 0},
    {"end", "the store did not answer", ANY_ERROR, 0},
    {"resolve", "owner", MQM_OK, 0},
    {"resolve", "settles a doubt", MQM_OK, 0},
    {"resolve", "owed again", MQM_OK, 0},
    {"resolve", "not settled", MQM_LATER, 0},
    {"resolve", "overtaken", MQM_LOST, 0},
    {"assign", "owed again", MQM_OK, 0},
    {"assign", "not settled", MQM_LATER, 0},
    {"assign", "overtaken", MQM_LOST, 0},
};

static struct {
    const char *call, *why;
    int result;
    struct row *row;
} memo[MEMO];

static const char *const names[TALLIES] = {
    [T_EFFECT] = "effects at the third party",
    [T_CALLED] = "handlers called",
    [T_CHECK_LOST] = "stopped by mqm_check()",
    [T_REFUSED] = "calls refused without effect",
    [T_TIMEOUT_DONE] = "calls timed out after their effect",
    [T_TIMEOUT_NOT] = "calls timed out without effect",
    [T_STORE_CALL] = "calls of the store",
    [T_SWAP] = "swaps",
    [T_PARKED_BODY] = "bodies put into parking",
    [T_REPLAY] = "bodies sent out of parking",
    [T_RESENT] = "owed again and sent again",
    [T_SWEPT] = "owed, never seen, and sent again",
    [T_RESOLVE_DONE] = "resolved as done",
    [T_RESOLVE_AGAIN] = "resolved as not done",
    [T_ASSIGN] = "assigned to the other side",
    [T_SENT_BACK] = "copies sent back, one try less",
    [T_ZOMBIE] = "acknowledged by a zombie",
    [T_RELOADED] = "moves of the operator",
    [T_COMBINED] = "threads that waited for another's call",
    [T_CLOSED] = "processes closed with mqm_close()",
    [T_GAP_STOP] = "stopped right before the call",
    [T_NO_BODY_YET] = "bodies that had to be waited for",
    [T_EXCUSED] = "messages excused",
    [T_OVERLAPPED] = "calls of the store begun before another's end",
    [T_REORDERED] = "calls that took effect before an earlier one",
    [T_EARLIER_LOST] = "calls unanswered, and the one behind them answered",
};

unsigned long tally[TALLIES];
static unsigned long faults[FAULT_KINDS], others;

void table_fault(int kind)
{
    faults[kind]++;
}

static struct row *find(const struct mqm_event *e)
{
    int result = e->result < 0 ? ANY_ERROR : e->result;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].result == result && !strcmp(rows[i].call, e->call) &&
            (e->result < 0 || !strcmp(rows[i].why, e->why)))
            return &rows[i];
    return NULL;
}

/* What an answer tells of a broken rule. */
static void judge(const struct mqm_event *e)
{
    struct message *m;
    int i = message_of(e->msg->id);

    m = &w.message[i];
    if (e->result == MQM_LOST && !e->token && !strcmp(e->call, "success")) {
        m->excuse = NULL; /* whatever the store has lost */
        violation(i, "a success that the store has lost is thrown away");
    }
    if (e->result == MQM_SKIP && !strcmp(e->call, "acquire"))
        store_dropped(i, strcmp(e->msg->side, "kafka") ? ROCKET : KAFKA);
    if (!w.plan->gentle)
        return;
    /* A failure whose answer got lost is told again, and the operator may have
     * given the message away in between. */
    if (e->result == MQM_LOST && !m->replayed && !m->assigned &&
        (!strcmp(e->call, "success") || !strcmp(e->call, "failure")))
        violation(i, "overtaken without a reason");
    /* Two copies in one batch, and a claim of this process whose answer got
     * lost: the second copy takes over what the first was given again. */
    if (e->result == MQM_DOUBT && !m->replayed && !plan_fault_of(i, F_PRODUCER))
        violation(i, "in doubt without a reason");
    /* Out of parking: who claimed it and got no answer need not ask again. */
    if (!strcmp(e->call, "park (failed)") && m->told < TRIES && !m->replayed)
        violation(i, "failed too often, and was not tried so often");
}

void table_audit(void *user, const struct mqm_event *e)
{
    size_t at = ((uintptr_t)e->call * 31 + (uintptr_t)e->why * 7 +
                 (unsigned)e->result) % MEMO;

    (void)user;
    if (sim_verbose)
        trace("%d: %s %d: %d, %s", sim_cur, e->call, message_of(e->msg->id),
              e->result, e->why);
    if (memo[at].call != e->call || memo[at].why != e->why ||
        memo[at].result != e->result) {
        memo[at].call = e->call;
        memo[at].why = e->why;
        memo[at].result = e->result;
        memo[at].row = find(e);
        if (!memo[at].row && e->result >= 0 && sim_verbose)
            printf("# no row: %s %d %s\n", e->call, e->result, e->why);
    }
    judge(e);
    if (memo[at].row)
        memo[at].row->n++;
    else
        others++;
}

static const char *verdict(int result)
{
    return result == ANY_ERROR ? "<0" : result == MQM_OK ? "OK"
         : result == MQM_SKIP ? "SKIP" : result == MQM_LATER ? "LATER"
         : result == MQM_DOUBT ? "DOUBT" : "LOST";
}

void table_print(void)
{
    for (int i = 0; i < FAULT_KINDS; i++)
        printf("# %12lu  %s\n", faults[i], fault_name(i));
    for (int i = 0; i < TALLIES; i++)
        printf("# %12lu  %s\n", tally[i], names[i]);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        printf("# %12lu  %s: %s, %s\n", rows[i].n, rows[i].call,
               verdict(rows[i].result), rows[i].why);
    printf("# %12lu  other answers\n", others);
}

int table_gaps(void)
{
    int gaps = 0;

    for (int i = 0; i < FAULT_KINDS; i++)
        gaps += !faults[i];
    for (int i = 0; i < TALLIES; i++)
        gaps += !tally[i];
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        gaps += !rows[i].n;
    return gaps;
}
