#!/bin/bash
# Options whose effect shows only in time: errors that are forgotten, the end of all I/O with the SSD, gc after writeback, gc that
# moves data, the highest rate for an idle disk, reads of the disk that go first, stream limits of a slow SSD; and what "stats
# internal" says of them.
# kernels: uml-kasan
# timeout: 150
. "$(dirname "$0")/../vm/lib.sh"
load_module
ramdisks 2 64
ssd=/dev/mapper/ssd hdd=/dev/ram1
linear ssd /dev/ram0
dmesg -n 1
io() { fio --name=io --filename=/dev/mapper/c --direct=1 --ioengine=psync --output-format=terse "$@" >/run/o || die "fio $*"; }
internal() { message c stats internal | tr ' ' '\n' | sed -n "s/^$1=//p"; }
read_one() { dd if=/dev/mapper/c of=/dev/null bs=4k count=1 iflag=direct status=none; }

echo "--- errors of long ago do not count"
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writethrough sequential_cutoff 0 io_error_limit 2 io_error_halflife 50
io --rw=read --bs=4k --size=1m
sleep 1
ssd_fails_once() {
	swap ssd error
	read_one || die "a failed read of clean data was shown"
	swap ssd "linear /dev/ram0 0"
}
for i in 1 2 3 4 5 6; do
	ssd_fails_once
	io --rw=read --bs=4k --size=1m
done
[ "$(field c state)" = clean ] && [ "$(field c ssd_errors)" = 6 ] || die "forgotten too late: $(status c)"
message c set io_error_halflife 0
for i in 1 2 3; do ssd_fails_once; done
wait_for 10 eval '[ "$(field c state)" = failed ]' || die "three errors in a row: $(status c)"
io --rw=randrw --bs=4k --size=1m
remove c

echo "--- no I/O at all without the SSD"
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writethrough sequential_cutoff 0 io_error_limit 0 stop_when_cache_set_failed always
io --rw=read --bs=4k --size=1m
sleep 1
swap ssd error
dd if=/dev/mapper/c of=/dev/null bs=4k count=4 iflag=direct status=none 2>/dev/null
wait_for 10 eval '[ "$(field c state)" = failed ]' || die "not failed: $(status c)"
! dd if=/dev/mapper/c of=/dev/null bs=4k count=1 skip=4000 iflag=direct status=none 2>/dev/null || die "read without the SSD"
! dd if=/dev/zero of=/dev/mapper/c bs=4k count=1 oflag=direct status=none 2>/dev/null || die "written without the SSD"
message c set stop_when_cache_set_failed auto
io --rw=randrw --bs=4k --size=1m
remove c
swap ssd "linear /dev/ram0 0"

echo "--- gc after writeback"
for gc in 0 1; do
	format $ssd $hdd --bucket 64K --block 4K
	create c $ssd $hdd writeback sequential_cutoff 0 writeback_running 0 writeback_percent 95 cutoff_writeback 95 cutoff_writeback_sync 95 \
		gc_after_writeback $gc
	io --rw=randwrite --bs=64k --size=44m --rate=16m
	[ "$(field c in_use_percent)" -gt 55 ] || die "too little: $(status c)"
	wait_for 20 eval '[ "$(field c gc_running)" = 0 ]'
	sleep 2
	before=$(field c gc_passes)
	drain c
	wait_for 30 eval '[ "$(field c state)" = clean ]' || die "$(status c)"
	sleep 2
	[ $(($(field c gc_passes) > before)) = $gc ] || die "gc_after_writeback $gc: $before passes, then $(field c gc_passes)"
	remove c
done

echo "--- what lives in sparse buckets is gathered"
declare -A used
for copy in 0 1; do
	format $ssd $hdd --bucket 64K --block 4K
	create c $ssd $hdd writeback sequential_cutoff 0 writeback_running 0 writeback_percent 95 copy_gc_enabled $copy
	io --rw=write --bs=64k --size=8m
	io --rw=randwrite --bs=4k --size=8m --io_size=6m # each block at most once: a quarter is left of each bucket
	md5sum </dev/mapper/c >/run/before
	for _ in $(seq 60); do
		passes=$(field c gc_passes)
		message c gc
		wait_for 10 eval '[ "$(field c gc_passes)" -gt $passes ] && [ "$(field c gc_running)" = 0 ]' || die "no pass: $(status c)"
	done
	used[$copy]=$(field c in_use_percent)
	[ "$(field c dirty_bytes)" = 8388608 ] || die "dirty: $(status c)"
	md5sum </dev/mapper/c | cmp - /run/before || die "gc changed data"
	remove c
	sound $ssd $hdd
done
echo "in use after gc: ${used[1]} %, without moving ${used[0]} %"
[ "${used[0]}" -ge $((used[1] + 5)) ] || die "copy_gc_enabled"

echo "--- an idle disk gets all of it"
for idle in 0 1; do
	format $ssd $hdd --bucket 64K --block 4K
	create c $ssd $hdd writeback sequential_cutoff 0 writeback_percent 40 writeback_delay 0 writeback_rate_update_seconds 1 \
		idle_max_writeback_rate $idle
	io --rw=randwrite --bs=4k --size=4m
	dirty=$(field c dirty_bytes)
	sleep 14
	now=$(field c dirty_bytes)
	echo "idle_max_writeback_rate $idle: $dirty, then $now"
	if [ $idle = 0 ]; then
		[ "$now" -gt $((dirty / 2)) ] || die "below its share, and yet written: $(status c)"
	else
		wait_for 60 is_clean c || die "an idle disk, but: $(status c)"
	fi
	remove c
done

echo "--- reads of the disk go first"
$MP dm-delay || die "no dm-delay"
linear hdd $hdd
declare -A left
for yield in 1 0; do
	format $ssd /dev/mapper/hdd --bucket 64K --block 4K
	create c $ssd /dev/mapper/hdd writeback sequential_cutoff 0 writeback_running 0 writeback_percent 0 writeback_delay 0 writeback_yield $yield
	io --rw=randwrite --bs=4k --size=4m --io_size=1m
	[ "$(field c dirty_bytes)" = 1048576 ] || die "$(status c)"
	message c cache_mode none
	swap hdd "delay $hdd 0 50 $hdd 0 0"
	io --rw=randread --bs=4k --offset=32m --size=8m --time_based --runtime=12 &
	load=$!
	wait_for 10 eval '[ "$(field c bypass_reads)" -gt 0 ]' || die "no reads: $(status c)"
	message c writeback run
	reads=$(($(field c bypass_reads) + 20)) # of 50 ms, and a copy in 100 ms at most
	wait_for 20 eval '[ "$(field c bypass_reads)" -ge $reads ]' || die "no 20 reads: $(status c)"
	left[$yield]=$(field c dirty_bytes)
	wait $load || die "load"
	swap hdd "linear $hdd 0"
	drain c
	remove c
done
echo "left after 20 reads: ${left[1]} bytes, without yielding ${left[0]}"
[ "${left[1]}" -gt 131072 ] && [ $((4 * left[0])) -lt "${left[1]}" ] || die "writeback_yield"
remove hdd

echo "--- reads of a slow SSD"
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writethrough sequential_cutoff 0
message c prefetch 0 16384
for threshold in 0 20ms; do
	message c set congested_read_threshold_us $threshold
	message c clear_stats
	swap ssd "delay /dev/ram0 0 40 /dev/ram0 0 0"
	io --rw=randread --bs=64k --size=16m --io_size=1m --numjobs=16
	swap ssd "linear /dev/ram0 0"
	bypassed=$(message c stats | tr ' ' '\n' | sed -n 's/^bypass_congested_reads=//p')
	echo "congested_read_threshold_us $threshold: $bypassed reads past the SSD"
	[ $((bypassed > 0)) = $([ $threshold = 0 ]; echo $?) ] || die "$(status c)"
	message c invalidate 16384 16384
done
remove c

echo "--- what internals say"
format $ssd $hdd --bucket 8K --block 512
create c $ssd $hdd writeback sequential_cutoff 0
[ "$(internal congested_limit)" = -1 ] || die "congested without a threshold: $(internal congested_limit)"
[ "$(internal root_used_percent)" = 0 ] || die "an empty root: $(internal root_used_percent)"
io --rw=randwrite --bs=512 --size=1m
[ "$(internal root_used_percent)" -gt 0 ] || die "a root without keys"
[ "$(internal root_used_percent)" -le 100 ] || die "$(internal root_used_percent) percent"
# a limit is forgotten within a second after the last slow request
drain c
[ "$(internal writeback_keys_done)" -gt 0 ] && [ "$(internal writeback_keys_failed)" = 0 ] || die "$(message c stats internal)"
message c set congested_write_threshold_us 1
io --rw=randwrite --bs=512 --size=1m --time_based --runtime=6 &
load=$!
wait_for 6 eval '[ "$(internal congested_limit)" -ge 512 ]' || die "slower than 1 us, but the limit is $(internal congested_limit)"
wait $load || die "load"
remove c
sound $ssd $hdd
remove ssd
unload_module
