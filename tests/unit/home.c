/* SPDX-License-Identifier: MIT */
/* home.c - a forked child knows that a handle is its parent's, by the page that
 * the kernel empties, and without one by its number.
 */
#include "../../lib/home.h"
#include "../suite.h"

#include <check.h>
#include <sys/wait.h>

static const unsigned char empty;

/* What a child finds. */
static int at_home_in_child(const struct home *h)
{
    pid_t pid = fork();
    int status = -1;

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(mqm__at_home(h) ? 1 : 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(by_the_page)
{
    struct home h;

    mqm__home_init(&h);
    ck_assert(*h.here);
    h.pid = 0; /* so it is not that */
    ck_assert(mqm__at_home(&h));
    ck_assert_int_eq(at_home_in_child(&h), 0);
    ck_assert(mqm__at_home(&h));
    mqm__home_free(&h);
}
END_TEST

START_TEST(by_its_number)
{
    struct home h = {getpid(), &empty};

    ck_assert(mqm__at_home(&h));
    ck_assert_int_eq(at_home_in_child(&h), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("home");

    tcase_add_test(tc, by_the_page);
    tcase_add_test(tc, by_its_number);
    return run_case("home", tc);
}
