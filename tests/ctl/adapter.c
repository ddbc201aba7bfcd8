/* SPDX-License-Identifier: MIT */
/* adapter.c - a broker made of files, to see what mqmctl sends where.
 *
 * A topic is a file in the folder that the setting "dir" names, a message a
 * line of it: id, a tab, the body.  It can be sent to and read from its
 * beginning, or one line of it, by its number; nobody is subscribed.  Dead
 * letters of a topic lie in TOPIC.dead.  How far a group has read is told if
 * there is a file TOPIC.GROUP with that number.
 */
#include <mqmigrate/plugin.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct files {
    const struct mqm_host *host;
    char dir[512];
};

static int files_open(void **self, const struct mqm_host *host,
                      const struct mqm_setting *settings, size_t n)
{
    struct files *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return host->fail(host, -ENOMEM, "out of memory");
    f->host = host;
    for (size_t i = 0; i < n; i++)
        if (strcmp(settings[i].name, "dir") == 0)
            snprintf(f->dir, sizeof(f->dir), "%s", settings[i].value);
    if (f->dir[0] == '\0') {
        free(f);
        return host->fail(host, -EINVAL, "name a folder: \"dir\"");
    }
    *self = f;
    return 0;
}

static void files_close(void *self)
{
    free(self);
}

static FILE *topic_open(const struct files *f, const char *topic,
                        const char *mode)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/%s", f->dir, topic);
    return fopen(path, mode);
}

static int files_subscribe(void *self, const char *group, const char *topic)
{
    (void)self;
    (void)group;
    (void)topic;
    return 0;
}

static int files_poll(void *self, int timeout_ms)
{
    const struct files *f = self;

    return f->host->wait(f->host, timeout_ms);
}

static int files_publish(void *self, const struct mqm_delivery *d)
{
    const struct files *f = self;
    FILE *file = topic_open(f, d->msg.topic, "a");

    if (file == NULL)
        return f->host->fail(f->host, -EIO, "no folder '%s'", f->dir);
    fprintf(file, "%.*s\t%.*s%s\n", (int)d->msg.id_len,
            (const char *)d->msg.id, (int)d->body_len, (const char *)d->body,
            d->raw != NULL ? "\twith its headers" : "");
    return fclose(file) == 0 ? 0 : -EIO;
}

static const void *files_header(void *self, const struct mqm_delivery *d,
                                const char *name, size_t *len)
{
    const char *line = d->raw;

    (void)self;
    if (line == NULL || strcmp(name, MQM_ID_HEADER) != 0)
        return NULL;
    *len = strcspn(line, "\t");
    return line;
}

static int files_headers(void *self, const struct mqm_delivery *d,
                         int (*visit)(void *user, const struct mqm_field *f),
                         void *user)
{
    const struct mqm_field f = {"place", d->msg.origin, strlen(d->msg.origin)};

    (void)self;
    return visit(user, &f);
}

/* only: this line, from 1 on; 0: all. */
static int read_lines(const struct files *f, const char *topic, long only,
                      int (*visit)(void *user, struct mqm_delivery *d),
                      void *user)
{
    FILE *file = topic_open(f, topic, "r");
    char line[4096], origin[32];
    long n = 0;
    int r = 0;

    if (file == NULL)
        return f->host->fail(f->host, -ENOENT, "no topic '%s'", topic);
    while (r == 0 && fgets(line, sizeof(line), file) != NULL) {
        struct mqm_delivery d = MQM_DELIVERY_INIT;
        char *body = strchr(line, '\t');

        if (++n != only && only != 0)
            continue;
        if (body == NULL)
            continue;
        body[strcspn(body, "\n")] = '\0';
        snprintf(origin, sizeof(origin), "%ld", n);
        d.msg.topic = topic;
        d.msg.origin = origin;
        d.body = body + 1;
        d.body_len = strlen(body + 1);
        d.raw = line;
        r = visit(user, &d);
    }
    fclose(file);
    if (only > n && r == 0)
        return f->host->fail(f->host, -ENOENT, "'%s' has no line %ld", topic,
                             only);
    return r;
}

static int files_scan(void *self, const char *topic,
                      int (*visit)(void *user, struct mqm_delivery *d),
                      void *user)
{
    return read_lines(self, topic, 0, visit, user);
}

static int files_fetch(void *self, const char *group, const char *topic,
                       const char *origin,
                       int (*visit)(void *user, struct mqm_delivery *d),
                       void *user)
{
    (void)group;
    return read_lines(self, topic, strtol(origin, NULL, 10), visit, user);
}

static int files_dead(void *self, const char *group, const char *topic,
                      int (*visit)(void *user, struct mqm_delivery *d),
                      void *user)
{
    char name[256];
    int r;

    (void)group;
    snprintf(name, sizeof(name), "%s.dead", topic);
    r = read_lines(self, name, 0, visit, user);
    return r == -ENOENT ? 0 : r;
}

static int files_probe(void *self, const char *group, const char *topic)
{
    const struct files *f = self;
    FILE *file = topic_open(f, topic, "r");

    (void)group;
    if (file == NULL)
        return f->host->fail(f->host, -ENOENT, "no topic '%s': create it",
                             topic);
    fclose(file);
    return 0;
}

static long count_lines(const struct files *f, const char *topic)
{
    FILE *file = topic_open(f, topic, "r");
    long n = 0;
    int c;

    while (file != NULL && (c = getc(file)) != EOF)
        n += c == '\n';
    if (file != NULL)
        fclose(file);
    return n;
}

static int files_positions(void *self, const char *group, const char *topic,
                           int (*visit)(void *user,
                                        const struct mqm_position *p),
                           void *user)
{
    const struct files *f = self;
    struct mqm_position p = {.size = sizeof(p), .queue = "0", .begin = 1};
    char name[512], line[32] = "";
    FILE *file;

    snprintf(name, sizeof(name), "%s.%s", topic, group);
    file = topic_open(f, name, "r");
    if (file == NULL)
        return f->host->fail(f->host, -ENOTSUP, "no file '%s'", name);
    if (fgets(line, sizeof(line), file) != NULL)
        p.committed = strtol(line, NULL, 10);
    fclose(file);
    p.end = 1 + count_lines(f, topic);
    snprintf(line, sizeof(line), "%ld", (long)p.committed);
    p.next = p.committed > 0 && p.committed < p.end ? line : NULL;
    return visit(user, &p);
}

static const struct mqm_adapter adapter = {
    .size = sizeof(adapter),
    .open = files_open,
    .close = files_close,
    .subscribe = files_subscribe,
    .poll = files_poll,
    .header = files_header,
    .headers = files_headers,
    .publish = files_publish,
    .scan = files_scan,
    .probe = files_probe,
    .fetch = files_fetch,
    .dead = files_dead,
    .positions = files_positions,
};

MQM_PLUGIN = {sizeof(struct mqm_plugin), "files", "1", NULL, &adapter};
