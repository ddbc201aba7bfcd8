/* SPDX-License-Identifier: MIT */
/* swaps.c - see swaps.h. */
#include "swaps.h"

#include <errno.h>
#include <string.h>

/* before: a space that is valid, or NULL. */
static int check_one(const struct mqm_host *host, const struct mqm_swap *s,
                     const char *before)
{
    const struct mqm_key *key = &s->key;

    if ((!before || key->space != before) && !mqm__space_valid(key->space))
        return host->fail(host, -EINVAL,
                          "'%.64s' is no space: letters, digits, '.', '_', "
                          "'-' and '/' only",
                          key->space ? key->space : "(null)");
    if (!key->id || key->id_len == 0 || key->id_len > MQM_ID_MAX)
        return host->fail(host, -EINVAL, "an id has 1 to %d bytes, not %zu",
                          MQM_ID_MAX, key->id_len);
    if (s->len > MQM_VALUE_MAX || (s->len > 0 && !s->value))
        return host->fail(host, -EINVAL, "a value has up to %d bytes, not %zu",
                          MQM_VALUE_MAX, s->len);
    return MQM_OK;
}

int mqm__swaps_check(const struct mqm_host *host, struct mqm_swap *const *s,
                     size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int r = check_one(host, s[i], i > 0 ? s[i - 1]->key.space : NULL);

        if (r < 0)
            return mqm__swaps_all(s, n, r);
    }
    return MQM_OK;
}

int mqm__swaps_all(struct mqm_swap *const *s, size_t n, int result)
{
    for (size_t i = 0; i < n; i++)
        s[i]->result = result;
    return result;
}

/* Not by strspn(): that makes a table first, each time. */
static int is_known(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '-' && c <= '9') || c == '_'; /* - . / and the digits */
}

int mqm__space_valid(const char *space)
{
    size_t len = 0;

    while (space && is_known(space[len]) && len <= MQM__SPACE_MAX)
        len++;
    return len > 0 && len <= MQM__SPACE_MAX && space[len] == '\0';
}

int64_t mqm__swap_forget_ms(const struct mqm_swap *s, int64_t now_ms)
{
    int64_t from = s->key.born_ms > now_ms ? s->key.born_ms : now_ms;
    int64_t keep = s->keep_ms > 0 ? s->keep_ms : 0;

    return keep > INT64_MAX - from ? INT64_MAX : from + keep;
}

int64_t mqm__floor_of(const struct mqm_host *host, int64_t lost_ms)
{
    size_t known = offsetof(struct mqm_host, clock_margin);

    if (host->size <= known || !host->clock_margin)
        return lost_ms;
    return lost_ms + host->clock_margin(host);
}

int mqm__swap_missing(const struct mqm_swap *s, int64_t memory_from_ms,
                      int forgot_unborn)
{
    int64_t born = s->key.born_ms;
    int forgotten = born > 0 ? born < memory_from_ms : forgot_unborn;

    if (forgotten && !(s->flags & MQM_SWAP_ANYWAY))
        return MQM_DOUBT;
    return s->expect == 0 ? MQM_OK : MQM_LOST;
}

void mqm__swap_none(struct mqm_swap *s)
{
    s->now.version = 0;
    s->now.age_ms = 0;
    s->now.len = 0;
}

void mqm__swap_done(struct mqm_swap *s, uint64_t version)
{
    s->result = MQM_OK;
    s->now.version = version;
    s->now.age_ms = 0;
    s->now.len = 0;
}
