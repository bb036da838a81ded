#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tools/lint.sh - the house rules that a script can check.
#
#   tools/lint.sh [FOLDER]   check the sources there (default: this checkout)
#   tools/lint.sh --prove    plant one fault per rule in a copy of a tiny clean
#                            tree and see that each is found
#
# Each finding is one line: file:line: rule: message.  Exit 1 if there are any.
set -euo pipefail
export LC_ALL=C

usage() {
    printf 'usage: tools/lint.sh [FOLDER | --prove]\n' >&2
    exit 64
}

# The floors, lowest first; each includes only itself and those before it.
floors=(base heap thread object collect kinds runtime observe lab)

findings=0

# find_fault FILE:LINE RULE MESSAGE
find_fault() {
    printf '%s: %s: %s\n' "$1" "$2" "$3"
    findings=$((findings + 1))
}

# Turn "FILE:LINE:text" lines into findings.  report RULE MESSAGE
report() {
    local file line
    while IFS=: read -r file line _; do
        find_fault "$file:$line" "$1" "$2"
    done
}

# Sources below the given folders, relative to the root.
sources() {
    local folder
    for folder in "$@"; do
        if [ -d "$folder" ]; then
            find "$folder" -name '*.[ch]' -type f
        fi
    done | sort
}

# strip_comments FILE...: copies below $stripped with the comments blanked out
# and the lines kept, so that the rules see code only.
strip_comments() {
    printf '%s\n' "${@%/*}" | sort -u | (cd "$stripped" && xargs mkdir -p)
    awk -v top="$stripped" '
    FNR == 1 {
        if (out_file != "") close(out_file)
        out_file = top "/" FILENAME
        inside = 0
    }
    {
        line = $0
        out = ""
        while (line != "") {
            if (inside) {
                end = index(line, "*/")
                if (end == 0) { line = ""; break }
                line = substr(line, end + 2)
                inside = 0
            } else {
                start = index(line, "/*")
                if (start == 0) { out = out line; line = ""; break }
                out = out substr(line, 1, start - 1)
                line = substr(line, start + 2)
                inside = 1
            }
        }
        print out >out_file
    }' "$@"
}

# Matches of a pattern in the comment-free copy of the files that follow,
# except files that match the second pattern.
code_grep() {
    local pattern=$1 allowed=$2 files
    shift 2
    mapfile -t files < <(printf '%s\n' "$@" | grep -vE "$allowed")
    if [ ${#files[@]} -gt 0 ]; then
        (cd "$stripped" && grep -HnE "$pattern" "${files[@]}") || true
    fi
}

check_orders() {
    local two='^(include/weir/atomic\.h|src/base/sync\.h)$'
    code_grep 'memory_order_|__ATOMIC_' "$two" "$@" |
        report order 'memory orders belong in weir/atomic.h and base/sync.h'
}

check_raw_sync() {
    local raw='pthread_(mutex|cond|rwlock|spin|barrier)_|__atomic_|__sync_'
    raw+='|stdatomic\.h|[^_a-z]atomic_[a-z]+ *\(|SYS_futex|linux/futex\.h'
    code_grep "$raw" '^(include/weir/atomic\.h|src/base/.*)$' "$@" |
        report raw-sync 'go through base/sync.h, base/park.h or base/mutex.h'
    code_grep '_fence *\(|__sync_synchronize|mfence' '^$' "$@" |
        report fence 'put the order on the access; no stand-alone fences'
}

# The child of a fork finds a mutex locked for ever that weir_fork() does not
# take.
check_mutexes() {
    local file
    while IFS= read -r file; do
        case $file in
        src/base/mutex.[ch]) continue ;;
        esac
        if ! grep -q 'wr_mutex_fork_lock(' "$stripped/$file"; then
            find_fault "$file:1" fork \
                'makes a mutex and does not take it for a fork'
        fi
    done < <(
        cd "$stripped"
        grep -lE 'WR_MUTEX_INIT\(|wr_mutex_init\(' "$@" || true
    )
}

check_flavours() {
    local homes='^(include/weir/(flavour|refcount_[a-z]+)\.h'
    homes+='|src/thread/objlock[_a-z]*\.h)$'
    code_grep '(^ *# *(if|ifdef|ifndef|elif).*|defined *\(? *WEIR_)FLAVOUR' \
        "$homes" "$@" |
        report flavour 'ask a wr_cfg_ constant, or add to the count headers'
}

check_floors() {
    local file line floor other own i
    local -A height=()
    for i in "${!floors[@]}"; do
        height[${floors[$i]}]=$i
    done
    while IFS= read -r line; do
        file=${line%%:*}
        line=${line#*:}
        case $file in
        # It shadows headers of base/ and is as low.
        src/race/*) floor=base ;;
        src/*/*)
            floor=${file#src/}
            floor=${floor%%/*}
            ;;
        *) continue ;;
        esac
        other=${line#*\"}
        other=${other%%/*}
        if [ "$other" = weir ]; then
            continue
        fi
        if [ "${height[$other]-99}" -gt "${height[$floor]--1}" ]; then
            find_fault "$file:${line%%:*}" floor \
                "$floor/ must not include $other/"
        fi
    done < <(
        cd "$stripped"
        grep -HnE '^ *# *include *"[a-z]+/' "$@" || true
    )
    mapfile -t own < <(printf '%s\n' "$@" | grep '^src/base/' || true)
    code_grep '# *include *[<"]weir/([b-z]|a[a-su-z])' '^$' "${own[@]}" |
        report floor 'base/ knows nothing of Weir'
    mapfile -t own < <(printf '%s\n' "$@" | grep '^src/heap/' || true)
    code_grep '# *include *[<"]weir/(object|flavour|refcount|weir)' '^$' \
        "${own[@]}" | report floor 'heap/ knows no objects'
}

check_sizes() {
    local what
    for what in columns:80 function:70 file:800; do
        awk -v what="${what%:*}" -v most="${what#*:}" '
        function check(size, line) {
            if (size > most) printf "%s:%d:\n", FILENAME, line
        }
        FNR == 1 { start = 0 }
        what == "columns" { check(length($0), FNR) }
        what == "file" && FNR == most + 1 { check(FNR, FNR) }
        what == "function" && /^\{/ { start = FNR }
        what == "function" && /^\}/ && start {
            check(FNR - start - 1, start)
            start = 0
        }' "$@" | report size "${what%:*}: at most ${what#*:}"
    done
}

check_licence() {
    awk 'FNR == 1 && $0 != "/* SPDX-License-Identifier: MIT */" {
        printf "%s:1:\n", FILENAME
    }' "$@" | report licence 'the first line names the licence'
}

# Every field of a struct marked SHARED stands under, or beside, a comment with
# a synchronisation tag; fields that follow without a blank line share it.
check_tags() {
    awk '
        function has_tag(text) {
            return text ~ /\[(const|owner|gil|stw|stat|inner)[];,: ]/ ||
                text ~ /\[(lock|atomic|rcu): /
        }
        function fault(what) { printf "%s:%d:%s\n", FILENAME, FNR, what }
        FNR == 1 { depth = 0 }
        !depth && /^(typedef )?struct [a-z_0-9 ]*\{/ {
            depth = 1; shared = /SHARED/; tagged = 0; comment = 0; open = 0
            group = 0
            next
        }
        !depth { next }
        {
            line = $0
            if (comment) {
                if (has_tag(line)) tagged = 1
                if (line ~ /\*\//) comment = 0
                if (tagged && !shared) fault("unmarked")
                next
            }
            if (line ~ /^[ \t]*$/) { tagged = 0; next }
            if (line ~ /^[ \t]*#/ || line ~ /_Static_assert/) next
            # The header of every object, which has its own tags; padding.
            if (line ~ /^ *(weir_object base|char pad[a-z_]*\[[0-9]+\]);/)
                next
            if (line ~ /^[ \t]*\/\*/) {
                tagged = has_tag(line)
                if (line !~ /\*\//) comment = 1
                if (tagged && !shared) fault("unmarked")
                next
            }
            beside = line ~ /\/\*/ && has_tag(line)
            if (beside && !shared) fault("unmarked")
            if (line ~ /\/\*/ && line !~ /\*\//) comment = 1
            sub(/\/\*.*/, "", line)
            ends = gsub(/\}/, "}", line)
            begins = gsub(/\{/, "{", line)
            if (begins > ends) {
                if (depth == 1) group = tagged || beside
                depth += begins - ends
                tagged = 0
                next
            }
            if (ends > begins) {
                depth -= ends - begins
                if (depth <= 1) group = 0
                tagged = 0
                if (depth < 0) depth = 0
                next
            }
            if (!open && shared && !tagged && !beside && !group)
                fault("untagged")
            open = line !~ /;[ \t]*$/
        }' "$@" | sort -u | report tag \
        'fields of a SHARED struct carry a tag, and only SHARED structs do'
}

# Names in [inv:...] or [pair:...] brackets in the given files.
names_in() {
    local kind=$1
    shift
    if [ $# -gt 0 ]; then
        grep -ohE "\[$kind:[a-z0-9._/-]+\]" "$@" | sort -u || true
    fi
}

# Where a text stands first, as FILE:LINE.
where() {
    local hits
    hits=$(grep -nF "$1" "${@:2}" /dev/null)
    cut -d: -f1,2 <<<"${hits%%$'\n'*}"
}

check_invariants() {
    local name docs=() tests=()
    mapfile -t docs < <(find docs -name '*.md' 2>/dev/null | sort)
    mapfile -t tests < <(sources tests)
    while IFS= read -r name; do
        if [ ${#docs[@]} -eq 0 ] ||
            ! grep -qF "### $name" "${docs[@]}"; then
            find_fault "$(where "$name" "$@" "${tests[@]}")" invariant \
                "docs/ has no section \"### $name\""
        fi
    done < <(names_in inv "$@" "${tests[@]}")
    if [ ${#docs[@]} -eq 0 ]; then
        return
    fi
    while IFS= read -r name; do
        if ! grep -qF "$name" "$@"; then
            find_fault "$(where "### $name" "${docs[@]}")" invariant \
                "$name is stated and no source keeps it"
        fi
        if [ ${#tests[@]} -eq 0 ] || ! grep -qF "$name" "${tests[@]}"; then
            find_fault "$(where "### $name" "${docs[@]}")" invariant \
                "no test names $name"
        fi
    done < <(grep -hoE '^### \[inv:[a-z0-9._/-]+\]' "${docs[@]}" |
        sed 's/^### //' | sort -u || true)
}

check_pairs() {
    local name base side
    while IFS= read -r name; do
        base=${name%/*}
        base=${base#\[pair:}
        side=${name##*/}
        side=${side%]}
        case $side in
        rel) side=acq ;;
        acq) side=rel ;;
        *)
            find_fault "$(where "$name" "$@")" pair \
                "$name is neither /rel nor /acq"
            continue
            ;;
        esac
        if ! grep -qF "[pair:$base/$side]" "$@"; then
            find_fault "$(where "$name" "$@")" pair \
                "$name has no partner [pair:$base/$side]"
        fi
        # A longer name is another pair.
        if ! grep -qsE "pair:${base//./\\.}([]/,;: ]|\$)" docs/protocols*.md
        then
            find_fault "$(where "$name" "$@")" pair \
                "docs/protocols*.md does not explain pair:$base"
        fi
    done < <(names_in pair "$@")
}

# Every test file is built, and every suite is in a table.
check_test_lists() {
    local file subject
    for file in tests/*.h; do
        if [ -e "$file" ] &&
            ! grep -qsF "$file" src/*/local.mk stress/local.mk \
                tests/local.mk; then
            find_fault "$file:1" tests 'no local.mk lists this file'
        fi
    done
    for file in tests/test_*.c; do
        if [ ! -e "$file" ]; then
            continue
        fi
        subject=${file#tests/test_}
        subject=${subject%.c}
        if ! grep -qsF "$file" src/*/local.mk stress/local.mk \
            tests/local.mk; then
            find_fault "$file:1" tests 'no local.mk lists this file'
        fi
        if ! grep -qsF "WR_SUITE($subject)" tests/suites_*.def; then
            find_fault "$file:1" tests "no suites_*.def names $subject"
        fi
    done
}

# Race tests and plants hold on to each other: a test names the faults it must
# find, a fault that native runs must find is named by a test and stands in the
# code, and what is installed knows of neither.
check_plants() {
    local table=src/base/plants.def file name symbol arms races=()
    mapfile -t races < <(grep -lE '^ *RACE_IS\(' stress/races/*.c 2>/dev/null)
    for file in "${races[@]}"; do
        name=$(basename "$file" .c)
        if ! grep -qE '\.mutants = \{\{"' "$file"; then
            find_fault "$file:1" plants 'a race test without a mutant'
        fi
        if ! grep -qsxF "RACE(${name//-/_})" stress/races/races.def; then
            find_fault "$file:1" plants 'races.def does not list this test'
        fi
    done
    if [ -e "$table" ]; then
        # WR_PLANT(symbol, "name", "class", "arms", on one line or two
        while IFS='|' read -r symbol name arms; do
            if ! grep -qE "wr_plant\($symbol\)" -r src include stress; then
                find_fault "$table:1" plants "$name stands nowhere"
            fi
            case " $arms " in
            *' native '*)
                if ! grep -qsF "{\"$name\", RACE_" "${races[@]}" /dev/null; then
                    find_fault "$table:1" plants "no test must find $name"
                fi
                ;;
            esac
        done < <(tr -d '\n' <"$table" | grep -oE \
            'WR_PLANT\([a-z_0-9]+, *"[^"]*", *"[^"]*", *"[^"]*"' |
            sed -E 's/WR_PLANT\(([^,]*), *"([^"]*)", *"[^"]*", *"([^"]*)"/\1|\2|\3/')
    fi
    { grep -HnE 'wr_plant|"?race/' -r include || true; } |
        report plants 'installed headers know nothing of plants'
}

lint() {
    cd "$1"
    findings=0
    local runtime all
    mapfile -t runtime < <(sources src include)
    mapfile -t all < <(sources src include stress tests)
    if [ ${#runtime[@]} -eq 0 ]; then
        printf 'lint: no sources in %s\n' "$1" >&2
        exit 99
    fi
    stripped=$(mktemp -d "${TMPDIR:-/tmp}/weir-lint.XXXXXX")
    trap 'rm -rf "$stripped"' EXIT
    strip_comments "${runtime[@]}"
    # Not in a pipe: the counter must survive.
    shopt -s lastpipe
    check_orders "${runtime[@]}"
    check_raw_sync "${runtime[@]}"
    check_mutexes "${runtime[@]}"
    check_flavours "${runtime[@]}"
    check_floors "${runtime[@]}"
    check_tags "${runtime[@]}"
    check_invariants "${runtime[@]}"
    check_pairs "${runtime[@]}"
    check_sizes "${all[@]}"
    check_licence "${all[@]}"
    check_test_lists
    check_plants
    rm -rf "$stripped"
    trap - EXIT
    if [ "$findings" -gt 0 ]; then
        printf 'lint: %d findings\n' "$findings"
        return 1
    fi
    printf 'lint: %d files, nothing found\n' "${#all[@]}"
}

# --- the proof ----------------------------------------------------------------

spdx='/* SPDX-License-Identifier: MIT */'

plant_clean_tree() {
    mkdir -p "$1"/{src/base,src/heap,src/object,include/weir,docs,tests} \
        "$1"/stress/races
    cd "$1"
    printf '%s\n' "$spdx" '#define weir_load(p) __atomic_load_n(p, 0)' \
        '#define weir_order __ATOMIC_RELAXED' >include/weir/atomic.h
    printf '%s\n' "$spdx" '#if defined(WEIR_FLAVOUR_GIL)' '#endif' \
        >include/weir/flavour.h
    printf '%s\n' "$spdx" '#include "base/base.h"' \
        '/* [inv:a.b] [pair:x/rel] [pair:x/acq] pthread_mutex_lock() */' \
        'struct wr_good { /* SHARED */' \
        '    /* [const] set once,' '     * and read by all */' \
        '    int a;' '    int b;' '' \
        '    /* [atomic: all write' '     * release] */' \
        '    void (*c)(int x,' '              int y);' \
        '    int d; /* [lock: m] beside */' \
        '    /* [stw] */' '    union {' '        int e;' '        int f;' \
        '    } u;' '};' 'struct plain {' '    int a;' '};' >src/heap/good.h
    printf '%s\n' "$spdx" '#include <pthread.h>' 'pthread_mutex_t m;' \
        >src/base/base.h
    printf '%s\n' "$spdx" '#include "heap/good.h"' >src/object/object.h
    printf '%s\n' '### [inv:a.b]' 'pair:x' >docs/protocols.md
    printf '%s\n' "$spdx" '/* [inv:a.b] */' >tests/test_good.c
    echo 'WR_SUITE(good)' >tests/suites_core.def
    echo 'WEIR_TEST_SOURCES += tests/test_good.c' >src/heap/local.mk
    printf '%s\n' 'WR_PLANT(bad_luck, "bad-luck", "order", "native",' \
        '         "Own: none.")' >src/base/plants.def
    echo 'RACE(good)' >stress/races/races.def
    printf '%s\n' "$spdx" '    RACE_IS("good", "none"),' \
        '    if (wr_plant(bad_luck))' \
        '    .mutants = {{"bad-luck", RACE_BOTH}},' >stress/races/good.c
}

# fault RULE FILE LINE...: with these lines added, the rule must speak.
fault() {
    local rule=$1 file=$2 out
    shift 2
    rm -rf "$proof/tree"
    (plant_clean_tree "$proof/tree")
    printf '%s\n' "$@" >>"$proof/tree/$file"
    planted=$((planted + 1))
    out=$(bash "$0" "$proof/tree" || true)
    if ! grep -qE "^[^ ]+: $rule: " <<<"$out"; then
        printf 'lint: planted fault not found: %s in %s: %s\n' \
            "$rule" "$file" "$*"
        missed=$((missed + 1))
    fi
}

prove() {
    proof=$(mktemp -d "${TMPDIR:-/tmp}/weir-lint-proof.XXXXXX")
    trap 'rm -rf "$proof"' EXIT
    planted=0
    missed=0
    (plant_clean_tree "$proof/tree")
    if ! bash "$0" "$proof/tree"; then
        printf 'lint: the clean tree is not clean\n'
        exit 1
    fi
    fault order src/heap/good.h 'int o = __ATOMIC_ACQUIRE;'
    fault order src/base/base.h 'int o = memory_order_relaxed;'
    fault raw-sync src/heap/good.h 'pthread_cond_wait(&c, &m);'
    fault raw-sync src/object/object.h '#include <stdatomic.h>'
    fault raw-sync src/object/object.h 'x = __atomic_load_n(p, 0);'
    fault fence src/base/base.h 'atomic_thread_fence(o);'
    fault fork src/object/object.h 'struct wr_mutex m = WR_MUTEX_INIT(1);'
    fault flavour src/object/object.h '#ifdef WEIR_FLAVOUR_GIL' '#endif'
    fault flavour src/heap/good.h '    defined(WEIR_FLAVOUR_GIL)'
    fault floor src/heap/good.h '#include "object/object.h"'
    fault floor src/heap/good.h '#include "attic/thing.h"'
    fault floor src/base/base.h '#include <weir/runtime.h>'
    fault floor src/heap/good.h '#include <weir/object.h>'
    fault tag src/heap/good.h 'struct s { /* SHARED */' '    int x;' '};'
    fault tag src/heap/good.h 'struct s { /* SHARED */' \
        '    /* [const] */' '    int x;' '' '    int y;' '};'
    fault tag src/heap/good.h 'struct s { /* SHARED */' \
        '    /* [cnst] */' '    int x;' '};'
    fault tag src/heap/good.h 'struct s {' '    /* [owner] */' '    int x;' '};'
    fault invariant src/heap/good.h '/* [inv:no.section] */'
    fault invariant docs/protocols.md '### [inv:no.source]'
    fault pair src/heap/good.h '/* [pair:lonely/rel] */'
    fault pair src/heap/good.h '/* [pair:y/rel] [pair:y/acq] */'
    fault size src/heap/good.h "$(printf '%081d' 0)"
    fault size src/heap/good.h "$(printf 'int x%d;\n' {1..800})"
    fault size src/heap/good.h '{' "$(printf '    x%d();\n' {1..71})" '}'
    fault licence src/heap/new.h 'int x;'
    fault tests tests/test_lost.c "$spdx"
    fault tests tests/lost.h "$spdx"
    fault plants src/base/plants.def \
        'WR_PLANT(lonely, "lonely", "order", "native", "Own: none.")'
    fault plants stress/races/new.c "$spdx" '    RACE_IS("new", "none"),' \
        '    .mutants = {{"bad-luck", RACE_BOTH}},'
    fault plants stress/races/good2.c "$spdx" '    RACE_IS("good", "none"),'
    fault plants include/weir/new.h "$spdx" 'if (wr_plant(bad_luck))'
    if [ "$missed" -gt 0 ]; then
        exit 1
    fi
    printf 'lint: all %d planted faults found\n' "$planted"
}

case ${1-} in
--prove) prove ;;
-*) usage ;;
*)
    [ $# -le 1 ] || usage
    lint "${1-$(dirname "$0")/..}"
    ;;
esac
