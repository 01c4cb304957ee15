#!/bin/bash
# Prefetch, invalidate and verify of ranges, alone and under load; statistics that fade.
# kernels: uml-kasan
# timeout: 60
. "$(dirname "$0")/lib.sh"
load_module
ramdisks 2 64
ssd=/dev/ram0 hdd=/dev/ram1
dmesg -n 1
refused() { # TEXT MESSAGE...
	dmesg -C
	! message c "${@:2}" 2>/dev/null || die "accepted: ${*:2}"
	dmesg | grep -q -F "$1" || die "no '$1' for '${*:2}': $(dmesg)"
}
answer() { # TEXT MESSAGE...
	local got
	got=$(message c "${@:2}") || die "message ${*:2}: $(dmesg | tail -2)"
	[ "$got" = "$1" ] || die "'${*:2}': '$got' instead of '$1'"
}
counter() { message c stats "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"; }
io() { fio --name=io --filename=/dev/mapper/c --direct=1 --ioengine=psync --output-format=terse "$@" >/run/o || die "fio $*"; }

echo "--- prefetch, hits, verify, a difference, invalidate"
dd if=/dev/urandom of=/run/data bs=1M count=8 status=none
format $ssd $hdd --bucket 64K --block 4K
dd if=/run/data of=$hdd bs=8k seek=1 conv=notrunc,fsync status=none
create c $ssd $hdd writeback sequential_cutoff 0 writeback_running 0
data=$(sectors /dev/mapper/c)
answer "done_bytes=8388608" prefetch 0 16384
answer "done_bytes=0" prefetch 0 16384
message c clear_stats
cmp -n 8388608 /run/data <(dd if=/dev/mapper/c bs=64k iflag=direct count=128 status=none) || die "prefetched something else"
[ "$(field c read_hits)" -gt 0 ] && [ "$(field c read_misses)" = 0 ] || die "not from the SSD: $(status c)"
answer "done_bytes=8388608 differing_bytes=0" verify
dd if=/dev/zero of=$hdd bs=4k seek=$((2 + 100)) count=1 conv=notrunc,fsync status=none # past the cache
answer "done_bytes=8388608 differing_bytes=4096" verify
answer "done_bytes=65536 differing_bytes=4096" verify 768 128
[ "$(field c differing_bytes)" = 8192 ] || die "differing: $(status c)"
dmesg | grep -q "8 sectors from 816 on differ" || die "no place in the log: $(dmesg | tail -3)"
answer "done_bytes=65536" invalidate 768 128
answer "done_bytes=$((8388608 - 65536)) differing_bytes=0" verify
io --rw=write --bs=4k --size=64k --offset=1m # dirty
answer "done_bytes=$((1048576 - 65536))" invalidate 2048 2048
[ "$(field c dirty_bytes)" = 65536 ] || die "dirty data was dropped: $(status c)"
refused "multiples of 8" prefetch 1 8
refused "multiples of 8" verify 0 7
refused "the disk has" prefetch $data 8
refused "the disk has" invalidate 0 $((data + 8))
refused "the disk has" invalidate 8 18446744073709551608
refused "two numbers" verify 0
refused "two numbers" prefetch 0 0
refused "two numbers" prefetch x 8
refused "use prefetch" prefetch 0
refused "use invalidate" invalidate
drain c
remove c

echo "--- all of it under load"
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writeback sequential_cutoff 0 writeback_percent 0 writeback_delay 0
verify_fio load /dev/mapper/c --rw=randrw --bsrange=4k-64k --size=8m --iodepth=16 --loops=3 --verify_backlog=32 &
load=$!
rounds=0
while kill -0 $load 2>/dev/null; do
	message c prefetch 0 16384 >/dev/null
	message c verify >/run/verify || die "verify"
	grep -q "differing_bytes=0" /run/verify || die "differences that nobody made: $(cat /run/verify)"
	message c invalidate 0 16384 >/dev/null || die "invalidate"
	case $((rounds % 4)) in 0) message c cache_mode writethrough ;; 2) message c cache_mode writeback ;; esac
	rounds=$((rounds + 1))
done
wait $load || die "load"
echo "$rounds rounds"
drain c
remove c

echo "--- a suspend does not wait for a range"
create c $ssd $hdd none
(while message c prefetch 0 100000 && message c invalidate 0 100000; do :; done >/dev/null 2>&1) &
sleep 0.5
start=$SECONDS
dm suspend c || die "suspend"
dm resume c || die "resume"
[ $((SECONDS - start)) -le 10 ] || die "a suspend took $((SECONDS - start)) s"
wait
remove c

echo "--- windows"
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writearound sequential_cutoff 0
io --rw=randread --bs=4k --size=1m
io --rw=randread --bs=4k --size=1m
[ "$(counter total cache_misses)" = 256 ] && [ "$(counter total cache_hits)" = 256 ] || die "total: $(message c stats)"
[ "$(counter total cache_hit_ratio)" = 50 ] || die "ratio: $(message c stats)"
sleep 15 # a tick
for window in five_minute hour day; do
	hits=$(counter $window cache_hits)
	[ "$hits" -ge 230 ] && [ "$hits" -le 256 ] || die "$window: $(message c stats $window)"
done
message c clear_stats
[ "$(counter total cache_hits)" = 0 ] && [ "$(counter hour cache_hits)" -gt 0 ] || die "clear_stats"
passes=$(field c gc_passes)
message c gc
wait_for 20 eval '[ "$(field c gc_passes)" -gt $passes ]' || die "no gc: $(status c)"
message c stats internal | tr ' ' '\n'
[ "$(counter internal tree_depth)" -ge 1 ] && [ "$(counter internal buckets_clean)" -gt 0 ] || die "internal"
refused "unknown window 'week'" stats week
refused "use stats" stats day day
remove c
sound $ssd $hdd
unload_module
