#!/bin/bash
# io_uring's requests must not block: none of them may fail for that while the device is suspended over and over, nor when the
# SSD's own table is changed to one that cannot promise it.
# kernels: 6.1
# timeout: 60
. "$(dirname "$0")/lib.sh"
bad=
load_module
ramdisks 2 128

suspend_often() { # NAME until /run/stop exists
	while [ ! -e /run/stop ]; do
		dm suspend "$1" && dm resume "$1" || echo "suspend failed" >>/run/disturb
	done
}

$MP dm-delay || die "no dm-delay"
linear ssd /dev/ram0
format /dev/mapper/ssd /dev/ram1 --bucket 64K --block 512
create c /dev/mapper/ssd /dev/ram1 writeback sequential_cutoff 0
# islands in the cache, so that a large request meets what is cached and what is not
fio --name=islands --filename=/dev/mapper/c --direct=1 --rw=randwrite --bs=4k --size=100m --io_size=4m --output=/run/islands ||
	die "islands"
load() { # NAME [SIZES [BYTES]]
	fio --name="$1" --filename=/dev/mapper/c --direct=1 --ioengine=io_uring --rw=randrw --rwmixread=70 --bs="${2:-4m,1m}" --blockalign=512 \
		--size=100m --io_size="${3:-300m}" --iodepth=16 --randrepeat=1 --output=/run/fio.out 2>/run/fio.err && return
	cat /run/fio.err
	bad=1
}

for mode in none writearound writethrough writeback; do
	message c cache_mode $mode
	rm -f /run/stop /run/disturb
	suspend_often c &
	load $mode
	touch /run/stop
	wait
	[ -z "$bad" ] || die "$mode: a request failed"
	[ ! -e /run/disturb ] || die "$mode: $(sort /run/disturb | uniq -c | head)"
done
swap ssd "delay /dev/ram0 0 0"
load delay 4k 20m
[ -z "$bad" ] || die "a request failed when the SSD had another table"
[ "$(field c ssd_errors)" = 0 ] || die "requests that must not block are counted as errors: $(field c ssd_errors)"
status c
remove c
dm remove ssd || die "remove ssd"
sound /dev/ram0 /dev/ram1
unload_module
