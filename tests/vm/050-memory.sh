#!/bin/bash
# Little memory, and a pig beside the I/O; then the cap on index nodes with a large, fragmented cache.
# kernels: 6.1
# timeout: 240
# memory: 700
. "$(dirname "$0")/lib.sh"
load_module
$MP null_blk nr_devices=0 || die "null_blk"
nullb() { # NAME MIB: a disk that discards what is written to it, but for what is asked
	local d=/sys/kernel/config/nullb/$1
	mkdir -p $d && echo "$2" >$d/size && echo 1 >$d/memory_backed && echo 512 >$d/blocksize && echo 1 >$d/power
}
mount -t configfs none /sys/kernel/config 2>/dev/null
nullb ssd 8192
nullb hdd 8192
[ -b /dev/nullb0 ] || nodes
ssd=/dev/$(ls /sys/block | grep -E '^(nullb0|ssd)$' | head -1)
hdd=/dev/$(ls /sys/block | grep -E '^(nullb1|hdd)$' | head -1)
format $ssd $hdd --bucket 128K --block 512
create c $ssd $hdd writeback sequential_cutoff 0 writeback_running 0
cap=$(field c node_cap_bytes)
ram=$(awk '/MemTotal/{print $2 * 1024}' /proc/meminfo)
[ "$cap" -le $((ram / 100 + 8 * 1024 * 1024)) ] || die "cap $cap of $ram"
# one small write per 128 KiB: as many keys as possible for the memory that holds the data
fio --name=scatter --filename=/dev/mapper/c --direct=1 --ioengine=io_uring --iodepth=32 --rw=write:124k --bs=4k --size=7g \
	--output-format=terse >/run/o & # sequential with holes
( # a pig that takes and frees memory
	for _ in 1 2 3 4 5 6; do
		head -c 250m /dev/zero | tail | sleep 1
	done
) &
for _ in $(seq 40); do
	pinned=$(field c node_bytes)
	[ "$pinned" -le $((cap + cap / 4 + 20 * 262144)) ] || die "nodes use $pinned of $cap"
	sleep 0.5
done
wait
status c
echo 3 >/proc/sys/vm/drop_caches
[ "$(field c node_bytes)" -le "$cap" ] || die "nodes use $(field c node_bytes) of $cap afterwards"
fio --name=back --filename=/dev/mapper/c --direct=1 --ioengine=io_uring --iodepth=32 --rw=randread --bs=4k --size=7g --io_size=32m \
	--output-format=terse >/run/o || die "reading back"
[ "$(field c node_bytes)" -le $((cap + cap / 4)) ] || die "nodes use $(field c node_bytes) of $cap while reading"
remove c
sound $ssd $hdd
unload_module
