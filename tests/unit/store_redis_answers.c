/* SPDX-License-Identifier: MIT */
/* store_redis_answers.c - whatever Redis answers, and at whatever step of the
 * talk: no cell is said to be swapped, or not swapped, that need not be.
 *
 * A Redis that plays a part gives each error of the table, and answers that no
 * Redis gives: cut, garbled, of another shape, endless.
 */
#include "../fake_redis.h"
#include "../store_test.h"

#include "../../lib/stores.h"

#include <errno.h>

enum { BATCH = 7 };

static struct fake_redis fake;

static int open_fake(void)
{
    char url[80];
    struct mqm_setting settings[] = {{"url", url, 0},
                                     {"timeout_ms", "300", 0}};

    snprintf(url, sizeof(url), "redis://user:s3cr@127.0.0.1:%d/1", fake.port);
    fake_failure[0] = '\0';
    return store->open(&self, &fake_host, settings, 2);
}

static void setup(void)
{
    case_ms = 1899999999000;
    store = mqm__store_redis.store;
    self = NULL;
    ck_assert(fake_redis_start(&fake));
}

static void teardown(void)
{
    store->close(self);
    fake_redis_end(&fake);
}

static void plays(enum step on, const char *answer, int times, enum then then)
{
    fake_redis_plays(&fake, on, answer, strlen(answer), times, then);
}

/* Half of them new ones, of two keeps: three scripts in one call.  All are done
 * if the fake says nothing of them. */
static int swap_batch(struct mqm_swap *s)
{
    static const char *const ids[BATCH] = {"a", "b", "c", "d", "e", "f", "g"};
    struct mqm_swap *all[BATCH];

    for (int i = 0; i < BATCH; i++) {
        s[i] = a_swap(ids[i], i < 3 ? 0 : 1700000000000000);
        s[i].keep_ms += i == 6;
        s[i].result = 77;
        all[i] = &s[i];
    }
    return store->swap(self, all, BATCH);
}

static void none_is_decided(const struct mqm_swap *s, int err)
{
    for (int i = 0; i < BATCH; i++)
        ck_assert_msg(s[i].result == err, "%d: %d, not %d: %s", i, s[i].result,
                      err, fake_failure);
}

/* The talk up to this step, and this step: what came of it. */
static int talk(enum step on)
{
    struct mqm_swap s[BATCH];
    int64_t from = -1, created;
    int n = 0, r;

    if (on <= ON_SPAN)
        return open_fake();
    ck_assert_msg(open_fake() == 0, "%s", fake_failure);
    if (on == ON_MEMORY) {
        r = store->memory(self, SPACE, 0, &from, &created);
        ck_assert_int_eq(from, -1);
        return r;
    }
    if (on != ON_SWAP)
        return store->list(self, SPACE, count, &n);
    r = swap_batch(s);
    none_is_decided(s, r);
    return r;
}

/* ------------------------------- its errors ------------------------------ */

enum follows { AGAIN, LATER, ANEW, REFUSED };

static const struct {
    const char *error;
    int err;
    enum follows follows;
    const char *remedy;
} errors[] = {
    {"NOSCRIPT No matching script. Please use EVAL.", -EAGAIN, AGAIN,
     "does not keep the script"},
    {"MQMSTORE it is another store than before", -EAGAIN, AGAIN,
     "emptied again and again"},
    {"LOADING Redis is loading the dataset in memory", -EAGAIN, LATER,
     "starting"},
    {"BUSY Redis is busy running a script.", -EAGAIN, LATER, "script"},
    {"NOREPLICAS Not enough good replicas to write.", -EAGAIN, LATER,
     "min-replicas-to-write"},
    {"ERR Error running script (call to f_ab): @user_script:1: Script killed "
     "by user with SCRIPT KILL...", -EAGAIN, LATER, "killed"},
    {"READONLY You can't write against a read only replica.", -EROFS, ANEW,
     "not the master"},
    {"ERR Error running script (call to f_ab): @user_script:1: @user_script: "
     "1: -READONLY You can't write against a read only slave.", -EROFS, ANEW,
     "not the master"},
    {"MASTERDOWN Link with MASTER is down", -EAGAIN, ANEW, "lost its master"},
    {"NOAUTH Authentication required.", -EACCES, ANEW, "store.password"},
    {"ERR max number of clients reached", -EAGAIN, ANEW, "maxclients"},
    {"ERR Protocol error: invalid bulk length", -EPROTO, ANEW, "invalid bulk"},
    {"WRONGPASS invalid username-password pair or user is disabled.", -EACCES,
     REFUSED, "store.password"},
    {"ERR invalid password", -EACCES, REFUSED, "store.password"},
    {"ERR AUTH <password> called without any password configured", -EACCES,
     REFUSED, "leave it out"},
    {"ERR Client sent AUTH, but no password is set", -EACCES, REFUSED,
     "leave it out"},
    {"NOPERM this user has no permissions to run the 'evalsha' command",
     -EACCES, REFUSED, "docs/redis.md"},
    {"DENIED Redis is running in protected mode", -EACCES, REFUSED,
     "protected-mode"},
    {"OOM command not allowed when used memory > 'maxmemory'.", -ENOSPC,
     REFUSED, "more memory"},
    {"MISCONF Redis is configured to save RDB snapshots", -EIO, REFUSED,
     "disk"},
    {"WRONGTYPE Operation against a key holding the wrong kind of value", -EIO,
     REFUSED, "database of its own"},
    {"ERR Error running script (call to f_ab): @user_script:1: WRONGTYPE "
     "Operation against a key", -EIO, REFUSED, "database of its own"},
    {"MQMFOREIGN mqm:s:x is not as it was left", -EIO, REFUSED,
     "database of its own"},
    {"MOVED 3999 127.0.0.1:6381", -ENOTSUP, REFUSED, "cluster"},
    {"ASK 3999 127.0.0.1:6381", -ENOTSUP, REFUSED, "cluster"},
    {"TRYAGAIN Multiple keys request during rehashing of slot", -ENOTSUP,
     REFUSED, "cluster"},
    {"CROSSSLOT Keys in request don't hash to the same slot", -ENOTSUP, REFUSED,
     "cluster"},
    {"CLUSTERDOWN Hash slot not served", -ENOTSUP, REFUSED, "cluster"},
    {"ERR SELECT is not allowed in cluster mode", -ENOTSUP, REFUSED,
     "cluster"},
    {"ERR DB index is out of range", -EINVAL, REFUSED, "store.url"},
    {"ERR unknown command `EVALSHA`, with args beginning with: ", -ENOTSUP,
     REFUSED, "Redis 5"},
    {"ERR Unknown Redis command called from script", -ENOTSUP, REFUSED,
     "Redis 5"},
    {"ERR something that no Redis said before", -EIO, REFUSED,
     "something that no Redis"},
    {"LOADINGS", -EIO, REFUSED, "LOADINGS"}, /* a whole word it is */
    {"", -EIO, REFUSED, "it says"},
};

enum { ERRORS = sizeof(errors) / sizeof(errors[0]) };

static const char *error_reply(int i)
{
    static char line[256];

    snprintf(line, sizeof(line), "-%s\r\n", errors[i].error);
    return line;
}

static void says(int i, const char *what)
{
    ck_assert_msg(strstr(fake_failure, what) != NULL, "%s: says '%s', not '%s'",
                  errors[i].error, fake_failure, what);
}

START_TEST(an_error_has_one_answer)
{
    struct mqm_swap s[BATCH];
    int again = errors[_i].follows == AGAIN;

    ck_assert_int_eq(open_fake(), 0);
    plays(ON_SWAP, error_reply(_i), -1, GO_ON);
    ck_assert_int_eq(swap_batch(s), errors[_i].err);
    none_is_decided(s, errors[_i].err);
    says(_i, errors[_i].remedy);
    /* Three scripts in a call; they are sent again, but not for ever. */
    if (errors[_i].follows != ANEW)
        ck_assert_int_eq(fake_redis_asked(&fake, ON_SWAP), again ? 9 : 3);

    plays(ON_SWAP, error_reply(_i), 1, GO_ON);
    if (again) {
        ck_assert_int_eq(swap_batch(s), 0);
        none_is_decided(s, MQM_OK);
        ck_assert_int_eq(fake_redis_asked(&fake, ON_SWAP), 9 + 4);
    }
    plays(ON_SWAP, "", 0, GO_ON);
    ck_assert_int_eq(swap_batch(s), 0);
    none_is_decided(s, MQM_OK);
    ck_assert_int_eq(fake_redis_connects(&fake),
                     errors[_i].follows == ANEW ? 2 : 1);
}
END_TEST

/* Only of its own group, and the others are what they are. */
START_TEST(an_error_is_of_its_group)
{
    struct mqm_swap s[BATCH];
    int drops = errors[_i].follows == ANEW;

    ck_assert_int_eq(open_fake(), 0);
    plays(ON_SWAP, error_reply(_i), 1, GO_ON);
    if (errors[_i].follows == AGAIN)
        return;
    ck_assert_int_eq(swap_batch(s), errors[_i].err);
    for (int i = 0; i < BATCH; i++)
        ck_assert_int_eq(s[i].result,
                         i < 3 || drops ? errors[_i].err : MQM_OK);
}
END_TEST

START_TEST(an_error_at_any_step)
{
    for (int on = 0; on < STEPS; on++) {
        int r;

        if (on == ON_CONFIG)
            continue;
        plays(on, error_reply(_i), -1, GO_ON);
        r = talk(on);
        if (errors[_i].follows == AGAIN) {
            ck_assert_int_lt(r, 0);
        } else {
            ck_assert_msg(r == errors[_i].err, "step %d: %d", on, r);
            says(_i, errors[_i].remedy);
        }
        store->close(self);
        self = NULL;
    }
}
END_TEST

START_TEST(no_config_is_no_reason)
{
    plays(ON_CONFIG, "-NOPERM no\r\n", -1, GO_ON);
    ck_assert_int_eq(open_fake(), 0);
    ck_assert_int_eq(put("a"), MQM_OK);
}
END_TEST

START_TEST(no_password_in_an_error)
{
    plays(ON_AUTH,
          "-ERR unknown command 'AUTH', with args: 'user' 's3cr'\r\n", -1,
          GO_ON);
    ck_assert_int_lt(open_fake(), 0);
    ck_assert_ptr_null(strstr(fake_failure, "s3cr"));
    plays(ON_AUTH, "-ERR \033[2J\001\r\n", -1, GO_ON);
    ck_assert_int_lt(open_fake(), 0);
    ck_assert_ptr_null(strchr(fake_failure, '\033'));
}
END_TEST

/* ----------------------- what no Redis would answer ---------------------- */

#define N(x) x, sizeof(x) - 1
#define NOW "$16\r\n1900000000000000\r\n"

static const struct {
    const char *answer;
    size_t len;
} nonsense[] = {
    {N("\xff\xfe garbage\r\n")},
    {N("\0\0\0\0")},
    {N("HTTP/1.1 400 Bad Request\r\n\r\n")},
    {N("%1\r\n+a\r\n+b\r\n")}, /* RESP3 */
    {N("$-7\r\n")},
    {N("$99999999999999999999\r\n")},
    {N("$9223372036854775807\r\n")},
    {N("*-7\r\n")},
    {N("*2147483647\r\n")},
    {N("*99999999999\r\n")},
    {N("*4097\r\n:1\r\n")},
    {N("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n")},
    {N(":99999999999999999999\r\n")},
    {N(":12x\r\n")},
    {N(":7\r\n")},
    {N("$-1\r\n")},
    {N("*-1\r\n")},
    {N("*0\r\n")},
    {N("*1\r\n:1\r\n")},
    {N("*1\r\n$-1\r\n")},
    {N("*1\r\n$3\r\nabc\r\n")},
    {N("*1\r\n*1\r\n" NOW)},
    {N("*2\r\n" NOW ":1\r\n")},
    {N("+1900000000000000\r\n")},
};

static const struct {
    const char *answer;
    size_t len;
} contradictions[] = {
    {N("*3\r\n" NOW ":0\r\n:0\r\n")},       /* there is no such one */
    {N("*3\r\n" NOW ":4\r\n:0\r\n")},
    {N("*3\r\n" NOW ":-4\r\n:0\r\n")},
    {N("*3\r\n" NOW ":-9223372036854775808\r\n:0\r\n")},
    {N("*3\r\n" NOW ":2001\r\n$7\r\n\7\7\7\7\7\7\7\r\n")},
    {N("*3\r\n" NOW "$1\r\n1\r\n:0\r\n")},
    {N("*3\r\n" NOW ":1\r\n:0\r\n")},       /* it was to be created */
    {N("*3\r\n" NOW ":1\r\n:3\r\n")},
    {N("*3\r\n" NOW ":1\r\n:-1\r\n")},
    {N("*3\r\n" NOW ":1\r\n$-1\r\n")},
    {N("*3\r\n" NOW ":1\r\n*0\r\n")},
    {N("*3\r\n" NOW ":1\r\n+OK\r\n")},
    {N("*3\r\n" NOW ":1001\r\n:5\r\n")},    /* a version it is */
    {N("*3\r\n" NOW ":1001\r\n$6\r\n\7\7\7\7\7\7\r\n")},
    {N("*3\r\n" NOW ":1001\r\n$7\r\n\0\0\0\0\0\0\0\r\n")},
    {N("*1\r\n$1\r\n0\r\n")},
    {N("*1\r\n$2\r\n-5\r\n")},
    {N("*1\r\n$20\r\n19000000000000000000\r\n")},
};

START_TEST(nonsense_at_any_step)
{
    for (int on = 0; on < STEPS; on++) {
        int r;

        /* A text is a text, and who may not ask does not know. */
        fake_redis_plays(&fake, on, nonsense[_i].answer, nonsense[_i].len, -1,
                         HANG_UP);
        if (on == ON_CONFIG)
            continue;
        r = talk(on);
        ck_assert_msg(r < 0 && r != -ETIMEDOUT, "step %d: %d %s", on, r,
                      fake_failure);
        store->close(self);
        self = NULL;
    }
}
END_TEST

START_TEST(contradictions_fail_the_call)
{
    struct mqm_swap s[BATCH];

    ck_assert_int_eq(open_fake(), 0);
    fake_redis_plays(&fake, ON_SWAP, contradictions[_i].answer,
                     contradictions[_i].len, 1, GO_ON);
    ck_assert_int_eq(swap_batch(s), -EPROTO);
    none_is_decided(s, -EPROTO);
    ck_assert_int_eq(swap_batch(s), 0);
    ck_assert_int_eq(fake_redis_connects(&fake), 2);
}
END_TEST

START_TEST(a_question_is_never_done)
{
    struct mqm_swap s = a_swap("a", MQM_ASK);

    ck_assert_int_eq(open_fake(), 0);
    ck_assert_int_eq(run(&s), -EPROTO);
    s = a_swap("a", 1900000000000000); /* a version does not come twice */
    ck_assert_int_eq(run(&s), -EPROTO);
    plays(ON_SWAP, "*3\r\n" NOW ":1\r\n$8\r\n\7\7\7\7\7\7\6x\r\n", -1, GO_ON);
    s = a_swap("a", 0x07070707070706); /* it would have matched */
    ck_assert_int_eq(run(&s), -EPROTO);
    s = a_swap("a", MQM_ASK);
    ck_assert_int_eq(run(&s), MQM_LOST);
}
END_TEST

START_TEST(in_doubt_anyway_is_none)
{
    struct mqm_swap s = a_swap("a", 0);

    ck_assert_int_eq(open_fake(), 0);
    plays(ON_SWAP, "*3\r\n" NOW ":1\r\n:1\r\n", -1, GO_ON);
    ck_assert_int_eq(run(&s), MQM_DOUBT);
    s.flags = MQM_SWAP_ANYWAY;
    ck_assert_int_eq(run(&s), -EPROTO);
}
END_TEST

/* One answer too many, so none need be the one to its question. */
START_TEST(more_answers_than_questions)
{
    struct mqm_swap s[BATCH];

    ck_assert_int_eq(open_fake(), 0);
    plays(ON_SWAP, "*1\r\n" NOW "*1\r\n" NOW, 1, GO_ON);
    ck_assert_int_eq(swap_batch(s), -EPROTO);
    none_is_decided(s, -EPROTO);
}
END_TEST

static const char *const foreign[] = {
    ":2\r\n", "$0\r\n\r\n", "$3\r\nabc\r\n", "$7\r\n\377\377\377\377\377\377"
    "\377\r\n", "$8\r\n\1\1\1\1\1\1\1x\r\n" /* odd, and no time behind it */
};

START_TEST(a_foreign_value_is_of_its_key)
{
    struct mqm_swap s[BATCH];
    char answer[128];

    ck_assert_int_eq(open_fake(), 0);
    snprintf(answer, sizeof(answer), "*3\r\n" NOW ":2\r\n%s", foreign[_i]);
    plays(ON_SWAP, answer, 1, GO_ON);
    ck_assert_int_eq(swap_batch(s), -EIO);
    for (int i = 0; i < BATCH; i++)
        ck_assert_int_eq(s[i].result, i == 1 ? -EIO : MQM_OK);
    ck_assert(strstr(fake_failure, "database of its own"));
    ck_assert_int_eq(fake_redis_connects(&fake), 1);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("answers");
    const int n = sizeof(nonsense) / sizeof(nonsense[0]);
    const int c = sizeof(contradictions) / sizeof(contradictions[0]);
    const int f = sizeof(foreign) / sizeof(foreign[0]);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, an_error_has_one_answer, 0, ERRORS);
    tcase_add_loop_test(tc, an_error_is_of_its_group, 0, ERRORS);
    tcase_add_loop_test(tc, an_error_at_any_step, 0, ERRORS);
    tcase_add_test(tc, no_config_is_no_reason);
    tcase_add_test(tc, no_password_in_an_error);
    tcase_add_loop_test(tc, nonsense_at_any_step, 0, n);
    tcase_add_loop_test(tc, contradictions_fail_the_call, 0, c);
    tcase_add_test(tc, a_question_is_never_done);
    tcase_add_test(tc, in_doubt_anyway_is_none);
    tcase_add_test(tc, more_answers_than_questions);
    tcase_add_loop_test(tc, a_foreign_value_is_of_its_key, 0, f);
    return run_cases("store_redis_answers", tc);
}
