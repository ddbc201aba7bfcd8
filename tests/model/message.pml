/* SPDX-License-Identifier: MIT */
/* message.pml - the life of one message, for readers and for spin.
 *
 *     make promela [ATTEMPTS=3]
 *
 * The rules of lib/record.c said a second time, by hand, in a language that
 * others can check with a tool that is not ours.  tests/model walks the shipped
 * code itself and further (renewals, lost answers, stores that forget); this is
 * the short version: two sides, two consumers on one of them, every broker
 * brings a copy until it is acknowledged, anybody may die at any step, a lease
 * may end at any moment, policy says anything, and a third party that was
 * called may act late.  A resolver, or a person who reassigns, acts when nothing
 * of it can act any more.
 *
 * Checked in every state: it happens once at most, DONE means that it happened,
 * and until then the side that it belongs to has a copy or a safe body.
 */
#ifndef ATTEMPTS
#define ATTEMPTS 2 /* then nobody begins anew */
#endif
#define SKIP 0
#define LATER 1
#define OURS 2
#define DOUBT 3

mtype = { FREE, OWED, HELD, PARKED, DONE };

/* The record. */
mtype state = FREE;
byte side, token, doubt;
bool safe_body, reassigned;
bool over; /* HELD: its lease has run out */

/* The world. */
byte effects;            /* how often it happened */
bool acts[ATTEMPTS + 1]; /* the attempt is at work and may take effect */
bool late[ATTEMPTS + 1]; /* a call of it is on its way, and nobody waits */
bool copy[4];            /* not acknowledged: side * 2, and + 1: the one that */
                         /*   was sent again out of the parking topic */
bool body[2];            /* in the side's parking topic */

#if ATTEMPTS == 2
#define nobody_acts (!acts[1] && !acts[2] && !late[1] && !late[2])
#else
#define nobody_acts                                                           \
    (!acts[1] && !acts[2] && !acts[3] && !late[1] && !late[2] && !late[3])
#endif

/* Rule 11: the other side's copies come again until a reassigned one is done;
 * rule 6: a copy out of the parking topic is dropped for DONE alone. */
inline not_ours()
{
    if
    :: reassigned || again -> verdict = LATER
    :: else -> verdict = SKIP
    fi
}

/* Rules 3 and 4: a new attempt, and what is in doubt stays in doubt. */
inline begin()
{
    if
    :: state == HELD && doubt == 0 -> doubt = token
    :: else
    fi;
    token++;
    side = me;
    state = HELD;
    over = false;
    mine = token;
    acts[mine] = true;
    if
    :: doubt -> verdict = DOUBT
    :: else -> verdict = OURS
    fi
}

inline acquire()
{
    atomic {
        mine = 0;
        if
        :: state == DONE -> verdict = SKIP
        :: state == FREE && token < ATTEMPTS -> begin() /* policy: ours */
        :: state == FREE -> /* policy: theirs; rule 1, it is on record */
            state = OWED; side = 1 - me; verdict = SKIP
        :: state == PARKED && safe_body && !again -> verdict = SKIP
        :: state == PARKED && safe_body && again -> verdict = LATER
        :: state == PARKED && !safe_body && side == me -> verdict = LATER
        :: state == PARKED && !safe_body && side != me -> not_ours()
        :: state == OWED && side == me && token < ATTEMPTS -> begin()
        :: state == OWED && side != me -> not_ours()
        :: state == HELD && side == me && !over -> verdict = LATER
        :: state == HELD && side == me && over && token < ATTEMPTS -> begin()
        :: state == HELD && side != me -> not_ours()
        :: else -> verdict = LATER /* no attempts left in this model */
        fi
    }
}

/* Rule 3: the success of an attempt in doubt, or since, settles it. */
inline succeed()
{
    atomic {
        if
        :: (state == HELD && token == mine) ||
           (doubt && doubt <= mine && state != DONE) ->
            state = DONE; doubt = 0; token = mine; told = true
        :: else -> told = state == DONE && token == mine
        fi
    }
}

inline fail()
{
    atomic {
        if
        :: state == HELD && token == mine -> state = OWED
        :: else
        fi
    }
}

/* Rules 5 and 6: the body first, then the word; then the copy may go. */
inline park()
{
    body[me] = true;
    atomic {
        if
        :: state == HELD && token == mine ->
            state = PARKED; safe_body = true; told = true;
            if
            :: doubt == 0 -> doubt = mine
            :: else
            fi
        :: else -> told = false
        fi
    }
}

proctype Consumer(byte me)
{
    byte verdict, mine;
    bool again, told;

end:
    if
    :: copy[me * 2] -> again = false
    :: copy[me * 2 + 1] -> again = true
    fi;
    acquire();
    if
    :: verdict == SKIP -> copy[me * 2 + again] = false
    :: verdict == LATER
    :: verdict == DOUBT -> acts[mine] = false; park(); goto acknowledge
    :: verdict == OURS -> goto work
    fi;
    goto forget;
work:
    if
    :: acts[mine] = false               /* dies before it begins */
    :: atomic { effects++; acts[mine] = false }; goto tell
    :: acts[mine] = false; fail(); goto forget /* it certainly had no effect */
    :: acts[mine] = false; park(); goto acknowledge /* a time-out, too soon */
    :: atomic { acts[mine] = false; late[mine] = true };
        park(); goto acknowledge        /* a time-out; it may act yet */
    :: atomic { acts[mine] = false; late[mine] = true } /* dies meanwhile */
    fi;
    goto forget;
tell:
    if
    :: succeed()
    :: park()                           /* its answer was lost */
    :: skip                             /* dies: nobody hears of it */
    fi;
acknowledge:
    /* Rule 6: a copy out of parking is acknowledged by DONE alone. */
    if
    :: told && (!again || state == DONE) -> copy[me * 2 + again] = false
    :: else
    fi;
forget:
    atomic { mine = 0; told = false; again = false; verdict = 0; goto end }
}

/* Leases run out; who was called acts late, once, or never will. */
proctype Time()
{
    byte t;

end:
    do
    :: atomic { state == HELD && !over -> over = true }
    :: atomic {
           select(t : 1 .. ATTEMPTS);
           if
           :: late[t] -> effects++; late[t] = false
           :: late[t] -> late[t] = false
           :: else
           fi
       }
    od
}

/* Who asks the third party.  Rule 7: a "no" counts when nothing can act any
 * more; then it is sent again, or, reassigned, to the other side. */
proctype Resolver()
{
end:
    do
    :: atomic { state == PARKED && effects > 0 -> state = DONE; doubt = 0 }
    :: atomic {
           state == PARKED && effects == 0 && nobody_acts ->
           state = OWED;
           doubt = 0;
           safe_body = false;
           if
           :: copy[side * 2 + 1] = body[side]
           :: side = 1 - side; reassigned = true; copy[side * 2 + 1] = true
           fi
       }
    :: atomic { /* owed, with no doubt: an operator's reassignment */
           state == OWED && doubt == 0 && !reassigned && token > 0 ->
           side = 1 - side;
           reassigned = true;
           copy[side * 2 + 1] = true
       }
    od
}

#define HAS_COPY(s) (copy[(s) * 2] || copy[(s) * 2 + 1])
#define KEPT                                                                  \
    (state == DONE || (state == FREE && copy[0] && copy[2]) ||                \
     (state != FREE && HAS_COPY(side)) || (reassigned && HAS_COPY(1 - side)) ||\
     (state == PARKED && safe_body))

proctype Watch()
{
end:
    do
    :: atomic { effects > 1 -> assert(false) }                /* (4): twice */
    :: atomic { state == DONE && effects != 1 -> assert(false) } /* (3) */
    :: atomic { !KEPT -> assert(false) }                      /* (3): lost */
    od
}

init {
    atomic {
        copy[0] = true;
        copy[2] = true;
        run Consumer(0);
        run Consumer(0);
        run Consumer(1);
        run Time();
        run Resolver();
        run Watch()
    }
}
