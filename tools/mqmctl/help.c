/* SPDX-License-Identifier: MIT */
/* help.c - the commands, for people; the nearest one to what was typed. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LEN = 24 };

const struct command *find_command(const char *name)
{
    for (const struct command *k = ctl_commands; k->name != NULL; k++)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be put in, left out or changed. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_LEN + 1];
    const size_t n = strlen(a), len = strlen(b);

    if (n > NAME_MAX_LEN || len > NAME_MAX_LEN)
        return NAME_MAX_LEN;
    for (size_t i = 0; i <= len; i++)
        row[i] = i;
    for (size_t k = 1; k <= n; k++) {
        size_t diagonal = row[0];

        row[0] = k;
        for (size_t i = 1; i <= len; i++) {
            const size_t above = row[i];

            row[i] = least(least(above, row[i - 1]) + 1,
                           diagonal + (a[k - 1] != b[i - 1]));
            diagonal = above;
        }
    }
    return row[len];
}

const char *nearest_command(const char *name)
{
    const char *best = NULL;
    size_t best_distance = 4;

    for (const struct command *k = ctl_commands; k->name != NULL; k++) {
        size_t d = distance(name, k->name);

        if (name[0] != '\0' && strncmp(k->name, name, strlen(name)) == 0)
            d = 0;
        if (d < best_distance) {
            best = k->name;
            best_distance = d;
        }
    }
    return best;
}

static void print_options(unsigned options)
{
    static const struct {
        unsigned option;
        const char *words;
    } all[] = {
        {CTL_GROUP, " [--group G]"},   {CTL_SIDE, " [--side S]"},
        {CTL_KEY, " [--key K]"},       {CTL_TOKEN, " [--token T]"},
        {CTL_JSON, " [--json]"},       {CTL_REMOVE, " [--remove]"},
        {CTL_MAN, " [--man]"},         {CTL_DRY_RUN, " [--dry-run]"},
        {CTL_WATCH, " [--watch]"},     {CTL_OLDER, " [--older 10m]"},
        {CTL_ANYWAY, " [--anyway]"},   {CTL_AGAIN, " [--again]"},
        {CTL_ALL, " [--all]"},         {CTL_TO, " [--to S]"},
        {CTL_FROM, " [--from FILE]"},  {CTL_WHY, " [--why TEXT]"},
        {CTL_BODY, " [--body]"},       {CTL_YES, " [--yes]"},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (options & all[i].option)
            fputs(all[i].words, stdout);
}

static void print_usage(const struct command *cmd)
{
    printf("mqmctl %s%s%s", cmd->name, cmd->args[0] ? " " : "", cmd->args);
    print_options(cmd->options);
    printf("\n    %s\n", cmd->words);
}

int usage_of(const struct command *cmd)
{
    return misuse("usage: mqmctl %s%s%s; see 'mqmctl help %s'", cmd->name,
                  cmd->args[0] ? " " : "", cmd->args, cmd->name);
}

int cmd_help(struct ctl *c)
{
    const struct command *cmd;

    if (c->n_args == 1) {
        cmd = find_command(c->args[0]);
        if (cmd == NULL)
            return misuse("there is no command '%s'; 'mqmctl help' lists them",
                          c->args[0]);
        print_usage(cmd);
        return CTL_OK;
    }
    puts("usage: mqmctl [-c FILE] COMMAND ...\n"
         "\n"
         "FILE is the configuration that the consumers have; without -c that\n"
         "is $MQM_CONFIG, else ./mqmigrate.json.\n");
    for (cmd = ctl_commands; cmd->name != NULL; cmd++)
        print_usage(cmd);
    puts("\nExit code: 0 done, 1 refused or failed (words on stderr), 2 "
         "usage.");
    return CTL_OK;
}

int print_version(void)
{
    printf("mqmctl %d.%d.%d, library %s\n", MQM_VERSION_MAJOR,
           MQM_VERSION_MINOR, MQM_VERSION_PATCH, mqm_version());
    return CTL_OK;
}
