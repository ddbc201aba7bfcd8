#!/bin/bash
# SPDX-License-Identifier: MIT
# mqmctl.sh - every command on a real store, with a broker made of files.  There
# is more of some in status.sh, parked.sh, rescue.sh, assign_all.sh, retire.sh.
# shellcheck source=tests/tap.bash disable=SC1003
. "$(dirname "$0")/tap.bash"
# shellcheck source=tests/ctl/files.bash
. tests/ctl/files.bash

# configure [TOPICS]: "rewards" settles after 2.5 s; more topics.
configure() {
    write_config '"lease_ms": 900, "handler_ms": 900, "settle_ms": 2500,
     "keep_ms": 600000, "sides": {"kafka": {"parking": "parking"},
                                  "rocketmq": {"parking": "parking"}}' \
        '"report_ms": 200' "${1-}"
}

# ----------------------------- the command line -----------------------------

usage() {
    says "no command" 2 "'mqmctl help' lists" "$ctl"
    says "an unknown command: the nearest one" 2 "did you mean 'topics'?" \
        "$ctl" topcs
    says "an unknown command far from all" 2 "there is no command 'frobnicate'" \
        "$ctl" frobnicate
    says "an unknown option" 2 "there is no option '--bogus'" "$ctl" --bogus
    says "an option without its value" 2 "--group needs a value" \
        "$ctl" show a b --group
    says "an option that the command does not have" 2 "mqmctl help cut" \
        "$ctl" cut rewards 5% --json
    says "too few arguments" 2 "usage: mqmctl cut TOPIC PERCENT" "$ctl" cut a
    says "too many arguments" 2 "usage: mqmctl topics" "$ctl" topics a
    says "help" 0 "mqmctl resolve TOPIC [ID] done|again" "$ctl" help
    says "help on one" 0 "sent again" "$ctl" help resolve
    says "help on none" 2 "there is no command 'x'" "$ctl" help x
    says "--help" 0 "usage: mqmctl" "$ctl" --help
    says "--version" 0 "mqmctl 0.1.0, library 0.1.0" "$ctl" --version
    says "a resolution that is none" 2 "'done' (it took effect)" \
        mqmctl resolve rewards x maybe
    says "a token that is none" 2 "is no number" \
        mqmctl resolve rewards x "done" --token -5
    says "no configuration" 1 "nowhere.json" "$ctl" -c "$tmp/nowhere.json" \
        topics
    says "MQM_CONFIG is looked at" 1 "elsewhere.json" \
        env MQM_CONFIG="$tmp/elsewhere.json" "$ctl" topics
    says "-c goes before MQM_CONFIG" 0 "rewards" \
        env MQM_CONFIG="$tmp/elsewhere.json" "$ctl" -c "$config" topics
    says "an answer that cannot be written" 1 "could not be written" \
        bash -c "'$ctl' help >/dev/full"
}

# ------------------------------- new, settings ------------------------------

ids_sort() {
    new_id >"$tmp/ids"
    sleep 0.01
    new_id >>"$tmp/ids"
    grep -cE '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-' \
        "$tmp/ids" | grep -qx 2 && sort -cu "$tmp/ids"
}

# Every setting that a line of the table names stands in the built page.
page_is_whole() {
    local setting
    "$ctl" settings --man >"$tmp/table.5" &&
        sed -e "/^@SETTINGS@\$/{" -e "r $tmp/table.5" -e 'd' -e '}' \
            man/mqmigrate.json.5.in >"$tmp/page.5" &&
        "$ctl" settings | sed -n 's/^    \([a-z_][a-z_]*\) .*/\1/p' >"$tmp/names" &&
        [ "$(wc -l <"$tmp/names")" -gt 25 ] &&
        while read -r setting; do
            grep -qF ".BR \"$setting\"" "$tmp/page.5" || echo "$setting"
        done <"$tmp/names" >"$tmp/missing" && [ ! -s "$tmp/missing" ]
}

lint() {
    empty "$1 passes mandoc -Tlint" mandoc -Tlint -Wwarning "$1"
}

settings() {
    check "new ids are UUIDs of version 7 and sort" ids_sort
    says "settings" 0 "lease_ms" "$ctl" settings
    check "each setting stands in the man page" page_is_whole
    if command -v mandoc >/dev/null; then
        lint man/mqmctl.1
        lint man/libmqmigrate.3
        lint "$tmp/page.5"
    else
        skip "the man pages pass mandoc -Tlint" "mandoc is not installed"
    fi
}

# -------------------------------- the policy --------------------------------

# policy FIELD: of topic rewards, from the JSON.
policy() {
    mqmctl topics --json | python3 -c "
import json, sys
for t in json.load(sys.stdin):
    if t['topic'] == 'rewards':
        print(json.dumps(t['$1']))"
}

is_policy() {
    [ "$(policy "$1")" = "$2" ]
}

changes() {
    local before
    says "since must be set to allow somebody" 1 "nothing was changed" \
        mqmctl allow rewards user-1
    says "since must be set to cut" 1 "since" mqmctl cut rewards 12.5%
    says "the moment of the switch is set, and said" 0 \
        "rewards: since is 1" mqmctl since rewards now
    check "the moment is now" now_is_close
    says "the moment does not move" 1 "nothing was changed" \
        mqmctl since rewards 1700000000000
    check "the cut is set" mqmctl cut rewards 12.5%
    check "the cut is in force" is_policy cut '"12.5%"'
    before=$(cat "$config")
    says "a cut above all" 1 "nothing was changed" mqmctl cut rewards 101%
    says "a cut that is none" 1 "nothing was changed" mqmctl cut rewards much
    says "a switch that is none" 1 "nothing was changed" \
        mqmctl switch rewards maybe
    says "a moment that is none" 1 "nothing was changed" \
        mqmctl since rewards yesterday
    says "a topic that is none" 1 "rewards" mqmctl cut reward 1%
    says "a group that is none" 1 "issuer" mqmctl cut rewards 1% --group x
    check "a refused change leaves the file as it was" \
        test "$before" = "$(cat "$config")"
    says "a configuration that is no file" 1 "is no file" \
        "$ctl" -c '{"app": "x"}' cut rewards 1%
    check "the switch is on" mqmctl switch rewards on
    check "the switch is in force" is_policy switch true
    check "the switch is off" mqmctl switch rewards off
    check "the switch is off in force" is_policy switch false
    check "three are allowed" mqmctl allow rewards user-1 user-2 'odd "key"'
    check "three are on the list" is_policy allowed 3
    check "one is taken off" mqmctl allow rewards --remove user-1
    check "two are on the list" is_policy allowed 2
    says "topics, as a table" 0 "12.5%" mqmctl topics
}

now_is_close() {
    local since now
    since=$(policy since_ms)
    now=$(date +%s%3N)
    [ $((now - since)) -ge 0 ] && [ $((now - since)) -lt 60000 ]
}

# Two that change the file at once never lose one another's change.
concurrent() {
    local i pids=()
    for i in 1 2 3 4 5 6 7 8 9 10; do
        mqmctl allow rewards "left-$i" || echo left
    done >"$tmp/left" 2>&1 &
    pids+=($!)
    for i in 1 2 3 4 5 6 7 8 9 10; do
        mqmctl allow rewards "right-$i" && mqmctl cut rewards "$i%" ||
            echo right
    done >"$tmp/right" 2>&1 &
    pids+=($!)
    for i in 1 2 3 4 5 6 7 8 9 10; do
        python3 -m json.tool "$config" >/dev/null || echo torn
    done >"$tmp/torn"
    wait "${pids[@]}"
    ! grep -qx 'left\|right\|torn' "$tmp/left" "$tmp/right" "$tmp/torn" &&
        is_policy cut '"10%"' && is_policy allowed 22
}

several_groups() {
    cp "$config" "$tmp/saved"
    configure '{"topic": "rewards", "group": "audit", "old": "kafka",
        "new": "rocketmq", "since": 1766400000000}'
    says "two groups: which?" 1 "--group" mqmctl show rewards some-id
    says "two groups: which to change?" 1 "nothing was changed" \
        mqmctl cut rewards 5%
    says "two groups: this one" 0 "free" \
        mqmctl show rewards some-id --group audit
    check "two groups: this one is changed" \
        mqmctl cut rewards 7% --group audit
    says "two groups: no such" 1 "has no group 'x'" \
        mqmctl show rewards some-id --group x
    cp "$tmp/saved" "$config"
}

# ------------------------------- one message --------------------------------

looking() {
    local id other
    id=$(new_id)
    says "a message that nobody has seen" 0 "free" mqmctl show rewards "$id"
    check "a worker does one" test "$(worker kafka "$id" "done")" = 0
    says "show: done" 0 "done" mqmctl show rewards "$id"
    other=$(tr a-f A-F <<<"$id")
    check "a UUID in upper case is the same" is_field state "$other" "done"
    says "show: whose" 0 "kafka" mqmctl show rewards "$id"
    says "show: what policy says for a key" 0 "rocketmq" \
        mqmctl show rewards "$(new_id)" --key user-2
    says "show: what policy says for another key" 0 "kafka" \
        mqmctl show rewards "$(new_id)" --key user-99
    says "show: no such topic" 1 "there is no topic 'reward'" \
        mqmctl show reward "$id"
    says "show: an id that is empty" 1 "the id is empty" \
        mqmctl show rewards ''
    says "show: an escape that is none" 1 "a backslash begins" \
        mqmctl show rewards 'a\b'
    says "show: an id that is too long" 1 "longer than 128 bytes" \
        mqmctl show rewards "$(printf '%0129d' 1)"
    worker kafka $'evil\e[2J\\' hold >/dev/null
    says "control bytes are escaped" 0 'evil\x1b[2J\\' mqmctl pending rewards
    check "no control byte comes out" no_control_byte
    check "what was printed can be typed" is_field state 'evil\x1b[2J\\' held
    says "pending: a side that is none" 1 "its sides are kafka and rocketmq" \
        mqmctl pending rewards --side pulsar
    says "pending: one side" 0 "evil" mqmctl pending rewards --side kafka
    says "pending: the other side has none" 0 "0 pending" \
        mqmctl pending rewards --side rocketmq
}

no_control_byte() {
    mqmctl pending rewards >"$tmp/out" && mqmctl pending rewards --json \
        >>"$tmp/out" && ! LC_ALL=C grep -q '[^[:print:]]' "$tmp/out"
}

# ------------------------------ resolve, assign -----------------------------

park() { # SIDE: a message that is parked there with its body
    local id
    id=$(new_id)
    [ "$(worker "$1" "$id" unsure)" = 0 ] || echo "not parked" >&2
    echo "$id"
}

resolving() {
    local id
    id=$(park kafka)
    check "an unsure one is parked" is_field state "$id" parked
    check "its body is safe" is_field body_safe "$id" True
    says "parked lists it" 0 "$id" mqmctl parked rewards
    says "parked counts it" 0 "1 parked" mqmctl parked rewards
    says "again, too early: how long" 1 "ask again in" \
        mqmctl resolve rewards "$id" again
    check "too early changes nothing" is_field state "$id" parked
    settled "$id"
    says "a token that moved" 1 "moved since" \
        mqmctl resolve rewards "$id" again --token 12345
    says "again" 0 "sent to kafka again" mqmctl resolve rewards "$id" again
    check "it is owed" is_field state "$id" owed
    check "its body went to its side, with its headers" grep -qx \
        "$id	a reward	with its headers" "$tmp/kafka/rewards"
    check "the other side got nothing" test ! -e "$tmp/rocketmq/rewards"
    says "again, again: after a kill between the steps" 0 "sent to kafka" \
        mqmctl resolve rewards "$id" again
    check "it was sent twice, under one id" test \
        "$(grep -c "^$id" "$tmp/kafka/rewards")" = 2
    check "a worker does it" test "$(worker kafka "$id" "done")" = 0
    check "the second copy is dropped" test "$(worker kafka "$id" "done")" = 0
    says "a done one is not parked" 1 "is done by kafka, not parked" \
        mqmctl resolve rewards "$id" again
    says "done twice is done" 0 "is done already" \
        mqmctl resolve rewards "$id" "done"
    says "a free one is not parked" 1 "is free, not parked" \
        mqmctl resolve rewards "$(new_id)" "done"
    id=$(park kafka)
    says "done" 0 "is done" mqmctl resolve rewards "$id" "done" \
        --token "$(field token "$id")"
    check "it is done" is_field state "$id" "done"
}

without_body() {
    local id
    id=$(park kafka)
    settled "$id"
    mv "$tmp/kafka/parking" "$tmp/kafka/away"
    says "a body that is nowhere: who must send it" 1 \
        "lies in no parking topic" mqmctl resolve rewards "$id" again
    check "it is owed all the same" is_field unsent "$id" True
    mv "$tmp/kafka/away" "$tmp/kafka/parking"
    says "the same command completes it" 0 "sent to kafka again" \
        mqmctl resolve rewards "$id" again
}

assigning() {
    local id
    id=$(park kafka)
    says "assign: a side that is none" 1 "its sides are" \
        mqmctl assign rewards "$id" pulsar
    says "assign: belongs to it already" 1 "belongs to kafka already" \
        mqmctl assign rewards "$id" kafka
    says "assign, too early: how long" 1 "ask again in" \
        mqmctl assign rewards "$id" rocketmq
    settled "$id"
    says "assign" 0 "sent to rocketmq again, out of the parking topic of kafka" \
        mqmctl assign rewards "$id" rocketmq
    check "it is the other side's" is_field side "$id" rocketmq
    check "its body went there" grep -q "^$id	a reward" \
        "$tmp/rocketmq/rewards"
    says "assign, again: after a kill between the steps" 0 "sent to rocketmq" \
        mqmctl assign rewards "$id" rocketmq
    check "the other side does it" test "$(worker rocketmq "$id" "done")" = 0
    says "a done one is not assigned" 1 "not owed or parked" \
        mqmctl assign rewards "$id" kafka
    id=$(new_id)
    check "a worker fails" test "$(worker kafka "$id" failed)" != 0
    says "assign what is owed: who must send it" 1 "lies in no parking topic" \
        mqmctl assign rewards "$id" rocketmq
    says "show tells that it is reassigned and not sent" 0 "flag      unsent" \
        mqmctl show rewards "$id"
    check "the old side's copy comes again" test \
        "$(worker kafka "$id" "done")" != 0
}

# ------------------------------ check, plugins ------------------------------

checking() {
    touch "$tmp/rocketmq/parking"
    says "check" 0 "ok     topic rewards (issuer)" mqmctl check
    says "check: the brokers" 0 "ok     side rocketmq: rewards (issuer)" \
        mqmctl check
    mv "$tmp/rocketmq/parking" "$tmp/rocketmq/away"
    says "check: a topic that is not there" 1 \
        "parking topic 'parking': no topic 'parking': create it" mqmctl check
    mv "$tmp/rocketmq/away" "$tmp/rocketmq/parking"
    check "check, as JSON" json_is_ok mqmctl check
    says "doctor: where it found nothing that loses" 0 \
        "ok     store durability: full" mqmctl doctor
    says "doctor: a remedy" 0 'remedy: set "rate"' mqmctl doctor
    says "doctor: an adapter that cannot tell" 0 \
        "warn   kafka rewards (issuer): look: plugin '$tmp/mqm_files.so'" \
        mqmctl doctor
    check "doctor, as JSON" json_is_ok mqmctl doctor
    says "plugins" 0 "sqlite" mqmctl plugins
    check "plugins, as JSON" json_is_ok mqmctl plugins
    check "pending, as JSON" json_is_ok mqmctl pending rewards
    check "parked, as JSON" json_is_ok mqmctl parked rewards
    cp "$config" "$tmp/saved"
    sed -i "s|$tmp/mqm_files.so|$tmp/nothing.so|" "$config"
    says "check: an adapter that is not there" 1 "nothing.so" mqmctl check
    cp "$tmp/saved" "$config"
    sed -i 's|"app"|"ap"|' "$config"
    says "check: a setting misspelt" 1 "app" mqmctl check
    echo '{' >"$config"
    says "check: no JSON" 1 "line" mqmctl check
    sed "s|sqlite:$tmp/mqm.db|memory:|" "$tmp/saved" >"$config"
    says "doctor: a store that nobody shares" 1 "loses  store shared" \
        mqmctl doctor
    cp "$tmp/saved" "$config"
    sed -i "s|sqlite:$tmp|sqlite:$tmp/no/such|" "$config"
    says "doctor: a store that cannot be opened" 1 "error" mqmctl doctor
    says "check: a store that cannot be opened" 1 "error" mqmctl check
    cp "$tmp/saved" "$config"
}

configure
usage
settings
changes
check "two that change at once lose nothing" concurrent
several_groups
looking
resolving
without_body
assigning
checking
plan
