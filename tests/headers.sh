#!/bin/bash
# SPDX-License-Identifier: MIT
# headers.sh - each header stands alone, the public ones in C++, too.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"

warn=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only)

# alone HEADER SUFFIX COMPILER...: it compiles by itself, and twice.
alone() {
    local header=$1 file=$tmp/alone.$2
    shift 2
    printf '#include "%s"\n' "$header" "$header" >"$file"
    printf 'int main(void)\n{\n    return 0;\n}\n' >>"$file"
    "$@" "${warn[@]}" -Iinclude "$file"
}

for header in include/mqmigrate/*.h; do
    for cc in gcc clang; do
        check "$header: C11, $cc" alone "$PWD/$header" c "$cc" -std=c11
        check "$header: C++11, $cc" alone "$PWD/$header" cc "$cc" -x c++ -std=c++11
    done
    check "$header: C++11, g++" alone "$PWD/$header" cc g++ -std=c++11
    check "$header: C++20, g++" alone "$PWD/$header" cc g++ -std=c++20
done

posix=(-std=c11 -D_POSIX_C_SOURCE=200809L)
while IFS= read -r header; do
    for cc in gcc clang; do
        check "$header: C11, $cc" alone "$PWD/$header" c "$cc" "${posix[@]}"
    done
done < <(find lib adapters tools -name '*.h' | sort)

echo '#include <stddef.h>' >"$tmp/good.h"
check "one that stands alone is let through" alone "$tmp/good.h" c gcc -std=c11
echo 'static inline size_t x(void) { return 0; }' >"$tmp/bad.h"
bad_header() {
    ! alone "$tmp/bad.h" c gcc -std=c11
}
check "one that does not is noticed" bad_header
plan
