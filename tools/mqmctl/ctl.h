/* SPDX-License-Identifier: MIT */
/* ctl.h - what the files of mqmctl share.
 *
 * mqmctl does nothing that a program could not do: of the library's headers it
 * includes the public one alone.  A command gets a struct ctl, prints its
 * answer to stdout and returns the exit code; words about a failure go to
 * stderr, once, where it is noticed.
 */
#ifndef MQMCTL_CTL_H
#define MQMCTL_CTL_H

#include <mqmigrate/mqmigrate.h>

#if defined(__GNUC__)
#define CTL_PRINTF(at, args) __attribute__((format(printf, at, args)))
#else
#define CTL_PRINTF(at, args)
#endif

enum ctl_exit { CTL_OK, CTL_FAILED, CTL_USAGE };

enum ctl_option {
    CTL_GROUP  = 1,
    CTL_SIDE   = 2,
    CTL_KEY    = 4,
    CTL_TOKEN  = 8,
    CTL_JSON   = 16,
    CTL_REMOVE = 32,
    CTL_MAN    = 64,
    CTL_DRY_RUN = 1 << 16,
    CTL_WATCH   = 1 << 17,
    CTL_OLDER   = 1 << 18,
    CTL_ANYWAY  = 1 << 19,
    CTL_AGAIN   = 1 << 20,
    CTL_FROM    = 1 << 21,
    CTL_WHY     = 1 << 22,
    CTL_YES     = 1 << 23,
    CTL_BODY    = 1 << 24,
    CTL_ALL     = 1 << 25,
    CTL_TO      = 1 << 26,
    CTL_DEAD    = 1 << 27,
};

struct ctl {
    const char *config;
    const char *group, *side, *key, *token, *older; /* or NULL */
    const char *from, *why, *to;                    /* or NULL */
    const char **dead; /* n_dead names: --dead, as often as it was given */
    size_t n_dead;
    unsigned given; /* of ctl_option */
    char **args;    /* without the command itself */
    int n_args;
    mqm *m; /* NULL until ctl_open() */
};

struct command {
    const char *name, *args;
    int least, most; /* arguments; most < 0: any number */
    unsigned options;
    int (*run)(struct ctl *c);
    const char *words;
};

extern const struct command ctl_commands[]; /* the last one has no name */

/* Names of a topic as the configuration in force has them. */
struct topic {
    char topic[64], group[64];
    char old_side[64], new_side[64];
};

/* An id as it was typed, without its escapes. */
struct id {
    unsigned char bytes[MQM_ID_MAX];
    size_t len;
};

/* --- main.c */
int ctl_open(struct ctl *c);
/* The same without words: what mqm_open() returned. */
int ctl_try(struct ctl *c);

/* --- say.c: words on stderr, and the exit code */
CTL_PRINTF(1, 2) int refuse(const char *fmt, ...);
CTL_PRINTF(1, 2) int misuse(const char *fmt, ...);
/* A result of the library, with its story. */
int failed(const char *what, int result);
const char *story(int result);
/* Before n > 1 messages are changed, in these words: CTL_OK if whoever is at
 * the terminal says yes, or --yes did. */
CTL_PRINTF(3, 4)
int confirm(const struct ctl *c, size_t n, const char *fmt, ...);

/* --- help.c */
int cmd_help(struct ctl *c);
int usage_of(const struct command *cmd);
const struct command *find_command(const char *name);
const char *nearest_command(const char *name);
int print_version(void);

/* --- topics.c */
int cmd_topics(struct ctl *c);
/* Those in force or, where no store is open, those of the file. */
int visit_topics(struct ctl *c,
                 int (*visit)(void *user, const struct mqm_topic_info *info),
                 void *user);
/* Of a topic that is visited; else refused, with words. */
int topic_names(struct topic *t, const struct mqm_topic_info *info);
/* The topic of c's first argument and --group; else refused, with words. */
int find_topic(struct ctl *c, struct topic *t);
/* --side: NULL, or one of the topic's; else refused, with words. */
int check_side(const struct topic *t, const char *side);
/* What most commands begin with: all three. */
int open_topic(struct ctl *c, struct topic *t, const char *side);

/* --- policy.c */
int cmd_cut(struct ctl *c);
int cmd_switch(struct ctl *c);
int cmd_since(struct ctl *c);
int cmd_allow(struct ctl *c);

/* --- id.c */
int cmd_new_id(struct ctl *c);
/* "\xHH" is a byte, "\\" a backslash; else refused, with words. */
int id_parse(struct id *id, const char *text);
/* What tells messages apart: a UUID's text and its 16 bytes are the same, and
 * NUL bytes at the end do not count.  Length 0: it is no id. */
void id_key(struct id *key, const void *id, size_t len);
int id_compare(const struct id *a, const struct id *b);

/* --- records.c */
int cmd_show(struct ctl *c);
int cmd_pending(struct ctl *c);
const char *state_name(int state);
/* All that is known of it, a line each. */
void print_record(const struct mqm_msg *msg, const struct mqm_record *rec);
/* The columns of `pending` and `parked`, and one line of them. */
void print_record_head(void);
void print_record_row(const struct mqm_msg *msg, const struct mqm_record *rec);
/* What the store has of c's second argument: msg is filled in, too. */
int look_up(struct ctl *c, const struct topic *t, const struct id *id,
            struct mqm_msg *msg, struct mqm_record *rec);

/* --- parked.c */
int cmd_parked(struct ctl *c);

/* --- resolve.c, repair.c */
int cmd_resolve(struct ctl *c);
int assign_one(struct ctl *c);

/* --- assign_all.c */
int cmd_assign(struct ctl *c);

/* --- resend.c */
/* Find the body of a message that is owed, and send it to its side alone. */
int resend(struct ctl *c, const struct topic *t, const struct mqm_msg *msg);

/* --- rescue.c, dead.c */
int cmd_rescue(struct ctl *c);
int cmd_dead(struct ctl *c);

/* --- retire.c */
int cmd_retire(struct ctl *c);

/* --- duration.c: "10m"; else refused, with words */
int duration_parse(const char *text, int64_t *ms);

/* --- status.c */
int cmd_status(struct ctl *c);

/* --- plugins.c, settings.c, check.c */
int cmd_plugins(struct ctl *c);
int cmd_settings(struct ctl *c);
int cmd_check(struct ctl *c);
int cmd_doctor(struct ctl *c);

#endif
