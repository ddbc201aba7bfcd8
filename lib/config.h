/* SPDX-License-Identifier: MIT */
/* config.h - the configuration: one JSON text, read whole or not at all.
 *
 * A struct config is a value: made by mqm__config_parse(), never changed
 * after that but for the time at which it was last found to be in force.
 * config_table.c holds the one table of all settings: place, name, type,
 * limits, default, words.  Parsing, defaults, `mqmctl settings` and the man
 * page come from it.
 *
 *     {
 *       "app": "shop",
 *       "plugin_dir": "...",
 *       "store": {"url": "sqlite:/var/lib/shop/mqm.db", "timeout_ms": 2000},
 *       "sides": {
 *         "kafka": {"adapter": "kafka", "bootstrap.servers": "..."},
 *         "rocketmq": {"adapter": "rocketmq", "name_server": "..."}
 *       },
 *       "topics": [
 *         {"topic": "rewards", "group": "issuer",
 *          "old": "kafka", "new": "rocketmq",
 *          "switch": true, "since": 1766400000000, "cut": "12.5%",
 *          "allow": ["user-17"], "salt": "2026-11",
 *          "lease_ms": 30000, ...
 *          "sides": {
 *            "kafka": {"topic": "rewards", "group": "issuer",
 *                      "id": "mqm-id", "key": "@key",
 *                      "parking": "rewards-parking"},
 *            "rocketmq": {"group": "GID_issuer"}
 *          }}
 *       ]
 *     }
 */
#ifndef MQM_CONFIG_H
#define MQM_CONFIG_H

#include "policy.h"

#include <mqmigrate/plugin.h>

#include <stdatomic.h>

enum { MQM_NAME_MAX = 31 }; /* of app, side, group, topic of ours */

/* What a plugin is given: name and value pairs as they stand in the section,
 * secrets already read from their files ("x": {"file": "/path"} or a setting
 * whose name ends in "_file"). */
struct section {
    struct mqm_setting *settings;
    size_t n;
};

struct store_config {
    char *url;        /* settings[0] of the section, too */
    int64_t timeout_ms; /* the last one of the section */
    bool insist;      /* also on one that will lose messages */
    struct section section;
};

struct side_config {
    char *name;
    char *adapter; /* a name, or a path with a '/' in it */
    struct section section;
};

/* How a topic and its group look on one side. */
struct at_side {
    const struct side_config *side;
    char *topic, *group; /* the broker's; default: ours              */
    char *id;            /* header name, or "@key": the broker's key */
    char *key;           /* header name, "@key", or "@id"            */
    char *parking;       /* topic; "": none                          */
};

enum mqm__in_doubt { MQM_DOUBT_PARK, MQM_DOUBT_AGAIN };

struct topic_config {
    char *topic, *group;
    char *space; /* app/group/topic */
    struct tally *tally; /* tally.h; set when the configuration takes over   */
    uint64_t print;      /* of the policy, fingerprint.h; as above          */
    struct policy policy;
    struct at_side at[MQM_SIDES]; /* [MQM_OLD], [MQM_NEW] */
    int64_t lease_ms;    /* of a claim                                       */
    int64_t handler_ms;  /* deadline: the effect may begin this long after   */
                         /*   the handler was called                         */
    int64_t settle_ms;   /* > lease_ms + handler_ms                          */
    int64_t keep_ms;     /* how long a DONE record lives at least            */
    int64_t policy_max_age_ms;
    int64_t pause_ms, pause_max_ms; /* before the 2nd try; at most; doubles  */
    unsigned tries;      /* then parked                                      */
    int in_doubt;        /* an mqm__in_doubt                                 */
    unsigned rate;       /* messages a second that are expected; 0: unknown  */
    bool done_relaxed;   /* a done-mark need not reach the disk at once: a   */
                         /*   power failure then makes doubts of them        */
};

struct config {
    char *app;
    char *plugin_dir; /* NULL: beside the library */
    int64_t report_ms; /* between two reports of an instance; 0: none */
    struct store_config store;
    struct side_config *sides;
    size_t n_sides;
    struct topic_config *topics;
    size_t n_topics;
    const struct topic_config **index; /* by name, config_index.h */
    size_t index_mask;
    _Atomic int64_t confirmed_ms; /* monotonic: its source said so still; no  */
                                  /*   later than the next one took over      */
};

/* From a JSON text.  where: what to call it in errors ("mqm.json", "(inline)").
 * The error tells line, name, what is allowed, and for an unknown name the
 * nearest known one.  On failure *out is untouched. */
int mqm__config_parse(struct config **out, const char *text, size_t len,
                      const char *where);
void mqm__config_free(struct config *c);

/* May next take over from cur while running?  What would make one message two
 * (app, store url, sides of a topic, since once it is set) may not change:
 * -EINVAL with words.  Dropped topics are refused, new ones are fine. */
int mqm__config_may_follow(const struct config *cur,
                           const struct config *next);

/* Names of ours; group may be NULL if the topic has one only.
 * NULL: no such name; the error text tells what there is (-ENOENT). */
const struct topic_config *mqm__config_topic(const struct config *c,
                                             const char *group,
                                             const char *topic);
/* MQM_OLD or MQM_NEW, or -ENOENT with words. */
int mqm__topic_side(const struct topic_config *t, const char *side);

#endif
