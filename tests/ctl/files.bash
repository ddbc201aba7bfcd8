# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# files.bash - two sides made of files, and programs that work on them; sourced
# after tap.bash.  write_config SETTINGS: more of the topic "rewards".

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

write_config() {
    cat >"$config" <<JSON
{
  "app": "shop",
  "store": {"url": "sqlite:$tmp/mqm.db", "timeout_ms": 5000},
  "sides": {
    "kafka": {"adapter": "$tmp/mqm_files.so", "dir": "$tmp/kafka"},
    "rocketmq": {"adapter": "$tmp/mqm_files.so", "dir": "$tmp/rocketmq"}
  },
  "topics": [
    {"topic": "rewards", "group": "issuer", "old": "kafka", "new": "rocketmq",
     "clock_margin_ms": 0, $1}
  ]
}
JSON
}

mqmctl() {
    "$ctl" -c "$config" "$@"
}

json_is_ok() {
    "$@" --json | python3 -m json.tool
}
