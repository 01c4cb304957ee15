#!/bin/bash
# Each offline command once under valgrind. tests/long/090-valgrind.sh has whole tests run so.
# timeout: 90
. "$(dirname "$0")/lib.sh"
need_sim
need_valgrind
"$sim" make img 5 crash 600 16 1 2000 8 || fail "image"
fresh new 10M
expect 0 "Next" "$checked" format --dry-run --cache new --bucket 8K
expect 0 "cache" "$checked" show --json img img.hdd0
expect 0 "bucket" "$checked" estimate 100G 1T
expect 0 "sound" "$checked" check img --backing img.hdd0 --backing img.hdd1 --level data
expect 0 "compared" "$checked" verify img img.hdd0
expect 0 "" "$checked" dump img && mv out dump
expect 0 "restored" "$checked" restore --from dump --data img new
python3 "$repo/tests/images/60-interior-checksum" img || fail "damage"
expect 6 "node-interior" "$checked" check img
expect 7 "ranges lost" "$checked" repair --backup backup img
expect 0 "written back" "$checked" writeback new img.hdd0 img.hdd1
finish
