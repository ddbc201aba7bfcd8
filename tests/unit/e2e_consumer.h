/* SPDX-License-Identifier: MIT */
/* e2e_consumer.h - consumers as processes of their own, and the book in which
 * all of them write what they do.
 *
 *     TEST consume CONFIG SIDE BOOK [POINT]   POINT: where it is to die
 *     TEST hold CONFIG SIDE ID                takes a lease, and dies with it
 *
 * A message's body says what the handler does: "ms=50" works so long, "fail=2"
 * fails at its first two tries, "unsure", "die" in the middle.
 *
 * Each line of the book is one write at its end, so lines are whole and in
 * order.  B begins, E handled, F failed, U unsure, D a copy dropped, K a body
 * kept by a hook; S has a process' counts:
 *
 *     B 1700000000000 PID SIDE ID ATTEMPT RESULT TRIES
 */
#ifndef TESTS_E2E_CONSUMER_H
#define TESTS_E2E_CONSUMER_H

#include "e2e.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/prctl.h>

enum { DIED = 9 }; /* the exit code of a process that died where it should */

/* ---------------------------- in the consumer ---------------------------- */

static struct {
    mqm *m;
    int book;
    const char *point, *config;
    sqlite3 *db;
} me;

__attribute__((format(printf, 1, 2))) static inline void
write_line(const char *fmt, ...)
{
    char line[512];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (write(me.book, line, (size_t)n) != n)
        _exit(4);
}

static inline bool dies_at(const char *point)
{
    return me.point && strcmp(me.point, point) == 0;
}

/* The client's count of deliveries, asked from the library itself. */
static inline int tries_of(const struct mqm_delivery *d)
{
    static int (*count)(void *ext);

    if (strcmp(d->msg.side, "rocketmq") != 0)
        return 0;
    if (!count) {
        void *lib = dlopen(need_env("MQM_TEST_LIBROCKETMQ"),
                           RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        void *f = lib ? dlsym(lib, "GetMessageReconsumeTimes") : NULL;

        memcpy(&count, &f, sizeof(f));
    }
    return count ? count(d->raw) : -1;
}

static inline void note(char what, const struct mqm_delivery *d)
{
    write_line("%c %lld %d %s %.*s %u %d %d\n", what, (long long)now_ms(),
               (int)getpid(), d->msg.side, (int)d->msg.id_len,
               d->msg.id_len ? (const char *)d->msg.id : "", d->attempt,
               d->result, tries_of(d));
}

static inline long number_in(const char *body, const char *name)
{
    const char *at = strstr(body, name);

    return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

/* From now on the store answers nobody, until this process dies. */
static inline void lock_store(void)
{
    char path[200];

    snprintf(path, sizeof(path), "%.*s/mqm.db",
             (int)(strrchr(me.config, '/') - me.config), me.config);
    if (sqlite3_open(path, &me.db) ||
        sqlite3_busy_timeout(me.db, 5000) ||
        sqlite3_exec(me.db, "BEGIN EXCLUSIVE", NULL, NULL, NULL))
        _exit(5);
}

static inline int handle(void *user, const struct mqm_delivery *d)
{
    char body[200];

    (void)user;
    snprintf(body, sizeof(body), "%.*s", (int)d->body_len,
             (const char *)d->body);
    note('B', d);
    if (strstr(body, "ms="))
        sleep_ms(number_in(body, "ms="));
    if (strstr(body, "die"))
        _exit(DIED);
    if ((long)d->attempt <= number_in(body, "fail=")) {
        note('F', d);
        return MQM_FAILED;
    }
    if (strstr(body, "unsure")) {
        note('U', d);
        if (dies_at("body-kept"))
            lock_store();
        return MQM_UNSURE;
    }
    note('E', d);
    return MQM_HANDLED;
}

static inline void consumer_log(void *user, int level, const char *text)
{
    if (dies_at("body-kept") && strstr(text, "store does not answer"))
        _exit(DIED);
    say(user, level, text);
}

static inline void consumer_audit(void *user, const struct mqm_event *e)
{
    (void)user;
    if (strcmp(e->call, "acquire") == 0 && e->result == MQM_SKIP)
        write_line("D %lld %d %s %.*s 0 %d 0\n", (long long)now_ms(),
                   (int)getpid(), e->msg->side, (int)e->msg->id_len,
                   e->msg->id_len ? (const char *)e->msg->id : "", e->result);
    if (dies_at("parked") && strcmp(e->call, "park") == 0)
        _exit(DIED);
}

/* A hook of the program's own, which dies once the body is safe. */
static inline int consumer_park(void *user, const struct mqm_delivery *d)
{
    (void)user;
    note('K', d);
    _exit(DIED);
}

static inline void on_term(int number)
{
    (void)number;
    mqm_stop(me.m);
}

static inline void note_stats(void)
{
    struct mqm_stats s = MQM_STATS_INIT;

    if (mqm_read_stats(me.m, &s) == 0)
        write_line("S %lld %d granted=%llu doubtful=%llu skipped=%llu "
                   "later=%llu lost=%llu succeeded=%llu failed=%llu "
                   "parked=%llu errors=%llu without_id=%llu\n",
                   (long long)now_ms(), (int)getpid(),
                   (unsigned long long)s.granted,
                   (unsigned long long)s.doubtful,
                   (unsigned long long)s.skipped, (unsigned long long)s.later,
                   (unsigned long long)s.lost, (unsigned long long)s.succeeded,
                   (unsigned long long)s.failed, (unsigned long long)s.parked,
                   (unsigned long long)s.errors,
                   (unsigned long long)s.without_id);
}

static inline void on_alarm(int number)
{
    (void)number;
    _exit(0);
}

static inline int mode_consume(char **arg)
{
    struct mqm_options o = MQM_OPTIONS_INIT;
    int r;

    me.config = o.config = arg[0];
    o.log = consumer_log;
    o.audit = consumer_audit;
    me.book = open(arg[2], O_WRONLY | O_CREAT | O_APPEND, 0600);
    me.point = arg[3];
    if (dies_at("hook"))
        o.park = consumer_park;
    if (me.book < 0 || mqm_open(&me.m, &o) < 0)
        goto bad;
    signal(SIGTERM, on_term);
    if (mqm_subscribe(me.m, arg[1], "issuer", "rewards", handle, NULL) < 0)
        goto bad;
    do
        r = mqm_poll(me.m, arg[1], -1);
    while (r != -ECANCELED);
    note_stats();
    mqm_close(me.m);
    write_line("Q %lld %d\n", (long long)now_ms(), (int)getpid());
    /* If RocketMQ's broker was away, librocketmq keeps exit() waiting for ever;
     * else that sends the last offsets. */
    signal(SIGALRM, on_alarm);
    alarm(PATIENCE_MS / 3000);
    return 0;
bad:
    fprintf(stderr, "consumer: %s\n", mqm_errmsg());
    return 3;
}

static inline int mode_hold(char **arg)
{
    struct mqm_options o = MQM_OPTIONS_INIT;
    struct mqm_claim c = MQM_CLAIM_INIT;

    o.config = arg[0];
    c.msg = message(arg[1], arg[2]);
    if (mqm_open(&me.m, &o) < 0 || mqm_acquire(me.m, &c) != MQM_OK)
        return 3;
    _exit(DIED);
}

/* Of main(): a helper process ends here; a test program goes on. */
static inline void helper(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "consume") == 0)
        exit(mode_consume(argv + 2));
    if (argc == 5 && strcmp(argv[1], "hold") == 0)
        exit(mode_hold(argv + 2));
}

/* ------------------------------ in the test ------------------------------ */

/* With exec, since RocketMQ's client does not survive a fork alone. */
static inline pid_t start_helper(const char *mode, const char *side,
                                 const char *what, const char *point)
{
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl("/proc/self/exe", "e2e", mode, st.config, side, what, point,
              (char *)NULL);
        _exit(127);
    }
    ck_assert_int_gt(pid, 0);
    return pid;
}

static inline pid_t consume(const char *side, const char *point)
{
    return start_helper("consume", side, st.log, point);
}

/* Its exit code, or -signal. */
static inline int exit_of(pid_t pid)
{
    int64_t until = now_ms() + PATIENCE_MS;
    int status = 0;

    while (now_ms() < until) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status)
                                     : -WTERMSIG(status);
        sleep_ms(10);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    ck_abort_msg("process %d does not end", (int)pid);
    return -1;
}

static inline void stop(pid_t pid)
{
    kill(pid, SIGTERM);
    ck_assert_int_eq(exit_of(pid), 0);
}

static inline void kill_now(pid_t pid)
{
    kill(pid, SIGKILL);
    ck_assert_int_eq(exit_of(pid), -SIGKILL);
}

struct entry {
    char what, side[16], id[64];
    int64_t ms;
    int pid, result, tries;
    unsigned attempt;
};

enum { ENTRIES_MAX = 8192 };
static struct entry book[ENTRIES_MAX];

/* Reads the book; how many entries about messages it has. */
static inline int read_book(void)
{
    FILE *f = fopen(st.log, "r");
    char line[512];
    int n = 0;

    while (f && n < ENTRIES_MAX && fgets(line, sizeof(line), f)) {
        struct entry *e = &book[n];
        long long ms;

        if (line[0] == 'S' || line[0] == 'Q' || !strchr(line, '\n'))
            continue;
        if (sscanf(line, "%c %lld %d %15s %63s %u %d %d", &e->what, &ms,
                   &e->pid, e->side, e->id, &e->attempt, &e->result,
                   &e->tries) != 8)
            ck_abort_msg("the book has '%s'", line);
        e->ms = ms;
        n++;
    }
    if (f)
        fclose(f);
    return n;
}

/* Entries of a kind about a message (NULL: all), on a side (NULL: both). */
static inline int times(char what, const char *id, const char *side)
{
    int n = read_book(), found = 0;

    for (int i = 0; i < n; i++)
        found += book[i].what == what &&
                 (!id || strcmp(book[i].id, id) == 0) &&
                 (!side || strcmp(book[i].side, side) == 0);
    return found;
}

static inline void await_at(char what, const char *id, const char *side,
                            int least)
{
    int64_t until = now_ms() + PATIENCE_MS;
    int n;

    while ((n = times(what, id, side)) < least && now_ms() < until)
        sleep_ms(20);
    ck_assert_msg(n >= least, "%d entries %c of %s, not %d", n, what,
                  id ? id : "all", least);
}

static inline void await_times(char what, const char *id, int least)
{
    await_at(what, id, NULL, least);
}

/* The k-th entry of a kind about a message. */
static inline struct entry entry_of(char what, const char *id, int k)
{
    int n = read_book();

    for (int i = 0; i < n; i++)
        if (book[i].what == what && strcmp(book[i].id, id) == 0 && k-- == 0)
            return book[i];
    ck_abort_msg("no %c of %s in the book", what, id);
    return book[0];
}

/* What all processes that stopped have counted. */
static inline long counted(const char *name)
{
    FILE *f = fopen(st.log, "r");
    char line[512], key[32];
    long sum = 0;

    snprintf(key, sizeof(key), " %s=", name);
    while (f && fgets(line, sizeof(line), f))
        if (line[0] == 'S')
            sum += number_in(line, key);
    if (f)
        fclose(f);
    return sum;
}

#endif
