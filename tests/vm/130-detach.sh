#!/bin/bash
# Detach under load ends in a plain disk with all data on it; the SSD may then vanish; nothing of it ever comes back; attach begins
# anew under load. Label, pause and run by message.
# kernels: uml-kasan
# timeout: 90
. "$(dirname "$0")/lib.sh"
load_module
"$(dirname "$0")/src/compile" race || die "compile"
ramdisks 2 64
ssd=/dev/mapper/ssd hdd=/dev/ram1
linear ssd /dev/ram0
case $DMBC_KERNEL in uml-*) size=4m seconds=6 ;; *) size=12m seconds=6 ;; esac
state_is() { [ "$(field c state)" = "$1" ]; }
refused() { # TEXT MESSAGE...
	dmesg -C
	! message c "${@:2}" 2>/dev/null || die "accepted: ${*:2}"
	dmesg | grep -q -F "$1" || die "no '$1' for '${*:2}': $(dmesg)"
}
# detached_sum: of the disk alone
disk_sum() { dd if=$hdd bs=8k skip=1 status=none | md5sum; }

echo "--- a clean cache leaves at once"
for mode in writethrough none; do
	format $ssd $hdd --bucket 64K --block 4K
	create c $ssd $hdd $mode
	refused "is not detached" attach
	verify_fio $mode /dev/mapper/c --rw=randrw --bs=4k --size=2m --iodepth=8
	run message c detach
	wait_for 10 state_is detached || die "$mode: $(status c)"
	refused "is not attached" detach
	md5sum </dev/mapper/c | cmp - <(disk_sum) || die "$mode: the disk differs"
	remove c
done

echo "--- a dirty one under load, in every mode; then its SSD is gone"
for mode in writeback writearound; do
	format $ssd $hdd --bucket 64K --block 4K
	create c $ssd $hdd writeback sequential_cutoff 0 writeback_running 0
	verify_fio dirty /dev/mapper/c --rw=randwrite --bs=4k --size=$size --iodepth=8
	[ "$(field c dirty_bytes)" -gt 0 ] || die "nothing is dirty"
	message c cache_mode $mode
	verify_fio load /dev/mapper/c --rw=randrw --bsrange=4k-64k --size=$size --iodepth=16 --numjobs=2 --offset_increment=16m --loops=2 \
		--verify_backlog=32 &
	load=$!
	sleep 0.5
	run message c detach
	! message c detach 2>/dev/null || die "detached twice"
	dm suspend c && dm resume c || die "suspend"
	wait_for 60 state_is detached || die "$mode: $(status c)"
	wait $load || die "$mode: load"
	[ "$(field c dirty_bytes)" = 0 ] || die "dirty after detach: $(status c)"
	# the SSD fails: nobody cares
	swap ssd error
	message c clear_stats
	verify_fio plain /dev/mapper/c --rw=randrw --bs=4k --size=$size --iodepth=8
	run sync -d /dev/mapper/c
	for kind in read_hits read_misses write_hits write_misses; do [ "$(field c $kind)" = 0 ] || die "the SSD is still used: $(status c)"; done
	[ "$(field c bypass_detached)" -gt 0 ] || die "not counted: $(status c)"
	reload c "$(dm table c)"
	state_is detached || die "a reload attached it"
	md5sum </dev/mapper/c >/run/sum
	cmp /run/sum <(disk_sum) || die "$mode: the disk differs"
	remove c
	# what the SSD had is not shown again, even where the disk has changed since
	swap ssd "linear /dev/ram0 0"
	dd if=/dev/urandom of=$hdd bs=64k seek=1 count=$((${size%m} * 16)) conv=notrunc,fsync status=none
	disk_sum >/run/sum
	create c $ssd $hdd writeback
	md5sum </dev/mapper/c | cmp - /run/sum || die "$mode: old data came back"
	[ "$(field c read_hits)" = 0 ] || die "hits after a detach: $(status c)"
	remove c
done

echo "--- leaves and comes back while it is written and read"
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writeback sequential_cutoff 0
turns=0
while [ $turns -lt 4 ]; do
	/run/race /dev/mapper/c $seconds >/run/race.out 2>&1 &
	race=$!
	while kill -0 $race 2>/dev/null; do
		message c detach || die "detach $turns"
		wait_for 60 state_is detached || die "turn $turns: $(status c)"
		sleep 0.2
		message c attach || die "attach $turns"
		turns=$((turns + 1))
		sleep 0.5
	done
	wait $race || die "after $turns turns: $(cat /run/race.out)"
done
echo "$turns turns"
drain c
md5sum </dev/mapper/c | cmp - <(disk_sum) || die "the disk differs"

echo "--- label, pause and run"
[ "$(message c label)" = "" ] || die "label: $(message c label)"
run message c label films
[ "$(message c label)" = films ] || die "label: $(message c label)"
refused "at most 32" label 123456789012345678901234567890123
remove c
create c $ssd $hdd writeback
[ "$(message c label)" = films ] || die "the label was forgotten"
"$DMBCACHE" show $hdd | grep -q films || die "not on the disk: $("$DMBCACHE" show $hdd)"
run message c writeback pause
[ "$(message c get writeback_running)" = 0 ] || die "pause"
run message c writeback run
[ "$(message c get writeback_running)" = 1 ] || die "run"
refused "use pause or run" writeback stop
remove c
sound $ssd $hdd

echo "--- slots of disks that left are used again"
format $ssd $hdd --bucket 8K --block 4K
verify_fio slots $hdd --offset=8k --rw=write --bs=64k --size=1m
disk_sum >/run/sum
slots=64 # 8K / 128
create c $ssd $hdd writethrough
for turn in $(seq $slots); do
	dd if=/dev/mapper/c of=/dev/null bs=64k count=4 iflag=direct status=none
	message c detach && wait_for 10 state_is detached || die "turn $turn: $(status c)"
	[ "$turn" = $slots ] || message c attach || die "turn $turn: $(dmesg | tail -2)"
done
refused "slots of the SSD are taken" attach
remove c
for turn in 1 2 3; do
	create c $ssd $hdd writethrough
	md5sum </dev/mapper/c | cmp - /run/sum || die "turn $turn: wrong data"
	dd if=/dev/mapper/c of=/dev/null bs=64k count=4 iflag=direct status=none
	message c detach && wait_for 10 state_is detached || die "turn $turn: $(status c)"
	dd if=/dev/urandom of=$hdd bs=64k seek=1 count=4 conv=notrunc,fsync status=none
	disk_sum >/run/sum
	remove c
done
"$DMBCACHE" check $ssd || die "check: code $?"
remove ssd
unload_module
