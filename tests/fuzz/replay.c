/* SPDX-License-Identifier: MIT */
/* replay.c - a fuzz target without a fuzzer: calls its entry with each of the
 * files that are named, and with nothing.
 */
#define _XOPEN_SOURCE 700
#include "fuzz.h"

#include <errno.h>

enum { FILE_MAX = 1 << 20 };

static int replay(const char *path)
{
    uint8_t *buf = malloc(FILE_MAX), *exact;
    FILE *f = fopen(path, "rb");
    size_t n = f && buf ? fread(buf, 1, FILE_MAX, f) : 0;
    int bad = !f || !buf || ferror(f) || n == FILE_MAX;

    if (bad)
        fprintf(stderr, "cannot read %s: %s\n", path, strerror(errno));
    if (f)
        fclose(f);
    exact = realloc(buf, n + !n); /* so that reading on is noticed */
    if (!bad && exact) {
        fprintf(stderr, "%s\n", path);
        LLVMFuzzerTestOneInput(exact, n);
    }
    free(exact ? exact : buf);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = argc < 2;

    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        bad |= replay(argv[i]);
    printf("%d inputs\n", argc - 1);
    return bad;
}
