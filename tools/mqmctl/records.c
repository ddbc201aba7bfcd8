/* SPDX-License-Identifier: MIT */
/* records.c - what the store knows of one message, or of all that are open. */
#include "ctl.h"
#include "print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *state_name(int state)
{
    switch (state) {
    case MQM_FREE:   return "free";
    case MQM_OWED:   return "owed";
    case MQM_HELD:   return "held";
    case MQM_PARKED: return "parked";
    case MQM_DONE:   return "done";
    default:         return "unknown";
    }
}

int look_up(struct ctl *c, const struct topic *t, const struct id *id,
            struct mqm_msg *msg, struct mqm_record *rec)
{
    int r;

    msg->side = t->old_side;
    msg->group = t->group;
    msg->topic = t->topic;
    msg->id = id->bytes;
    msg->id_len = id->len;
    msg->key = c->key;
    msg->key_len = c->key != NULL ? strlen(c->key) : 0;
    r = mqm_inspect(c->m, msg, rec);
    if (r != 0)
        return failed("the store cannot tell", r);
    return CTL_OK;
}

/* ------------------------------- flags ---------------------------------- */

static const struct {
    unsigned flag;
    const char *name, *words;
} flags[] = {
    {MQM_BY_RULE, "by rule", "switch off, or born before it: nobody waits"},
    {MQM_BODY_SAFE, "body safe", "its body is kept"},
    {MQM_REASSIGNED, "reassigned", "perhaps not its first side"},
    {MQM_UNSENT, "unsent", "perhaps no copy comes: send its body"},
};

static void print_flags(unsigned set)
{
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (set & flags[i].flag)
            printf("%-9s %s (%s)\n", "flag", flags[i].name, flags[i].words);
}

static void json_flags(struct json *j, unsigned set)
{
    json_bool(j, "by_rule", (set & MQM_BY_RULE) != 0);
    json_bool(j, "body_safe", (set & MQM_BODY_SAFE) != 0);
    json_bool(j, "reassigned", (set & MQM_REASSIGNED) != 0);
    json_bool(j, "unsent", (set & MQM_UNSENT) != 0);
}

/* ----------------------------- one record ------------------------------- */

static const char *left_means(const struct mqm_record *rec)
{
    if (rec->state == MQM_HELD)
        return "of its lease";
    if (rec->state == MQM_OWED && rec->doubt == 0)
        return "before the next try";
    return "until it may be resolved as not done";
}

static void print_field(const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    printf("%-9s ", name);
    put_text(stdout, value);
    putchar('\n');
}

void print_record(const struct mqm_msg *msg, const struct mqm_record *rec)
{
    char id[PRINT_ID_MAX], ms[PRINT_MS_MAX];

    print_field("id", text_of_id(id, msg->id, msg->id_len));
    print_field("topic", msg->topic);
    print_field("group", msg->group);
    print_field("state", state_name(rec->state));
    if (rec->state != MQM_FREE) {
        print_field("side", rec->side);
        printf("%-9s %u\n", "attempts", rec->attempts);
        printf("%-9s %" PRIu64 "\n", "token", rec->token);
        if (rec->doubt != 0)
            printf("%-9s %" PRIu64 " (nobody knows how this attempt ended)\n",
                   "doubt", rec->doubt);
        print_field("age", text_of_duration(ms, rec->age_ms));
        if (rec->left_ms > 0)
            printf("%-9s %s %s\n", "left", text_of_duration(ms, rec->left_ms),
                   left_means(rec));
        print_field("holder", rec->holder);
        print_field("origin", rec->origin);
        print_field("why", rec->why);
        print_flags(rec->flags);
    }
    print_field("policy", rec->route);
}

void json_record(struct json *j, const struct mqm_msg *msg,
                 const struct mqm_record *rec)
{
    char id[PRINT_ID_MAX];

    json_text(j, "id", text_of_id(id, msg->id, msg->id_len));
    json_text(j, "topic", msg->topic);
    json_text(j, "group", msg->group);
    json_text(j, "state", state_name(rec->state));
    json_text(j, "side", rec->side);
    json_int(j, "attempts", rec->attempts);
    json_token(j, "token", rec->token);
    json_token(j, "doubt", rec->doubt);
    json_int(j, "age_ms", rec->age_ms);
    json_int(j, "left_ms", rec->left_ms);
    json_text(j, "holder", rec->holder);
    json_text(j, "origin", rec->origin);
    json_text(j, "why", rec->why);
    json_flags(j, rec->flags);
    json_text(j, "policy", rec->route);
}

int cmd_show(struct ctl *c)
{
    struct mqm_record rec = MQM_RECORD_INIT;
    struct mqm_msg msg = MQM_MSG_INIT;
    struct json j = {0};
    struct topic t;
    struct id id;
    int r = id_parse(&id, c->args[1]);

    if (r == CTL_OK)
        r = open_topic(c, &t, NULL);
    if (r == CTL_OK)
        r = look_up(c, &t, &id, &msg, &rec);
    if (r != CTL_OK)
        return r;
    if (c->given & CTL_JSON) {
        json_open(&j, '{');
        json_record(&j, &msg, &rec);
        json_close(&j, '}');
        putchar('\n');
    } else {
        print_record(&msg, &rec);
    }
    return CTL_OK;
}

/* ------------------------------ all open -------------------------------- */

struct listing {
    const struct ctl *c;
    struct json json;
    size_t n;
};

void print_record_head(void)
{
    printf("%-36s %-10s %-6s %8s  %-14s %-14s %s\n", "ID", "SIDE", "STATE",
           "ATTEMPTS", "AGE", "LEFT", "WHY");
}

void print_record_row(const struct mqm_msg *msg, const struct mqm_record *rec)
{
    char id[PRINT_ID_MAX], age[PRINT_MS_MAX], left[PRINT_MS_MAX];

    printf("%-36s %-10s %-6s %8u  %-14s %-14s ",
           text_of_id(id, msg->id, msg->id_len), rec->side,
           state_name(rec->state), rec->attempts,
           text_of_duration(age, rec->age_ms),
           rec->left_ms > 0 ? text_of_duration(left, rec->left_ms) : "-");
    if (rec->state == MQM_PARKED && !(rec->flags & MQM_BODY_SAFE))
        fputs("body not kept; ", stdout);
    if (rec->flags & MQM_UNSENT)
        fputs("unsent; ", stdout);
    put_text(stdout, rec->why != NULL && rec->why[0] != '\0' ? rec->why : "-");
    putchar('\n');
}

static int visit(void *user, const struct mqm_msg *msg,
                 const struct mqm_record *rec)
{
    struct listing *l = user;

    l->n++;
    if (!(l->c->given & CTL_JSON)) {
        print_record_row(msg, rec);
        return 0;
    }
    json_open(&l->json, '{');
    json_record(&l->json, msg, rec);
    json_close(&l->json, '}');
    return 0;
}

int cmd_pending(struct ctl *c)
{
    struct listing l = {c, {0}, 0};
    struct topic t;
    int r = open_topic(c, &t, c->side);

    if (r != CTL_OK)
        return r;
    if (c->given & CTL_JSON)
        json_open(&l.json, '[');
    else
        print_record_head();
    r = mqm_pending(c->m, c->side, t.group, t.topic, visit, &l);
    if (c->given & CTL_JSON) {
        json_close(&l.json, ']');
        putchar('\n');
    }
    if (r != 0)
        return failed("the list is not complete", r);
    if (!(c->given & CTL_JSON))
        printf("%zu pending\n", l.n);
    return CTL_OK;
}
