/* SPDX-License-Identifier: MIT */
/* decide.c - what a policy decision costs: 100 topics, an allow list of 1,000
 * entries each, a million distinct ids; beside the bare hash of the same bytes.
 */
#include "bench.h"
#include "race.h"

#include "../../lib/config.h"
#include "../../lib/hash.h"
#include "../../lib/id.h"

#include <mqmigrate/mqmigrate.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOPICS = 100, ALLOWED = 1000, IDS = 1000000, TEXT = 4 << 20 };

static struct {
    unsigned char id[16];
    int64_t born_ms;
} *ids;
static char topic_name[TOPICS][16];
static const struct topic_config *topics[TOPICS];
static struct config *config;
static volatile uint64_t sink;

static char text[TEXT];
static size_t text_len;

__attribute__((format(printf, 1, 2)))
static void add(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    text_len += (size_t)vsnprintf(text + text_len, TEXT - text_len, fmt, ap);
    va_end(ap);
    must(text_len < TEXT, "the configuration is too long");
}

static void add_topic(int t)
{
    snprintf(topic_name[t], sizeof(topic_name[t]), "topic-%d", t);
    add("%s{\"topic\": \"%s\", \"group\": \"issuer\", \"old\": \"kafka\","
        " \"new\": \"rocketmq\", \"switch\": true, \"cut\": \"50%%\","
        " \"since\": 1766400000000, \"salt\": \"%d\", \"allow\": [",
        t ? ", " : "", topic_name[t], t);
    for (int i = 0; i < ALLOWED; i++)
        add("%s\"user-%d\"", i ? ", " : "", i * TOPICS + t);
    add("]}");
}

static void make_topics(void)
{
    add("{\"app\": \"bench\", \"store\": {\"url\": \"memory:\"},"
        " \"sides\": {\"kafka\": {}, \"rocketmq\": {}}, \"topics\": [");
    for (int t = 0; t < TOPICS; t++)
        add_topic(t);
    add("]}");
    must(mqm__config_parse(&config, text, text_len, "bench") == 0,
         "configuration");
    for (int t = 0; t < TOPICS; t++)
        topics[t] = mqm__config_topic(config, "issuer", topic_name[t]);
}

static void make_ids(void)
{
    unsigned char folded[MQM_ID_MAX];
    char id[MQM_ID_LEN + 1];

    ids = malloc(IDS * sizeof(*ids));
    must(ids != NULL, "no memory");
    for (size_t i = 0; i < IDS; i++) {
        must(mqm_new_id(id) == 0, "no id");
        must(mqm__id_fold(folded, id, MQM_ID_LEN) == 16, "no UUID");
        memcpy(ids[i].id, folded, 16);
        ids[i].born_ms = mqm__id_born(folded, 16);
    }
}

static void bare_hash(void *self, struct lap *lap)
{
    uint64_t sum = 0;

    (void)self;
    lap_begin(lap);
    for (size_t i = 0; i < lap->n; i++)
        sum += mqm__hash64(ids[i].id, 16, topics[i % TOPICS]->policy.seed);
    lap_end(lap);
    sink += sum;
}

static uint64_t route(const struct topic_config *t, size_t i)
{
    struct question q = {.id = ids[i].id, .id_len = 16,
                         .born_ms = ids[i].born_ms,
                         .now_ms = ids[i].born_ms};

    return (uint64_t)mqm__policy_route(&t->policy, &q).side;
}

static void decision(void *self, struct lap *lap)
{
    uint64_t sum = 0;

    (void)self;
    lap_begin(lap);
    for (size_t i = 0; i < lap->n; i++)
        sum += route(topics[i % TOPICS], i);
    lap_end(lap);
    must(sum > lap->n / 3 && sum < lap->n * 2 / 3, "the cut is not at 50 %%");
    sink += sum;
}

static void with_name(void *self, struct lap *lap)
{
    uint64_t sum = 0;

    (void)self;
    lap_begin(lap);
    for (size_t i = 0; i < lap->n; i++)
        sum += route(
            mqm__config_topic(config, "issuer", topic_name[i % TOPICS]), i);
    lap_end(lap);
    sink += sum;
}

void bench_decide(void)
{
    static struct race race = {
        .title = "Policy: 100 topics, 1,000 on each allow list, a million ids",
        .n = 3,
        .racer = {{"XXH3 of the id", bare_hash, NULL, IDS, 0, {{0}}},
                  {"decision", decision, NULL, IDS, 0, {{0}}},
                  {"decision, topic by its name", with_name, NULL, IDS, 0,
                   {{0}}}}};
    double ns[3];

    make_topics();
    make_ids();
    race_run(&race);
    for (size_t i = 0; i < 3; i++)
        ns[i] = racer_own_us(&race.racer[i]) * 1000;
    printf("  CPU ns: hash %.1f, decision %.1f, with the topic's name %.1f\n",
           ns[0], ns[1], ns[2]);
    bar_note("policy decision, ns", ns[1], 30, -1);
    mqm__config_free(config);
    free(ids);
}
