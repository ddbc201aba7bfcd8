/* SPDX-License-Identifier: MIT */
/* LIBS: -ldl */
/* contract_dir.c - the contract of stores, for the one of examples/store_dir:
 * what the page on writing a store says is enough to pass it.
 */
#define _XOPEN_SOURCE 700 /* nftw() */

#include "../contract.h"
#include "../plugin_so.h"

#include <ftw.h>

static char dir[64];

static void begin_dir(void)
{
    snprintf(dir, sizeof(dir), "/tmp/mqm-dir-XXXXXX");
    ck_assert(mkdtemp(dir));
    snprintf(url, sizeof(url), "dir://%s/store", dir);
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_store(void)
{
    ck_assert_int_eq(nftw(url + 6, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void nothing(void)
{
}

static void end_dir(void)
{
    remove_store();
    ck_assert_int_eq(rmdir(dir), 0);
}

int main(int argc, char **argv)
{
    struct place place_dir = {plugin_so(argv[0], "mqm_dir.so"), begin_dir,
                              end_dir, remove_store, nothing};

    (void)argc;
    if (!place_dir.plugin)
        return EXIT_FAILURE;
    return contract_main("contract_dir", &place_dir, 1, NULL);
}
