#!/bin/bash
# Mainline bcache as the judge: it opens what we wrote (dirty, and cut off under load), and we open what it wrote.
# kernels: 6.1
# timeout: 180
# memory: 3000
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mainline.sh"
load_module
mainline_load
$MP loop max_loop=4
$MP brd rd_nr=2 rd_size=$((96 * 1024))

same() { # WHAT DEVICE
	local got
	got=$(md5sum <"$2" | cut -d' ' -f1)
	[ "$got" = "$want" ] || die "$1: $got, not $want"
	mainline_quiet "$1"
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
	mainline_up "$ssd" "$hdd"
	same "mainline after a cut ($layout)" "$bcache"
	mainline_down
	losetup -d "$ssd" "$hdd"
	rm -f /run/*.img
	remove c
	sound /dev/ram0 /dev/ram1

	mainline_up /dev/ram0 /dev/ram1
	same "mainline after remove ($layout)" "$bcache"
	echo writeback >"/sys/block/${bcache#/dev/}/bcache/cache_mode"
	echo 0 >"/sys/block/${bcache#/dev/}/bcache/sequential_cutoff"
	fio --name=load --filename="$bcache" --direct=1 --ioengine=io_uring --iodepth=32 --rw=randwrite --bsrange=$block-64k \
		--blockalign=$block --norandommap $one_by_one --time_based --runtime=4 --output-format=terse >/run/o || die "load on mainline"
	want=$(md5sum <"$bcache" | cut -d' ' -f1)
	mainline_down

	create c /dev/ram0 /dev/ram1 writeback
	same "ours after mainline ($layout)" /dev/mapper/c
	drain c
	same "ours after flush ($layout)" /dev/mapper/c
	remove c
	sound /dev/ram0 /dev/ram1
	tally ours-by-them 2
	tally theirs-by-us 1
	echo "ok $layout"
done
unload_module
