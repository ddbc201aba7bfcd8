/* SPDX-License-Identifier: MIT */
/* message.c - copies with any id, key, time and place through the whole guard:
 * each is worked on by the side that owns it, once, however its two copies are
 * written.
 *
 * Input: again and again a byte (side, outcome), born (6), the lengths of id,
 * key and origin (1 each), and these.
 */
#include "fuzz.h"

#include <mqmigrate/mqmigrate.h>

#include <errno.h>

enum { AGAIN = 500, COPIES = 16 };

static const char config[] =
    "{\"app\": \"a\", \"store\": {\"url\": \"memory:\"}, \"sides\":"
    "{\"kafka\": {}, \"rocketmq\": {}}, \"topics\": [{\"topic\": \"t\","
    "\"group\": \"g\", \"old\": \"kafka\", \"new\": \"rocketmq\","
    "\"switch\": true, \"since\": 1500000000000, \"cut\": \"50%\","
    "\"pause_ms\": 0, \"tries\": 3}]}";

static mqm *m;
static int outcome, handled;

static void open_anew(void)
{
    struct mqm_options o = MQM_OPTIONS_INIT;

    mqm_close(m);
    o.flags = MQM_NO_KEEPER;
    o.config = config;
    MUST(mqm_open(&m, &o) == MQM_OK);
}

static int handle(void *user, const struct mqm_delivery *d)
{
    (void)user;
    MUST(d->result == MQM_OK || d->result == MQM_DOUBT);
    handled++;
    return outcome;
}

static void run(struct mqm_delivery *d)
{
    int r = mqm_run(m, d, 1, handle, NULL);

    MUST(r == d->result);
    MUST(r <= 0 || (r >= MQM_SKIP && r <= MQM_LOST));
    MUST(r >= 0 || mqm_errmsg()[0]);
    MUST(is_plain(mqm_errmsg()));
}

static void one_copy(struct input *in)
{
    static const int outcomes[] = {MQM_HANDLED, MQM_FAILED, MQM_UNSURE, -5};
    struct mqm_delivery d = MQM_DELIVERY_INIT, other;
    uint8_t what = take_byte(in), lens[3];
    const uint8_t *id, *key;
    char *exact, *origin;
    size_t len[3];

    d.msg.born_ms = (int64_t)take_number(in, 6);
    for (int i = 0; i < 3; i++)
        len[i] = lens[i] = take_byte(in);
    id = take_bytes(in, &len[0]);
    key = take_bytes(in, &len[1]);
    exact = text_of(id, len[0]);
    origin = text_of(take_bytes(in, &len[2]), 0);
    d.msg.side = what & 1 ? "kafka" : "rocketmq";
    d.msg.group = "g";
    d.msg.topic = "t";
    d.msg.id = exact;
    d.msg.id_len = len[0];
    d.msg.key = len[1] ? key : NULL;
    d.msg.key_len = len[1];
    d.msg.origin = len[2] ? origin : NULL;
    outcome = outcomes[what >> 1 & 3];
    other = d;
    other.msg.side = what & 1 ? "rocketmq" : "kafka";
    handled = 0;
    run(&d);
    run(&other);
    MUST(handled <= 1 || outcome != MQM_HANDLED || d.msg.id_len == 0 ||
         d.msg.id_len > MQM_ID_MAX);
    free(exact);
    free(origin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int runs;
    struct input in = {data, size};

    if (!m || ++runs % AGAIN == 0)
        open_anew();
    for (int i = 0; i < COPIES && in.left; i++)
        one_copy(&in);
    return 0;
}
