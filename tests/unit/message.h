/* SPDX-License-Identifier: MIT */
/* message.h - a message of the topic that the tests' configurations have. */
#ifndef TESTS_MESSAGE_H
#define TESTS_MESSAGE_H

#include <mqmigrate/mqmigrate.h>
#include <string.h>

/* id: NULL, it has none. */
static inline struct mqm_msg message(const char *side, const char *id)
{
    struct mqm_msg msg = MQM_MSG_INIT;

    msg.side = side;
    msg.topic = "rewards";
    msg.group = "issuer";
    msg.id = id;
    msg.id_len = id ? strlen(id) : 0;
    return msg;
}

#endif
