#!/bin/bash
# The kernel module on damaged caches of tests/images: it serves or refuses as the comment there says, with a reason, and serves
# what repair has made of it, which is sound then. ONLY chooses others; tests/long/142-corruptions.sh all of them.
# kernels: 6.1
# host
# timeout: 90
. "$(dirname "$0")/../tools/lib.sh"
. "$repo/tests/images/lib.sh"
need_sim
make_bases 0 || { fail "base images"; finish; }
chmod 755 . # the machine's root is another user here
for generator in "$images"/${ONLY:-[0-9]0-*}; do
	name=${generator##*/}
	damage "$generator" "$name" || fail "$name: the generator"
	read -r want _ < <(value "$generator" module; value "$generator" kernel)
	echo "$name $want" >>list
	cp --sparse=always "$name" "$name.repaired"
	"$dmbcache" repair --no-backup "$name.repaired" --backing "$name.hdd0" --backing "$name.hdd1" >/dev/null 2>&1
	case $? in 0 | 7) ;; *) continue ;; esac
	ln "$name.hdd0" "$name.repaired.hdd0" && rm "$name.hdd1"
	read -r want _ < <(value "$generator" repaired; echo serves)
	read -r _ other < <(value "$generator" repair)
	echo "$name.repaired $want ${other:-0}" >>list
done
cd "$repo" || exit 1
scripts/vm-run -k "${DMBC_KERNEL:-6.1}" -m 1024 -t "${TIMEOUT:-300}" tests/vm/src/corruptions-guest "$work" || fail "in the machine"
finish
