#!/bin/bash
# Every byte and every request of the user is counted once: hits, misses and bypasses add up to what fio did, in every mode, also
# while modes change, the SSD is full, the disk is detached or the SSD has failed; bypasses add up by reason; "stats" and status
# say the same.
# kernels: 6.1
# timeout: 120
. "$(dirname "$0")/lib.sh"
load_module
ramdisks 2 64
ssd=/dev/ram0 hdd=/dev/ram1
dmesg -n 1
case $DMBC_KERNEL in uml-*) size=8m ;; *) size=12m ;; esac
declare -A f
read_status() {
	local word
	for word in $(dm status c); do case $word in *=*) f[${word%%=*}]=${word#*=} ;; esac; done
}
declare -A t
read_stats() {
	local word
	for word in $(message c stats); do t[${word%%=*}]=${word#*=}; done
}
same() { [ "$1" = "$2" ] || die "$3: $1 is not $2: $(dm status c)"; }
reasons=$(sed -nE '/DMBC_BYPASS_REASONS/,/^$/s/^\tX\([A-Z]+, ([a-z]+)\).*/\1/p' "$repo/include/dm-bcache/interface.h")
# same_stats WHAT: what the message says is what the status says; by reason it comes to all bypasses
same_stats() {
	local kind reason reads=0 writes=0
	read_stats
	for kind in read_hit read_miss write_hit write_miss; do
		case $kind in *hit) same ${t[${kind}_requests]} ${f[${kind}s]} "$1: $kind" ;; *) same ${t[${kind}_requests]} ${f[${kind}es]} "$1: $kind" ;; esac
	done
	for kind in read_hit read_miss read_bypass write_hit write_miss write_bypass; do same ${t[${kind}_bytes]} ${f[${kind}_bytes]} "$1: $kind bytes"; done
	for reason in $reasons; do
		same $((t[bypass_${reason}_reads] + t[bypass_${reason}_writes])) ${f[bypass_$reason]} "$1: bypass for $reason"
		reads=$((reads + t[bypass_${reason}_reads])) writes=$((writes + t[bypass_${reason}_writes]))
	done
	same $reads ${f[bypass_reads]} "$1: bypassed reads by reason"
	same $writes ${f[bypass_writes]} "$1: bypassed writes by reason"
	same ${t[read_bypass_requests]} ${f[bypass_reads]} "$1: bypassed reads"
	same ${t[write_bypass_requests]} ${f[bypass_writes]} "$1: bypassed writes"
	same ${t[cache_hits]} $((f[read_hits] - f[bypass_hits])) "$1: bcache's hits"
	same ${t[cache_misses]} ${f[read_misses]} "$1: bcache's misses"
	same ${t[cache_bypass_hits]} ${f[bypass_hits]} "$1: bcache's bypass hits"
	same ${t[cache_bypass_misses]} ${f[bypass_reads]} "$1: bcache's bypass misses"
	same ${t[cache_miss_collisions]} ${f[fill_races]} "$1: bcache's collisions"
	same ${t[bypassed]} ${f[bypassed_bytes]} "$1: bcache's bypassed"
	for kind in fills deferred discards discarded_bytes flushes; do same ${t[$kind]} ${f[$kind]} "$1: $kind"; done
}
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
	[ ${f[bypass_hits]} -le ${f[read_hits]} ] || die "$what: more bypass hits than hits"
	same_stats "$what"
	case $what in *fail*) ;; *) same ${f[bypass_failed]} 0 "$what: failed" ;; esac
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
	data=$(field c data_bytes)
	add_up "$mode, writes" --rw=randwrite --bs=4k --size=2m --iodepth=8
	same $((f[data_bytes] - data)) $((f[write_hit_bytes] + f[write_miss_bytes])) "$mode: data written to the SSD"
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
add_up "changing modes" --rw=randrw --bsrange=4k-64k --size=48m --io_size=$((2 * ${size%m}))m --iodepth=16 --numjobs=2
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

echo "--- detached, and without the SSD"
message c detach
wait_for 20 eval '[ "$(field c state)" = detached ]' || die "$(status c)"
add_up "detached" --rw=randrw --bs=4k --size=2m --iodepth=8
same ${f[bypass_detached]} $((f[bypass_reads] + f[bypass_writes])) "detached: all of it"
remove c
written() { awk '{ print 512 * $7 }' /sys/block/dm-0/stat; } # the SSD
before=$(written)
create c $ssd $hdd writethrough sequential_cutoff 0 io_error_limit 0
add_up "attached again" --rw=randrw --bs=4k --size=2m --iodepth=8
wait_for 10 eval 'read_status; [ $(($(written) - before)) = $((f[data_bytes] + f[metadata_bytes])) ]' ||
	die "$(($(written) - before)) bytes reached the SSD: $(dm status c)"
swap ssd error
add_up "the SSD fails" --rw=randrw --bs=4k --size=2m --iodepth=8
wait_for 10 eval '[ "$(field c state)" = failed ]' || die "$(status c)"
add_up "failed" --rw=randrw --bs=4k --size=2m --iodepth=8
same ${f[bypass_failed]} $((f[bypass_reads] + f[bypass_writes])) "failed: all of it"
remove c
swap ssd "linear /dev/ram0 0"
create c $ssd $hdd writethrough
remove c
sound $ssd $hdd
remove ssd
unload_module
