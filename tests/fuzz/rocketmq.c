/* SPDX-License-Identifier: MIT */
/* rocketmq.c - what the RocketMQ adapter reads that others wrote: its section
 * of the configuration, a message's properties, the name server's answer.
 *
 * Input: kind (1).  0: name and value, a line each.  1: topic, keys, tags,
 * message id, then name and value of properties, a line each; the first line
 * is the body.  2: the bytes of a server's answer, up to some thousands.
 */
#include "fuzz.h"

#include "../../adapters/rocketmq/rocketmq.h"
#include "host.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 24, NO_TOPIC = 17 };

static char *lines[LINES];
static size_t n_lines;

int64_t rmq_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void take_lines(struct input *in)
{
    for (n_lines = 0; in->left && n_lines < LINES; n_lines++)
        lines[n_lines] = take_line(in);
}

static void free_lines(void)
{
    while (n_lines > 0)
        free(lines[--n_lines]);
}

static const char *line(size_t i)
{
    return i < n_lines ? lines[i] : NULL;
}

/* ------------------------------- settings ------------------------------- */

static void settings(void)
{
    struct mqm_setting s[LINES / 2];
    struct rmq_settings set;
    const char *at, *name;
    size_t n = 0, len, all = 0;
    int r;

    for (; 2 * n + 1 < n_lines; n++)
        s[n] = (struct mqm_setting){lines[2 * n], lines[2 * n + 1], 0};
    r = rmq_read_settings(&set, &fuzz_host, s, n);
    MUST(r == MQM_OK || (r == -EINVAL && mqm_errmsg()[0]));
    if (r < 0)
        return;
    MUST(set.threads >= 1 && set.threads <= 256 && set.name_server[0]);
    MUST(set.send_timeout_ms >= 100 && set.wait_ms >= 0 && set.instance);
    MUST(set.max_message_size >= 1 && set.max_message_size <= INT_MAX);
    at = set.properties;
    while ((len = rmq_next_property(&at, &name)) > 0) {
        MUST(!memchr(name, ',', len) && !memchr(name, ' ', len));
        all += len;
    }
    MUST(all <= (set.properties ? strlen(set.properties) : 0));
}

/* ------------------------------- a message ------------------------------ */

static int token; /* a message is its address; what is in it are the lines */

static const char *get_body(struct CMessageExt *m)
{
    (void)m;
    return line(0);
}

static const char *get_topic(struct CMessageExt *m)
{
    (void)m;
    return line(1) ? line(1) : "t";
}

static const char *get_keys(struct CMessageExt *m)
{
    (void)m;
    return line(2);
}

static const char *get_tags(struct CMessageExt *m)
{
    (void)m;
    return line(3);
}

static const char *get_id(struct CMessageExt *m)
{
    (void)m;
    return line(4);
}

static const char *get_property(struct CMessageExt *m, const char *name)
{
    (void)m;
    for (size_t i = 5; i + 1 < n_lines; i += 2)
        if (!strcmp(lines[i], name))
            return lines[i + 1];
    return NULL;
}

static int get_int(struct CMessageExt *m)
{
    (void)m;
    return (int)(strlen(get_topic(m)) * 715827882u);
}

static long long get_long(struct CMessageExt *m)
{
    return (long long)get_int(m) * 1048576;
}

static void message(void)
{
    struct rmq self = {.host = &fuzz_host};
    struct CMessageExt *m = (struct CMessageExt *)(void *)&token;
    char origin[RMQ_ORIGIN_MAX];
    struct mqm_delivery d;
    size_t len = 0;
    const char *p;
    int r;

    self.api.GetMessageBody = get_body;
    self.api.GetMessageTopic = get_topic;
    self.api.GetMessageKeys = get_keys;
    self.api.GetMessageTags = get_tags;
    self.api.GetMessageId = get_id;
    self.api.GetMessageProperty = get_property;
    self.api.GetMessageReconsumeTimes = get_int;
    self.api.GetMessageQueueId = get_int;
    self.api.GetMessageQueueOffset = get_long;
    self.api.GetMessageBornTimestamp = get_long;
    r = rmq_fill(&self, &d, "g", m, origin);
    MUST(r == MQM_OK || (r == -EBADMSG && mqm_errmsg()[0]));
    MUST(d.result == MQM_LATER && d.msg.born_ms >= 0);
    MUST(strlen(origin) < RMQ_ORIGIN_MAX && d.msg.origin == origin);
    MUST(r < 0 || (d.body_len > 0 && strlen(d.body) == d.body_len));
    p = rmq_header(&self, &d, MQM_ID_HEADER, &len);
    MUST(!p || strlen(p) == len);
    (void)rmq_check_name(&fuzz_host, "topic", line(1));
}

/* ---------------------------- the name server --------------------------- */

static int says_no_topic(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++)
        if (p[i] == '1' && p[i + 1] == '7')
            return 1;
    return 0;
}

/* Each step leads on, and none beyond the end. */
static void walk(const char *text, size_t depth)
{
    const char *end = text + strlen(text), *next;
    char word[64];

    for (const char *at = rmq_json_first(text); at && depth; at = next) {
        next = rmq_json_after(at);
        MUST(at < end && (!next || (next > at && next <= end)));
        if (rmq_json_text(at, word, sizeof(word)) == 0 &&
            rmq_json_member(text, word))
            walk(rmq_json_member(text, word), depth - 1);
        (void)rmq_json_number(at, 0);
    }
}

static void answer(struct input *in)
{
    size_t len = in->left < 4096 ? in->left : 4096;
    struct rmq_answer a;
    int fd[2];

    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
    MUST(send(fd[1], in->at, len, 0) == (ssize_t)len);
    shutdown(fd[1], SHUT_WR);
    if (rmq_ask(fd[0], 105, "\"topic\":\"topic\"", &a) == 0) {
        MUST(a.code >= 0 && a.header && a.body);
        MUST(a.code != NO_TOPIC || says_no_topic(in->at, len));
        walk(a.header, 8);
        walk(a.body, 8);
    } else {
        MUST(!a.header);
    }
    rmq_answer_free(&a);
    close(fd[0]);
    close(fd[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    uint8_t kind = take_byte(&in) % 3;

    mqm__clear_error();
    if (kind < 2)
        take_lines(&in);
    if (kind == 0)
        settings();
    else if (kind == 1)
        message();
    else
        answer(&in);
    MUST(is_plain(mqm_errmsg()));
    free_lines();
    return 0;
}
