#!/bin/bash
# io_uring's requests must not block: while the device is suspended over and over none of them may fail for that.
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

format /dev/ram0 /dev/ram1 --bucket 64K --block 512
create c /dev/ram0 /dev/ram1 writeback sequential_cutoff 0
# islands in the cache, so that a large request meets what is cached and what is not
fio --name=islands --filename=/dev/mapper/c --direct=1 --rw=randwrite --bs=4k --size=100m --io_size=4m --output=/run/islands ||
	die "islands"
for mode in none writearound writethrough writeback; do
	message c cache_mode $mode
	rm -f /run/stop /run/disturb
	suspend_often c &
	fio --name=$mode --filename=/dev/mapper/c --direct=1 --ioengine=io_uring --rw=randrw --rwmixread=70 --bs=4m,1m --blockalign=512 \
		--size=100m --io_size=300m --iodepth=16 --randrepeat=1 --output=/run/fio.out 2>/run/fio.err || { cat /run/fio.err; bad=1; }
	touch /run/stop
	wait
	[ -z "$bad" ] || die "$mode: a request failed"
	[ ! -e /run/disturb ] || die "$mode: $(sort /run/disturb | uniq -c | head)"
done
status c
remove c
unload_module
