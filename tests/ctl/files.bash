# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# files.bash - two sides made of files, and programs that work on them; sourced
# after tap.bash.

# shellcheck source=tests/ctl/mqmctl.bash
. tests/ctl/mqmctl.bash

"${CC:-cc}" "${flags[@]}" -fPIC -shared tests/ctl/adapter.c \
    -o "$tmp/mqm_files.so" || exit 1
compile worker settler
mkdir "$tmp/kafka" "$tmp/rocketmq"

# write_config SETTINGS [TOP [TOPICS]]: more of the topic "rewards" of the group
# "issuer", more at the top, more topics.
write_config() {
    cat >"$config" <<JSON
{
  "app": "shop", ${2:+$2,}
  "store": {"url": "sqlite:$tmp/mqm.db", "timeout_ms": 5000},
  "sides": {
    "kafka": {"adapter": "$tmp/mqm_files.so", "dir": "$tmp/kafka"},
    "rocketmq": {"adapter": "$tmp/mqm_files.so", "dir": "$tmp/rocketmq"}
  },
  "topics": [
    {"topic": "rewards", "group": "issuer", "old": "kafka", "new": "rocketmq",
     "clock_margin_ms": 0, $1}${3:+, $3}
  ]
}
JSON
}

# stays SIDE ID: a worker that does one message there and stays; its pid in $pid.
stays() {
    "$tmp/worker" "$config" "$1" "$2" stay >"$tmp/stays" 2>&1 &
    pid=$!
}

copies() { # ID: so many lie in the topic of Kafka's side
    local n
    n=$(grep -c "^$1	" "$tmp/kafka/rewards" 2>/dev/null)
    echo "${n:-0}"
}
