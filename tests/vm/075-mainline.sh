#!/bin/bash
# Mainline bcache as the judge: it opens what we wrote (dirty, and cut off under load), and we open what it wrote.
# kernels: 6.1
# timeout: 180
# memory: 3000
. "$(dirname "$0")/lib.sh"
load_module
$MP bcache || die "no bcache module"
$MP loop max_loop=4
$MP brd rd_nr=2 rd_size=$((96 * 1024))

bcache_up() { # SSD HDD: sets $bcache to the device
	local i
	echo "$1" >/sys/fs/bcache/register || die "mainline refuses our cache: $(dmesg | tail -5)"
	echo "$2" >/sys/fs/bcache/register || die "mainline refuses our disk: $(dmesg | tail -5)"
	for i in $(seq 50); do
		bcache=$(ls -d /sys/block/bcache*/ 2>/dev/null | head -1)
		[ -n "$bcache" ] && [ -e "$bcache/bcache/cache" ] && break
		sleep 0.2
	done
	[ -e "$bcache/bcache/cache" ] || die "mainline did not attach: $(dmesg | tail -8)"
	bcache=/dev/$(basename "$bcache")
	nodes
	[ -b "$bcache" ] || mknod "$bcache" b $(tr : ' ' <"/sys/block/${bcache#/dev/}/dev")
}

bcache_down() {
	local i set
	echo 1 >"/sys/block/${bcache#/dev/}/bcache/stop"
	for set in /sys/fs/bcache/*-*; do echo 1 >"$set/stop"; done
	for i in $(seq 50); do
		ls -d /sys/fs/bcache/*-* >/dev/null 2>&1 || return 0
		sleep 0.2
	done
	die "mainline does not stop"
}

same() { # WHAT DEVICE
	local got
	got=$(md5sum <"$2" | cut -d' ' -f1)
	[ "$got" = "$want" ] || die "$1: $got, not $want"
	# "stale dirty pointer" is no complaint: the key that covers it is in the journal, which is replayed later
	! dmesg | grep -v 'stale dirty pointer' | grep -i -E ' bcache: .*(error|corrupt|bad)' || die "$1: mainline complains"
}


for layout in "--bucket 8K --block 512" "--bucket 64K --block 512" "--bucket 128K --block 4096"; do
	# shellcheck disable=SC2086 # options
	format /dev/ram0 /dev/ram1 $layout
	case $layout in *4096*) block=4096 ;; *) block=512 ;; esac
	create c /dev/ram0 /dev/ram1 writeback sequential_cutoff 0 writeback_running 0
	fio --name=load --filename=/dev/mapper/c --direct=1 --ioengine=io_uring --iodepth=32 --rw=randwrite --bsrange=$block-64k \
		--blockalign=$block --norandommap --time_based --runtime=6 --output-format=terse >/run/o || die "load"
	# as a power cut would leave it: copies of both disks under load, taken while all is held still for a moment
	dm suspend --noflush --nolockfs c
	cp /dev/ram0 /run/ssd.img && cp /dev/ram1 /run/hdd.img
	dm resume c
	want=$(md5sum </dev/mapper/c | cut -d' ' -f1)
	status c
	ssd=$(losetup -f --show /run/ssd.img)
	hdd=$(losetup -f --show /run/hdd.img)
	bcache_up "$ssd" "$hdd"
	same "mainline after a cut ($layout)" "$bcache"
	bcache_down
	losetup -d "$ssd" "$hdd"
	rm -f /run/*.img
	remove c

	bcache_up /dev/ram0 /dev/ram1
	same "mainline after remove ($layout)" "$bcache"
	echo writeback >"/sys/block/${bcache#/dev/}/bcache/cache_mode"
	echo 0 >"/sys/block/${bcache#/dev/}/bcache/sequential_cutoff"
	fio --name=load --filename="$bcache" --direct=1 --ioengine=io_uring --iodepth=32 --rw=randwrite --bsrange=$block-64k \
		--blockalign=$block --norandommap --time_based --runtime=4 --output-format=terse >/run/o || die "load on mainline"
	want=$(md5sum <"$bcache" | cut -d' ' -f1)
	bcache_down

	create c /dev/ram0 /dev/ram1 writeback
	same "ours after mainline ($layout)" /dev/mapper/c
	drain c
	same "ours after flush ($layout)" /dev/mapper/c
	remove c
	echo "ok $layout"
done
unload_module
