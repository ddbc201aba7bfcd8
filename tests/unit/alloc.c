/* SPDX-License-Identifier: MIT */
/* alloc.c - every allocation fails in turn, ours and those of the libraries
 * below: a program's life (open, claims, runs, change, reload, lists, close) is
 * led once for each, and once more with the next seven failing, too.
 *
 * Several in a row fail only behind the reading of the configuration: in that,
 * jansson (2.14) itself crashes, inside json_loadb().  So it does if a single
 * one fails that it needs for the quote at a text's end, which is when the text
 * is the longest so far and has 16, 32, 64, ... bytes: see write_config().
 *
 * What must hold each time: nothing crashes or leaks (a build with a sanitizer
 * sees that); what failed says so, with words; nothing is called done that was
 * not, nor dropped; when there is memory again, the same handle works.
 */
#include "guard.h"

#include "../redis_server.h"

#include <limits.h>

/* ----------------------- instead of the C library's ---------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif
extern void *REAL(malloc)(size_t size);
extern void *REAL(calloc)(size_t n, size_t size);
extern void *REAL(realloc)(void *p, size_t size);

enum { ONCE, FOR_A_WHILE, WHILE = 8 };

static bool armed;
static int mode;
static long asked, victim; /* the victim-th that is asked for fails */
static pthread_t victims;  /* of this thread */

static bool fails(void)
{
    if (!armed || !pthread_equal(pthread_self(), victims))
        return false;
    asked++;
    return asked >= victim && asked < victim + (mode == ONCE ? 1 : WHILE);
}

static void *none(void)
{
    errno = ENOMEM;
    return NULL;
}

/* Seen by all libraries, though the build hides what is not said to be. */
#define SEEN __attribute__((visibility("default")))

SEEN void *malloc(size_t size)
{
    return fails() ? none() : REAL(malloc)(size);
}

SEEN void *calloc(size_t n, size_t size)
{
    return fails() ? none() : REAL(calloc)(n, size);
}

SEEN void *realloc(void *p, size_t size)
{
    return fails() ? none() : REAL(realloc)(p, size);
}

static void arm(long k, int how_it_fails)
{
    victims = pthread_self();
    mode = how_it_fails;
    victim = k;
    asked = 0;
    armed = true;
}

/* Was there a k-th? */
static bool disarm(void)
{
    armed = false;
    return asked >= victim;
}

/* ------------------------------- a life --------------------------------- */

enum { COPIES = 3, PATIENCE = 2000 };

static char *config_path, store_url[200];
static int handled[COPIES]; /* what the third party saw */
static char ids[COPIES][MQM_ID_LEN + 1];
static char claimed_id[MQM_ID_LEN + 1], looked_id[MQM_ID_LEN + 1];
static int results[COPIES], claimed, released, looked;
static bool change_too;
static long k_now;

static int handle(void *user, const struct mqm_delivery *d)
{
    (void)user;
    for (int i = 0; i < COPIES; i++)
        handled[i] += d->msg.id == ids[i];
    return MQM_HANDLED;
}

/* SQLite tells so of some allocations that a file cannot be opened. */
static bool foreign(void)
{
    return strstr(mqm_errmsg(), "unable to open database file (14)") != NULL;
}

/* A result of a call while memory is short. */
static int judged(const char *call, int r)
{
    bool was = armed;

    armed = false;
    if (r < 0)
        ck_assert_msg(mqm_errmsg()[0], "%s, k = %ld: %d without words", call,
                      k_now, r);
    if (getenv("ALLOC_VERBOSE") && r < 0)
        printf("%s k=%ld: %d %s\n", call, k_now, r, mqm_errmsg());
    ck_assert_msg((r != -EINVAL && r != -ENOENT && r != -EPROTO) || foreign(),
                  "%s, k = %ld blames somebody: %d %s", call, k_now, r,
                  mqm_errmsg());
    armed = was;
    return r;
}

static void run_copies(void)
{
    struct mqm_delivery d[COPIES];

    for (int i = 0; i < COPIES; i++) {
        d[i] = delivery("kafka", ids[i]);
        d[i].msg.id = ids[i];
    }
    judged("run", mqm_run(m, d, COPIES, handle, NULL));
    for (int i = 0; i < COPIES; i++)
        results[i] = d[i].result;
}

static void claim_one(void)
{
    struct mqm_claim c = claim("kafka", claimed_id);

    claimed = judged("acquire", mqm_acquire(m, &c));
    released = -1;
    if (claimed == MQM_OK && judged("renew", mqm_renew(m, &c)) <= 0)
        released = judged("success", mqm_release_on_success(m, &c));
}

static int see(void *user, const struct mqm_msg *msg,
               const struct mqm_record *record)
{
    (void)user, (void)msg, (void)record;
    return 0;
}

static int open_from_file(void)
{
    struct mqm_options o = MQM_OPTIONS_INIT;

    o.flags = MQM_NO_KEEPER;
    o.config = config_path;
    o.log = hear;
    m = NULL;
    return mqm_open(&m, &o);
}

static void live(void)
{
    struct mqm_record record = MQM_RECORD_INIT;
    struct mqm_msg msg = message("kafka", looked_id);
    struct mqm_claim c;
    char id[MQM_ID_LEN + 1];

    if (judged("open", open_from_file()) < 0)
        return; /* and m is NULL: look_back() */
    run_copies();
    claim_one();
    msg.side = "rocketmq";
    looked = judged("should", mqm_should_consume(m, &msg));
    c = claim("kafka", looked_id);
    judged("acquire", mqm_acquire(m, &c));
    judged("pending", mqm_pending(m, NULL, "issuer", "rewards", see, NULL));
    judged("inspect", mqm_inspect(m, &msg, &record));
    judged("tick", mqm_tick(m));
    judged("new id", mqm_new_id(id));
    if (!change_too)
        return;
    judged("change",
           mqm_change(config_path, "issuer", "rewards", "cut", "20%"));
    judged("change",
           mqm_change(config_path, "issuer", "rewards", "allow", "c"));
    judged("reload", mqm_reload(m));
}

/* ------------------------------ afterwards ------------------------------ */

/* The longest text comes first, with its end at no such place. */
static void write_config(const char *url)
{
    static const char head[] = "{\"sides\": {\"kafka\": {";
    FILE *f = fopen(config_path, "w");
    const char *text;

    ck_assert_ptr_nonnull(f);
    text = config_text(url, switched("10%", ", \"allow\": [\"a\", \"b\"]"
                                                  ", \"pause_ms\": 0,"
                                                  " \"clock_margin_ms\": 1"));
    ck_assert(strncmp(text, head, strlen(head)) == 0);
    fprintf(f, "%s\"note\": \"%0400d\", %s", head, 0, text + strlen(head));
    ck_assert_int_eq(fclose(f), 0);
}

static void begin_life(void)
{
    write_config(store_url);
    memset(handled, 0, sizeof(handled));
    for (int i = 0; i < COPIES; i++) {
        ck_assert_int_eq(mqm_new_id(ids[i]), 0);
        results[i] = -1;
    }
    ck_assert_int_eq(mqm_new_id(claimed_id), 0);
    ck_assert_int_eq(mqm_new_id(looked_id), 0);
    claimed = released = looked = -1;
}

/* With memory there, in the end: a connection may have to be made anew. */
static void works_again(void)
{
    int r = -1, n = 0;

    for (int i = 0; i < PATIENCE && r != MQM_OK; i++) {
        struct mqm_delivery d = delivery("kafka", new_id());

        r = mqm_run(m, &d, 1, handle_counting, &n);
        if (r != MQM_OK)
            sleep_ms(20);
    }
    ck_assert_msg(r == MQM_OK, "k = %ld: %d %s", k_now, r, mqm_errmsg());
    r = mqm_reload(m);
    ck_assert_msg(r == MQM_OK, "k = %ld: %d %s", k_now, r, mqm_errmsg());
}

static int topic_now(void *user, const struct mqm_topic_info *info)
{
    *(struct mqm_topic_info *)user = *info;
    return 0;
}

/* A change was made or not: what was there before is there. */
static void file_is_whole(void)
{
    struct mqm_topic_info info;

    ck_assert_int_eq(mqm_topics(m, topic_now, &info), 0);
    ck_assert_msg(info.allowed == 2 || info.allowed == 3,
                  "k = %ld: %zu allowed", k_now, info.allowed);
    ck_assert(info.cut_ppm == 100000 || info.cut_ppm == 200000);
}

/* Acknowledged: it is done by its side, or the other side's. */
static void nothing_lost_nothing_twice(void)
{
    for (int i = 0; i < COPIES; i++) {
        struct mqm_record r = look_at(m, ids[i]);
        bool ours = !strcmp(r.side, "kafka") || !r.side[0];

        ck_assert_msg(handled[i] <= 1, "k = %ld: twice", k_now);
        if (results[i] == MQM_OK && handled[i])
            ck_assert_msg(r.state == MQM_DONE, "k = %ld: %d", k_now, r.state);
        if (results[i] == MQM_OK && !handled[i])
            ck_assert_msg(!ours && r.state != MQM_FREE, "k = %ld: lost, %d",
                          k_now, r.state);
        if (handled[i])
            ck_assert_msg(r.state == MQM_DONE || r.state == MQM_HELD,
                          "k = %ld: would be worked on again, %d", k_now,
                          r.state);
    }
    if (released == MQM_OK)
        ck_assert_int_eq(look_at(m, claimed_id).state, MQM_DONE);
    if (looked == 0)
        ck_assert_int_ne(look_at(m, looked_id).state, MQM_FREE);
}

static void look_back(void)
{
    if (!m) {
        int r = -1;

        for (int i = 0; i < PATIENCE && r < 0; i++) {
            r = open_from_file();
            if (r < 0)
                sleep_ms(20);
        }
        ck_assert_msg(r == 0, "k = %ld: %d %s", k_now, r, mqm_errmsg());
    }
    works_again();
    file_is_whole();
    nothing_lost_nothing_twice();
    /* The copies come again, as brokers bring them. */
    run_copies();
    nothing_lost_nothing_twice();
    mqm_close(m);
    m = NULL;
}

/* What is asked for before the store is: the same for all of them. */
static long before_the_store(void)
{
    write_config("nowhere:");
    arm(LONG_MAX, ONCE);
    open_from_file();
    disarm();
    return asked > 8 ? asked - 8 : 1;
}

/* A life in a file costs the disk some waits: one in `step` of them is led,
 * each if ALLOC_ALL is set. */
static void lives(int how_it_fails, long step)
{
    bool failed = true;

    step = getenv("ALLOC_ALL") ? 1 : step;
    change_too = how_it_fails == ONCE && !strcmp(store_url, "memory:");
    k_now = change_too ? 1 : before_the_store();
    for (; failed; k_now += step) {
        begin_life();
        arm(k_now, how_it_fails);
        live();
        failed = disarm();
        look_back();
    }
    if (getenv("ALLOC_VERBOSE"))
        printf("%ld allocations\n", asked);
    ck_assert_int_gt(k_now, 50);
}

/* --------------------------------- stores -------------------------------- */

static struct redis_server server;

static void set_up(void)
{
    config_path = strdup(new_path("m.json"));
    ck_assert_ptr_nonnull(config_path);
}

static void tear_down(void)
{
    close_it();
    free(config_path);
    redis_server_end(&server);
}

START_TEST(test_memory)
{
    snprintf(store_url, sizeof(store_url), "memory:");
    lives(_i, 3);
}
END_TEST

START_TEST(test_sqlite)
{
    snprintf(store_url, sizeof(store_url), "sqlite:%s", new_path("a.db"));
    lives(_i, 7);
}
END_TEST

START_TEST(test_redis)
{
    ck_assert(redis_server_start(&server));
    snprintf(store_url, sizeof(store_url), "redis://127.0.0.1:%d", server.port);
    lives(_i, 1);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("alloc");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, test_memory, ONCE, FOR_A_WHILE + 1);
    tcase_add_loop_test(tc, test_sqlite, ONCE, FOR_A_WHILE + 1);
    tcase_add_loop_test(tc, test_redis, ONCE, FOR_A_WHILE + 1);
    return run_case_for("alloc", tc, getenv("ALLOC_ALL") ? 3600 : 250);
}
