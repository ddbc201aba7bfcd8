/* SPDX-License-Identifier: MIT */
/* contract.h - what plugin.h promises of a store, tried on each of them.
 *
 * A place is where a store lives: memory, a file in a temporary directory, a
 * server of our own.  The cases know of a place only that it can be opened,
 * broken and mended.  They stand here once, for the programs that have places:
 * those name them and call contract_main().  They lie in contract/, by what they
 * are about, and are named below.
 */
#ifndef MQM_TEST_CONTRACT_H
#define MQM_TEST_CONTRACT_H

#include "contract/cells.h"
#include "contract/forgetting.h"
#include "contract/several.h"

typedef const TTest *test;

static int contract_main(const char *suite_name, const struct place *all, int n,
                         const char *only)
{
    const test tests[] = {
        creates_if_absent,
        swaps_by_version,
        answers_questions,
        tells_the_age,
        keeps_spaces_apart,
        takes_any_bytes,
        refuses_what_cannot_be,
        a_repeat_sees_its_own_version,
        swaps_many_at_once,
        lists_what_is_listed,
        forgets_and_says_so,
        a_write_begins_keep_anew,
        unlisted_begins_to_expire,
        forgets_the_unborn,
        memory_only_grows,
        a_born_of_the_future_is_no_flaw,
        threads_have_one_winner,
        processes_have_one_winner,
        two_handles_see_one_another,
        survives_reopening,
        is_gone_and_comes_back,
        refuses_unknown_settings,
    };
    Suite *suite = suite_create(suite_name);

    places = all;
    for (int i = 0; i < n; i++) {
        TCase *tc = tcase_create(places[i].plugin->name);

        if (only && strcmp(only, places[i].plugin->name) != 0)
            continue;
        tcase_set_timeout(tc, 60);
        for (size_t k = 0; k < sizeof(tests) / sizeof(tests[0]); k++)
            tcase_add_loop_test(tc, tests[k], i, i + 1);
        suite_add_tcase(suite, tc);
    }
    return run_all(suite);
}

#endif
