/* SPDX-License-Identifier: MIT */
/* suite.h - the end of a test's main(): its cases are run, each in a process
 * of its own, and what came of them is its exit code. */
#ifndef MQM_TEST_SUITE_H
#define MQM_TEST_SUITE_H

#include <check.h>
#include <stdlib.h>

static inline int run_all(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Of one group of cases alone, each with so many seconds. */
static inline int run_case_for(const char *name, TCase *tc, double seconds)
{
    Suite *suite = suite_create(name);

    tcase_set_timeout(tc, seconds);
    suite_add_tcase(suite, tc);
    return run_all(suite);
}

static inline int run_case(const char *name, TCase *tc)
{
    return run_case_for(name, tc, 120);
}

#endif
