/* SPDX-License-Identifier: MIT */
/* checkup_config.c - settings that are allowed together, and unwise.
 *
 * What cannot be right is refused when the configuration is read
 * (config_check.c); here stands what depends on how long things take.
 */
#include "checkup.h"

#include <inttypes.h>

static void checkup_times(struct checkup *k, const struct config *c,
                          const struct topic_config *t)
{
    if (t->lease_ms < 3 * c->store.timeout_ms)
        mqm__find(k, MQM_WARNING, "lease",
                  "make lease_ms three times store.timeout_ms, or more",
                  "lease_ms (%" PRId64 ") may run out while the store is "
                  "waited for (store.timeout_ms %" PRId64 "): work that goes "
                  "on is then in doubt",
                  t->lease_ms, c->store.timeout_ms);
    else
        mqm__find(k, MQM_FINE, "lease", NULL,
                  "lease_ms %" PRId64 ", store.timeout_ms %" PRId64,
                  t->lease_ms, c->store.timeout_ms);
    if (t->keep_ms / 4 < t->pause_max_ms)
        mqm__find(k, MQM_WARNING, "keep", "make keep_ms longer",
                  "keep_ms (%" PRId64 ") holds few pauses of pause_max_ms (%"
                  PRId64 ") between two tries",
                  t->keep_ms, t->pause_max_ms);
}

static void checkup_since(struct checkup *k, const struct policy *p)
{
    const int64_t now_ms = mqm__now_ms();

    if (!p->since_ms)
        mqm__find(k, MQM_FINE, "since", NULL,
                  "not set: the old side does all; set it when all consumers "
                  "are guarded and producers send to both");
    else if (p->since_ms > now_ms + p->margin_ms)
        mqm__find(k, MQM_WARNING, "since",
                  "wait for it, or correct this machine's clock",
                  "the moment of the switch lies %" PRId64 " s ahead: until "
                  "then the old side does all",
                  (p->since_ms - now_ms) / 1000);
    else
        mqm__find(k, MQM_FINE, "since", NULL,
                  "the switch is %s, its moment was %" PRId64 " s ago",
                  p->on ? "on" : "off", (now_ms - p->since_ms) / 1000);
}

static void checkup_parking(struct checkup *k, const struct at_side *at)
{
    if (at->parking[0])
        return;
    mqm__find(k, MQM_WARNING, "parking",
              "name a parking topic, or park bodies by the program's own hook",
              "side '%s' has no parking topic: copies of what is parked are "
              "not acknowledged, and hold up those behind them",
              at->side->name);
}

void mqm__checkup_topic(struct checkup *k, const struct config *c,
                        const struct topic_config *t)
{
    k->part = "configuration";
    k->group = t->group;
    k->topic = t->topic;
    checkup_times(k, c, t);
    checkup_since(k, &t->policy);
    for (int i = 0; i < MQM_SIDES; i++)
        checkup_parking(k, &t->at[i]);
}
