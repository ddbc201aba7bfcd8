#!/bin/bash
# SPDX-License-Identifier: MIT
# parked.sh - what is parked: shown, resolved by lists and rules and by a hook,
# also by one that is killed between its steps; with brokers made of files.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"
# shellcheck source=tests/ctl/files.bash
. tests/ctl/files.bash
write_config '"lease_ms": 300, "handler_ms": 300, "settle_ms": 1000,
     "sides": {"kafka": {"parking": "parking"},
               "rocketmq": {"parking": "parking"}}'

park() { # a message parked on Kafka's side
    local id
    id=$(new_id)
    ORIGIN=kafka:rewards/99 worker kafka "$id" unsure >/dev/null
    echo "$id"
}

is() { # STATE ID...
    local id state=$1
    shift
    for id; do
        mqmctl show rewards "$id" --json | grep -q "\"state\":\"$state\"" ||
            return 1
    done
}

sent() { # COUNT... -- ID...: is that how often each was sent?
    local id want=
    while [ "$1" != -- ]; do
        want+="$1 "
        shift
    done
    shift
    for id; do
        copies "$id"
    done | tr '\n' ' ' | grep -qx "$want"
}

done_by_worker() { # IDs
    local id
    for id; do
        worker kafka "$id" "done" >/dev/null
    done
}

# ------------------------------- what is shown -------------------------------

says "nothing is parked" 0 "0 parked" mqmctl parked rewards
id=$(park)
says "its body" 0 "    body      a reward" mqmctl parked rewards
finds "its headers" "    header    place: 1" mqmctl parked rewards
finds "where its body lies" "    parked at 1" mqmctl parked rewards
finds "where it was seen" "    origin    kafka:rewards/99" mqmctl parked rewards
finds "why" "the handler could not tell" mqmctl parked rewards
check "as JSON" json_is_ok mqmctl parked rewards
finds "as JSON: the body" '"bytes":8,"body":"a reward"' \
    mqmctl parked rewards --json
finds "as JSON: a header" '"headers":[{"name":"place","value":"1"}]' \
    mqmctl parked rewards --json
says "not of the other side" 0 "0 parked" mqmctl parked rewards --side rocketmq

# In place of its body: one that is no text, and long ones.
body() {
    printf '%s\t%b\n' "$id" "$1" >"$tmp/kafka/parking"
}
body '\xff\x01'
finds "no text: in hex" "    body      hex ff01" mqmctl parked rewards
finds "no text, as JSON" '"body_hex":"ff01"' mqmctl parked rewards --json
body '{"name": "J\xc3\xbcrgen\x1b"}'
finds "no escape reaches a terminal" "hex 7b226e616d65" mqmctl parked rewards
body '{"name": "J\xc3\xbcrgen"}'
finds "UTF-8 stays as it is" '{"name": "Jürgen"}' mqmctl parked rewards
finds "and in JSON" '"body":"{\"name\": \"Jürgen\"}"' \
    mqmctl parked rewards --json
body "$(printf 'x%.0s' {1..300})"
says "a long one is counted" 0 "300 bytes: --body shows" mqmctl parked rewards
finds "and shown when asked for" "$(printf 'x%.0s' {1..300})" \
    mqmctl parked rewards --body
mv "$tmp/kafka/parking" "$tmp/kafka/away"
says "without its body it is listed all the same" 0 "$id" mqmctl parked rewards
check "as JSON, too" json_is_ok mqmctl parked rewards
mv "$tmp/kafka/away" "$tmp/kafka/parking"
settled "$id"
says "one that a rule names needs no question" 0 "1 resolved" \
    mqmctl resolve rewards "done" --why "could not tell"
check "it is done" is "done" "$id"

# ------------------------------- lists and rules -----------------------------

says "neither an id nor a list" 2 "which?" mqmctl resolve rewards again
says "a list and a rule" 2 "which?" \
    mqmctl resolve rewards again --from x --why y
says "an id and a rule" 2 "not both" mqmctl resolve rewards x again --older 1h
says "a side alone is no rule" 2 "which?" \
    mqmctl resolve rewards again --side kafka
says "a token of many" 2 "of one message" \
    mqmctl resolve rewards again --older 1s --token 1
says "a list that is not there" 1 "nowhere: No such file" \
    mqmctl resolve rewards again --from "$tmp/nowhere"
says "a rule that names none" 0 "0 resolved" \
    mqmctl resolve rewards again --why "lease ran out"

one=$(park) two=$(park) three=$(park)
printf '%s\n\n%s\n%s\n' "$one" "$two" "${one^^}" >"$tmp/list"
says "too early: told for each" 1 "$two: the attempt in doubt may still act" \
    mqmctl resolve rewards again --from "$tmp/list" --yes
check "and nothing was changed" is parked "$one" "$two"
settled "$one" "$two" "$three"
says "more than one, and nobody to ask" 1 "nobody is there to ask (2 messages" \
    mqmctl resolve rewards again --from "$tmp/list"
check "nothing was changed" is parked "$one" "$two"

at_terminal() { # ANSWER COMMAND...
    python3 - "$@" <<'EOF'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
said, told = b"", False
while True:
    try:
        some = os.read(fd, 4096)
    except OSError:
        break
    if not some:
        break
    said += some
    if b"[y/N]" in said and not told:
        told = True
        os.write(fd, sys.argv[1].encode() + b"\n")
print(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF
}

at=("$ctl" -c "$config" resolve rewards again)
says "the question" 1 \
    "2 messages of rewards, 2 of kafka and 0 of rocketmq, are resolved as" \
    at_terminal n "${at[@]}" --from "$tmp/list"
check "a no changes nothing" is parked "$one" "$two"
says "a list, confirmed" 0 "2 resolved" \
    at_terminal y "${at[@]}" --from "$tmp/list"
check "they are owed" is owed "$one" "$two"
check "they were sent to their side" sent 1 1 -- "$one" "$two"
check "and not to the other one" test ! -e "$tmp/rocketmq/rewards"
check "the third waits" is parked "$three"
says "not older" 0 "0 resolved" mqmctl resolve rewards again --older 1h --yes
four=$(park)
settled "$four"
says "by a rule" 0 "2 resolved" mqmctl resolve rewards again --older 500ms \
    --why "could not tell" --side kafka --yes
check "both are owed" is owed "$three" "$four"
new_id >>"$tmp/list"
says "one of a list that fails does not keep the others" 1 "2 resolved" \
    mqmctl resolve rewards again --from "$tmp/list" --yes
says "a list with one of the other side" 1 "belongs to kafka, not to" \
    mqmctl resolve rewards again --from "$tmp/list" --yes --side rocketmq
done_by_worker "$one" "$two" "$three" "$four"
check "all are done" is "done" "$one" "$two" "$three" "$four"

# --------------------------- a hook, and its death ---------------------------

# killed STEP: it was, by itself, right after that step.
killed() {
    "$tmp/settler" "$config" no "$1" >"$tmp/settled" 2>&1
    [ $? = 137 ] && grep -q " $1:" "$tmp/settled"
}

a=$(park) b=$(park)
says "a hook that does not know" 0 "$a waits: not known yet" \
    "$tmp/settler" "$config" unknown
says "a no that comes too early" 0 "$a waits: not done so far" \
    "$tmp/settler" "$config" no
settled "$a" "$b"
check "killed between the record and the body" killed again
check "nothing was sent" sent 0 0 -- "$a" "$b"
finds "one is owed" "unsent;" mqmctl pending rewards
finds "one is parked" "1 parked" mqmctl parked rewards
sleep 0.1
check "killed once more, behind the first body" killed sent
sleep 0.1
says "and then whole" 0 "sent out of the parking topic" \
    "$tmp/settler" "$config" no
check "both were sent" sent '[12]' '[12]' -- "$a" "$b"
check "to their side alone" test ! -e "$tmp/rocketmq/rewards"
done_by_worker "$a" "$b" "$a" "$b"
check "they are done, once" is "done" "$a" "$b"
check "the parking topic holds them still" grep -q "^$a" "$tmp/kafka/parking"
empty "read again from its beginning: nothing to do" \
    "$tmp/settler" "$config" no
c=$(park)
"$tmp/settler" "$config" yes "done" >/dev/null 2>&1
check "killed behind a yes" is "done" "$c"
plan
