#!/bin/bash
# SPDX-License-Identifier: MIT
# install.sh - what make install puts there is enough for a program outside, and
# make uninstall takes all of it away.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"

root=$tmp/root
prefix=/opt/mqm
libdir=$prefix/lib64
where=(BUILD="$BUILD" PREFIX="$prefix" LIBDIR="$libdir" DESTDIR="$root")

listed() {
    (cd "$root" && find . ! -type d | sort)
}

present() {
    [ -e "$root$1" ]
}

# A program as others write one: the memory store, an inline configuration.
outside() {
    cat <<'C'
#include <mqmigrate/mqmigrate.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    struct mqm_options opts = MQM_OPTIONS_INIT;
    struct mqm_claim first = MQM_CLAIM_INIT;
    struct mqm_claim second = MQM_CLAIM_INIT;
    char id[MQM_ID_LEN + 1];
    mqm *m = NULL;
    int a, b, c;

    opts.config =
        "{\"app\": \"shop\", \"store\": {\"url\": \"memory:\"},"
        " \"sides\": {\"kafka\": {}, \"rocketmq\": {}},"
        " \"topics\": [{\"topic\": \"rewards\", \"group\": \"issuer\","
        " \"old\": \"kafka\", \"new\": \"rocketmq\"}]}";
    if (mqm_open(&m, &opts) != MQM_OK || mqm_new_id(id) != 0) {
        printf("cannot begin: %s\n", mqm_errmsg());
        return 1;
    }
    first.msg.side = "kafka";
    first.msg.group = "issuer";
    first.msg.topic = "rewards";
    first.msg.id = id;
    first.msg.id_len = strlen(id);
    second.msg = first.msg;
    second.msg.side = "rocketmq";
    a = mqm_acquire(m, &first);
    b = mqm_release_on_success(m, &first);
    c = mqm_acquire(m, &second);
    printf("%d %d %d %s\n", a, b, c, mqm_version());
    mqm_close(m);
    return a == MQM_OK && b == MQM_OK && c == MQM_SKIP ? 0 : 1;
}
C
}

pkg() {
    PKG_CONFIG_PATH=$root$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root \
        pkg-config "$@" mqmigrate
}

# build NAME LANGUAGE COMPILER: what is linked, pkg-config says.
build() {
    local file=$tmp/$1.$2
    outside >"$file"
    # shellcheck disable=SC2046
    "$3" -Wall -Wextra -Werror "$file" $(pkg --cflags --libs) -o "$tmp/$1"
}

# The same with the archive, and with what the library itself needs.
build_static() {
    local file=$tmp/$1.$2
    outside >"$file"
    # shellcheck disable=SC2046
    "$3" -Wall -Wextra -Werror "$file" $(pkg --static --cflags --libs |
        sed 's/-lmqmigrate/-l:libmqmigrate.a/') -o "$tmp/$1"
}

runs() {
    LD_LIBRARY_PATH=$root$libdir says "$1 runs" 0 "0 0 10" "$tmp/$1"
}

check "make install" make -s "${where[@]}" install
listed >"$tmp/installed"
version=$("$BUILD/bin/mqmctl" --version | sed 's/.*library //')
for file in "$libdir"/libmqmigrate.so{,".${version%%.*}",".$version"} \
    "$libdir"/libmqmigrate.a "$libdir"/pkgconfig/mqmigrate.pc \
    "$prefix"/include/mqmigrate/{mqmigrate,plugin}.h "$prefix"/bin/mqmctl \
    "$prefix"/share/man/{man1/mqmctl.1,man3/libmqmigrate.3} \
    "$prefix"/share/man/man5/mqmigrate.json.5; do
    check "${file#"$prefix"} is there" present "$file"
done
for adapter in "$BUILD"/lib/mqmigrate/*.so; do
    [ -e "$adapter" ] || continue
    check "$(basename "$adapter") is there" \
        present "$libdir/mqmigrate/$(basename "$adapter")"
done
check "nothing goes elsewhere" test "$(grep -vc "^\.$prefix/" \
    "$tmp/installed")" = 0
check "pkg-config knows the version" test "$(pkg --modversion)" = "$version"
check "the page has the settings" grep -q 'lease_ms' \
    "$root$prefix/share/man/man5/mqmigrate.json.5"
check "no page has a place left to fill" test -z "$(grep -l '@[A-Z]*@' \
    "$root$prefix"/share/man/man*/* "$root$libdir"/pkgconfig/*)"
LD_LIBRARY_PATH=$root$libdir says "the installed mqmctl runs" 0 "$version" \
    "$root$prefix/bin/mqmctl" --version
check "it finds the library by its own path" grep -qF "[$libdir]" \
    <(readelf -d "$root$prefix/bin/mqmctl")

check "C, shared" build c-shared c gcc
runs c-shared
check "it needs the library by its major version" grep -qF \
    "[libmqmigrate.so.${version%%.*}]" <(readelf -d "$tmp/c-shared")
check "C++, shared" build cc-shared cc g++
runs cc-shared
check "C, static" build_static c-static c gcc
runs c-static
check "it needs no libmqmigrate.so" test -z \
    "$(readelf -d "$tmp/c-static" | grep libmqmigrate)"
check "C++, static" build_static cc-static cc g++
runs cc-static

# A store that somebody else wrote: its own Makefile, and what is installed.
PKG_CONFIG_PATH=$root$libdir/pkgconfig
PKG_CONFIG_SYSROOT_DIR=$root
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
cp -r examples/store_dir "$tmp/"
check "a store out of the tree is built" make -s -C "$tmp/store_dir"
cat >"$tmp/mqm.json" <<J
{"app": "shop", "store": {"url": "dir://$tmp/cells"},
 "plugin_dir": "$tmp/store_dir", "sides": {"kafka": {}, "rocketmq": {}},
 "topics": [{"topic": "rewards", "group": "issuer", "old": "kafka",
             "new": "rocketmq"}]}
J
LD_LIBRARY_PATH=$root$libdir says "it is loaded, and holds records" 0 \
    "state     free" "$root$prefix/bin/mqmctl" -c "$tmp/mqm.json" show \
    rewards one
check "in its directory" test -e "$tmp/cells/begun"

check "make uninstall" make -s "${where[@]}" uninstall
empty "uninstall leaves nothing" listed
plan
