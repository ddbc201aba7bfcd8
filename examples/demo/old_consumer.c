/* SPDX-License-Identifier: MIT */
/* LIBS: -lrdkafka -lcurl */
/* old_consumer.c - the service's consumer before the migration: librdkafka,
 * and nothing that guards.
 *
 * While it runs, the third party spoils nothing but refusals (503): after a
 * time-out this consumer could only guess, and would lose or double.  That is
 * how it was before, and not what this demo is about.
 */
#include "demo.h"
#include "plain_consumer.h"
#include "third.h"

#include <stdio.h>

static unsigned long worked;

static void work_on(const rd_kafka_message_t *msg, const void *id,
                    size_t id_len)
{
    while (third_issue(id, id_len, "old", msg->payload, msg->len) ==
           THIRD_REFUSED)
        demo_sleep_ms(20);
    worked++;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        demo_die("usage: old_consumer KAFKA GROUP TOPIC THIRD_PARTY");
    demo_stop_on_signals(NULL);
    third_open(argv[4], 5000);
    plain_consume(argv[1], argv[2], argv[3], work_on);
    printf("{\"worked\": %lu}\n", worked);
    return 0;
}
