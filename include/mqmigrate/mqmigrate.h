/* SPDX-License-Identifier: MIT */
/* mqmigrate.h - work on each message once while two brokers run side by side.
 *
 * During a migration one business message can reach a consumer twice, once
 * from each broker.  Every arrival is a copy from a "side".  The first side to
 * look settles which side the message belongs to, by the policy it knows at
 * that moment; from then on that side alone works on it, until it is done.
 *
 *     mqm_run()                  all of it: decide, claim, work, tell
 *
 *     mqm_should_consume()       or step by step:  does it belong to this side?
 *     mqm_acquire()              is it ours, right now?
 *     mqm_release_on_success()   done: nobody works on it again
 *     mqm_release_on_failure()   had no effect: the same side will try again
 *     mqm_release_in_doubt()     nobody can know: park it until it is resolved
 *
 * RESULTS    0 is MQM_OK.  A positive result is a verdict: an answer, not an
 *            error, and it says what to do with the copy.  A negative result
 *            is an errno; mqm_errmsg() tells the story.  Only mqm_should_
 *            consume() answers yes (1) and no (0).
 * OWNERSHIP  What you pass in stays yours and is not kept after the call.
 *            What you get back is written to memory that you gave; a string
 *            in it is a constant of the library unless said otherwise.
 * THREADS    An mqm may be shared.  Every call is safe from any thread, but
 *            two threads must not use the same struct, and nobody may be in a
 *            call when mqm_close() runs.  Open anew in a forked child.
 * CALLBACKS  log and audit run on whatever thread has something to say, and
 *            must not call the library.  Handlers may, except mqm_close().
 *            No callback may throw or longjmp.
 * WAITING    A call asks the store a few times at most, each time no longer
 *            than store.timeout_ms and, where it connects anew, what libc
 *            takes to look up a host's name.  Only mqm_run(), and mqm_poll()
 *            with it, waits longer: what a handler has done is told until
 *            the store answers, or until some seconds after mqm_stop().
 * HABITS     The library handles no signals, prints nothing, never exits the
 *            process, and runs no thread but the keeper (see mqm_tick).
 * ABI        Structs that begin with `size` may grow at the end; the size of
 *            the first one is the stride of an array.  struct mqm_msg and
 *            struct mqm_claim never change; what is reserved is zero.
 */
#ifndef MQMIGRATE_H
#define MQMIGRATE_H

#include <stddef.h>
#include <stdint.h>

#define MQM_VERSION_MAJOR 0
#define MQM_VERSION_MINOR 1
#define MQM_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

#ifndef MQM_API
#if defined(__GNUC__)
#define MQM_API __attribute__((visibility("default")))
#else
#define MQM_API
#endif
#endif

/* ------------------------------- words ---------------------------------- */

typedef struct mqm mqm;

/* None of them is 1, the yes of mqm_should_consume(). */
enum mqm_result {
    MQM_OK    = 0,  /* done as asked                                         */
    MQM_SKIP  = 10, /* another copy answers for it: acknowledge this one     */
    MQM_LATER = 11, /* this side is at it already: have it redelivered       */
    MQM_DOUBT = 12, /* held by us, but an earlier try may have taken effect  */
    MQM_LOST  = 13, /* the token was overtaken: stop, nothing was changed    */
};

/* How the work ended.  The numbers are odd on purpose: what a handler returns
 * without thinking (true, -ETIMEDOUT, a verdict) means MQM_UNSURE, never "run
 * it again". */
enum mqm_outcome {
    MQM_HANDLED = 0,
    MQM_FAILED  = 70, /* it certainly had no effect: try again on this side */
    MQM_UNSURE  = 71, /* it may have taken effect: park it; and all else    */
};

enum mqm_log_level { MQM_ERROR, MQM_WARN, MQM_INFO, MQM_DEBUG };

/* One copy of a message.  group, topic and id say which message it is; side
 * says which broker this copy came from.  side, group and topic are names from
 * the configuration, not the broker's: "rewards" on both sides, though the
 * brokers call it "rewards" and "GID_rewards".  A name that is not there is
 * refused (-ENOENT), since under two names a message is worked on twice. */
struct mqm_msg {
    const char *side;
    const char *group;  /* groups do not exclude one another             */
    const char *topic;
    const void *id;     /* what the producer got from mqm_new_id(); NUL  */
    size_t id_len;      /*   bytes at its end do not count.  No id: sent */
                        /*   before there were ids, see mqm_acquire()    */
    const void *key;    /* what cut and allow list look at, for example  */
    size_t key_len;     /*   the user's number; NULL: the id             */
    int64_t born_ms;    /* Unix time of its first sending; 0: taken from */
                        /*   a UUIDv7 id, else unknown                   */
    const char *origin; /* where this copy lies on its broker, or NULL   */
    void *reserved[2];
};
#define MQM_MSG_INIT {0, 0, 0, 0, 0, 0, 0, 0, 0, {0, 0}}
#define MQM_ID_MAX   128

/* A copy with what came along, for handlers and producers. */
struct mqm_delivery {
    size_t size;
    struct mqm_msg msg;
    const void *body;
    size_t body_len;
    void *raw;        /* the client's own message (rd_kafka_message_t *,    */
                      /*   CMessageExt *), or NULL                          */
    const char *tag;  /* RocketMQ's tag, or NULL                            */
    unsigned flags;   /* of mqm_delivery_flag                               */
    unsigned lane;    /* copies of one lane keep their order: behind one    */
                      /*   that comes again the rest is not touched; 0: none */
    /* Set by the library. */
    int result;       /* in a handler MQM_OK or MQM_DOUBT, then see mqm_run */
    int64_t retry_ms; /* not MQM_OK: have it redelivered after this long    */
    uint64_t token;   /* the fencing value, see mqm_acquire()               */
    unsigned attempt; /* 1: the first                                       */
    int64_t deadline_ms; /* Unix time after which the effect must not begin */
    const char *why;  /* "done", "held", "lease ran out": for logs          */
    void *call;       /* the library's own                                  */
};
#define MQM_DELIVERY_INIT                                                      \
    {sizeof(struct mqm_delivery), MQM_MSG_INIT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  \
     0, 0, 0}
enum mqm_delivery_flag {
    MQM_FROM_PARKING = 1, /* a body out of the parking topic: only a message */
                          /*   that is done lets go of this copy             */
    MQM_BODY_KEPT    = 2, /* of a claim: its body is safe, for MQM_OP_DOUBT  */
                          /*   and MQM_OP_PARK_FAILED                        */
};

/* ------------------------- opening and closing -------------------------- */

struct mqm_event;  /* see "audit" below */
struct mqm_record; /* see "audit and repair" */

enum mqm_open_flag {
    MQM_NO_KEEPER = 1, /* run no thread: the program calls mqm_tick()       */
    MQM_ANY_STORE = 2, /* also one that will lose messages, as store.insist: */
                       /*   for those who look at it, see mqm_checkup()     */
};

struct mqm_options {
    size_t size;          /* set by MQM_OPTIONS_INIT                         */
    unsigned flags;
    const char *config;   /* a path or, if it begins with '{', the           */
                          /*   configuration itself                          */
    const char *instance; /* this process, in leases and audit; "host:pid"   */
    void *user;
    void (*log)(void *user, int level, const char *text);
    void (*audit)(void *user, const struct mqm_event *event);

    /* Keep the body of a message that mqm_run() is about to park, or of one
     * that was given to the other side and waits there; 0: it is safe.  NULL: its side's adapter writes it to the parking topic; where
     * there is none, the copy is not acknowledged. */
    int (*park)(void *user, const struct mqm_delivery *d);

    /* For mqm_settle() alone: did a message that is parked, or owed in doubt,
     * take effect?  MQM_HANDLED: it did; MQM_FAILED: it did not; all else: not
     * known yet.  Called from mqm_settle(), on its thread, so it may block, and
     * call anything but mqm_close(). */
    int (*resolve)(void *user, const struct mqm_msg *msg,
                   const struct mqm_record *record);
};
#define MQM_OPTIONS_INIT {sizeof(struct mqm_options), 0, 0, 0, 0, 0, 0, 0, 0}

/* Read the configuration and connect to the store it names.  A store that is
 * found to lose messages (it evicts, it is a replica) is refused with words,
 * unless store.insist says so.  On failure *out is NULL. */
MQM_API int mqm_open(mqm **out, const struct mqm_options *opts);

/* Make every mqm_poll(), now and later, return -ECANCELED, and mqm_run() begin
 * no other handler.  May be called from a signal handler. */
MQM_API void mqm_stop(mqm *m);

/* Stop, wait for handlers that run, give back what was not begun.  NULL is
 * fine.  Claims of mqm_acquire() not released run out: doubts. */
MQM_API void mqm_close(mqm *m);

/* Read the configuration again and switch to it, whole or not at all: on
 * failure the old one stays in force.  Messages that belong to a side already
 * stay with it. */
MQM_API int mqm_reload(mqm *m);

/* ----------------------- the whole guard, one call ---------------------- */

/* Returns an mqm_outcome.  For MQM_DOUBT it is called only if the configuration
 * says so (in_doubt = again); ask whoever knows before working. */
typedef int (*mqm_handler)(void *user, const struct mqm_delivery *d);

/* Ask whose the copies are, claim them in few round trips, call the handler
 * for ours, one by one on this thread, and tell how it ended.  Leases are
 * renewed meanwhile.  Each d->result, always set, is
 *
 *     MQM_OK   acknowledge it: done, or parked, or not ours to work on
 *     other    have it redelivered after d->retry_ms
 *
 * Returns MQM_OK if all are, else the first other one. */
MQM_API int mqm_run(mqm *m, struct mqm_delivery *d, size_t n,
                    mqm_handler handler, void *user);

/* For handlers, right before the effect.  Is the message still ours, and time
 * left to begin?  MQM_OK as far as is known, or MQM_LOST: stop working.  What
 * was begun in time settles doubts in time (see mqm_resolve).  No I/O. */
MQM_API int mqm_check(const struct mqm_delivery *d);

/* A header (property) of the copy: NULL where there is none.  Lives as long as
 * the delivery. */
MQM_API const void *mqm_header(const struct mqm_delivery *d, const char *name,
                               size_t *len);

/* All headers that the producer put there beside the id; visit() returns 0 to
 * go on.  value is no string.  -ENOTSUP where the adapter cannot tell all. */
MQM_API int mqm_headers(const struct mqm_delivery *d,
                        int (*visit)(void *user, const char *name,
                                     const void *value, size_t len),
                        void *user);

/* --------------------------- the core calls ----------------------------- */

/* For programs that need the steps apart.  A claim ties a token to its
 * message, so that they cannot be mixed up; msg must live until the claim is
 * released.  Fill in msg, the rest with zeros. */
struct mqm_claim {
    struct mqm_msg msg;
    void *user;       /* yours                                              */
    uint64_t token;   /* proves that it is ours; 0: it is not               */
    int64_t lease_ms; /* ours for this long (OK, DOUBT), or worth another   */
                      /*   try after this long (LATER, < 0)                 */
    const char *why;
    int op;           /* an mqm_op, for mqm_submit()                        */
    int result;
    unsigned attempt;
    unsigned flags;   /* of mqm_delivery_flag                               */
    uint64_t cell;    /* the library's own                                  */
    uint64_t reserved[2]; /* likewise                                   */
};
#define MQM_CLAIM_INIT {MQM_MSG_INIT, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0, 0}}

/* Does the message belong to msg->side?
 *
 *       1    yes, or policy says so and nobody has looked before: acquire it
 *       0    no, and that is on record in the store: acknowledge and drop it
 *     < 0    unknown: have it redelivered
 *
 * Not needed before mqm_acquire().  A no is never a guess: it is looked up,
 * and put on record if nobody has looked before.  Written carelessly,
 * if (!mqm_should_consume(m, &msg)), it is still safe: what is unknown goes on
 * to mqm_acquire() and is refused there. */
MQM_API int mqm_should_consume(mqm *m, const struct mqm_msg *msg);

/* Take a lease on the message; whose it is is decided on the way, so this
 * call is enough by itself.
 *
 *     MQM_OK      it is ours for c->lease_ms; c->token proves it.  An answer
 *                 that came very late leaves 1: renew before you begin
 *     MQM_DOUBT   the same, but a lease ran out before: somebody began, and
 *                 perhaps finished, without telling.  Ask whoever knows, or
 *                 mqm_release_in_doubt()
 *     MQM_SKIP    it is done or parked, or belongs to the other side
 *     MQM_LATER   another consumer of our side has it; or the message was
 *                 given to the other side, and this copy may be the only one:
 *                 mqm_run() puts it into the parking topic if that takes longer
 *                 than a lease, or each side could wait for the other for ever
 *     -EBADMSG    no id, or one that cannot be: no other try will help
 *     -ENOENT     a name that the configuration does not have
 *     < 0         unknown: treat all of them as MQM_LATER
 *
 * A copy without an id (or with one longer than MQM_ID_MAX) belongs to the old
 * side, is told apart by its origin, and is refused with -EBADMSG on the new
 * side.  mqm_run() puts it into the parking topic there, counts it and says so:
 * it is neither dropped nor worked on.
 *
 * The token stays the same until the claim ends; tokens of one message only
 * ever grow.  Hand it to whatever the work writes to, and a consumer that was
 * overtaken cannot do harm there. */
MQM_API int mqm_acquire(mqm *m, struct mqm_claim *c);

/* Begin the lease afresh, at a third of c->lease_ms.  MQM_LOST: stop working.
 * Another thread may do it, with a copy of the claim. */
MQM_API int mqm_renew(mqm *m, struct mqm_claim *c);

/* End the claim.  A call whose answer got lost may be repeated; while it is
 * < 0, do not acknowledge the copy.  MQM_LOST: the lease ran out and another
 * consumer took over, so the message may have been worked on twice; the copy
 * is not to be acknowledged.  A claim that is not ours: -EINVAL. */
MQM_API int mqm_release_on_success(mqm *m, struct mqm_claim *c);

/* Only if the work certainly had no effect (or never began). */
MQM_API int mqm_release_on_failure(mqm *m, struct mqm_claim *c);

/* Claimed, but never begun: it is owed as before, and no try is counted. */
MQM_API int mqm_hand_back(mqm *m, struct mqm_claim *c);

/* The work may have taken effect, or not (a time-out).  The message is parked:
 * nobody works on it until somebody who knows calls mqm_resolve().  If you have
 * put its body somewhere safe before, say so with MQM_BODY_KEPT in c->flags:
 * the copy may be acknowledged then.  Without it do not acknowledge it. */
MQM_API int mqm_release_in_doubt(mqm *m, struct mqm_claim *c);

/* n of the calls above in few round trips, as if made one by one in this
 * order: the ends of one batch go first, with the claims of the next.  Every
 * result is always set, also when the call fails.  Returns MQM_OK, or the
 * first result that is negative. */
enum mqm_op {
    MQM_OP_ACQUIRE,
    MQM_OP_RENEW,
    MQM_OP_SUCCESS,
    MQM_OP_FAILURE,
    MQM_OP_DOUBT,
    MQM_OP_HAND_BACK, /* claimed and never begun: no try is counted */
    MQM_OP_PARK_FAILED, /* as MQM_OP_DOUBT, but it certainly had no effect:  */
                        /*   tried often enough, a person should look        */
};
MQM_API int mqm_submit(mqm *m, struct mqm_claim *const *claims, size_t n);

/* ------------------------------ producers ------------------------------- */

/* A new id: 36 characters and a NUL, later ids sort after earlier ones (UUID
 * version 7).  Send the same id to both sides, as header MQM_ID_HEADER, and
 * the same key.  A message is sent once both brokers have it. */
#define MQM_ID_LEN    36
#define MQM_ID_HEADER "mqm-id"
MQM_API int mqm_new_id(char id[MQM_ID_LEN + 1]);

/* Send msg (topic, id, key) and body to every side that the configuration
 * names for the topic, or to msg.side alone, and wait for the brokers: one
 * round trip, so for moderate rates.  After a failure send again with the same
 * id: consumers see it once.  A delivery as a handler or a visitor got it keeps
 * its headers, on the other broker, too.  What one side would refuse whatever
 * its broker says (an empty body, to RocketMQ) is sent to neither: -EINVAL or
 * -EMSGSIZE; so is, where a side takes the broker's key for the id ("id":
 * "@key"), what has another key. */
MQM_API int mqm_publish(mqm *m, const struct mqm_delivery *d);

/* --------------------------- running adapters --------------------------- */

/* For programs that let the library drive the brokers, through mqm_run().
 * Subscribe before the first poll of that side (-EBUSY: too late).  An adapter
 * may call the handler from threads of its own; user must live until
 * mqm_close(). */
MQM_API int mqm_subscribe(mqm *m, const char *side, const char *group,
                          const char *topic, mqm_handler handler, void *user);

/* Handle what comes from the side, for timeout_ms: it goes on until then also
 * after messages were handled (-1: until mqm_stop(); 0: what is there now).  A
 * handler that runs is waited for.  One thread a side.  After an error it has
 * waited too, so a loop goes on until -ECANCELED. */
MQM_API int mqm_poll(mqm *m, const char *side, int timeout_ms);

/* What the keeper thread does (read the policy again if it changed, renew the
 * leases of running handlers): for programs that opened with MQM_NO_KEEPER, at
 * least each second. */
MQM_API int mqm_tick(mqm *m);

/* -------------------------- audit and repair ---------------------------- */

enum mqm_state {
    MQM_FREE,   /* nobody has looked                          */
    MQM_OWED,   /* belongs to a side, not in work             */
    MQM_HELD,   /* belongs to a side, in work                 */
    MQM_PARKED, /* belongs to a side, in doubt, waits for     */
                /*   mqm_resolve()                            */
    MQM_DONE,
};

enum mqm_record_flag {
    MQM_BY_RULE    = 1, /* OWED because the switch was off or the message    */
                        /*   older than the switch: nobody waits for it      */
    MQM_BODY_SAFE  = 2, /* PARKED: the body lies in the parking topic, or    */
                        /*   with the program's own hook                     */
    MQM_REASSIGNED = 4, /* perhaps not its first side                        */
    MQM_UNSENT     = 8, /* OWED or HELD: perhaps no copy is on its way,      */
                        /*   since mqm_resolve(), mqm_assign() or a store    */
                        /*   that forgot.  If it stays so with left_ms 0,    */
                        /*   nobody is at it: send the body again            */
};

struct mqm_record {
    size_t size; /* set by MQM_RECORD_INIT */
    int state;   /* an mqm_state */
    unsigned attempts;
    uint64_t token;
    uint64_t doubt;  /* the oldest attempt of which nobody knows, or 0      */
    int64_t age_ms;  /* since the last change, by the store's clock         */
    int64_t left_ms; /* HELD: of the lease; OWED: before the next try;      */
                     /*   PARKED, and OWED in doubt: until it may be        */
                     /*   resolved as not done                              */
    unsigned flags;  /* of mqm_record_flag                                  */
    const char *why; /* PARKED: "a lease ran out", "failed too often", ...  */
    char side[32];   /* whose it is, or who did it                          */
    char holder[64]; /* HELD: the instance                                  */
    char origin[128]; /* where a copy of it lies on its broker, as seen by  */
                     /*   who looked first: "kafka:rewards/3/1209"          */
    char route[32];  /* the side that policy names at this moment           */
};
#define MQM_RECORD_INIT                                                        \
    {sizeof(struct mqm_record), 0, 0, 0, 0, 0, 0, 0, 0, {0}, {0}, {0}, {0}}

/* What the store knows of a message; a message never seen is MQM_FREE. */
MQM_API int mqm_inspect(mqm *m, const struct mqm_msg *msg,
                        struct mqm_record *out);

/* Visit the messages of a group and topic that belong to a side (NULL: to
 * either) and are not done: before a side is switched off there must be none.
 * What is owed by rule only (MQM_BY_RULE) is not visited.  The id of one
 * without an id is "@", its origin and a NUL that counts: the calls of this
 * section know it, and no copy has it.  visit() returns 0 to go on, and may
 * call anything but mqm_close().  -ENOTSUP where the store cannot list. */
MQM_API int mqm_pending(mqm *m, const char *side, const char *group,
                        const char *topic,
                        int (*visit)(void *user, const struct mqm_msg *msg,
                                     const struct mqm_record *record),
                        void *user);

/* Settle a message that is parked, or owed in doubt (perhaps no copy will ask
 * for it again), seen with this token (MQM_LOST: it moved since): MQM_HANDLED,
 * or MQM_FAILED: it is owed again (MQM_UNSENT), and since its copies are
 * acknowledged, send the body you kept again, same id, MQM_FROM_PARKING.
 * -EAGAIN: the attempt in doubt may still act; ask again after settle_ms. */
MQM_API int mqm_resolve(mqm *m, const struct mqm_msg *msg, uint64_t token,
                        int outcome);

/* An operator's override: what is owed or parked, with no doubt or one that is
 * settled (-EAGAIN as above), and was seen with this token, belongs to
 * msg->side from now on.  The other side's copies come again until it is done.
 * The new side may have dropped its copy: send it again there. */
MQM_API int mqm_assign(mqm *m, const struct mqm_msg *msg, uint64_t token);

/* Read the parking topic of a side from its beginning to its present end, and
 * visit each body in it (msg, body, tag, raw; flags has MQM_FROM_PARKING; the
 * side, group and topic are the configuration's names).  To send one again:
 * mqm_publish() with the delivery as it came.  visit() returns 0 to go on, and
 * may call anything but mqm_close().
 * -ENOTSUP where the adapter cannot, -ENOENT where there is no such topic. */
MQM_API int mqm_read_parking(mqm *m, const char *side, const char *group,
                             const char *topic,
                             int (*visit)(void *user,
                                          struct mqm_delivery *d),
                             void *user);

/* -------------------------- copies on brokers --------------------------- */

/* Read one copy again from where it lies: msg->group, msg->topic, and
 * msg->origin as in a record, "kafka:rewards/3/1209"; the side is named there.
 * It is visited as mqm_read_parking() does, with all its headers, if it bears
 * msg->id (NULL: whatever lies there).  Returns what visit() did.
 * -ENOENT: retention has removed it, or another message lies there; -EINVAL:
 * no such place (a program with a loop of its own writes it like that, or
 * cannot have it read again); -ENOTSUP where the adapter cannot. */
MQM_API int mqm_fetch_copy(mqm *m, const struct mqm_msg *msg,
                           int (*visit)(void *user, struct mqm_delivery *d),
                           void *user);

/* How far a group has read in one queue of a topic (Kafka's partition).  On
 * RocketMQ its retry topic has queues, too: "retry/0". */
struct mqm_position {
    size_t size;
    const char *queue;
    int64_t committed;  /* what the group reads next; -1: it read nothing yet */
    int64_t begin, end; /* of what lies there; end: of what is sent next      */
    const char *next;   /* an origin for mqm_fetch_copy(): what is read next; */
                        /*   NULL: nothing waits                              */
};

/* Visit the queues of a topic on a side, asked of the broker as no member of
 * the group.  visit() returns 0 to go on.  -ENOTSUP where the adapter cannot
 * tell. */
MQM_API int mqm_positions(mqm *m, const char *side, const char *group,
                          const char *topic,
                          int (*visit)(void *user,
                                       const struct mqm_position *p),
                          void *user);

/* Visit the copies that the broker of a side gave up delivering to the group
 * (dead letters of RocketMQ: a consumer without this library, or one too old,
 * has rejected them too often), as mqm_read_parking() does.  To send one again:
 * mqm_publish() with the delivery as it came, if its record says that it is
 * owed by this side still.  -ENOTSUP where a broker gives nothing up. */
MQM_API int mqm_read_dead(mqm *m, const char *side, const char *group,
                          const char *topic,
                          int (*visit)(void *user, struct mqm_delivery *d),
                          void *user);

/* A message that reached one broker only is owed by a side that never gets it.
 * mqm_rescue() looks for those: owed and never tried there (or MQM_UNSENT, and
 * nobody at it), not by rule, and so for older_ms, in which the side's group
 * has read on.  Each is read again from the broker that has it, with its
 * headers, and published under its own id to the side that owes it.  Its side
 * does not change, and the record is not touched; repeating it, or the late
 * copy after all, does no harm.  Call it now and then, from any process. */
enum mqm_fate {
    MQM_RESCUED,        /* published                                         */
    MQM_RESCUE_DUE,     /* would be: MQM_RESCUE_DRY                          */
    MQM_RESCUE_WAITS,   /* its copy may still come                           */
    MQM_RESCUE_GONE,    /* lies nowhere any more: a person has to know       */
    MQM_RESCUE_FAILED,  /* not now: a broker does not answer, ...            */
    MQM_RESCUE_WITHOUT_ID, /* cannot be told from others: left alone         */
};

enum mqm_rescue_flag {
    MQM_RESCUE_DRY    = 1, /* publish nothing                                */
    MQM_RESCUE_ANYWAY = 2, /* do not ask how far the group has read          */
};

struct mqm_rescue_options {
    size_t size; /* set by MQM_RESCUE_OPTIONS_INIT */
    const char *side;         /* what this one owes; NULL: either            */
    const char *group, *topic;
    int64_t older_ms;         /* 0: ten minutes                              */
    unsigned flags;           /* of mqm_rescue_flag                          */
    const void *id;           /* this message alone, whatever its age        */
    size_t id_len;
};
#define MQM_RESCUE_OPTIONS_INIT                                                \
    {sizeof(struct mqm_rescue_options), 0, 0, 0, 0, 0, 0, 0}

struct mqm_rescued { /* lives during the call */
    size_t size;
    int fate; /* an mqm_fate */
    const struct mqm_msg *msg; /* msg->side owes it                          */
    const struct mqm_record *record;
    const char *from; /* the side that it was read from, or NULL             */
    unsigned flags;   /* MQM_FROM_PARKING: out of that side's parking topic  */
    const char *why;
};

/* Visit each that is found (may be NULL); visit() returns 0 to go on.  MQM_OK
 * also if some could not be rescued: see the fates. */
MQM_API int mqm_rescue(mqm *m, const struct mqm_rescue_options *opts,
                       int (*visit)(void *user, const struct mqm_rescued *r),
                       void *user);

/* ------------------------- who knows is asked --------------------------- */

/* Go once over what is parked, or owed in doubt, and ask the hook `resolve` of
 * struct mqm_options about what is due.  It happened: done.  It did not, said
 * when it was asked after the settling time was over (before, the attempt in
 * doubt could still act, so it is asked again then): owed again, and its body
 * is sent, under its own id, to the side that owes it alone: out of that side's
 * parking topic, else from wherever mqm_rescue() finds it.  Not known yet:
 * asked again after a pause, each twice as long as the one before.  What failed
 * too often comes back after such pauses, too.
 *
 * The library runs no thread for it, since a hook may block, and the keeper
 * renews leases: call it each second or so, from a thread or a program of its
 * own, or from several.  A kill between any two steps does no harm: what is
 * owed again and not sent (MQM_UNSENT) is sent by a later call, resend_ms
 * later.  Pauses are kept in memory, for some ten thousand messages; one that
 * is forgotten is asked about too early. */
enum mqm_settle_fate {
    MQM_SETTLED_DONE,    /* it happened                                       */
    MQM_SETTLED_AGAIN,   /* it did not: owed again, and sent next             */
    MQM_SETTLED_SENT,    /* its body was sent                                 */
    MQM_SETTLED_WAITS,   /* not known yet, or not due: see retry_ms           */
    MQM_SETTLED_NO_BODY, /* owed again, and its body lies nowhere: whoever    */
                         /*   keeps it (park of struct mqm_options) sends it  */
    MQM_SETTLED_FAILED,  /* not now: a broker does not answer, ...            */
};

struct mqm_settle_options {
    size_t size; /* set by MQM_SETTLE_OPTIONS_INIT */
    const char *side;      /* what this one owes; NULL: either               */
    const char *group, *topic;
    int64_t pause_ms;      /* the first pause, 0: a second                   */
    int64_t pause_max_ms;  /* the longest, 0: five minutes                   */
    int64_t resend_ms;     /* unsent, and not taken for so long: send it     */
                           /*   once more; 0: a minute                       */
};
#define MQM_SETTLE_OPTIONS_INIT                                                \
    {sizeof(struct mqm_settle_options), 0, 0, 0, 0, 0, 0}

struct mqm_settled { /* lives during the call */
    size_t size;
    int fate;          /* of mqm_settle_fate                                 */
    unsigned asked;    /* 0: not asked now; 1: the first time about this try */
    const struct mqm_msg *msg;       /* msg->side owes it                    */
    const struct mqm_record *record; /* as it was found                      */
    int64_t retry_ms;  /* MQM_SETTLED_WAITS: asked again after this long     */
    const char *why;
};

/* Visit what becomes of each (may be NULL); visit() returns 0 to go on, and may
 * call anything but mqm_close().  MQM_OK also if some could not be settled: see
 * the fates.  -EINVAL without a hook. */
MQM_API int mqm_settle(mqm *m, const struct mqm_settle_options *opts,
                       int (*visit)(void *user, const struct mqm_settled *s),
                       void *user);

/* --------------------------- configuration ------------------------------ */

/* Change one setting of a topic in a configuration file, safely: the new text
 * is checked as mqm_open() would, written beside the old one, synced and
 * renamed over it, under a lock against others that do the same.  name is one
 * of the topic's settings: "cut" ("25%", "0.5%"), "switch" ("on", "off"),
 * "since" ("now" or Unix ms), "allow" (adds), "disallow" (removes).  group may
 * be NULL where the topic has only one.  Consumers see it within a second.
 * Switching on for the first time sets "since", too.
 * -EINVAL and nothing changed if the result would not be valid. */
MQM_API int mqm_change(const char *path, const char *group, const char *topic,
                       const char *name, const char *value);

/* One line a setting: for mqmctl and man pages. */
struct mqm_setting_info {
    size_t size;
    const char *where; /* "", "store", "topics[]", "topics[].sides.*"       */
    const char *name, *type, *fallback, *limits, *words;
};
MQM_API int mqm_settings(int (*visit)(void *user,
                                      const struct mqm_setting_info *info),
                         void *user);

/* The topics of the configuration in force.  visit() returns 0 to go on, and
 * may call anything but mqm_close(). */
struct mqm_topic_info {
    size_t size;
    const char *group, *topic, *old_side, *new_side;
    int switched;        /* 1: on                                           */
    unsigned cut_ppm;    /* millionths                                      */
    int64_t since_ms;    /* 0: not set                                      */
    int64_t settle_ms;
    size_t allowed;      /* entries of the allow list                       */
};
MQM_API int mqm_topics(mqm *m,
                       int (*visit)(void *user,
                                    const struct mqm_topic_info *info),
                       void *user);

/* The same of a configuration, a path or the text itself, that need not be in
 * force anywhere: neither its store nor a broker is asked. */
MQM_API int mqm_read_topics(const char *config,
                            int (*visit)(void *user,
                                         const struct mqm_topic_info *info),
                            void *user);

/* Stores and adapters: built in, and those that the configuration names.  One
 * that cannot be loaded is visited with result < 0 and the story in why. */
struct mqm_plugin_info {
    size_t size;
    const char *name, *kind, *version, *path;
    int result;
    const char *why;
};
MQM_API int mqm_plugins(mqm *m,
                        int (*visit)(void *user,
                                     const struct mqm_plugin_info *info),
                        void *user);

/* Is the broker of a side in reach, and the topic there, with its parking topic
 * if it has one?  Joins no group, touches no message.  -ENOTSUP where the
 * adapter cannot tell. */
MQM_API int mqm_probe(mqm *m, const char *side, const char *group,
                      const char *topic);

/* What could make a migration lose messages or work on them twice, with the
 * remedy: of the configuration, the store and the brokers as they are set up at
 * this moment.  A finding lives during the call of visit(), which returns 0 to
 * go on and must not call the library.  What cannot be looked at is a warning.
 * Returns 0, or what visit() returned; joins no group, touches no message. */
enum mqm_level { MQM_FINE, MQM_WARNING, MQM_FATAL };
struct mqm_finding {
    size_t size;
    int level;              /* of mqm_level                                 */
    const char *part;       /* "configuration", "store", or the side's name */
    const char *group, *topic; /* "": of all                                */
    const char *subject;    /* what was looked at: "eviction", "retention"  */
    const char *text;       /* what was found                               */
    const char *remedy;     /* what to do; "": nothing                      */
};
MQM_API int mqm_checkup(mqm *m,
                        int (*visit)(void *user,
                                     const struct mqm_finding *finding),
                        void *user);

struct mqm_event { /* one line of the audit trail; lives during the call */
    size_t size;
    const char *call; /* "acquire", "success", ...                */
    const struct mqm_msg *msg;
    uint64_t token;
    int result;
    const char *why;  /* "new", "done", "held", "lease ran out"; of an error  */
                      /*   its story                              */
};

struct mqm_stats {
    size_t size; /* set by MQM_STATS_INIT */
    uint64_t granted, doubtful, skipped, later, lost;
    uint64_t succeeded, failed, parked, errors;
    uint64_t without_id;  /* copies with no id, or one that cannot be       */
    uint64_t future_born; /* born later than now: the old side's            */
    uint64_t store_calls; /* round trips: what the store was asked at once  */

    /* Copy coverage, the share of messages that came from both brokers:
     * second / first, added up over all instances of both sides (mqm_instances,
     * mqmctl status).  Below 100 % some messages reach one broker only, and
     * those that the policy gives to the other side are done by nobody.
     * first: copies of messages that nobody had looked at.  second: copies of
     * messages that so far the other side alone had looked at.  Copies without
     * an id or from parking are neither, nor is one that the store may have
     * forgotten.  A copy that the broker or the producer sends once more counts
     * as second once more if its message is the other side's: the figure is
     * exact but for these, and never more than 100 % means anything. */
    uint64_t seen_first, seen_second;
    uint64_t lately_first, lately_second; /* within the last lately_ms: five  */
    int64_t lately_ms;                    /*   minutes, or less at the start  */
    uint64_t went_back;   /* claims that the store had lost when they ended */
};
#define MQM_STATS_INIT                                                         \
    {sizeof(struct mqm_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
     0, 0}
MQM_API int mqm_read_stats(mqm *m, struct mqm_stats *out);

/* ------------------------------- who is there --------------------------- */

/* Each open library reports itself in the store, for each topic and side that
 * it has worked for or subscribed to: every report_ms (a setting), at once when
 * its policy changes, and when it closes.  One that died is shown until nobody
 * can need it: 720 reports (an hour), at least twice the maximum age of its
 * policy. */
enum mqm_instance_flag {
    MQM_INSTANCE_CURRENT  = 1, /* it acts by the policy that the caller has   */
    MQM_INSTANCE_GONE     = 2, /* it was closed                               */
    MQM_INSTANCE_SILENT   = 4, /* not closed, and three reports are missing   */
    MQM_INSTANCE_SWITCHED = 8, /* its policy: the switch is on                */
    MQM_INSTANCE_UNKNOWN  = 16, /* a report that this library cannot read:    */
                               /*   only the names, run and seen_ms are set   */
};

struct mqm_instance_info { /* lives during the call */
    size_t size;
    const char *instance, *side, *group, *topic;
    const char *run;  /* tells apart those that have the same name            */
    const char *host, *version; /* of the library                             */
    int64_t pid;
    unsigned flags;   /* of mqm_instance_flag                                 */
    unsigned cut_ppm; /* its policy: the cut, the moment of the switch        */
    int64_t since_ms;
    uint64_t policy;  /* a print of all that decides: equal, it decides alike */
    int64_t seen_ms;  /* since its last report, by the store's clock          */
    int64_t report_ms;
    int64_t open_ms;      /* since it was opened                              */
    int64_t in_force_ms;  /* since this policy is in force there              */
    int64_t confirmed_ms; /* since its configuration was read to be this one  */
    int64_t unchanged_ms; /* since it did anything (within report_ms)         */
    /* As in struct mqm_stats, of this topic and side. */
    uint64_t granted, doubtful, skipped, later, lost;
    uint64_t succeeded, failed, parked, errors, without_id, future_born;
    uint64_t seen_first, seen_second;
    int64_t lately_ms; /* five minutes, or less at the start                  */
    uint64_t lately_done, lately_first, lately_second;
    int64_t minute_ms; /* one                                                 */
    uint64_t minute_done;
};

/* Visit the reports for a group and topic, in no order.  visit() returns 0 to
 * go on, and may call anything but mqm_close().  -ENOTSUP where the store
 * cannot list. */
MQM_API int mqm_instances(mqm *m, const char *group, const char *topic,
                          int (*visit)(void *user,
                                       const struct mqm_instance_info *info),
                          void *user);

/* Ask the store for its memory of a group and topic; one round trip. */
struct mqm_store_info {
    size_t size; /* set by MQM_STORE_INFO_INIT */
    const char *name;
    int shared;             /* 1: other processes see it                     */
    int durable;            /* 1: it survives a restart                      */
    int64_t memory_from_ms; /* what was born before may have been forgotten  */
    int64_t created_ms;
    int64_t round_trip_us;  /* how long the answer took                      */
};
#define MQM_STORE_INFO_INIT {sizeof(struct mqm_store_info), 0, 0, 0, 0, 0, 0}
MQM_API int mqm_read_store(mqm *m, const char *group, const char *topic,
                           struct mqm_store_info *out);

/* ---------------------------- the end of a side ------------------------- */

/* May the side be switched off?  Not before
 *
 *   - no policy gives it a message: the old side at a cut of 100% with the
 *     switch on, the new one at 0% (or the switch off) and an empty allow list;
 *   - every instance heard of acts by that, for policy_max_age_ms at least, and
 *     one of the other side is there; one that died with another policy, and is
 *     still heard of (mqm_instances()), is declared dead or waited for;
 *   - nothing is owed by, held by or parked for it (mqm_pending());
 *   - its group has read all that was sent to it before that;
 *   - nothing that the other side owes is known from this broker alone
 *     (mqm_rescue() finds nothing).
 *
 * What is the old side's by a rule, not by the cut (no id, no time of birth,
 * born in the future), is so at 100% too: producers have to give each message
 * an id and a birth before. */
enum mqm_retire_flag {
    MQM_RETIRE_DRY    = 1, /* write nothing down                             */
    MQM_RETIRE_BROKEN = 2, /* its broker is lost for good: do not ask how far */
                           /*   its group has read                           */
};

struct mqm_retire_options {
    size_t size; /* set by MQM_RETIRE_OPTIONS_INIT */
    const char *side, *group, *topic;
    const char *who; /* asks, at most 63 bytes; NULL: this instance          */
    unsigned flags;  /* of mqm_retire_flag                                   */
    /* Instances that died without closing the library, by their names in
     * mqm_instances(), and that somebody knows to be dead.  Each then counts
     * as if it had been closed one second and three of its reports after the
     * last one, so that policy_max_age_ms runs from there.  -EBUSY if one
     * still reports, -ENOENT if none of the name has. */
    const char *const *dead;
    size_t n_dead;
};
#define MQM_RETIRE_OPTIONS_INIT                                                \
    {sizeof(struct mqm_retire_options), 0, 0, 0, 0, 0, 0, 0}

/* MQM_OK: yes, and that is written down in the store; visited are the steps to
 * take, in their order (MQM_FINE).  MQM_LATER: not yet; visited is each reason,
 * with what to do (MQM_FATAL).  Either: what else should be known
 * (MQM_WARNING).  visit() returns 0 to go on, and must not call the library;
 * else what it returned.  Nothing is changed but the note. */
MQM_API int mqm_retire(mqm *m, const struct mqm_retire_options *opts,
                       int (*visit)(void *user,
                                    const struct mqm_finding *reason),
                       void *user);

/* The last yes for each side of a topic. */
struct mqm_retirement { /* lives during the call */
    size_t size;
    const char *side, *who;
    int64_t when_ms; /* Unix time, by the clock of whoever asked             */
    int given;       /* 1: the policy gives it messages again                */
    const char *const *dead; /* the instances that were declared dead for it */
    size_t n_dead;
};
MQM_API int mqm_retirements(mqm *m, const char *group, const char *topic,
                            int (*visit)(void *user,
                                         const struct mqm_retirement *r),
                            void *user);

/* ------------------------------- errors --------------------------------- */

/* What a result means; never NULL. */
MQM_API const char *mqm_strerror(int result);

/* The story of this thread's last negative result, until its next call. */
MQM_API const char *mqm_errmsg(void);

/* The library that runs, "0.1.0"; the macros are the one compiled against. */
MQM_API const char *mqm_version(void);

#ifdef __cplusplus
}
#endif
#endif
