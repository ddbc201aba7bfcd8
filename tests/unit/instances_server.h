/* SPDX-License-Identifier: MIT */
/* instances_server.h - reports in a store that is a server: main() of a test
 * that starts and ends one. */
#ifndef TESTS_INSTANCES_SERVER_H
#define TESTS_INSTANCES_SERVER_H

#include "instances.h"

static char server_url[64]; /* set by begin() */

START_TEST(test_several_processes)
{
    several_processes(server_url);
}
END_TEST

static inline int instances_main(const char *name, void (*begin)(void),
                                 void (*end_all)(void), int argc, char **argv)
{
    TCase *tc;

    if (is_consumer(argc, argv))
        return consume(argv + 2);
    tc = tcase_create(name);
    tcase_add_checked_fixture(tc, begin, end_all);
    tcase_add_test(tc, test_several_processes);
    return run_case_for(name, tc, 240);
}

#endif
