/* SPDX-License-Identifier: MIT */
/* producer.c - messages are published one by one, and the broker's word is
 * waited for.
 *
 * The handle is made when it is first needed.  Several threads may publish:
 * whoever waits and finds nobody serving the handle's reports does so for all.
 * A report always comes, by message.timeout.ms at the latest, so it can lie on
 * the stack of the thread that waits for it.
 */
#include "kafka.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SERVE_MS = 100 };

struct producer {
    struct client c;
    rd_kafka_t *rk;
    pthread_mutex_t lock;
    pthread_cond_t news;
    unsigned users;    /* of rk: threads in publish() */
    int serving;       /* one of them serves reports, */
    struct wake wake;  /* and waits for them          */
    int64_t bytes_max; /* of a message; 0: not known  */
};

struct report {
    int done;
    rd_kafka_resp_err_t err;
    rd_kafka_msg_status_t status;
};

/* What was persisted without an offset was a duplicate to the broker, and may
 * not lie there: see settings.c. */
static rd_kafka_resp_err_t error_of(const rd_kafka_message_t *m)
{
    if (!m->err && m->offset < 0 &&
        rd_kafka_message_status(m) == RD_KAFKA_MSG_STATUS_PERSISTED)
        return RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER;
    return m->err;
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct client *c = opaque;
    struct producer *p = c->k->out;
    struct report *report = m->_private;

    (void)rk;
    pthread_mutex_lock(&p->lock);
    report->done = 1;
    report->err = error_of(m);
    report->status = rd_kafka_message_status(m);
    pthread_cond_broadcast(&p->news);
    pthread_mutex_unlock(&p->lock);
}

int kafka_producer_new(struct producer **out, struct kafka *k)
{
    struct producer *p = calloc(1, sizeof(*p));

    if (!p)
        return k->host->fail(k->host, -ENOMEM, "out of memory");
    *out = p;
    p->c.k = k;
    p->bytes_max = kafka_setting_number(k->producer, "message.max.bytes");
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->news, NULL);
    return wake_open(&p->wake, k->host);
}

void kafka_producer_free(struct producer *p)
{
    if (!p)
        return;
    if (p->rk)
        rd_kafka_destroy(p->rk);
    wake_close(&p->wake);
    pthread_cond_destroy(&p->news);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* With the lock held.  An idempotent producer that met a fatal error is of no
 * use any more; the next one begins with a new identity. */
static int renew(struct producer *p)
{
    const struct mqm_host *host = p->c.k->host;
    rd_kafka_queue_t *reports;
    rd_kafka_conf_t *conf;
    int r;

    if (p->rk && !rd_kafka_fatal_error(p->rk, NULL, 0))
        return 0;
    if (p->rk && p->users > 0)
        return host->fail(host, -EAGAIN, "the producer begins anew");
    if (p->rk)
        rd_kafka_destroy(p->rk);
    p->rk = NULL;
    conf = rd_kafka_conf_dup(p->c.k->producer);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    r = kafka_client(&p->rk, &p->c, RD_KAFKA_PRODUCER, conf);
    if (r < 0)
        return r;
    reports = rd_kafka_queue_get_main(p->rk);
    wake_for(&p->wake, reports);
    rd_kafka_queue_destroy(reports);
    return 0;
}

static int enter(struct producer *p)
{
    int r;

    pthread_mutex_lock(&p->lock);
    r = renew(p);
    if (r == 0)
        p->users++;
    pthread_mutex_unlock(&p->lock);
    return r;
}

static void leave(struct producer *p)
{
    pthread_mutex_lock(&p->lock);
    p->users--;
    pthread_mutex_unlock(&p->lock);
}

/* Without the lock, by one thread. */
static void serve(struct producer *p)
{
    if (wake_clear(&p->wake))
        wake_brokers(p->c.k, p->rk);
    if (rd_kafka_poll(p->rk, 0) == 0)
        wake_wait(&p->wake, kafka_now_ms() + SERVE_MS);
}

static void wait_for(struct producer *p, const struct report *report)
{
    pthread_mutex_lock(&p->lock);
    while (!report->done) {
        if (p->serving) {
            pthread_cond_wait(&p->news, &p->lock);
            continue;
        }
        p->serving = 1;
        pthread_mutex_unlock(&p->lock);
        serve(p);
        pthread_mutex_lock(&p->lock);
        p->serving = 0;
        pthread_cond_broadcast(&p->news);
    }
    pthread_mutex_unlock(&p->lock);
}

/* The copy's headers, or those given, with the id once; the id is the
 * message's, or where it has none the copy's own. */
static rd_kafka_headers_t *headers_of(const struct mqm_delivery *d,
                                      const struct mqm_field *fields, size_t n)
{
    rd_kafka_headers_t *old, *h;
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;

    if (d->raw && !rd_kafka_message_headers(d->raw, &old))
        h = rd_kafka_headers_copy(old);
    else
        h = rd_kafka_headers_new(n + 1);
    for (size_t i = 0; i < n && !err; i++)
        err = rd_kafka_header_add(h, fields[i].name, -1, fields[i].value,
                                  (ssize_t)fields[i].len);
    if (d->msg.id && !err) {
        (void)rd_kafka_header_remove(h, MQM_ID_HEADER);
        err = rd_kafka_header_add(h, MQM_ID_HEADER, -1, d->msg.id,
                                  (ssize_t)d->msg.id_len);
    }
    if (!err)
        return h;
    rd_kafka_headers_destroy(h);
    return NULL;
}

/* A copy that is sent again keeps the key it had: what the configuration takes
 * for the key may be a header, and what it takes for the id this one. */
static rd_kafka_vu_t key_of(const struct mqm_delivery *d)
{
    const rd_kafka_message_t *raw = d->raw;
    rd_kafka_vu_t key = {.vtype = RD_KAFKA_VTYPE_KEY};

    key.u.mem.ptr = raw ? raw->key : (void *)(uintptr_t)d->msg.key;
    key.u.mem.size = raw ? raw->key_len : d->msg.key_len;
    return key;
}

/* librdkafka copies key and body, and takes the headers if it takes the
 * message. */
static rd_kafka_resp_err_t hand_over(struct producer *p,
                                     const struct mqm_delivery *d,
                                     rd_kafka_headers_t *h,
                                     struct report *report)
{
    void *body = (void *)(uintptr_t)d->body;
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = d->msg.topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        key_of(d),
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {body, d->body_len}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = report},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = h},
    };
    rd_kafka_resp_err_t err;
    rd_kafka_error_t *error;

    if (!h)
        return RD_KAFKA_RESP_ERR__INVALID_ARG;
    error = rd_kafka_produceva(p->rk, parts, sizeof(parts) / sizeof(parts[0]));
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_headers_destroy(h);
    err = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return err;
}

static int tell(struct producer *p, const struct mqm_delivery *d,
                const struct report *report)
{
    const struct mqm_host *host = p->c.k->host;
    rd_kafka_resp_err_t err = report->err;
    char last[KAFKA_TEXT_MAX];

    if (!err && report->status == RD_KAFKA_MSG_STATUS_PERSISTED)
        return 0;
    return host->fail(host, err ? kafka_errno(err) : -EIO,
                      "cannot publish to '%s': %s; %s%s", d->msg.topic,
                      rd_kafka_err2str(err),
                      report->status == RD_KAFKA_MSG_STATUS_NOT_PERSISTED
                          ? "it was not sent"
                          : "it may have been sent",
                      kafka_last_error(&p->c, last));
}

/* The legal names of topics: the broker would refuse another. */
static int check_name(const struct mqm_host *host, const char *name)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = name ? strlen(name) : 0;

    if (len > 0 && len <= 249 && strspn(name, good) == len &&
        strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
        return 0;
    return host->fail(host, -EINVAL,
                      "Kafka allows no topic '%s': use 1 to 249 letters, "
                      "digits, '.', '_' and '-', and name it in the topic's "
                      "section of this side",
                      name ? name : "");
}

/* What is certainly too large; headers and framing need some bytes more. */
int kafka_may_publish(void *self, const struct mqm_delivery *d)
{
    const struct kafka *k = self;
    rd_kafka_vu_t key = key_of(d);
    int64_t max = k->out->bytes_max;
    size_t n = d->body_len + key.u.mem.size + d->msg.id_len;
    int r = check_name(k->host, d->msg.topic);

    if (r < 0 || max <= 0 || n <= (size_t)max)
        return r;
    return k->host->fail(k->host, -EMSGSIZE,
                         "the message for '%s' has %zu bytes, and "
                         "\"message.max.bytes\" is %lld: raise it, there and "
                         "at the broker",
                         d->msg.topic, n, (long long)max);
}

int kafka_publish_with(void *self, const struct mqm_delivery *d,
                       const struct mqm_field *fields, size_t n)
{
    struct producer *p = ((struct kafka *)self)->out;
    struct report report = {0, RD_KAFKA_RESP_ERR_NO_ERROR,
                            RD_KAFKA_MSG_STATUS_NOT_PERSISTED};
    int r = kafka_may_publish(self, d);

    if (r == 0)
        r = enter(p);
    if (r < 0)
        return r;
    report.err = hand_over(p, d, headers_of(d, fields, n), &report);
    if (!report.err)
        wait_for(p, &report);
    r = tell(p, d, &report);
    leave(p);
    return r;
}

int kafka_publish(void *self, const struct mqm_delivery *d)
{
    return kafka_publish_with(self, d, NULL, 0);
}
