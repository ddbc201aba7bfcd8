# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
#
# What the server scripts share: to be sourced, after `set -eu`.
#
# A server lives in a folder DIR of its own: DIR/pid (process id), DIR/started
# (its start time, so that a number used again by the system is never taken
# for it), DIR/port, DIR/server.log (its output), its settings and its data.
# What always holds: a process is ended by its id only, and only when it is
# the one that was started here.

me=${0##*/}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
aux=$root/scripts/servers
cache=${MQM_CACHE:-$root/.cache}
# Seconds to wait for a server to come up or go; slow machines need more.
wait_s=${MQM_WAIT:-60}

die()
{
    printf '%s: %s\n' "$me" "$*" >&2
    exit 1
}

need()
{
    command -v "$1" >/dev/null ||
        die "the program '$1' is missing: run scripts/setup"
}

# use_dir DIR: sets dir, an absolute path.
use_dir()
{
    [ -n "${1:-}" ] || die "the folder of the server is missing"
    mkdir -p "$1" || die "cannot make the folder '$1'"
    dir=$(cd "$1" && pwd)
}

# use_server DIR: the same for a server that must be there already.
use_server()
{
    [ -n "${1:-}" ] || die "the folder of the server is missing"
    [ -s "$1/port" ] || die "no server was started in '$1': use '$me up' first"
    dir=$(cd "$1" && pwd)
    port=$(cat "$dir/port")
}

check_port()
{
    case ${1:-} in
    '' | *[!0-9]*) die "'${1:-}' is not a port number" ;;
    esac
    if [ "$1" -lt 1 ] || [ "$1" -gt 65530 ]; then
        die "port $1 is not between 1 and 65530"
    fi
}

# The start time of process $1 in ticks since boot; nothing when it is gone.
# Of a killed process the first thread is a zombie at once, while the others
# may still hold its ports and files: only when it is alone it is gone.
start_time()
{
    local stat tasks
    tasks=("/proc/$1/task"/*)
    { stat=$(cat "/proc/$1/stat"); } 2>/dev/null || return 0
    stat=${stat##*) }
    # shellcheck disable=SC2086
    set -- $stat
    [ "$1" = Z ] && [ "${#tasks[@]}" -le 1 ] || printf '%s\n' "${20}"
}

# The process id of the server in $dir, or nothing when it does not run.
running()
{
    local pid
    [ -s "$dir/pid" ] && [ -s "$dir/started" ] || return 0
    pid=$(cat "$dir/pid")
    [ "$(start_time "$pid")" = "$(cat "$dir/started")" ] || return 0
    printf '%s\n' "$pid"
}

listening()
{
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# refuse_twice PORT...: words and an end when $dir runs or a port is taken.
# The lock is held until this shell ends; `launch` does not hand it on.
refuse_twice()
{
    local pid p
    need flock
    exec 9>"$dir/lock"
    flock -n 9 || die "another start in '$dir' is under way"
    pid=$(running)
    [ -z "$pid" ] || die "a server already runs in '$dir' (process $pid)"
    for p in "$@"; do
        ! listening "$p" || die "port $p is taken by another program"
    done
}

# launch COMMAND...: starts it detached from this shell and its files.
launch()
{
    local pid log fd
    rm -f "$dir/pid" "$dir/started"
    # The logs of the run before: what a crash leaves is worth a look.
    for log in server broker namesrv; do
        [ ! -e "$dir/$log.log" ] || mv -f "$dir/$log.log" "$dir/$log.old.log"
    done
    (
        # Open pipes of a caller (make, a test runner) must not be held.
        for fd in 3 4 5 6 7 8 9; do eval "exec $fd>&-"; done
        exec setsid nohup "$@" >"$dir/server.log" 2>&1 </dev/null
    ) &
    pid=$!
    start_time "$pid" >"$dir/started"
    printf '%s\n' "$pid" >"$dir/pid"
}

# fail_up WORDS: the end of an `up` that did not come up.
fail_up()
{
    local pid f
    printf '%s: %s; the last words of %s:\n' "$me" "$*" "$dir" >&2
    for f in "$dir"/server.log "$dir"/broker.log; do
        [ ! -s "$f" ] || tail -n 15 "$f" | cut -c1-300 >&2
    done
    pid=$(running)
    [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
    rm -f "$dir/pid" "$dir/started"
    exit 1
}

# wait_until COMMAND...: until it succeeds, fails when the server is gone.
wait_until()
{
    local end=$((SECONDS + wait_s))
    until "$@"; do
        [ -n "$(running)" ] || fail_up "the server ended while starting"
        [ "$SECONDS" -lt "$end" ] || fail_up "not ready after $wait_s seconds"
        sleep 0.05
    done
}

log_says()
{
    grep -q -- "$1" "$dir/server.log" 2>/dev/null
}

# wait_gone SECONDS PID: true when the server went in time.
wait_gone()
{
    local end=$((SECONDS + $1)) pid=$2
    while [ "$(running)" = "$pid" ]; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.02
    done
}

# down: ends the server in $dir, if it runs, and waits until it is gone.
down()
{
    local pid
    pid=$(running)
    if [ -n "$pid" ]; then
        kill -TERM "$pid" 2>/dev/null || true
        kill -CONT "$pid" 2>/dev/null || true
        if ! wait_gone "$wait_s" "$pid"; then
            printf '%s: process %s did not stop in %s s, it was killed\n' \
                "$me" "$pid" "$wait_s" >&2
            kill -KILL "$pid" 2>/dev/null || true
            wait_gone "$wait_s" "$pid" || die "process $pid cannot be ended"
        fi
    fi
    rm -f "$dir/pid" "$dir/started"
    keep_archive
}

# Each thread of process $1 stands still: a signal takes a moment to get there.
stands()
{
    awk '{sub(/.*\) /, ""); if ($1 !~ /[TtZX]/) moves = 1}
        END {exit moves}' "/proc/$1/task"/*/stat 2>/dev/null
}

# send_signal NAME: to the server in $dir, which must run.
send_signal()
{
    local pid
    pid=$(running)
    [ -n "$pid" ] || die "no server runs in '$dir'"
    kill "-$1" "$pid"
    [ "$1" != STOP ] || until stands "$pid"; do sleep 0.01; done
    [ "$1" != KILL ] || {
        wait_gone "$wait_s" "$pid" || die "process $pid cannot be ended"
        rm -f "$dir/pid" "$dir/started" "$dir/classes.jsa"
    }
}

# use_archive NAME: sets cds, the option by which Java starts faster: an
# archive of loaded classes, which the first server writes when it stops (into
# its own folder, so that two never write one file). Its name changes with the
# Java that is used.
use_archive()
{
    local java
    java=$(readlink -f "$(command -v java)")
    archive=$cache/$1-$(stat -c %i-%Y "$java").jsa
    printf '%s\n' "$archive" >"$dir/archive"
    cds=-XX:SharedArchiveFile=$archive
    [ -s "$archive" ] || cds=-XX:ArchiveClassesAtExit=$dir/classes.jsa
}

keep_archive()
{
    [ -s "$dir/classes.jsa" ] || return 0
    mv -f "$dir/classes.jsa" "$(cat "$dir/archive")" 2>/dev/null ||
        rm -f "$dir/classes.jsa"
}

# common down|kill|stop|cont DIR: what all servers have.
common()
{
    if [ "$1" = down ]; then
        [ -d "$2" ] || die "there is no folder '$2'"
        use_dir "$2"
        down
    else
        use_server "$2"
        send_signal "${1^^}"
    fi
}
