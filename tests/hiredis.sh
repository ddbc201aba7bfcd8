#!/bin/bash
# SPDX-License-Identifier: MIT
# hiredis.sh - a program's own hiredis, of whatever version, captures no call of
# the redis store, and the store none of the program's; see hiredis.c.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"

cc=${CC:-cc}
so=$BUILD/lib/libmqmigrate.so
libs=$(make -s --no-print-directory print-libs)

# build NAME WHAT-IT-LINKS...
build() {
    local name=$1
    shift
    "$cc" -std=gnu11 -O1 -Wall -Wextra -Werror -Iinclude -rdynamic \
        tests/hiredis.c "$@" -pthread -o "$tmp/$name"
}

# The library as it would be if it linked hiredis like any other.
naive() {
    local objects
    objects=$(find "$BUILD/obj/lib" -name '*.o' ! -name redis_reader.o)
    # shellcheck disable=SC2086
    "$cc" -shared $objects "$BUILD/obj/lib/stores/redis_reader.alone" \
        -lhiredis $libs -o "$tmp/libnaive.so" &&
        build naive "$tmp/libnaive.so" "-Wl,-rpath,$tmp"
}

foreign() { # names of hiredis in what nm prints
    "$@" | grep -E ' (redis[A-Z]|__redis|sds|hi_|freeReply)'
    true
}

check "C, shared" build shared "$so" \
    "-Wl,-rpath,$(cd "$(dirname "$so")" && pwd)"
says "it is not captured" 0 "all by its own" "$tmp/shared"
# shellcheck disable=SC2086
check "C, static" build static "$BUILD/libmqmigrate.a" $libs
says "nor is it there" 0 "all by its own" "$tmp/static"
check "a library that links it like any other" naive
finds "is captured" "captured: redis" "$tmp/naive"

empty "the library neither gives nor wants a name of hiredis" \
    foreign nm -D "$so"
empty "nor does the archive" foreign nm --extern-only "$BUILD/libmqmigrate.a"
check "no libhiredis is needed" test -z "$(readelf -d "$so" | grep hiredis)"
plan
