/* SPDX-License-Identifier: MIT */
/* config_check.c - settings that are fine by themselves and wrong together.
 *
 * Each rule stands for a way in which messages are lost or worked on twice, or
 * for a broker that would refuse the name much later.
 */
#include "config_read.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int check_times(const struct reader *rd, const struct json_place *at,
                       const struct topic_config *t)
{
    const struct json_place settle = {at, "settle_ms", 0};
    const struct json_place keep = {at, "keep_ms", 0};
    const struct json_place most = {at, "pause_max_ms", 0};

    if (t->settle_ms <= t->lease_ms + t->handler_ms)
        return mqm__bad_place(rd, &settle,
                              "settle_ms (%" PRId64 ") must be more than "
                              "lease_ms + handler_ms (%" PRId64 ")",
                              t->settle_ms, t->lease_ms + t->handler_ms);
    if (t->keep_ms < t->settle_ms)
        return mqm__bad_place(rd, &keep,
                              "keep_ms (%" PRId64 ") must not be less than "
                              "settle_ms (%" PRId64 ")",
                              t->keep_ms, t->settle_ms);
    if (t->pause_max_ms < t->pause_ms)
        return mqm__bad_place(rd, &most,
                              "pause_max_ms (%" PRId64 ") must not be less "
                              "than pause_ms (%" PRId64 ")",
                              t->pause_max_ms, t->pause_ms);
    return 0;
}

static int needs_since(const struct reader *rd, const struct json_place *at,
                       const char *name, const char *what)
{
    const struct json_place p = {at, name, 0};

    return mqm__bad_place(rd, &p,
                          "%s needs \"since\", the moment of the "
                          "switch, which is not set: mqmctl since",
                          what);
}

static int check_policy(const struct reader *rd, const struct json_place *at,
                        const struct policy *p)
{
    const struct json_place cut = {at, "cut", 0};

    if (!p->since_ms && p->on)
        return needs_since(rd, at, "switch", "a switch that is on");
    if (!p->since_ms && p->cut_ppm)
        return needs_since(rd, at, "cut", "a cut above 0%");
    if (!p->since_ms && p->allow)
        return needs_since(rd, at, "allow", "an allow list");
    if (p->hash == MQM_HASH_LAST_TWO_DIGITS && p->cut_ppm % 10000)
        return mqm__bad_place(rd, &cut,
                              "must be a whole number of percents: "
                              "hash is \"last-two-digits\"");
    return 0;
}

/* ------------------------- names on the brokers -------------------------- */

struct broker {
    const char *name;   /* of its adapter */
    const char *topics; /* characters that a name may have; NULL: any */
    const char *groups;
    size_t topic_max, group_max;
    const char *words;
};

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static const struct broker brokers[] = {
    {"kafka", LETTERS "._-", NULL, 249, 255,
     "Kafka takes up to 249 of A-Z a-z 0-9 . _ -"},
    {"rocketmq", LETTERS "%|_-", LETTERS "%|_-", 127, 127,
     "RocketMQ takes up to 127 of A-Z a-z 0-9 _ - % |, no dots"},
    {"", NULL, NULL, 255, 255, "up to 255 bytes"},
};

/* "kafka" of "kafka" and of "/opt/plugins/mqm_kafka.so". */
static bool adapter_is(const char *adapter, const char *name)
{
    const char *file = strrchr(adapter, '/');
    size_t len = strlen(name);

    if (!file)
        return !strcmp(adapter, name);
    file += strncmp(file + 1, "mqm_", 4) ? 1 : 5;
    return !strncmp(file, name, len) &&
           (!file[len] || !strncmp(file + len, ".so", 3));
}

static const struct broker *broker_of(const struct side_config *side)
{
    const struct broker *b = brokers;

    while (*b->name && !adapter_is(side->adapter, b->name))
        b++;
    return b;
}

static bool may_be(const char *name, const char *letters, size_t max)
{
    if (strlen(name) > max || !strcmp(name, ".") || !strcmp(name, ".."))
        return false;
    return !letters || !name[strspn(name, letters)];
}

static int bad_name(const struct reader *rd, const struct json_place *at,
                    const struct broker *b, const char *setting,
                    const char *value)
{
    const struct json_place p = {at, setting, 0};
    char place[200];

    mqm__json_name(place, sizeof(place), &p);
    return mqm__bad_place(rd, &p,
                          "the broker cannot have the name \"%.150s\": "
                          "%s; set %s",
                          value, b->words, place);
}

/* "@key" and the like: none but the known ones. */
static int check_source(const struct reader *rd, const struct json_place *at,
                        const char *setting, const char *value, int id_too)
{
    const struct json_place p = {at, setting, 0};

    if (*value != '@' || !strcmp(value, "@key") ||
        (id_too && !strcmp(value, "@id")))
        return 0;
    return mqm__bad_place(rd, &p, "must be the name of a header, or \"@key\"%s",
                          id_too ? ", or \"@id\"" : "");
}

static int check_end(const struct reader *rd, const struct json_place *topic,
                     const struct at_side *a)
{
    const struct json_place sides = {topic, "sides", 0};
    const struct json_place at = {&sides, a->side->name, 0};
    const struct broker *b = broker_of(a->side);
    int r;

    if (!may_be(a->topic, b->topics, b->topic_max))
        return bad_name(rd, &at, b, "topic", a->topic);
    if (!may_be(a->group, b->groups, b->group_max))
        return bad_name(rd, &at, b, "group", a->group);
    if (!may_be(a->parking, b->topics, b->topic_max))
        return bad_name(rd, &at, b, "parking", a->parking);
    r = check_source(rd, &at, "id", a->id, 0);
    return r ? r : check_source(rd, &at, "key", a->key, 1);
}

int mqm__check_topic(const struct reader *rd, const struct json_place *at,
                     const struct topic_config *t)
{
    int r = check_times(rd, at, t);

    if (!r)
        r = check_policy(rd, at, &t->policy);
    if (!r)
        r = check_end(rd, at, &t->at[MQM_OLD]);
    return r ? r : check_end(rd, at, &t->at[MQM_NEW]);
}

/* -------------------------- between the topics --------------------------- */

static const struct json_place in_topics = {NULL, "topics", 0};

/* Two uses of one broker: i's and j's, which may be the same topic's. */
static int check_ends(const struct reader *rd, size_t i,
                      const struct at_side *a, size_t j,
                      const struct at_side *b)
{
    const struct json_place topic = {&in_topics, NULL, i};
    const struct json_place sides = {&topic, "sides", 0};
    const struct json_place at = {&sides, a->side->name, 0};
    const struct json_place parking = {&at, "parking", 0};

    if (a->side != b->side)
        return 0;
    if (!strcmp(a->parking, b->topic))
        return mqm__bad_place(rd, &parking,
                              "the parking topic \"%s\" is the topic of "
                              "topics[%zu] on that side",
                              a->parking, j);
    if (i == j)
        return 0;
    if (!strcmp(a->topic, b->topic) && !strcmp(a->group, b->group))
        return mqm__bad_place(rd, &at,
                              "topic \"%s\" and group \"%s\" of the broker are "
                              "those of topics[%zu], too: each message would "
                              "be two",
                              a->topic, a->group, j);
    if (*a->parking && !strcmp(a->parking, b->parking))
        return mqm__bad_place(
            rd, &parking,
            "the parking topic \"%s\" is that of topics[%zu], "
            "too",
            a->parking, j);
    return 0;
}

static int check_pair(const struct reader *rd, const struct config *c, size_t i,
                      size_t j)
{
    const struct topic_config *a = &c->topics[i], *b = &c->topics[j];
    const struct json_place at = {&in_topics, NULL, i};
    int x, y, r = 0;

    if (i != j && !strcmp(a->space, b->space))
        return mqm__bad_place(rd, &at,
                              "topic \"%s\" and group \"%s\" are those of "
                              "topics[%zu], too",
                              a->topic, a->group, j);
    for (x = 0; !r && x < MQM_SIDES; x++)
        for (y = 0; !r && y < MQM_SIDES; y++)
            r = check_ends(rd, i, &a->at[x], j, &b->at[y]);
    return r;
}

/* Later topics are blamed for what they share with earlier ones; a parking
 * topic may be that of an earlier or later one. */
int mqm__check_together(const struct reader *rd, const struct config *c)
{
    size_t i, j;
    int r = 0;

    for (i = 0; !r && i < c->n_topics; i++)
        for (j = 0; !r && j <= i; j++)
            r = check_pair(rd, c, i, j);
    for (i = 0; !r && i < c->n_topics; i++)
        for (j = i + 1; !r && j < c->n_topics; j++)
            r = check_pair(rd, c, i, j);
    return r;
}
