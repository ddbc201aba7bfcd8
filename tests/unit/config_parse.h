/* SPDX-License-Identifier: MIT */
/* config_parse.h - the good configuration, changed at one place: what is made
 * of it, or said of it. */
#ifndef TESTS_CONFIG_PARSE_H
#define TESTS_CONFIG_PARSE_H

#include "../../lib/config.h"
#include "../suite.h"
#include "config_text.h"

#include <errno.h>

static inline struct config *parse(const char *text)
{
    struct config *c = NULL;

    ck_assert_msg(mqm__config_parse(&c, text, strlen(text), "mqm.json") == 0,
                  "%s", mqm_errmsg());
    return c;
}

static inline struct config *parse_with(const char *from, const char *to)
{
    char *text = with(good, from, to);
    struct config *c = parse(text);

    free(text);
    return c;
}

static inline void refuse(const char *text, const char *words)
{
    struct config *c = NULL;

    ck_assert_msg(mqm__config_parse(&c, text, strlen(text), "mqm.json") ==
                      -EINVAL,
                  "taken: %s", text);
    ck_assert_ptr_null(c);
    ck_assert_msg(strstr(mqm_errmsg(), words) != NULL, "%s\nis not\n%s",
                  mqm_errmsg(), words);
}

/* A change, and what is said of it; NULL: it is good. */
struct mistake {
    const char *from, *to, *words;
};

#define TOPIC(more) "\"cut\": \"12.5%\"", "\"cut\": \"12.5%\",\n" more
#define SECOND(more)                                                           \
    "    }\n  ]", "    },\n{\"topic\": \"orders\", \"group\": \"issuer\", "    \
                  "\"old\": \"kafka\", \"new\": \"rocketmq\"" more "}]"

#endif
