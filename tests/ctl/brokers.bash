# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# brokers.bash - mqmctl on the brokers of tests/with_servers; sourced after
# tap.bash.
# shellcheck source=tests/ctl/mqmctl.bash
. tests/ctl/mqmctl.bash

if [ -z "${MQM_TEST_KAFKA-}" ] || [ -z "${MQM_TEST_ROCKETMQ-}" ]; then
    not_ok "there are brokers: tests/with_servers $0"
    plan
fi
kafka_server=$MQM_TEST_SERVERS/kafka
rocketmq_server=$MQM_TEST_SERVERS/rocketmq

# write_config GROUP SETTINGS [TOP [KAFKA]]: of the topic "rewards", with what it
# is on each side; more at the top, and of the side of Kafka.
write_config() {
    cat >"$config" <<JSON
{
  "app": "shop", "plugin_dir": "$lib/mqmigrate", ${3:+$3,}
  "store": {"url": "sqlite:$tmp/mqm.db", "timeout_ms": 5000},
  "sides": {
    "kafka": {"adapter": "kafka", "bootstrap.servers": "$MQM_TEST_KAFKA"
              ${4:+, $4}},
    "rocketmq": {"adapter": "rocketmq", "name_server": "$MQM_TEST_ROCKETMQ",
                 "library": "$MQM_TEST_LIBROCKETMQ"}
  },
  "topics": [
    {"topic": "rewards", "group": "$1", "old": "kafka", "new": "rocketmq",
     $2}
  ]
}
JSON
}

make_topics() { # NAMES: on both brokers
    local name
    for name; do
        scripts/kafka topic "$kafka_server" "$name" 2 &&
            scripts/rocketmq topic "$rocketmq_server" "$name" 2
    done >"$tmp/made" 2>&1 || not_ok "the topics are made" "$tmp/made"
}
