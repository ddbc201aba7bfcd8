# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# files.bash - two sides made of files, and programs that work on them; sourced
# after tap.bash.

ctl=$BUILD/bin/mqmctl
config=$tmp/mqmigrate.json
flags=(-std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -Iinclude)
rpath=$(cd "$BUILD/lib" && pwd)

"${CC:-cc}" "${flags[@]}" -fPIC -shared tests/ctl/adapter.c \
    -o "$tmp/mqm_files.so" || exit 1
for program in worker settler; do
    "${CC:-cc}" "${flags[@]}" tests/ctl/$program.c -L"$BUILD/lib" \
        -lmqmigrate -Wl,-rpath,"$rpath" -o "$tmp/$program" || exit 1
done
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

mqmctl() {
    "$ctl" -c "$config" "$@"
}

new_id() {
    "$ctl" new-id
}

# worker SIDE ID HOW: what came of the copy, as a number.
worker() {
    "$tmp/worker" "$config" "$@"
}

# stays SIDE ID: a worker that does one message there and stays; its pid in $pid.
stays() {
    "$tmp/worker" "$config" "$1" "$2" stay >"$tmp/stays" 2>&1 &
    pid=$!
}

# field NAME ID: of the record, from the JSON.
field() {
    mqmctl show rewards "$2" --json |
        python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"
}

is_field() { # NAME ID VALUE
    [ "$(field "$1" "$2")" = "$3" ]
}

settled() { # IDs: their attempts in doubt can no longer act
    local id
    for id; do
        until is_field left_ms "$id" 0; do
            sleep 0.1
        done
    done
}

copies() { # ID: so many lie in the topic of Kafka's side
    local n
    n=$(grep -c "^$1	" "$tmp/kafka/rewards" 2>/dev/null)
    echo "${n:-0}"
}

json_is_ok() {
    "$@" --json | python3 -m json.tool
}
