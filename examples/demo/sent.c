/* SPDX-License-Identifier: MIT */
/* sent.c - the list of what was sent (see sent.h). */
#include "sent.h"

#include "demo.h"

#include <inttypes.h>
#include <stdio.h>

enum { USERS = 100000 };

static FILE *lines;

void sent_open(const char *path)
{
    lines = fopen(path, "a");
    if (!lines)
        demo_die("cannot write the list of what was sent, '%s'", path);
    setvbuf(lines, NULL, _IOLBF, 0);
}

void sent_make(struct sent *s, uint64_t seed, uint64_t number)
{
    unsigned user = (unsigned)(demo_chance(seed, number, 0) % USERS);

    s->number = number;
    s->ms = demo_now_ms();
    if (mqm_new_id(s->id) < 0)
        demo_die("no new id: %s", mqm_errmsg());
    snprintf(s->user, sizeof(s->user), "user-%u", user);
    snprintf(s->body, sizeof(s->body), "reward %" PRIu64 " for %s", number,
             s->user);
}

/* One fprintf is one line, whichever thread is faster: stdio locks. */
void sent_write(const struct sent *s)
{
    fprintf(lines, "%" PRId64 " %s %s %" PRIu64 "\n", s->ms, s->id, s->user,
            s->number);
}

void sent_close(void)
{
    if (fclose(lines) != 0)
        demo_die("the list of what was sent is not complete: disk full?");
}
