#!/bin/bash
# SPDX-License-Identifier: MIT
# retire_brokers.sh - a side is given back, and then the other way round to its
# end, on real brokers: retire says no with each reason, and then yes, and each
# message was handled once.  Run it through tests/with_servers.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"
# shellcheck source=tests/ctl/brokers.bash
. tests/ctl/brokers.bash
topic=retire-$$

compile party
write_config issuer "\"switch\": true, \"since\": \"2026-01-01T00:00:00Z\",
     \"cut\": \"100%\", \"lease_ms\": 2000, \"handler_ms\": 2000,
     \"settle_ms\": 5000, \"clock_margin_ms\": 100, \"policy_max_age_ms\": 2000,
     \"sides\": {
       \"kafka\": {\"topic\": \"$topic\", \"parking\": \"$topic-parking\",
                 \"group\": \"$topic\"},
       \"rocketmq\": {\"topic\": \"$topic\", \"parking\": \"$topic-parking\",
                    \"group\": \"GID_$topic\"}}" '"report_ms": 200' \
    '"consumer.session.timeout.ms": "6000",
     "consumer.auto.commit.interval.ms": "100"'

# begins SIDE: its consumer, with its pid in $kafka or $rocketmq.
begins() {
    "$tmp/party" "$config" consume "$1" >>"$tmp/ledger" 2>>"$tmp/parties" &
    printf -v "$1" %s $!
}

ends() { # PID
    kill -TERM "$1"
    wait "$1"
}

# sends COUNT SIDE|both BODY: the ids are remembered, and the last one in $id.
# After a failure again, with the same id.
sends() {
    local tries
    for _ in $(seq "$1"); do
        id=$(new_id)
        echo "$id" >>"$tmp/sent"
        for ((tries = 0; tries < 30; tries++)); do
            "$tmp/party" "$config" send "$2" "$id" "$3" && break
            sleep 0.5
        done 2>>"$tmp/parties"
    done
}

at_last() { # COMMAND...: within a minute
    in_the_end "$@" || in_the_end "$@" && return
    cat "$tmp/told" "$tmp/parties"
    return 1
}

tells() { # SIDE WORDS: a reason why not
    mqmctl retire rewards --side "$1" --dry-run >"$tmp/told" 2>&1
    grep -qF -- "$2" "$tmp/told"
}

says_yes() { # SIDE [OPTION]
    mqmctl retire rewards --side "$@" >"$tmp/told" 2>&1
}

handled() { # COUNT SIDE
    [ "$(grep -c "^$2 " "$tmp/ledger")" = "$1" ]
}

pending() { # COUNT SIDE
    mqmctl pending rewards --side "$2" | grep -q "^$1 pending"
}

# The store is older than the first message, by more than clocks may differ.
says "a store is made" 0 "0 pending" mqmctl pending rewards
make_topics "$topic" "$topic-parking"
touch "$tmp/ledger" "$tmp/told"
kafka='' rocketmq=''

# --------------------- a new side that breaks is given back -----------------

begins kafka
begins rocketmq
sends 2 both "a reward"
check "RocketMQ does what it gets" at_last handled 2 rocketmq
ends "$rocketmq"
sends 5 both "a reward"
check "then it is broken, and owes five" at_last pending 5 rocketmq
mqmctl cut rewards 0% >/dev/null
says "what it owes is given to Kafka" 0 "5 assigned to kafka, 5 sent there" \
    mqmctl assign rewards --all --to kafka --yes
check "which does it" at_last handled 5 kafka
check "its group has not read what lies there" at_last \
    tells rocketmq "to read, some of it from before"
check "lost for good, it may go" at_last says_yes rocketmq --anyway

# -------------------------- and the old one to its end ----------------------

begins rocketmq
sends 1 both unsure
unsure=$id
check "one is parked on Kafka" at_last tells kafka "1 parked for kafka"
ends "$kafka"
sends 3 both "a reward"
check "RocketMQ leaves three to Kafka" at_last tells kafka "3 owed by kafka"
check "the policy gives to Kafka" tells kafka "the policy gives messages to"
mqmctl cut rewards 100% >/dev/null
check "Kafka has to read them" at_last tells kafka \
    "to read, some of it from before"
begins kafka
check "it did, and a parked one is left" at_last tells kafka ": 1 reason"
check "which is that" tells kafka "1 parked for kafka"
mqmctl resolve rewards "$unsure" "done" >/dev/null
grep -v "$unsure" "$tmp/sent" >"$tmp/wanted"
sends 1 kafka "a reward"
echo "$id" >>"$tmp/wanted"
check "what Kafka alone has is not given up" at_last tells kafka \
    "1 owed by rocketmq did not come there"
mqmctl rescue rewards --older 100ms --anyway >/dev/null
check "it was brought over" at_last handled 3 rocketmq
check "yes" at_last says_yes kafka
says "who asked is on record" 0 "kafka: retired by" mqmctl status
sort "$tmp/wanted" >"$tmp/all"
cut -d' ' -f2 "$tmp/ledger" | sort >"$tmp/done"
check "each was handled once" diff "$tmp/all" "$tmp/done"
ends "$kafka"
ends "$rocketmq"
plan
