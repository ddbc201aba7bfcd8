#!/bin/bash
# SPDX-License-Identifier: MIT
# doctor_brokers.sh - what mqmctl doctor finds of real brokers, each thing
# provoked.  Run it through tests/with_servers.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"
# shellcheck source=tests/ctl/brokers.bash
. tests/ctl/brokers.bash
name=doctor-$$

# configure TOPIC [MORE]: of this name on both brokers; more members.
configure() {
    topic=$1
    write_config "$name" "\"rate\": 10 ${2-}, \"sides\": {
       \"kafka\": {\"topic\": \"$topic\", \"parking\": \"$topic-parking\"},
       \"rocketmq\": {\"topic\": \"$topic\", \"parking\": \"$topic-parking\"}}"
}

examine() {
    mqmctl doctor >"$tmp/findings" 2>&1
    code=$?
}

# has NAME LEVEL SIDE SUBJECT WORDS: such a line is among the findings.
has() {
    if grep -F -e "$3 rewards ($name): $4:" "$tmp/findings" |
        grep -e "^$2 " | grep -qF -e "$5"; then
        ok "$1"
    else
        echo "(wanted: $2 $3 $4: $5)" >>"$tmp/findings"
        not_ok "$1" "$tmp/findings"
    fi
}

exits() { # NAME CODE
    if [ "$code" = "$2" ]; then ok "$1"; else not_ok "$1" "$tmp/findings"; fi
}

json_is_right() {
    mqmctl doctor --json | python3 -c '
import json, sys
found = json.load(sys.stdin)
assert any(f["level"] == "warn" and f["remedy"] for f in found)
assert not any(f["level"] == "loses" for f in found)'
}

refused() { # NAME COMMAND...
    local what=$1
    shift
    if "$@" >"$tmp/said" 2>&1; then
        not_ok "$what" "$tmp/said"
    else
        ok "$what"
    fi
}

topics() { # NAME SETTINGS PARKING-SETTINGS
    # shellcheck disable=SC2086
    {
        scripts/kafka topic "$kafka_server" "$1" 1 $2
        scripts/kafka topic "$kafka_server" "$1-parking" 1 $3
        scripts/rocketmq topic "$rocketmq_server" "$1" 1
        scripts/rocketmq topic "$rocketmq_server" "$1-parking" 1
    } >"$tmp/made" 2>&1 || not_ok "topics of $1 are made" "$tmp/made"
}

# --------------------------------- as it should be --------------------------

topics "$name" retention.ms=259200000 retention.ms=-1
configure "$name"
examine
exits "new topics lose nothing" 0
has "Kafka: the topic's retention" ok kafka retention 259200000
has "Kafka: one replica" warn kafka replicas "'$name': one"
has "Kafka: the parking topic is kept" ok kafka parking "without limit"
has "Kafka: topics that make themselves" warn kafka \
    auto.create.topics.enable misspelt
has "Kafka: time for the handler" ok kafka max.poll.interval.ms 300000
has "Kafka: a group that is new, and nothing there" ok kafka group \
    "no position yet"
has "Kafka: the rate" ok kafka rate "0 messages a second"
has "Kafka: the clock of its producers" ok kafka clock "no message"
has "RocketMQ: its clock" ok rocketmq clock "within"
has "RocketMQ: retention" ok rocketmq retention "fileReservedTime=72 h"
has "RocketMQ: bodies go as all messages do" warn rocketmq parking "72 h"
has "RocketMQ: what is on its disk" warn rocketmq replicas ASYNC_FLUSH
has "RocketMQ: topics that make themselves" warn rocketmq \
    autoCreateTopicEnable misspelt
has "RocketMQ: the client library" warn rocketmq librocketmq \
    GetMessageBodyLength
has "RocketMQ: no position yet" warn rocketmq group \
    "no position in 1 of 1 queues, with 0 messages"
check "as JSON" json_is_right

# ------------------------------------ positions ------------------------------

printf 'a\nb\nc\n' | scripts/kafka send "$kafka_server" "$name"
printf 'a\nb\nc\n' | scripts/rocketmq send "$rocketmq_server" "$name"
examine
has "Kafka: a group that never was" warn kafka group "is that its name?"
configure "$name" ", \"since\": 1766400000000"
examine
exits "a new group behind what was sent to both" 1
has "RocketMQ: it begins at the end" loses rocketmq group "with 3 messages"

scripts/rocketmq group "$rocketmq_server" "$name"
scripts/kafka commit "$kafka_server" "$name" "$name" 0
scripts/rocketmq commit "$rocketmq_server" "$name" "$name" 0
examine
exits "groups that stand before it" 0
has "Kafka: before the moment" ok kafka group "before the moment"
has "RocketMQ: before the moment" ok rocketmq group "before the moment"

scripts/kafka commit "$kafka_server" "$name" "$name" 2
scripts/rocketmq commit "$rocketmq_server" "$name" "$name" 2
examine
has "Kafka: set there by hand?" warn kafka group "stands 2 messages behind"
has "RocketMQ: set there by hand?" warn rocketmq group \
    "stands 2 messages behind"

# A quarter of an hour, and a minute more than that may differ.
echo d | scripts/kafka send "$kafka_server" "$name" 900000
examine
has "Kafka: a producer's clock is ahead" warn kafka clock "born more than"
configure "$name" ", \"clock_margin_ms\": 960000"
examine
has "Kafka: no further than it may be" ok kafka clock "no message"

# ------------------------------- what loses -----------------------------------

topics "$name-x" "cleanup.policy=compact retention.ms=3600000" \
    "retention.ms=60000 retention.bytes=1000"
configure "$name-x" ", \"keep_ms\": 3600000, \"lease_ms\": 400000,
    \"settle_ms\": 800000"
examine
exits "a topic that is compacted" 1
has "Kafka: compaction" loses kafka compaction "'$name-x'"
has "Kafka: a retention that is short" warn kafka retention "60 minutes"
has "Kafka: bodies that go too soon" loses kafka parking "retention.ms=60000"
has "Kafka: a handler that is slow" warn kafka max.poll.interval.ms 400000
has "RocketMQ: keep_ms is short" warn rocketmq retention "longer than keep_ms"

configure "$name-y"
examine
exits "topics that are not there" 1
has "Kafka: no topic" warn kafka look "$name-y"
has "RocketMQ: no topic" warn rocketmq look "$name-y"
refused "nothing was made by looking" \
    scripts/rocketmq offsets "$rocketmq_server" "$name" "$name-y"
plan
