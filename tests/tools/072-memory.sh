#!/bin/bash
# The memory that the pages of check and repair state: the first does not depend on the extents, the second has 48 bytes for each.
. "$(dirname "$0")/lib.sh"

peak() { # COMMAND...: in KiB; at least what python has
	python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}

# 36 nodes of 256 KiB, 24 KiB for buckets, 96 KiB for blocks; the rest is the program
fixed=24576
fresh cache 3G
python3 "$repo/tests/images/many-extents.py" 400000 6144 | "$dmbcache" restore --from - cache >/dev/null || fail "restore"
expect 0 "400000 extents" "$dmbcache" check cache
check=$(peak "$dmbcache" check cache) repair=$(peak "$dmbcache" repair --dry-run cache)
echo "check: $check KiB, repair: $repair KiB"
[ "$check" -le $fixed ] || fail "check: $check KiB"
[ "$repair" -le $((fixed + 400000 * 48 / 1024)) ] || fail "repair: $repair KiB"
finish
