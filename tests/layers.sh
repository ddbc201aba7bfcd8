#!/bin/bash
# SPDX-License-Identifier: MIT
# layers.sh - who includes whom: the architecture, read from the #include lines.
#
#     rules     record, policy, id, error: no store, adapter, foreign library
#     plugins   stores and adapters: plugin.h, their own folder's headers, and
#               the one foreign library that is their reason to be; a store in
#               plugins/ also what stores do alike (swaps, setting,
#               finding, dial) and the clocks
#     foreign   a foreign library stands in one noun of lib and adapters; mqmctl
#               has none; an example is a program and may have its own
#     tools     of our headers, mqmctl and the examples include mqmigrate.h
#               alone: no back door
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"

# C11, POSIX and Linux, and what makes adapters load.
system=' assert.h complex.h ctype.h dirent.h dlfcn.h endian.h errno.h fcntl.h
 float.h getopt.h grp.h inttypes.h limits.h link.h locale.h math.h netdb.h
 poll.h pthread.h pwd.h resolv.h sched.h semaphore.h setjmp.h signal.h spawn.h
 stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h
 stdnoreturn.h string.h strings.h syslog.h termios.h time.h unistd.h
 arpa/inet.h net/if.h netinet/in.h netinet/tcp.h sys/epoll.h sys/eventfd.h
 sys/file.h sys/inotify.h sys/ioctl.h sys/mman.h sys/random.h sys/resource.h
 sys/socket.h sys/stat.h sys/statvfs.h sys/time.h sys/timerfd.h sys/types.h
 sys/uio.h sys/un.h sys/utsname.h sys/vfs.h sys/wait.h '
# A store written out of the tree: an example, and a plugin.
outside='examples/store_dir/*'
system=$(tr '\n' ' ' <<<"$system")

# "file header" a line; a header in <> as it is, one in "" with a quote before.
includes() {
    find lib adapters plugins tools examples -name '*.[ch]' 2>/dev/null | sort |
        xargs -r sed -n \
            -e '/^[ \t]*#[ \t]*include[ \t]*[<"]/{' \
            -e 's/^[ \t]*#[ \t]*include[ \t]*<\([^>]*\)>.*/\1/' \
            -e 's/^[ \t]*#[ \t]*include[ \t]*\("[^"]*\)".*/\1/' \
            -e 'F;p' -e '}' | paste -d ' ' - -
}

# The noun that may name this foreign header, as a pattern of files.
home_of() {
    case $1 in
    jansson.h) echo 'lib/config*|lib/json*' ;;
    sqlite3.h) echo 'lib/stores/sqlite*' ;;
    hiredis/*) echo 'lib/stores/redis_reader.c' ;;
    librdkafka/*) echo 'adapters/kafka/*' ;;
    zookeeper/*) echo 'plugins/zookeeper/*' ;;
    curl/*) echo 'lib/source_http*' ;;
    xxhash.h) echo 'lib/*' ;; # in one file: see once()
    *) echo 'nowhere' ;;
    esac
}

# matches FILE 'PATTERN|PATTERN'
matches() {
    local patterns pattern
    IFS='|' read -ra patterns <<<"$2"
    for pattern in "${patterns[@]}"; do
        # shellcheck disable=SC2053
        [[ $1 == $pattern ]] && return 0
    done
    return 1
}

is_system() {
    [[ $system == *" $1 "* ]]
}

foreign_rule() { # file header
    [[ $2 == \"* || $2 == mqmigrate/* || $1 == examples/* ]] && return
    is_system "$2" && return
    matches "$1" "$(home_of "$2")" ||
        echo "$1 includes <$2>, which belongs to: $(home_of "$2")"
}

# A header of the file's own folder, without a way out of it.
is_local() { # file "header
    local name=${2#\"}
    [[ $name != */* && -e ${1%/*}/$name ]]
}

rules_rule() {
    matches "$1" 'lib/record*|lib/policy*|lib/id.?|lib/error.?' || return
    case $2 in
    \"record*.h | \"policy*.h | \"id.h | \"error.h | \"cut*.h) ;;
    \"allow_list*.h | \"alloc.h | mqmigrate/mqmigrate.h | xxhash.h) ;;
    *) is_system "$2" && [ "$2" != dlfcn.h ] ||
        echo "$1 is a rule and includes $2" ;;
    esac
}

plugins_rule() {
    matches "$1" "lib/stores/*|adapters/*|plugins/*|$outside" || return
    [[ $2 == mqmigrate/* ]] && return
    # Linked into it once more, with nothing of the core behind them.
    [[ $1 == plugins/* && $2 == \
        '"../../lib/'@(clock|stores/@(swaps|setting|finding|dial))'.h' ]] &&
        return
    # Where the built-in ones are declared, and the clocks; nothing of the core
    # comes with them: see bare_headers().
    [[ $1 == lib/stores/* && $2 == '"../'@(stores|clock)'.h' ]] && return
    if [[ $2 == \"* ]]; then
        is_local "$1" "$2" || echo "$1 is a plugin and includes $2"
    fi
}

core_rule() {
    matches "$1" 'lib/*' && ! matches "$1" 'lib/stores/*' || return
    [[ $2 == \"*/* ]] && echo "$1 reaches into $2"
}

tools_rule() {
    matches "$1" 'tools/*|examples/*' || return
    matches "$1" "$outside" && return
    case $2 in
    mqmigrate/mqmigrate.h) ;;
    mqmigrate/*) echo "$1 includes $2: a tool has the public header alone" ;;
    \"*) is_local "$1" "$2" || echo "$1 includes $2: a back door" ;;
    esac
}

bare_headers() { # bring no more of the core along than plugin.h does
    local file header
    includes | awk '$1 ~ "^lib/(stores|clock).h$"' |
        while read -r file header; do
            [ "$header" = mqmigrate/plugin.h ] || is_system "$header" ||
                echo "$file: $header"
        done
}

once() { # header
    local files
    files=$(includes | awk -v h="$1" '$2 == h {print $1}')
    [ "$(wc -w <<<"$files")" -le 1 ] ||
        echo "$1 is included by more than one file:" "$files"
}

violations() { # of the tree in the present folder
    local file header
    while read -r file header; do
        foreign_rule "$file" "$header"
        rules_rule "$file" "$header"
        plugins_rule "$file" "$header"
        core_rule "$file" "$header"
        tools_rule "$file" "$header"
    done < <(includes)
    bare_headers
    once xxhash.h
}

check "the includes can be read" test "$(includes | wc -l)" -gt 50
empty "the directions are kept" violations

# Each rule notices what it forbids, in a tree that has all files and, but for
# that line, nothing in them.
tree=$tmp/tree
find lib adapters plugins tools examples -name '*.[ch]' | while read -r file; do
    mkdir -p "$tree/${file%/*}"
    : >"$tree/$file"
done
planted() { # FILE LINE: is refused on its account
    local noticed
    echo "$2" >"$tree/$1"
    (cd "$tree" && violations) | grep -qF "$1"
    noticed=$?
    : >"$tree/$1"
    return "$noticed"
}
check "a tree without includes is well" test -z "$(cd "$tree" && violations)"
notices() {
    check "$1 in $2 is noticed" planted "$2" "#include $1"
}
notices '<jansson.h>' lib/api.c
notices '<sqlite3.h>' lib/record.c
notices '<hiredis/hiredis.h>' lib/stores/redis.c
notices '<librdkafka/rdkafka.h>' adapters/rocketmq/adapter.c
notices '<zookeeper/zookeeper.h>' lib/stores/redis.c
notices '"../../lib/error.h"' plugins/zookeeper/store.c
notices '<curl/curl.h>' tools/mqmctl/x.c
notices '<unheard/of.h>' lib/x.c
notices '"config.h"' lib/record.c
notices '<mqmigrate/plugin.h>' lib/policy.c
notices '"core.h"' lib/stores.h
notices '"core.h"' lib/clock.h
notices '"../error.h"' lib/stores/memory.c
notices '"../../lib/error.h"' adapters/kafka/adapter.c
notices '"stores/sqlite.h"' lib/x.c
notices '<mqmigrate/plugin.h>' tools/mqmctl/x.c
notices '"../../lib/config.h"' tools/mqmctl/x.c
notices '"lib/core.h"' examples/x.c
plan
