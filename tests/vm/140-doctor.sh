#!/bin/bash
# The offline tools between the module and mainline: check says that what either leaves under load is sound; mainline serves what
# restore and repair have written; writeback brings to the disk what mainline serves.
# kernels: 6.1
# timeout: 120
# memory: 3000
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mainline.sh"
load_module
mainline_load
$MP loop max_loop=4
$MP brd rd_nr=2 rd_size=$((64 * 1024))

same() { # WHAT DEVICE
	local got
	got=$(md5sum <"$2" | cut -d' ' -f1)
	[ "$got" = "$want" ] || die "$1: $got, not $want"
}

load() { # DEVICE SECONDS
	fio --name=load --filename="$1" --direct=1 --ioengine=io_uring --iodepth=32 --rw=randwrite --bsrange=$block-64k \
		--blockalign=$block --norandommap --time_based --runtime="$2" --output-format=terse >/run/o || die "load on $1"
}

# judge WHAT: mainline serves the images
judge() {
	local ssd hdd
	cp /run/hdd.img /run/hdd2.img
	ssd=$(losetup -f --show /run/ssd.img)
	hdd=$(losetup -f --show /run/hdd2.img)
	mainline_up "$ssd" "$hdd"
	same "mainline: $1" "$bcache"
	mainline_quiet "$1"
	mainline_down
	losetup -d "$ssd" "$hdd"
	rm /run/hdd2.img
}

for layout in "--bucket 8K --block 512"; do
	case $layout in *4096*) block=4096 ;; *) block=512 ;; esac
	# shellcheck disable=SC2086 # options
	format /dev/ram0 /dev/ram1 $layout
	create c /dev/ram0 /dev/ram1 writeback sequential_cutoff 0 writeback_running 0
	load /dev/mapper/c 3
	dm suspend --noflush --nolockfs c
	cp /dev/ram0 /run/cut.img && cp /dev/ram1 /run/hdd.img
	dm resume c
	want=$(md5sum </dev/mapper/c | cut -d' ' -f1)
	remove c
	sound /run/cut.img /run/hdd.img
	sound /dev/ram0 /dev/ram1

	cp /run/cut.img /run/ssd.img
	"$DMBCACHE" dump /run/cut.img >/run/dump || die "dump"
	run "$DMBCACHE" restore --force --from /run/dump /run/ssd.img
	judge "restored"
	cp /run/cut.img /run/ssd.img
	run "$DMBCACHE" repair --no-backup /run/ssd.img
	judge "repaired"

	# offline, of what the module left
	cp /run/hdd.img /run/hdd2.img
	run "$DMBCACHE" writeback /run/cut.img /run/hdd2.img
	dd if=/run/hdd2.img of=/run/data bs=8K skip=1 status=none
	same "written back offline" /run/data
	rm -f /run/data /run/hdd2.img /run/ssd.img /run/cut.img

	# and of what mainline left
	mainline_up /dev/ram0 /dev/ram1
	echo writeback >"/sys/block/${bcache#/dev/}/bcache/cache_mode"
	echo 0 >"/sys/block/${bcache#/dev/}/bcache/sequential_cutoff"
	load "$bcache" 2
	want=$(md5sum <"$bcache" | cut -d' ' -f1)
	mainline_down
	sound /dev/ram0 /dev/ram1
	run "$DMBCACHE" writeback /dev/ram0 /dev/ram1
	dd if=/dev/ram1 of=/run/data bs=8K skip=1 status=none
	same "mainline's, written back offline" /run/data
	rm -f /run/data
	echo "ok $layout"
done
unload_module
