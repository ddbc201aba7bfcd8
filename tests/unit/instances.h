/* SPDX-License-Identifier: MIT */
/* instances.h - processes that report themselves, on whatever store: what is
 * seen of them while they work, act by an old policy, stand still, are killed,
 * leave, and when nobody can need their reports any more.
 *
 * The watcher is a handle of this process that reports nothing itself.
 */
#ifndef TESTS_INSTANCES_H
#define TESTS_INSTANCES_H

#include "guard.h"

#include <signal.h>
#include <sys/wait.h>

enum { PATIENCE_MS = 60000, MESSAGES = 20, REPORT_MS = 5 };

static char config_path[128];

/* A file: a report each REPORT_MS, which the keeper's beat makes 100 ms; kept
 * for 720 of them, 3.6 s. */
static inline void write_config(const char *url)
{
    FILE *f;

    snprintf(config_path, sizeof(config_path), "%s", new_path("mqm.json"));
    f = fopen(config_path, "w");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "{\"app\": \"t\", \"report_ms\": %d, \"plugin_dir\": "
            "\"%s/../lib/mqmigrate\", \"store\": {\"url\": \"%s\"},\n"
            " \"sides\": {\"kafka\": {}, \"rocketmq\": {}},\n"
            " \"topics\": [{\"topic\": \"rewards\", \"group\": \"issuer\", "
            "\"old\": \"kafka\", \"new\": \"rocketmq\", \"switch\": true, "
            "\"policy_max_age_ms\": 1000, \"clock_margin_ms\": 0, "
            "\"cut\": \"50%%\", \"since\": %lld"
            "}]}\n", REPORT_MS, here(), url, (long long)now_ms() - 3600000);
    ck_assert_int_eq(fclose(f), 0);
}

/* ------------------------------ one of them ------------------------------ */

static volatile sig_atomic_t leave;

static inline void on_term(int sig)
{
    (void)sig;
    leave = 1;
}

/* As a consumer does: what it is told to ask again, it does.  On a busy machine
 * the policy may be too old for an answer, or the store too slow. */
static inline void work_on(mqm *with, const char *side, const char *id)
{
    struct mqm_claim c = claim(side, id);
    int r = mqm_acquire(with, &c);

    while (r < 0 || r == MQM_LATER) {
        sleep_ms(20);
        r = mqm_acquire(with, &c);
    }
    if (r == MQM_OK && mqm_release_on_success(with, &c) != MQM_OK)
        _exit(3);
}

/* consume CONFIG SIDE ID...: works on each, then waits to be ended.  Another
 * program, since what SQLite has open must not go through a fork. */
static inline int consume(char **args)
{
    struct mqm_options o = MQM_OPTIONS_INIT;
    mqm *mine;

    signal(SIGTERM, on_term);
    o.config = args[0];
    if (mqm_open(&mine, &o) != 0)
        return 2;
    for (char **id = args + 2; *id; id++)
        work_on(mine, args[1], *id);
    while (!leave)
        sleep_ms(5);
    mqm_close(mine);
    return 0;
}

static inline pid_t start(const char *side, char *const *id)
{
    char *args[MESSAGES + 5] = {(char *)"consumer", (char *)"consume",
                                config_path, (char *)side};
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    memcpy(args + 4, id, MESSAGES * sizeof(*id));
    if (pid == 0) {
        execv("/proc/self/exe", args);
        _exit(4);
    }
    return pid;
}

static inline void end(pid_t pid, int sig)
{
    int status = 0;

    ck_assert_int_eq(kill(pid, sig), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (sig == SIGTERM)
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                      "it ended with %x", (unsigned)status);
}

/* ------------------------------ the watcher ------------------------------ */

static struct sighting {
    int64_t pid; /* asked for; 0: any */
    int n;       /* of them */
    char side[32], host[64], version[32], instance[64], run[20];
    struct mqm_instance_info info;
} seen;

static inline int visit_instance(void *user,
                                 const struct mqm_instance_info *info)
{
    struct sighting *s = user;

    if (s->pid && info->pid != s->pid)
        return 0;
    s->n++;
    snprintf(s->side, sizeof(s->side), "%s", info->side);
    snprintf(s->host, sizeof(s->host), "%s", info->host);
    snprintf(s->version, sizeof(s->version), "%s", info->version);
    snprintf(s->instance, sizeof(s->instance), "%s", info->instance);
    snprintf(s->run, sizeof(s->run), "%s", info->run);
    s->info = *info;
    return 0;
}

static inline int sight(mqm *by, int64_t pid)
{
    int r;

    memset(&seen, 0, sizeof(seen));
    seen.pid = pid;
    r = mqm_instances(by, "issuer", "rewards", visit_instance, &seen);
    ck_assert_msg(r == 0, "%d: %s", r, mqm_errmsg());
    return seen.n;
}

/* Until its flags of `which` are `flags`. */
static inline void await_flags(pid_t pid, unsigned which, unsigned flags)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (sight(m, pid) != 1 || (seen.info.flags & which) != flags) {
        ck_assert_msg(now_ms() < until, "%d: seen %d times, flags %u",
                      (int)pid, seen.n, seen.info.flags);
        sleep_ms(10);
    }
}

static inline void await_done(pid_t pid, uint64_t n)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (sight(m, pid) != 1 ||
           seen.info.seen_first + seen.info.seen_second < n) {
        ck_assert_msg(now_ms() < until, "%d: seen %d times, %d done",
                      (int)pid, seen.n, (int)seen.info.succeeded);
        sleep_ms(10);
    }
}

static inline void await_none(pid_t pid)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (sight(m, pid) != 0) {
        ck_assert_msg(now_ms() < until, "%d is still listed", (int)pid);
        sleep_ms(50);
    }
}

/* ------------------------------- the story ------------------------------- */

static inline void check_names(pid_t pid, const char *side)
{
    char host[64] = "";

    ck_assert_int_eq(gethostname(host, sizeof(host) - 1), 0);
    ck_assert_str_eq(seen.side, side);
    ck_assert_int_eq(strncmp(seen.host, host, 39), 0);
    ck_assert_str_eq(seen.version, mqm_version());
    ck_assert_int_eq(seen.info.pid, pid);
    ck_assert_uint_eq(strlen(seen.run), 16);
    ck_assert_uint_eq(seen.info.cut_ppm, 500000);
    ck_assert_int_eq(seen.info.report_ms, REPORT_MS);
}

/* All were seen by kafka first, and each then by rocketmq; each was done by
 * one of them. */
static inline void check_counts(pid_t a, pid_t b)
{
    uint64_t done;

    ck_assert_int_eq(sight(m, a), 1);
    check_names(a, "kafka");
    ck_assert_uint_eq(seen.info.seen_first, MESSAGES);
    ck_assert_uint_eq(seen.info.seen_second, 0);
    ck_assert_uint_eq(seen.info.lately_first, MESSAGES);
    ck_assert_uint_eq(seen.info.granted, seen.info.succeeded);
    ck_assert_uint_eq(seen.info.minute_done, seen.info.succeeded);
    ck_assert_uint_eq(seen.info.skipped, MESSAGES - seen.info.granted);
    done = seen.info.succeeded;
    ck_assert_int_eq(sight(m, b), 1);
    check_names(b, "rocketmq");
    ck_assert_uint_eq(seen.info.seen_first, 0);
    ck_assert_uint_eq(seen.info.seen_second, MESSAGES);
    ck_assert_uint_eq(seen.info.lately_second, MESSAGES);
    ck_assert_uint_eq(seen.info.succeeded + done, MESSAGES);
    ck_assert_int_gt(seen.info.lately_ms, 0);
}

static inline void raise_cut(void)
{
    int r = mqm_change(config_path, NULL, "rewards", "cut", "75%");

    ck_assert_msg(r == 0, "%s", mqm_errmsg());
    ck_assert_int_eq(mqm_reload(m), 0);
}

/* One stands still while the policy changes: it is called out. */
static inline void change_policy(pid_t a, pid_t b)
{
    const unsigned current = MQM_INSTANCE_CURRENT;

    await_flags(b, current, current);
    ck_assert_int_eq(kill(b, SIGSTOP), 0);
    raise_cut();
    await_flags(a, current, current);
    ck_assert_uint_eq(seen.info.cut_ppm, 750000);
    ck_assert_int_ge(seen.info.open_ms, seen.info.in_force_ms);
    await_flags(b, current | MQM_INSTANCE_SILENT, MQM_INSTANCE_SILENT);
    ck_assert_uint_eq(seen.info.cut_ppm, 500000);
    ck_assert_int_ge(seen.info.confirmed_ms, seen.info.seen_ms);
    ck_assert_int_eq(kill(b, SIGCONT), 0);
    await_flags(b, current | MQM_INSTANCE_SILENT, current);
}

static inline void several_processes(const char *url)
{
    const unsigned gone = MQM_INSTANCE_GONE, silent = MQM_INSTANCE_SILENT;
    char *id[MESSAGES];
    pid_t a, b, c;

    write_config(url);
    how.flags = MQM_NO_KEEPER;
    how.config = config_path;
    ck_assert_int_eq(mqm_open(&m, &how), 0);
    for (int i = 0; i < MESSAGES; i++)
        id[i] = (char *)new_id();
    ck_assert_int_eq(sight(m, 0), 0);
    a = start("kafka", id);
    await_done(a, MESSAGES);
    b = start("rocketmq", id);
    await_done(b, MESSAGES);
    check_counts(a, b);
    change_policy(a, b);
    end(b, SIGKILL);
    await_flags(b, gone | silent, silent);
    end(a, SIGTERM);
    await_flags(a, gone | silent, gone);
    ck_assert_int_eq(sight(m, 0), 2); /* who has closed sweeps nothing */
    c = start("kafka", id);
    await_done(c, 0);
    await_none(a);
    await_none(b);
    ck_assert_int_eq(sight(m, 0), 1);
    ck_assert_int_eq(seen.info.pid, c);
    end(c, SIGTERM);
}

/* main() of such a test is that of its consumers, too. */
static inline bool is_consumer(int argc, char **argv)
{
    return argc > 3 && strcmp(argv[1], "consume") == 0;
}

#endif
