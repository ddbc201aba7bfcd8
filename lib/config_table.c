/* SPDX-License-Identifier: MIT */
/* config_table.c - the one table of all settings. */
#include "config_table.h"

#include "config.h"

#define AT(type, field) offsetof(struct type, field)
#define RANGE(low, high)                                                       \
    .min = (low), .max = (high), .limits = #low " to " #high
#define WORDS(text, ...)                                                       \
    .limits = (text), .choices = (const char *const[])                         \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }
#define BYTES(low, high)                                                       \
    .min = (low), .max = (high),                                               \
    .limits = "a text of " #low " to " #high " bytes"
#define NAME                                                                   \
    .min = 1, .max = MQM_NAME_MAX,                                             \
    .limits = "a name of 1 to 31 of A-Z a-z 0-9 . _ -"

const struct setting_row mqm__settings[] = {
    {.where = "",
     .name = "app",
     .kind = KIND_NAME,
     .offset = AT(config, app),
     NAME,
     .words = "The application: records of two of them never meet."},
    {.where = "",
     .name = "plugin_dir",
     .kind = KIND_TEXT,
     .offset = AT(config, plugin_dir),
     .note = "beside the library",
     BYTES(1, 4000),
     .words = "Where mqm_NAME.so of a plugin is looked for."},
    {.where = "",
     .name = "report_ms",
     .kind = KIND_MS,
     .offset = AT(config, report_ms),
     .preset = "5000",
     RANGE(0, 3600000),
     .words = "How often an instance writes into the store that it is there "
              "and what it has done, for mqmctl status; 0: never."},
    {.where = "",
     .name = "store",
     .kind = KIND_PART,
     .limits = "the section \"store\"",
     .words = "What all consumers of the application share."},
    {.where = "",
     .name = "sides",
     .kind = KIND_PART,
     .limits = "a section for each side, by its name",
     .words = "The brokers."},
    {.where = "",
     .name = "topics",
     .kind = KIND_PART,
     .limits = "a list of sections",
     .words = "What is migrated: a section for each group and topic."},

    {.where = "store",
     .name = "url",
     .kind = KIND_TEXT,
     .offset = AT(store_config, url),
     BYTES(1, 2000),
     .words = "Where it is: sqlite:PATH, redis://HOST:PORT, memory:, or what a "
              "store plugin knows.  What else stands in the section is for "
              "the store."},
    {.where = "store",
     .name = "timeout_ms",
     .kind = KIND_MS,
     .offset = AT(store_config, timeout_ms),
     .preset = "2000",
     RANGE(10, 600000),
     .words = "A call waits for the store no longer."},
    {.where = "store",
     .name = "insist",
     .kind = KIND_BOOL,
     .offset = AT(store_config, insist),
     .preset = "false",
     .limits = "true or false",
     .words = "Open also a store that is found to lose messages (it evicts "
              "records, it is a replica); 'mqmctl doctor' tells what is wrong "
              "with it."},

    {.where = "sides.*",
     .name = "adapter",
     .kind = KIND_TEXT,
     .offset = AT(side_config, adapter),
     .note = "the side's name",
     BYTES(1, 4000),
     .words = "The plugin that drives the broker: a name, or a path with a '/' "
              "in it.  What else stands in the section is for the adapter; "
              "{\"file\": \"/path\"} takes a value from a file."},

    {.where = "topics[]",
     .name = "topic",
     .kind = KIND_NAME,
     .offset = AT(topic_config, topic),
     NAME,
     .words = "What programs call it, on both sides."},
    {.where = "topics[]",
     .name = "group",
     .kind = KIND_NAME,
     .offset = AT(topic_config, group),
     NAME,
     .words = "The consumers' group; groups do not exclude one another."},
    {.where = "topics[]",
     .name = "old",
     .kind = KIND_SIDE,
     NAME,
     .words = "The side to leave."},
    {.where = "topics[]",
     .name = "new",
     .kind = KIND_SIDE,
     NAME,
     .words = "The side to move to."},
    {.where = "topics[]",
     .name = "switch",
     .kind = KIND_BOOL,
     .offset = AT(topic_config, policy.on),
     .preset = "false",
     .limits = "true or false",
     .words = "Off: what nobody has looked at is the old side's, but for the "
              "allow list.  On: the cut decides."},
    {.where = "topics[]",
     .name = "since",
     .kind = KIND_SINCE,
     .offset = AT(topic_config, policy.since_ms),
     .preset = "null",
     .limits = "null, Unix milliseconds or \"2026-01-31T23:59:59Z\", from the "
               "year 2000 to 2100",
     .words = "The moment of the switch.  What was born before it is the old "
              "side's.  It must lie after the last unguarded consumer "
              "stopped, all producers send to both sides, and the new group "
              "exists.  Once set it never moves."},
    {.where = "topics[]",
     .name = "cut",
     .kind = KIND_CUT,
     .offset = AT(topic_config, policy.cut_ppm),
     .preset = "\"0%\"",
     .limits = "\"0%\" to \"100%\", in steps of 0.0001%",
     .words = "The share of messages that is the new side's."},
    {.where = "topics[]",
     .name = "allow",
     .kind = KIND_ALLOW,
     .offset = AT(topic_config, policy.allow),
     .preset = "[]",
     .limits = "up to 100000 texts of 1 to 255 bytes",
     .words = "Keys and ids that are the new side's whatever the cut says, "
              "also while the switch is off."},
    {.where = "topics[]",
     .name = "salt",
     .kind = KIND_SALT,
     .offset = AT(topic_config, policy.seed),
     .preset = "\"\"",
     BYTES(0, 255),
     .words = "Another salt, another choice of who is within the cut (with "
              "xxh3)."},
    {.where = "topics[]",
     .name = "hash",
     .kind = KIND_WORD,
     .offset = AT(topic_config, policy.hash),
     .preset = "\"xxh3\"",
     WORDS("\"xxh3\" or \"last-two-digits\"", "xxh3", "last-two-digits"),
     .words = "last-two-digits: of Java's String.hashCode(); whole percents "
              "only."},
    {.where = "topics[]",
     .name = "hash_of",
     .kind = KIND_FLAG,
     .offset = AT(topic_config, policy.hash_id),
     .preset = "\"key\"",
     WORDS("\"key\" or \"id\"", "key", "id"),
     .words = "What the cut looks at.  Where there is no key, the id."},
    {.where = "topics[]",
     .name = "clock_margin_ms",
     .kind = KIND_MS,
     .offset = AT(topic_config, policy.margin_ms),
     .preset = "5000",
     RANGE(0, 3600000),
     .words = "How far producers' clocks may be off.  What is born later than "
              "that is not believed, and the old side's.  A store that lost "
              "records has what was born so long after that in doubt, too."},
    {.where = "topics[]",
     .name = "lease_ms",
     .kind = KIND_MS,
     .offset = AT(topic_config, lease_ms),
     .preset = "30000",
     RANGE(100, 3600000),
     .words = "A consumer that has not been heard of for so long is taken for "
              "dead, and its message is in doubt.  Leases of running handlers "
              "are renewed, so a handler may run longer."},
    {.where = "topics[]",
     .name = "handler_ms",
     .kind = KIND_MS,
     .offset = AT(topic_config, handler_ms),
     .preset = "10000",
     RANGE(10, 86400000),
     .words = "The effect may begin so long after the handler was called; then "
              "mqm_check() says stop."},
    {.where = "topics[]",
     .name = "settle_ms",
     .kind = KIND_MS,
     .offset = AT(topic_config, settle_ms),
     .preset = "120000",
     RANGE(100, 604800000),
     .words = "After so long an attempt in doubt can no longer act.  More than "
              "lease_ms + handler_ms by the longest time that the effect "
              "takes."},
    {.where = "topics[]",
     .name = "keep_ms",
     .kind = KIND_MS,
     .offset = AT(topic_config, keep_ms),
     .preset = "604800000",
     RANGE(1000, 31622400000),
     .words = "How long a done message is remembered at least: more than the "
              "time after which a broker may still bring a copy."},
    {.where = "topics[]",
     .name = "rate",
     .kind = KIND_COUNT,
     .offset = AT(topic_config, rate),
     .preset = "0",
     RANGE(0, 100000000),
     .words = "Messages a second that are expected, on the average of "
              "keep_ms: 'mqmctl doctor' tells whether the store has room for "
              "them.  0: it is not known."},
    {.where = "topics[]",
     .name = "policy_max_age_ms",
     .kind = KIND_MS,
     .offset = AT(topic_config, policy_max_age_ms),
     .preset = "60000",
     RANGE(1000, 86400000),
     .words = "A policy not confirmed for so long gives no message to the "
              "other side."},
    {.where = "topics[]",
     .name = "pause_ms",
     .kind = KIND_MS,
     .offset = AT(topic_config, pause_ms),
     .preset = "1000",
     RANGE(0, 86400000),
     .words = "Before the second try; doubles with each."},
    {.where = "topics[]",
     .name = "pause_max_ms",
     .kind = KIND_MS,
     .offset = AT(topic_config, pause_max_ms),
     .preset = "300000",
     RANGE(0, 86400000),
     .words = "The longest pause between two tries."},
    {.where = "topics[]",
     .name = "tries",
     .kind = KIND_COUNT,
     .offset = AT(topic_config, tries),
     .preset = "10",
     RANGE(1, 14),
     .words = "So often a message is tried, then it is parked.  RocketMQ gives "
              "a message up after 16."},
    {.where = "topics[]",
     .name = "in_doubt",
     .kind = KIND_WORD,
     .offset = AT(topic_config, in_doubt),
     .preset = "\"park\"",
     WORDS("\"park\" or \"again\"", "park", "again"),
     .words = "When an earlier try may have taken effect.  park: nobody works "
              "on it until it is resolved.  again: the handler is called and "
              "told; without a check of its own the effect may come twice."},
    {.where = "topics[]",
     .name = "done_marks",
     .kind = KIND_FLAG,
     .offset = AT(topic_config, done_relaxed),
     .preset = "\"relaxed\"",
     WORDS("\"durable\" or \"relaxed\"", "durable", "relaxed"),
     .words = "relaxed: that a message is done need not reach the disk at "
              "once; if the power fails, the last ones done are in doubt, "
              "none is done twice.  durable: each done-mark waits for the "
              "disk, which about halves the speed of single messages."},
    {.where = "topics[]",
     .name = "sides",
     .kind = KIND_PART,
     .note = "{}",
     .limits = "a section for each of the two sides, by its name",
     .words = "How the topic looks on a side."},

    {.where = "topics[].sides.*",
     .name = "topic",
     .kind = KIND_TEXT,
     .offset = AT(at_side, topic),
     .note = "the topic's name",
     BYTES(1, 255),
     .words = "What the broker calls it."},
    {.where = "topics[].sides.*",
     .name = "group",
     .kind = KIND_TEXT,
     .offset = AT(at_side, group),
     .note = "the group's name",
     BYTES(1, 255),
     .words = "What the broker calls it."},
    {.where = "topics[].sides.*",
     .name = "id",
     .kind = KIND_TEXT,
     .offset = AT(at_side, id),
     .preset = "\"" MQM_ID_HEADER "\"",
     BYTES(1, 255),
     .words = "The header (property) with the id, or \"@key\": the broker's "
              "key."},
    {.where = "topics[].sides.*",
     .name = "key",
     .kind = KIND_TEXT,
     .offset = AT(at_side, key),
     .preset = "\"@key\"",
     BYTES(1, 255),
     .words = "What cut and allow list look at: a header, \"@key\": the "
              "broker's key, or \"@id\"."},
    {.where = "topics[].sides.*",
     .name = "parking",
     .kind = KIND_TEXT,
     .offset = AT(at_side, parking),
     .note = "TOPIC-GROUP-parking, of the broker's names",
     BYTES(0, 255),
     .words = "The topic for bodies of parked messages; \"\": none, then their "
              "copies are not acknowledged."},
};

const size_t mqm__n_settings = sizeof(mqm__settings) / sizeof(*mqm__settings);
