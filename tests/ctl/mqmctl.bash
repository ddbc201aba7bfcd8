# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# mqmctl.bash - mqmctl on a configuration, and programs that work with it;
# sourced after tap.bash.

ctl=$BUILD/bin/mqmctl
config=$tmp/mqmigrate.json
lib=$(cd "$BUILD/lib" && pwd)
flags=(-std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -Iinclude)

compile() { # PROGRAMS: of tests/ctl
    local program
    for program; do
        "${CC:-cc}" "${flags[@]}" "tests/ctl/$program.c" -L"$lib" -lmqmigrate \
            -Wl,-rpath,"$lib" -o "$tmp/$program" || exit 1
    done
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

json_is_ok() {
    "$@" --json | python3 -m json.tool
}
