/* SPDX-License-Identifier: MIT */
/* several.h - threads, processes and handles on one store, and a store that is
 * away. */
#ifndef MQM_CONTRACT_SEVERAL_H
#define MQM_CONTRACT_SEVERAL_H

#include "place.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t one_call = PTHREAD_MUTEX_INITIALIZER;

static void *race(void *user)
{
    int *won = user;
    void *h = store->flags & MQM_STORE_SHARED ? open_store() : NULL;

    for (int i = 0; i < 100; i++) {
        char id[16];
        struct mqm_swap s;

        snprintf(id, sizeof(id), "r%d", i);
        s = a_swap(id, 0, "x");
        if (!h)
            pthread_mutex_lock(&one_call);
        *won += run(h ? h : self, &s) == MQM_OK;
        if (!h)
            pthread_mutex_unlock(&one_call);
    }
    if (h)
        store->close(h);
    return NULL;
}

START_TEST(threads_have_one_winner)
{
    pthread_t t[8];
    int won[8] = {0}, sum = 0;

    begin(&places[_i]);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&t[i], NULL, race, &won[i]), 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(t[i], NULL);
        sum += won[i];
    }
    ck_assert_int_eq(sum, 100);
    end();
}
END_TEST

START_TEST(processes_have_one_winner)
{
    pid_t pids[4];
    int sum = 0, status;

    begin(&places[_i]);
    for (int i = 0; store->flags & MQM_STORE_SHARED && i < 4; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            int won = 0;

            race(&won);
            _exit(won);
        }
    }
    for (int i = 0; store->flags & MQM_STORE_SHARED && i < 4; i++) {
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert(WIFEXITED(status));
        sum += WEXITSTATUS(status);
    }
    ck_assert_int_eq(sum, store->flags & MQM_STORE_SHARED ? 100 : 0);
    end();
}
END_TEST

START_TEST(two_handles_see_one_another)
{
    struct mqm_swap s;
    void *other;
    uint64_t v;

    begin(&places[_i]);
    if (store->flags & MQM_STORE_SHARED) {
        other = open_store();
        v = put("one", 0, "a");
        s = a_swap("one", v, "b");
        ck_assert_int_eq(run(other, &s), MQM_OK);
        ck_assert(has(ask("one"), "b"));
        store->close(other);
    }
    end();
}
END_TEST

START_TEST(survives_reopening)
{
    uint64_t v;
    int64_t from;

    begin(&places[_i]);
    v = put("one", 0, "a");
    from = memory_from("shop/issuer/rewards", now_ms() - 100);
    if (store->flags & MQM_STORE_DURABLE) {
        store->close(self);
        self = open_store();
        ck_assert_uint_eq(ask("one").now.version, v);
        ck_assert_int_eq(memory_from("shop/issuer/rewards", 0), from);
    }
    end();
}
END_TEST

static int run_until_it_works(struct mqm_swap *s)
{
    int64_t give_up = now_ms() + 30000;
    int r;

    do {
        r = run(self, s);
        if (r < 0)
            sleep_ms(50);
    } while (r < 0 && now_ms() < give_up);
    return r;
}

START_TEST(is_gone_and_comes_back)
{
    struct mqm_swap s, before;
    int64_t t0;

    limit_ms = 3000; /* it may be waited for */
    begin(&places[_i]);
    before = a_swap("before", 0, "a");
    ck_assert_int_eq(run(self, &before), MQM_OK);
    if (place->break_it) {
        place->break_it();
        s = a_swap("two", 0, "b");
        fake_failure[0] = '\0';
        t0 = now_ms();
        ck_assert_int_lt(run(self, &s), 0);
        ck_assert_int_lt(now_ms() - t0, 2 * limit_ms);
        ck_assert_msg(strlen(fake_failure) > 20, "%s", fake_failure);
        place->mend();
        s = a_swap("three", 0, "c");
        s.key.born_ms = now_ms() + 60000; /* after all that is forgotten */
        ck_assert_int_eq(run_until_it_works(&s), MQM_OK);
        s = a_swap("before", 0, "d"); /* all of it is gone: a doubt */
        s.key.born_ms = before.key.born_ms;
        ck_assert_int_eq(run(self, &s), MQM_DOUBT);
        s.key.born_ms = 0;
        ck_assert_int_eq(run(self, &s), MQM_DOUBT);
        ck_assert_int_gt(memory_from("shop/issuer/rewards", 0),
                         before.key.born_ms);
    }
    end();
}
END_TEST

START_TEST(refuses_unknown_settings)
{
    struct mqm_setting settings[] = {{"url", url, 0}, {"colour", "red", 0}};
    struct mqm_setting number[] = {{"url", url, 0}, {"timeout_ms", "5s", 0}};
    void *s = NULL;

    begin(&places[_i]);
    ck_assert_int_eq(store->open(&s, &fake_host, settings, 2), -EINVAL);
    ck_assert(strstr(fake_failure, "colour"));
    ck_assert(strstr(fake_failure, "timeout_ms"));
    ck_assert_int_eq(store->open(&s, &fake_host, number, 2), -EINVAL);
    ck_assert(strstr(fake_failure, "5s"));
    ck_assert_ptr_null(s);
    end();
}
END_TEST

#endif
