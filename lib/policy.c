/* SPDX-License-Identifier: MIT */
/* policy.c - the table of policy.h, row by row.
 *
 * All is arithmetic on what the caller brought along, so consumers with the
 * same policy give the same answer, whatever their side.
 */
#include "policy.h"

#include "id.h"

#include <mqmigrate/mqmigrate.h>

static struct route old_by_rule(const char *why)
{
    return (struct route){MQM_OLD, true, false, why};
}

static struct route too_new(void)
{
    struct route r = old_by_rule("born in the future");

    r.future_born = true;
    return r;
}

static bool on_allow_list(const struct policy *p, const struct question *q)
{
    return p->allow && (mqm__allow_list_has(p->allow, q->key, q->key_len) ||
                        mqm__allow_list_has(p->allow, q->id, q->id_len));
}

/* Others have a UUID as text, and so hash that with String.hashCode(). */
static bool id_in_cut(const struct policy *p, const struct question *q)
{
    char text[MQM_ID_LEN + 1];

    if (p->hash != MQM_HASH_LAST_TWO_DIGITS ||
        !mqm__id_is_uuid(q->id, q->id_len))
        return mqm__cut_takes(p->hash, p->seed, p->cut_ppm, q->id, q->id_len);
    mqm__id_text(text, q->id);
    return mqm__cut_takes(p->hash, p->seed, p->cut_ppm, text, MQM_ID_LEN);
}

static bool in_cut(const struct policy *p, const struct question *q)
{
    if (p->hash_id || !q->key_len)
        return id_in_cut(p, q);
    return mqm__cut_takes(p->hash, p->seed, p->cut_ppm, q->key, q->key_len);
}

struct route mqm__policy_route(const struct policy *p, const struct question *q)
{
    if (!q->id_len)
        return old_by_rule("no id");
    if (p->since_ms <= 0)
        return old_by_rule("not switched yet");
    if (q->born_ms > 0 && q->born_ms < p->since_ms)
        return old_by_rule("born before the switch");
    if (q->born_ms > 0 && q->born_ms - p->margin_ms > q->now_ms)
        return too_new();
    if (q->born_ms <= 0)
        return old_by_rule("born time unknown");
    if (on_allow_list(p, q))
        return (struct route){MQM_NEW, false, false, "allow list"};
    if (!p->on)
        return old_by_rule("switch off");
    /* One way for both: a branch would be mispredicted at each second id. */
    return (struct route){in_cut(p, q) ? MQM_NEW : MQM_OLD, false, false,
                          "cut"};
}
