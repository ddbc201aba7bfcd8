#!/bin/bash
# SPDX-License-Identifier: MIT
# style.sh - what can be counted of the house style.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"

code() { # the files that the rules of length are about
    find lib adapters plugins tools include -name '*.[ch]' 2>/dev/null | sort
}

sources() { # all that is written by hand
    find lib adapters plugins tools include examples tests scripts Makefile \
        \( -name '*.[ch]' -o -name '*.cc' -o -name '*.java' -o -name '*.mk' \
        -o -name '*.sh' -o -name '*.bash' -o -name '*.py' -o -name Makefile \) \
        -type f 2>/dev/null | sort
    echo tests/run
}

# A C file without what stands in comments and strings.
bare() {
    sed -e 's/\\"//g' -e 's/"[^"]*"/""/g' -e 's|//.*||' "$1" |
        awk '{
            line = $0; out = ""
            while (line != "") {
                if (inside) {
                    at = index(line, "*/")
                    if (!at) break
                    line = substr(line, at + 2); inside = 0
                } else {
                    at = index(line, "/*")
                    if (!at) { out = out line; break }
                    out = out substr(line, 1, at - 1)
                    line = substr(line, at + 2); inside = 1
                }
            }
            print out
        }'
}

banned() {
    local file words='strcpy|strcat|sprintf|vsprintf|atoi|strtok|gets|alloca'
    code | while read -r file; do
        bare "$file" | grep -nE "(^|[^A-Za-z0-9_])($words)[ ]*\(" |
            sed "s|^|$file:|"
    done
}

unfinished() {
    local words='TO''DO|FIX''ME|XX''X'
    sources | xargs grep -HnwE "$words"
    true
}

machine_paths() {
    local dirs='work|root|home'
    {
        sources
        find docs man examples pkgconfig ./*.md -type f 2>/dev/null
    } | sort -u | xargs grep -HnE "(^|[^A-Za-z0-9_.}])/($dirs)/[a-z]"
    true
}

wide() {
    code | xargs awk 'length > 80 {print FILENAME ":" FNR ": " length}'
}

tabs() {
    code | xargs grep -HnP '\t'
    true
}

# A contract stands in one place, however long: the two public headers.
long_files() {
    code | grep -v '^include/mqmigrate/' | xargs wc -l |
        awk '$2 != "total" && $1 > 400 {print $2 ": " $1 " lines"}'
}

long_functions() {
    code | xargs awk '
        FNR == 1 {begin = 0}
        /^{/ {begin = FNR}
        /^}/ && begin {
            if (FNR - begin - 1 > 60)
                print FILENAME ":" begin ": " FNR - begin - 1 " lines"
            begin = 0
        }'
}

unlicensed() {
    local file
    sources | while read -r file; do
        head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' ||
            echo "$file"
    done
}

no_note() { # after the SPDX line comes a comment that says what the file is
    local file
    code | while read -r file; do
        sed -n 2p "$file" | grep -q '^/\* ' || echo "$file"
    done
}

rules="banned unfinished machine_paths wide tabs long_files long_functions
    unlicensed no_note"
for rule in $rules; do
    empty "none is found: $rule" "$rule"
done

check "the scripts pass shellcheck" eval 'command -v shellcheck >/dev/null &&
    find tests scripts examples -name "*.sh" -o -name "*.bash" |
    xargs shellcheck -x'

# Each rule finds what it looks for.
plant() {
    mkdir -p "$tmp/tree/lib" "$tmp/tree/tests"
    cp tests/run "$tmp/tree/tests/"
    cp Makefile "$tmp/tree/"
    local f=$tmp/tree/lib/bad.c i
    {
        echo '/* no licence */'
        echo 'int f(char *a) { /* fine: atoi(a) */ return ato''i(a); }'
        echo '/* TO''DO: ' '/ro''ot/x' ' */'
        printf '\tint %080d;\n' 1
        echo '{'
        for ((i = 0; i < 61; i++)); do echo '    ;'; done
        echo '}'
        for ((i = 0; i < 400; i++)); do echo; done
    } >"$f"
}
plant
found_by() {
    (cd "$tmp/tree" && "$1") | grep -q 'lib/bad.c'
}
for rule in $rules; do
    check "a bad file is found: $rule" found_by "$rule"
done
plan
