/* SPDX-License-Identifier: MIT */
/* config.c - any text as a configuration: refused with words that name the
 * place and show no control character, or read whole, the same each time.
 */
#include "fuzz.h"

#include "../../lib/config_index.h"
#include "../../lib/config_read.h"
#include "../../lib/json_edit.h"

#include <mqmigrate/mqmigrate.h>

#include <errno.h>

static void sound_topic(const struct config *c, const struct topic_config *t)
{
    MUST(t->topic && t->group && t->space);
    MUST(strlen(t->topic) <= MQM_NAME_MAX && strlen(t->group) <= MQM_NAME_MAX);
    MUST(mqm__config_topic(c, t->group, t->topic) == t);
    MUST(t->policy.cut_ppm <= MQM_CUT_ALL);
    MUST(t->settle_ms > t->lease_ms + t->handler_ms);
    MUST(t->lease_ms > 0 && t->tries > 0 && t->policy.since_ms >= 0);
    for (int i = 0; i < MQM_SIDES; i++) {
        MUST(t->at[i].side && t->at[i].topic && t->at[i].group);
        MUST(mqm__topic_side(t, t->at[i].side->name) == i);
    }
}

static void sound(const struct config *c)
{
    MUST(c->app && c->store.url && c->store.section.n >= 2);
    MUST(!strcmp(c->store.section.settings[0].name, "url"));
    for (size_t i = 0; i < c->n_topics; i++)
        sound_topic(c, &c->topics[i]);
    MUST(mqm__config_may_follow(c, c) == 0);
}

/* Of any text, valid or not: a place lies within it. */
static void find_places(const char *text, size_t len)
{
    static const char *const names[] = {"app", "store", "topics", "cut", ""};
    char buf[64];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct json_place top = {NULL, names[i], 0};
        const struct json_place element = {&top, NULL, i};
        const struct json_place member = {&element, "cut", 0};
        const struct json_place *all[] = {&top, &element, &member};

        for (size_t k = 0; k < 3; k++) {
            struct json_span s = {0, 0, 0};

            if (mqm__json_find(text, len, all[k], &s) == 0)
                MUST(s.key <= s.from && s.from <= s.to && s.to <= len);
            MUST(mqm__json_line(text, len, all[k]) >= 1);
            mqm__json_name(buf, sizeof(buf), all[k]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    struct config *c = NULL, *again = NULL;
    int r;

    mqm__clear_error();
    r = mqm__config_parse(&c, text, size, "x.json");
    MUST((r == 0) == (c != NULL));
    MUST(r == 0 || (r == -EINVAL && !strncmp(mqm_errmsg(), "x.json: ", 8)));
    MUST(r == 0 || is_plain(mqm_errmsg()));
    if (r == 0) {
        sound(c);
        MUST(mqm__config_parse(&again, text, size, "y.json") == 0);
        MUST(mqm__config_may_follow(c, again) == 0);
    }
    find_places(text, size);
    mqm__config_free(c);
    mqm__config_free(again);
    free(text);
    return 0;
}
