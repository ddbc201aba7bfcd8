/* SPDX-License-Identifier: MIT */
/* config_text.h - one good configuration, and ways to make it a bad one. */
#ifndef TESTS_CONFIG_TEXT_H
#define TESTS_CONFIG_TEXT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const good =
    "{\n"                                                           /*  1 */
    "  \"app\": \"shop\",\n"                                        /*  2 */
    "  \"store\": {\"url\": \"memory:\"},\n"                        /*  3 */
    "  \"sides\": {\n"                                              /*  4 */
    "    \"kafka\": {\"bootstrap.servers\": \"127.0.0.1:9092\"},\n" /* 5 */
    "    \"rocketmq\": {\"name_server\": \"127.0.0.1:9876\"}\n"     /*  6 */
    "  },\n"                                                        /*  7 */
    "  \"topics\": [\n"                                             /*  8 */
    "    {\n"                                                       /*  9 */
    "      \"topic\": \"rewards\",\n"                               /* 10 */
    "      \"group\": \"issuer\",\n"                                /* 11 */
    "      \"old\": \"kafka\",\n"                                   /* 12 */
    "      \"new\": \"rocketmq\",\n"                                /* 13 */
    "      \"since\": 1766400000000,\n"                             /* 14 */
    "      \"cut\": \"12.5%\"\n"                                    /* 15 */
    "    }\n"                                                       /* 16 */
    "  ]\n"                                                         /* 17 */
    "}\n";                                                          /* 18 */

/* text with the first `from` replaced; malloc'ed. */
static inline char *with(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    size_t size = strlen(text) + strlen(to) + 1;
    char *s = malloc(size);

    ck_assert_msg(at != NULL, "the text has no %s", from);
    snprintf(s, size, "%.*s%s%s", (int)(at - text), text, to,
             at + strlen(from));
    return s;
}

#endif
