/* SPDX-License-Identifier: MIT */
/* main.c - mqmctl: the command line, and which command it means.
 *
 * Options may stand anywhere; "--" ends them.  An option that a command does
 * not know is refused: what is not looked at must not look as if it were.
 */
#include "ctl.h"
#include "print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct command ctl_commands[] = {
    {"check", "", 0, 0, CTL_JSON, cmd_check,
     "configuration, store and plugins, line by line: ok, or what to do"},
    {"doctor", "", 0, 0, CTL_JSON, cmd_doctor,
     "the same, and whether store and brokers are set up to lose nothing"},
    {"status", "[TOPIC]", 0, 1, CTL_GROUP | CTL_OLDER | CTL_JSON, cmd_status,
     "how the migration stands, who works on it, and what to do next"},
    {"topics", "", 0, 0, CTL_JSON, cmd_topics,
     "the policy in force of each topic"},
    {"cut", "TOPIC PERCENT", 2, 2, CTL_GROUP, cmd_cut,
     "the share of messages that belongs to the new side: 25%, 0.5%"},
    {"switch", "TOPIC on|off", 2, 2, CTL_GROUP, cmd_switch,
     "off: what nobody has looked at yet belongs to the old side"},
    {"since", "TOPIC now|UNIX_MS", 2, 2, CTL_GROUP, cmd_since,
     "the moment of the switch: what was born before is the old side's"},
    {"allow", "TOPIC KEY...", 2, -1, CTL_GROUP | CTL_REMOVE, cmd_allow,
     "keys that belong to the new side whatever the cut says"},
    {"show", "TOPIC ID", 2, 2, CTL_GROUP | CTL_KEY | CTL_JSON, cmd_show,
     "what the store knows of one message, and what policy says now"},
    {"pending", "TOPIC", 1, 1, CTL_GROUP | CTL_SIDE | CTL_JSON, cmd_pending,
     "what a side (both) has not done; none: it may be switched off"},
    {"parked", "TOPIC", 1, 1, CTL_GROUP | CTL_SIDE | CTL_JSON | CTL_BODY,
     cmd_parked,
     "what waits for somebody who knows: see 'mqmctl help resolve'"},
    {"resolve", "TOPIC [ID] done|again", 2, 3, CTL_GROUP | CTL_KEY |
     CTL_TOKEN | CTL_SIDE | CTL_FROM | CTL_WHY | CTL_OLDER | CTL_YES,
     cmd_resolve,
     "settle what is parked: it was done, or it is sent again"},
    {"assign", "TOPIC [ID SIDE]", 1, 3, CTL_GROUP | CTL_KEY | CTL_TOKEN |
     CTL_ALL | CTL_TO | CTL_OLDER | CTL_YES | CTL_DRY_RUN | CTL_ANYWAY,
     cmd_assign,
     "make a message (--all of them) the other side's, and send it there"},
    {"rescue", "TOPIC", 1, 1, CTL_GROUP | CTL_SIDE | CTL_JSON | CTL_DRY_RUN |
     CTL_WATCH | CTL_OLDER | CTL_ANYWAY, cmd_rescue,
     "bring what reached one broker only to the side that owes it"},
    {"dead", "TOPIC", 1, 1, CTL_GROUP | CTL_SIDE | CTL_JSON | CTL_AGAIN,
     cmd_dead,
     "what a broker gave up delivering; --again: send it again"},
    {"retire", "TOPIC", 1, 1, CTL_GROUP | CTL_SIDE | CTL_JSON | CTL_DRY_RUN |
     CTL_ANYWAY | CTL_DEAD, cmd_retire,
     "may the side be switched off?  Each reason why not, or how"},
    {"plugins", "", 0, 0, CTL_JSON, cmd_plugins,
     "stores and adapters, and why one cannot be loaded"},
    {"settings", "", 0, 0, CTL_MAN, cmd_settings,
     "all settings of the configuration, with words"},
    {"new-id", "", 0, 0, 0, cmd_new_id, "a new id for a message"},
    {"help", "[COMMAND]", 0, 1, 0, cmd_help, "these lines"},
    {NULL, NULL, 0, 0, 0, NULL, NULL},
};

static void on_log(void *user, int level, const char *text)
{
    (void)user;
    if (level > MQM_WARN)
        return;
    fputs(level == MQM_ERROR ? "mqmctl: error: " : "mqmctl: warning: ", stderr);
    put_text(stderr, text);
    fputc('\n', stderr);
}

int ctl_try(struct ctl *c)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;

    opts.flags = MQM_NO_KEEPER;
    opts.config = c->config;
    opts.log = on_log;
    return mqm_open(&c->m, &opts);
}

int ctl_open(struct ctl *c)
{
    const int r = ctl_try(c);

    if (r < 0)
        return refuse("%s", story(r));
    return CTL_OK;
}

/* ---------------------------- the options ------------------------------- */

struct option {
    const char *name;
    unsigned bit;
    size_t at; /* where its value goes; 0: it has none */
};

static const struct option options[] = {
    {"--group", CTL_GROUP, offsetof(struct ctl, group)},
    {"--side", CTL_SIDE, offsetof(struct ctl, side)},
    {"--key", CTL_KEY, offsetof(struct ctl, key)},
    {"--token", CTL_TOKEN, offsetof(struct ctl, token)},
    {"--json", CTL_JSON, 0},
    {"--remove", CTL_REMOVE, 0},
    {"--man", CTL_MAN, 0},
    {"--dry-run", CTL_DRY_RUN, 0},
    {"--watch", CTL_WATCH, 0},
    {"--older", CTL_OLDER, offsetof(struct ctl, older)},
    {"--anyway", CTL_ANYWAY, 0},
    {"--again", CTL_AGAIN, 0},
    {"--from", CTL_FROM, offsetof(struct ctl, from)},
    {"--why", CTL_WHY, offsetof(struct ctl, why)},
    {"--yes", CTL_YES, 0},
    {"--body", CTL_BODY, 0},
    {"--all", CTL_ALL, 0},
    {"--to", CTL_TO, offsetof(struct ctl, to)},
};

/* Is arg the option `name`, perhaps with "=value"?  *value: NULL without. */
static int is_option(const char *arg, const char *name, const char **value)
{
    const size_t len = strlen(name);

    if (strncmp(arg, name, len) != 0 || (arg[len] != '\0' && arg[len] != '='))
        return 0;
    *value = arg[len] == '=' ? arg + len + 1 : NULL;
    return 1;
}

/* The value of the option argv[*i]: behind its '=', or the next word. */
static int take_value(char **argv, int *i, const char *value, const char **out)
{
    if (value == NULL) {
        value = argv[*i + 1];
        if (value == NULL)
            return misuse("%s needs a value", argv[*i]);
        *i += 1;
    }
    if (value[0] == '\0')
        return misuse("the value of an option is empty");
    *out = value;
    return CTL_OK;
}

/* An instance's name: one more of them. */
static int take_dead(struct ctl *c, char **argv, int *i, const char *value)
{
    const int r = take_value(argv, i, value, &c->dead[c->n_dead]);

    c->n_dead += r == CTL_OK;
    c->given |= CTL_DEAD;
    return r;
}

static int take_option(struct ctl *c, char **argv, int *i)
{
    const char *value = NULL;

    if (strcmp(argv[*i], "-c") == 0 || is_option(argv[*i], "--config", &value))
        return take_value(argv, i, argv[*i][1] == 'c' ? NULL : value,
                          &c->config);
    if (is_option(argv[*i], "--dead", &value))
        return take_dead(c, argv, i, value);
    for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
        const struct option *o = &options[k];

        if (!is_option(argv[*i], o->name, &value))
            continue;
        c->given |= o->bit;
        if (o->at != 0)
            return take_value(argv, i, value,
                              (const char **)(void *)((char *)c + o->at));
        if (value != NULL)
            return misuse("%s takes no value", o->name);
        return CTL_OK;
    }
    return misuse("there is no option '%s'; see 'mqmctl help'", argv[*i]);
}

/* Words that are no options go to c->args. */
static int read_line(struct ctl *c, int argc, char **argv)
{
    int ended = 0, r;

    for (int i = 1; i < argc; i++) {
        if (ended || argv[i][0] != '-' || argv[i][1] == '\0') {
            c->args[c->n_args++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            ended = 1;
        } else {
            r = take_option(c, argv, &i);
            if (r != CTL_OK)
                return r;
        }
    }
    return CTL_OK;
}

/* --------------------------- the command -------------------------------- */

static int unknown_command(const char *name)
{
    const char *near = nearest_command(name);

    if (near == NULL)
        return misuse("there is no command '%s'; 'mqmctl help' lists them",
                      name);
    return misuse("there is no command '%s'; did you mean '%s'?", name, near);
}

static int run(struct ctl *c)
{
    const struct command *cmd;

    if (c->n_args == 0)
        return misuse("what shall be done?  'mqmctl help' lists the commands");
    cmd = find_command(c->args[0]);
    if (cmd == NULL)
        return unknown_command(c->args[0]);
    c->args++;
    c->n_args--;
    if (c->given & ~cmd->options)
        return misuse("an option was given that '%s' does not have; see "
                      "'mqmctl help %s'", cmd->name, cmd->name);
    if (c->n_args < cmd->least || (cmd->most >= 0 && c->n_args > cmd->most))
        return usage_of(cmd);
    return cmd->run(c);
}

/* --help and --version are answered wherever they stand before "--". */
static int asked_for(int argc, char **argv, const char *option)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], option) == 0)
            return 1;
    return 0;
}

static const char *default_config(void)
{
    const char *path = getenv("MQM_CONFIG");

    return path != NULL && path[0] != '\0' ? path : "mqmigrate.json";
}

static int obey(struct ctl *c, int argc, char **argv)
{
    int r;

    if (asked_for(argc, argv, "--version"))
        return print_version();
    if (asked_for(argc, argv, "--help") || asked_for(argc, argv, "-h"))
        return cmd_help(c);
    r = read_line(c, argc, argv);
    return r == CTL_OK ? run(c) : r;
}

int main(int argc, char **argv)
{
    struct ctl c = {0};
    const size_t most = (size_t)argc + 1;
    char **words = calloc(most, sizeof(*words));
    int r;

    c.dead = calloc(most, sizeof(*c.dead));
    c.config = default_config();
    c.args = words;
    r = words && c.dead ? obey(&c, argc, argv) : refuse("out of memory");
    mqm_close(c.m);
    if (fflush(stdout) != 0 || ferror(stdout))
        r = refuse("the answer could not be written to stdout");
    free(c.dead);
    free(words);
    return r;
}
