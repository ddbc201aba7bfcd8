/* SPDX-License-Identifier: MIT */
/* e2e_rescue.c - producers that die between their two sends: what reached one
 * broker only is brought to the other one by mqmctl, on real brokers, however
 * often that is killed, and while the late copies come after all. */
#include "e2e_brokers.h"

#include <arpa/inet.h>
#include <sys/socket.h>

enum { N = 120, KILLS = 3 };

static const char *id[N];
static char lost[N][40]; /* of id[]: who owes it; "": it was not lost */
static pid_t on_mine, on_theirs;

/* ------------------------------- the stage ------------------------------- */

/* Half of it belongs to each side, and each message reaches one of them.  They
 * are sent before the groups begin: a new one of RocketMQ begins at the end of
 * a queue that was empty a moment before. */
static void set_up(const char *what)
{
    static char more[200];

    snprintf(more, sizeof(more), ", \"switch\": true, \"cut\": \"50%%\", "
             "\"clock_margin_ms\": 0, \"since\": %lld",
             (long long)now_ms() - 3600000);
    begin(what, 0, (struct plan){.more = more});
    for (int i = 0; i < N; i++)
        id[i] = send_new(side_names[i % 2], "x");
    on_mine = consume(st.mine, NULL);
    on_theirs = consume(st.theirs, NULL);
}

static void tear_down(void)
{
    stop(on_mine);
    stop(on_theirs);
    nothing_left();
    end();
}

/* Waits until each has been looked at; how many lack the copy they need. */
static int count_lost(void)
{
    int64_t until = now_ms() + PATIENCE_MS;
    int n = 0;

    for (int i = 0; i < N; i++) {
        struct mqm_record r = look_at(id[i]);

        while ((r.state == MQM_FREE || r.state == MQM_HELD ||
                (r.state == MQM_OWED &&
                 strcmp(r.side, side_names[i % 2]) == 0)) &&
               now_ms() < until) {
            sleep_ms(20);
            r = look_at(id[i]);
        }
        lost[i][0] = '\0';
        if (r.state == MQM_OWED)
            snprintf(lost[i], sizeof(lost[i]), "%s", r.side);
        n += r.state == MQM_OWED;
        ck_assert_msg(r.state == MQM_OWED || r.state == MQM_DONE,
                      "%d: %s, sent to %s, is %d", i, id[i], side_names[i % 2],
                      r.state);
        if (r.state == MQM_OWED) /* where it is, not where it is owed */
            ck_assert_int_eq(strncmp(r.origin, side_names[i % 2],
                                     strlen(side_names[i % 2])), 0);
    }
    ck_assert_int_gt(n, N / 5);
    ck_assert_int_lt(n, N - N / 5);
    return n;
}

static void await_all_once(void)
{
    for (int i = 0; i < N; i++)
        await_state(id[i], MQM_DONE);
    for (int i = 0; i < N; i++) {
        ck_assert_msg(times('E', id[i], NULL) == 1, "%s: %d effects", id[i],
                      times('E', id[i], NULL));
        ck_assert_msg(!lost[i][0] || times('E', id[i], lost[i]) == 1,
                      "%s was not done by %s", id[i], lost[i]);
    }
}

/* -------------------------------- mqmctl --------------------------------- */

static pid_t start_ctl(const char *config, const char *command,
                       const char *more)
{
    char path[4200], out[100];
    pid_t pid;

    snprintf(path, sizeof(path), "%s/bin/mqmctl", build_dir());
    snprintf(out, sizeof(out), "%s/said", st.dir);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!freopen(out, "a", stdout) || !freopen(out, "a", stderr))
            _exit(126);
        execl(path, "mqmctl", "-c", config, command, "rewards", "--older",
              "1s", more, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_gt(pid, 0);
    return pid;
}

static bool was_said(const char *words)
{
    return sh("grep -qsF -e '%s' '%s/said'", words, st.dir) == 0;
}

static void ended_well(int code)
{
    if (code != 0)
        sh("sed 's/^/# /' '%s/said' >&2", st.dir);
    ck_assert_int_eq(code, 0);
}

static void rescue_all(void)
{
    ended_well(exit_of(start_ctl(st.config, "rescue", NULL)));
}

/* Dead letters: asked until it says so. */
static void dead_until(const char *more, const char *words)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (!was_said(words) && now_ms() < until)
        sh("'%s/bin/mqmctl' -c '%s' dead rewards %s >>'%s/said' 2>&1",
           build_dir(), st.config, more, st.dir);
    ended_well(!was_said(words));
}

static long copies(void)
{
    return count_of("kafka", st.topic) + count_of("rocketmq", st.topic);
}

/* ------------------------------- the tests ------------------------------- */

START_TEST(each_lost_copy_comes_to_its_side)
{
    long before;
    int n;

    set_up("rescue");
    n = count_lost();
    sleep_ms(1100);
    before = copies();
    ck_assert_int_eq(before, N);
    ended_well(exit_of(start_ctl(st.config, "rescue", "--dry-run")));
    ck_assert_int_eq(copies(), before);
    await_no_lag(st.mine);
    await_no_lag(st.theirs);
    rescue_all();
    ck_assert_int_eq(copies(), before + n);
    await_all_once();
    rescue_all();
    ck_assert_int_eq(copies(), before + n);
    tear_down();
}
END_TEST

static pid_t start_rescue(const char *config, const char *side,
                          const char *die_at)
{
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl("/proc/self/exe", "e2e", "rescue", config, side, die_at,
              (char *)NULL);
        _exit(127);
    }
    ck_assert_int_gt(pid, 0);
    return pid;
}

/* Right behind the n-th, at any moment, and again from the beginning. */
START_TEST(kills_leave_nothing_lost_and_nothing_twice)
{
    static const char *const die_at[] = {"1", "7", "20"};
    int n;

    set_up("killed");
    n = count_lost();
    sleep_ms(1100);
    await_no_lag(st.mine);
    await_no_lag(st.theirs);
    /* Groups that do not read: so each round has all of it to do. */
    kill(on_mine, SIGSTOP);
    kill(on_theirs, SIGSTOP);
    for (int i = 0; i < 3; i++) {
        long before = copies();

        ck_assert_int_eq(exit_of(start_rescue(st.config, "-", die_at[i])),
                         -SIGKILL);
        ck_assert_int_eq(copies() - before, strtol(die_at[i], NULL, 10));
    }
    for (int i = 0; i < KILLS; i++) {
        pid_t pid = start_ctl(st.config, "rescue", "--anyway");

        sleep_ms(60 + 90 * i);
        kill(pid, SIGKILL);
        (void)exit_of(pid);
    }
    kill(on_mine, SIGCONT);
    kill(on_theirs, SIGCONT);
    ended_well(exit_of(start_ctl(st.config, "rescue", "--anyway")));
    fprintf(stderr, "# %d were lost, %ld copies of %d messages\n", n, copies(),
            N);
    await_all_once();
    tear_down();
}
END_TEST

/* Somebody who takes connections, and says nothing: the port. */
static int silent_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    return ntohs(a.sin_port);
}

/* The copy is read, and the broker that is to have it never answers. */
START_TEST(a_kill_between_reading_and_sending)
{
    char deaf[200];
    pid_t pid;
    long before;

    set_up("between");
    count_lost();
    sleep_ms(1100);
    await_no_lag(st.mine);
    await_no_lag(st.theirs);
    before = copies();
    snprintf(deaf, sizeof(deaf), "%s/deaf.json", st.dir);
    ck_assert_int_eq(sh("sed 's/%s/127.0.0.1:%d/' '%s' >'%s'",
                        need_env(_i ? "MQM_TEST_KAFKA" : "MQM_TEST_ROCKETMQ"),
                        silent_port(), st.config, deaf), 0);
    pid = start_rescue(deaf, side_names[!_i], "0");
    sleep_ms(4000);
    kill_now(pid);
    ck_assert_int_eq(copies(), before);
    rescue_all();
    await_all_once();
    tear_down();
}
END_TEST

START_TEST(late_copies_and_two_rescuers_do_no_harm)
{
    pid_t a, b;

    set_up("late");
    count_lost();
    sleep_ms(1100);
    a = start_ctl(st.config, "rescue", "--anyway");
    b = start_ctl(st.config, "rescue", "--anyway");
    for (int i = 0; i < N; i++)
        if (lost[i][0])
            send_as(lost[i], id[i], id[i], "x");
    ended_well(exit_of(a));
    ended_well(exit_of(b));
    await_all_once();
    tear_down();
}
END_TEST

/* A consumer that stands still has it in its queue. */
START_TEST(what_lies_in_the_queue_is_not_sent)
{
    static char more[200];
    long before;
    pid_t a;

    snprintf(more, sizeof(more), ", \"switch\": true, \"cut\": \"100%%\", "
             "\"clock_margin_ms\": 0, \"since\": %lld",
             (long long)now_ms() - 3600000);
    begin("queue", _i, (struct plan){.more = more});
    for (int i = 0; i < 8; i++)
        id[i] = send_new(NULL, "x");
    a = consume(st.mine, NULL);
    for (int i = 0; i < 8; i++)
        await_state(id[i], MQM_OWED);
    sleep_ms(1200);
    before = copies();
    rescue_all();
    ck_assert(was_said("0 sent, 0 due, 8 waiting"));
    ck_assert_int_eq(copies(), before);
    on_theirs = consume(st.theirs, NULL);
    for (int i = 0; i < 8; i++)
        await_state(id[i], MQM_DONE);
    on_mine = a;
    tear_down();
}
END_TEST

START_TEST(a_dead_letter_is_sent_again)
{
    begin("dead", 1, (struct plan){0});
    id[0] = new_id();
    ck_assert_int_eq(sh("echo x | scripts/rocketmq dead '%s/rocketmq' '%s' "
                        "'%s' mqm-id=%s colour=red >&2",
                        need_env("MQM_TEST_SERVERS"), group_at("rocketmq"),
                        st.topic, id[0]), 0);
    ck_assert_int_eq(given_up(), 1);
    dead_until("", "1 dead, 1 to be sent again, 0 sent");
    ck_assert_int_eq(count_of("rocketmq", st.topic), 1);
    dead_until("--again", "1 dead, 1 to be sent again, 1 sent");
    ck_assert_int_eq(count_of("rocketmq", st.topic), 2);
    on_mine = consume(st.mine, NULL);
    await_state(id[0], MQM_DONE);
    dead_until("--again", "1 dead, 0 to be sent again, 0 sent");
    stop(on_mine);
    ck_assert_int_eq(times('E', id[0], NULL), 1);
    end();
}
END_TEST

/* ------------------------------ a helper --------------------------------- */

/* Dies of the n-th that was sent. */
static int die(void *user, const struct mqm_rescued *r)
{
    int *left = user;

    if (r->fate == MQM_RESCUED && --*left == 0)
        raise(SIGKILL);
    return 0;
}

/* What a side ("-": either) owes, without asking its broker how far its group
 * has read. */
static int mode_rescue(const char *config, const char *side,
                       const char *die_at)
{
    struct mqm_rescue_options ro = MQM_RESCUE_OPTIONS_INIT;
    struct mqm_options o = MQM_OPTIONS_INIT;
    int left = (int)strtol(die_at, NULL, 10);
    mqm *m;

    o.config = config;
    ro.topic = "rewards";
    ro.group = "issuer";
    ro.side = side[0] == '-' ? NULL : side;
    ro.older_ms = 1000;
    ro.flags = MQM_RESCUE_ANYWAY;
    return mqm_open(&m, &o) < 0 || mqm_rescue(m, &ro, die, &left) < 0;
}

int main(int argc, char **argv)
{
    TCase *tc = tcase_create("rescue");

    if (argc == 5 && strcmp(argv[1], "rescue") == 0)
        return mode_rescue(argv[2], argv[3], argv[4]);
    helper(argc, argv);
    tcase_add_test(tc, each_lost_copy_comes_to_its_side);
    tcase_add_test(tc, kills_leave_nothing_lost_and_nothing_twice);
    tcase_add_loop_test(tc, a_kill_between_reading_and_sending, 0, 2);
    tcase_add_test(tc, late_copies_and_two_rescuers_do_no_harm);
    tcase_add_loop_test(tc, what_lies_in_the_queue_is_not_sent, 0, 2);
    tcase_add_test(tc, a_dead_letter_is_sent_again);
    return run_tests("e2e_rescue", tc);
}
