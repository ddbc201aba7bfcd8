/* SPDX-License-Identifier: MIT */
/* store_redis_errors.c - each error of Redis has one answer: again on the spot,
 * later, over a new connection, or not before somebody does what the words say.
 * A Redis that plays a part gives them, at each step of the talk.
 */
#include "../fake_redis_store.h"

#include <errno.h>

enum follows { AGAIN, LATER, ANEW, REFUSED };

static const struct {
    const char *error;
    int err;
    enum follows follows;
    const char *remedy;
} errors[] = {
    {"NOSCRIPT No matching script. Please use EVAL.", -EAGAIN, AGAIN,
     "does not keep the script"},
    {"MQMSTORE", -EAGAIN, AGAIN, "replaced again and again"},
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
    {"ERR The user executing the script can't run this command", -EACCES,
     REFUSED, "docs/redis.md"},
    {"MQMBLIND INFO does not tell what it should", -EACCES, REFUSED, "+info"},
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
    {"MQMFOREIGN mqm:s:x", -EIO, REFUSED, "database of its own"},
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

/* Written once: the fake may be reading it. */
static const char *error_reply(int i)
{
    static char line[256];

    if (!line[0])
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
    for (enum step on = 0; on < STEPS; on++) {
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

int main(void)
{
    TCase *tc = tcase_create("errors");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, an_error_has_one_answer, 0, ERRORS);
    tcase_add_loop_test(tc, an_error_is_of_its_group, 0, ERRORS);
    tcase_add_loop_test(tc, an_error_at_any_step, 0, ERRORS);
    tcase_add_test(tc, no_config_is_no_reason);
    tcase_add_test(tc, no_password_in_an_error);
    return run_case("store_redis_errors", tc);
}
