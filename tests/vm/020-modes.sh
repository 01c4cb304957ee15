#!/bin/bash
# Every mode under fio's verification, while modes change, tables are reloaded, the device is suspended and gc runs.
# kernels: 6.1 uml-kasan uml-lockdep
# timeout: 120
. "$(dirname "$0")/lib.sh"
load_module
ramdisks 2 128
case $DMBC_KERNEL in uml-*) size=3m loops=1 ;; *) size=20m loops=1 ;; esac

disturb() { # NAME SSD HDD until /run/stop exists
	local n=0 modes=(writethrough writeback writearound none)
	while [ ! -e /run/stop ]; do
		n=$((n + 1))
		message "$1" cache_mode ${modes[$((n % 4))]} || echo "mode message failed" >>/run/disturb
		message "$1" gc || echo "gc message failed" >>/run/disturb
		sleep 0.2
		dm suspend "$1" && dm resume "$1" || echo "suspend failed" >>/run/disturb
		sleep 0.1
		dm table "$1" >/run/table && dm load "$1" </run/table && dm resume "$1" || echo "reload failed" >>/run/disturb
		message "$1" flush
		sleep 0.2
	done
}

for mode in writethrough writeback writearound none; do
	for calm in yes no; do
		format /dev/ram0 /dev/ram1 --bucket 64K --block 512
		create c /dev/ram0 /dev/ram1 $mode sequential_cutoff $([ $calm = yes ] && echo 0 || echo 1048576)
		rm -f /run/stop /run/disturb
		[ $calm = yes ] || disturb c &
		verify_fio $mode /dev/mapper/c --rw=randrw --rwmixread=40 --bsrange=512-1m --bssplit=512/20:4k/40:5k/10:64k/20:1m/10 \
			--iodepth=32 --numjobs=3 --size=$size --offset_increment=32m --loops=$loops --verify_backlog=64 --group_reporting
		touch /run/stop
		wait
		[ ! -e /run/disturb ] || die "$mode: $(sort /run/disturb | uniq -c | head)"
		echo "$mode calm=$calm: $(status c)"
		# what was written is still there after a new start, and on the disk itself after a flush
		md5sum </dev/mapper/c >/run/before
		remove c
		create c /dev/ram0 /dev/ram1 $mode
		md5sum </dev/mapper/c >/run/after
		cmp /run/before /run/after || die "$mode: contents changed over a restart"
		drain c
		remove c
		dd if=/dev/ram1 bs=8k skip=1 status=none | md5sum >/run/after
		cmp /run/before /run/after || die "$mode: the disk differs after a flush"
	done
done
sound /dev/ram0 /dev/ram1
unload_module
