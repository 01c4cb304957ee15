#!/bin/bash
# Power cuts at random times: whatever fsync acknowledged is there, every other sector is old or new.
# kernels: 6.1
# host
# timeout: 400
set -u
cd "$(dirname "$0")/../.." || exit 1
rounds=${ROUNDS:-20}
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}
echo "seed $seed rounds $rounds"
RANDOM=$((seed % 32768))
make -s -C tests/vm/src || exit 1
work=$(mktemp -d build/powercut.XXXXXX)
trap 'rm -rf "$work"' EXIT
truncate -s 96M "$work/ssd"
truncate -s 256M "$work/hdd"
build/userspace/dmbcache format --cache "$work/ssd" --backing "$work/hdd" --bucket 64K --block 512 >/dev/null || exit 1
disks=(-d "$work/ssd" -d "$work/hdd")
modes=(writeback writeback writethrough writeback writearound)
# what the cut leaves is sound; what a start deals with (5) is allowed
judge() {
	build/userspace/dmbcache check "$work/ssd" --backing "$work/hdd" >"$work/out"
	case $? in 0 | 5) build/userspace/dmbcache verify "$work/ssd" "$work/hdd" >"$work/out" && return ;; esac
	cat "$work/out"
	echo "round $round (seed $seed): the cache is not sound"
	exit 1
}
synced=(0 0)
for ((round = 1; round <= rounds; round++)); do
	mode=${modes[$((RANDOM % 5))]}
	rm -f "$work/pid"
	# one boot checks the last round and writes the next, until its power is cut
	scripts/vm-run -k "${DMBC_KERNEL:-6.1}" -m 1024 -p "$work/pid" "${disks[@]}" -o "$work" -t 120 \
		tests/vm/src/powercut-guest "$round" $((seed + round - 1)) "${synced[*]}" "$mode" >"$work/log" 2>&1 &
	machine=$!
	for _ in $(seq 600); do
		grep -a -q -E '^SYNC 1' "$work/log" && grep -a -q -E '^SYNC 0' "$work/log" && break
		kill -0 $machine 2>/dev/null || break
		sleep 0.1
	done
	sleep $((RANDOM % 3)).$((RANDOM % 10))
	kill -KILL "$(cat "$work/pid")" 2>/dev/null
	wait $machine
	ended=$?
	# a machine that never came up (not a word from it) says nothing about the cache: the round is tried again
	[ -s "$work/log" ] || { [ $((empty = ${empty:-0} + 1)) -lt 4 ] && round=$((round - 1)) && continue; }
	grep -a -q VERIFIED "$work/log" || { cat "$work/log"; echo "round $round (seed $seed): not verified, machine status $ended"; exit 1; }
	((round % 4)) || judge
	for w in 0 1; do
		synced[w]=$(grep -a -E "^SYNC $w [0-9]+$" "$work/log" | tail -1 | cut -d' ' -f3)
		[ -n "${synced[w]}" ] || { cat "$work/log"; echo "round $round: nothing was written"; exit 1; }
	done
	echo "round $round: $mode, cut after ${synced[*]}"
done
scripts/vm-run -k "${DMBC_KERNEL:-6.1}" -m 1024 "${disks[@]}" -o "$work" -t 120 tests/vm/src/powercut-guest \
	$((rounds + 1)) $((seed + rounds)) "${synced[*]}" writeback last >"$work/log" 2>&1 ||
	{ cat "$work/log"; exit 1; }
judge
grep -a VERIFIED "$work/log"
