#!/bin/bash
# Every byte and every request of the user is counted once: hits, misses and bypasses add up to what fio did, in every mode, also
# while modes change and the SSD is full; bypasses add up by reason.
# kernels: 6.1
# timeout: 90
. "$(dirname "$0")/lib.sh"
load_module
ramdisks 2 64
ssd=/dev/ram0 hdd=/dev/ram1
dmesg -n 1
case $DMBC_KERNEL in uml-*) size=8m ;; *) size=24m ;; esac
declare -A f
read_status() {
	local word
	for word in $(dm status c); do case $word in *=*) f[${word%%=*}]=${word#*=} ;; esac; done
}
same() { [ "$1" = "$2" ] || die "$3: $1 is not $2: $(dm status c)"; }
# add_up WHAT OPTION...: runs fio and compares
add_up() {
	local what=$1 out read written
	shift
	message c clear_stats
	out=$(fio --name=job --filename=/dev/mapper/c --direct=1 --ioengine=io_uring --output-format=terse --group_reporting "$@") || die "fio $what"
	read=$(echo "$out" | cut -d ';' -f 6) written=$(echo "$out" | cut -d ';' -f 47)
	read_status
	same $((f[read_hit_bytes] + f[read_miss_bytes] + f[read_bypass_bytes])) $((read * 1024)) "$what: bytes read"
	same $((f[write_hit_bytes] + f[write_miss_bytes] + f[write_bypass_bytes])) $((written * 1024)) "$what: bytes written"
	same ${f[bypassed_bytes]} $((f[read_bypass_bytes] + f[write_bypass_bytes])) "$what: bypassed bytes"
	same $((f[bypass_mode] + f[bypass_priority] + f[bypass_readahead] + f[bypass_sequential] + f[bypass_congested] + f[bypass_full] + f[bypass_space] + f[bypass_failed])) \
		$((f[bypass_reads] + f[bypass_writes])) "$what: bypasses by reason"
	[ ${f[bypass_hits]} -le ${f[read_hits]} ] || die "$what: more bypass hits than hits"
	[ ${f[bypass_failed]} = 0 ] || die "$what: failed"
	case "$*" in
	*--bs=4k*) same $((f[read_hits] + f[read_misses] + f[bypass_reads] + f[write_hits] + f[write_misses] + f[bypass_writes])) \
		$(((read + written) / 4)) "$what: requests" ;;
	esac
	echo "$what: ${f[read_hits]}+${f[read_misses]}+${f[bypass_reads]} reads, ${f[write_hits]}+${f[write_misses]}+${f[bypass_writes]} writes"
}

for mode in writeback writethrough writearound none; do
	format $ssd $hdd --bucket 64K --block 4K
	create c $ssd $hdd $mode sequential_cutoff 1M
	# aligned requests of a block are never cut, so they can be counted one by one; large ones only by bytes
	add_up "$mode, 4K" --rw=randrw --bs=4k --size=$size --iodepth=8
	add_up "$mode, 4K again" --rw=randrw --bs=4k --size=$size --iodepth=8
	add_up "$mode, mixed sizes" --rw=randrw --bsrange=4k-256k --size=$size --iodepth=16 --numjobs=2
	add_up "$mode, sequential" --rw=rw --bs=128k --size=8m --offset=52m --iodepth=4
	case $mode in
	writeback) [ ${f[bypass_sequential]} -gt 0 ] || die "nothing was sequential: $(dm status c)" ;;
	none | writearound) [ ${f[bypass_mode]} -gt 0 ] && [ ${f[write_hits]} = 0 ] || die "mode $mode cached writes: $(dm status c)" ;;
	esac
	remove c
done

echo "--- while modes change, dirty data lies about and the SSD is too small"
echo "0 24576 linear $ssd 0" | dm create ssd && nodes || die "linear"
ssd=/dev/mapper/ssd
format $ssd $hdd --bucket 16K --block 4K
create c $ssd $hdd writeback sequential_cutoff 0 writeback_running 0
(
	while [ ! -e /run/stop ]; do
		for mode in none writethrough writeback writearound; do
			message c cache_mode $mode
			sleep 0.05
		done
	done
) &
add_up "changing modes" --rw=randrw --bsrange=4k-64k --size=48m --io_size=$size --iodepth=16 --numjobs=2
touch /run/stop
wait
# flushes and discards are no reads or writes
message c clear_stats
run sync -d /dev/mapper/c
dd if=/dev/zero of=/dev/mapper/c bs=4k count=4 oflag=direct conv=fsync status=none
run blkdiscard -o 1m -l 2m /dev/mapper/c
read_status
[ ${f[flushes]} -ge 1 ] || die "no flush was counted"
same ${f[discarded_bytes]} $((2 << 20)) "discarded bytes"
same $((f[write_hit_bytes] + f[write_miss_bytes] + f[write_bypass_bytes])) 16384 "bytes written beside a discard"
drain c
remove c
sound $ssd $hdd
remove ssd
unload_module
