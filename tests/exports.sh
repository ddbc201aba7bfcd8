#!/bin/bash
# SPDX-License-Identifier: MIT
# exports.sh - the header, the symbol map and the built library agree.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"

so=$BUILD/lib/libmqmigrate.so

# Names of the functions that the header marks MQM_API.
declared() {
    printf '#include <mqmigrate/mqmigrate.h>\n' >"$tmp/h.c"
    "${CC:-cc}" -E -P -DMQM_API=PUBLIC_CALL -Iinclude "$tmp/h.c" |
        tr '\n' ' ' | tr ';' '\n' |
        sed -n 's/^.*PUBLIC_CALL [^(]*\b\(mqm_[a-z_]*\) *(.*/\1/p' | sort
}

mapped() {
    sed -n '/global:/,/local:/p' lib/libmqmigrate.map |
        grep -o 'mqm_[a-z_]*' | sort
}

# Everything but the version's own node, "MQM_0.1".
exported() {
    nm -D --defined-only "$1" | awk '$2 != "A" {print $3}' |
        sed 's/@.*//' | sort
}

same() {
    diff -u "$tmp/$1" "$tmp/$2"
}

declared >"$tmp/header"
mapped >"$tmp/map"
exported "$so" >"$tmp/so"
check "the header declares functions" test "$(wc -l <"$tmp/header")" -gt 20
check "the map names what the header declares" same header map
check "the library exports what the map names" same map so
check "each symbol has a version" test -z \
    "$(nm -D --defined-only --with-symbol-versions "$so" |
        awk '$2 != "A" && $3 !~ /@@MQM_/')"

# In an archive nothing hides what is shared inside, but its names tell whose
# it is.
foreign() {
    nm --defined-only --extern-only "$BUILD/libmqmigrate.a" 2>/dev/null |
        awk 'NF == 3 {print $3}' | grep -v '^mqm_'
    true
}
empty "the archive defines names that begin with mqm_ alone" foreign

major=$(sed -n 's/.*MQM_VERSION_MAJOR //p' include/mqmigrate/mqmigrate.h)
finds "the SONAME is the major version" "[libmqmigrate.so.$major]" \
    readelf -d "$so"

echo mqm_plugin_1 >"$tmp/one"
for adapter in "$BUILD"/lib/mqmigrate/*.so; do
    [ -e "$adapter" ] || continue
    exported "$adapter" >"$tmp/adapter"
    check "$(basename "$adapter") exports mqm_plugin_1 alone" same one adapter
    # An adapter must not need the library: the host gives it all.
    empty "$(basename "$adapter") links no libmqmigrate" \
        awk '/NEEDED.*libmqmigrate/' <(readelf -d "$adapter")
done
plan
