#!/bin/bash
# The memory that the pages of check and repair state: the first does not grow with the extents, the second by 48 bytes for each.
. "$(dirname "$0")/lib.sh"

peak() { # COMMAND...: in KiB
	python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}

make_cache() { # FILE EXTENTS
	fresh "$1" 3G
	python3 "$repo/tests/images/many-extents.py" "$2" 6144 | "$dmbcache" restore --from - "$1" >/dev/null || fail "restore $1"
}

make_cache few 20000
make_cache many 400000
expect 0 "400000 extents" "$dmbcache" check many
few=$(peak "$dmbcache" check few)
many=$(peak "$dmbcache" check many)
echo "check: $few and $many KiB"
[ "$many" -le $((few + 2048)) ] || fail "check: $few KiB for 20000 extents, $many for 400000"
few=$(peak "$dmbcache" repair --dry-run few)
many=$(peak "$dmbcache" repair --dry-run many)
echo "repair: $few and $many KiB"
[ "$many" -le $((few + 380000 * 48 / 1024 + 2048)) ] || fail "repair: $few KiB for 20000 extents, $many for 400000"
finish
