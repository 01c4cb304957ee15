#!/bin/bash
# Policies of writeback that can be told from counters: lazy, yield, the highest rate, pause; the share that may be dirty.
# kernels: uml-kasan
# timeout: 120
. "$(dirname "$0")/../vm/lib.sh"
load_module
ramdisks 2 64
ssd=/dev/ram0 hdd=/dev/mapper/hdd # a linear one: ram disks do not count what they get
linear hdd /dev/ram1
dmesg -n 1
io() { fio --name=io --filename=/dev/mapper/c --direct=1 --ioengine=psync --output-format=terse "$@" >/run/o || die "fio $*"; }
# fill OPTION...: slowly enough that free buckets do not run out, which would send writes past the SSD
fill() { io --rw=randwrite --bs=4k --rate=2m "$@"; }
writes_to_disk() { awk '{ print $7 }' /sys/block/dm-0/stat; } # sectors
dirty() { field c dirty_bytes; }

echo "--- lazy: nothing reaches the disk until it is read"
format $ssd $hdd --bucket 64K --block 4K
create c $ssd $hdd writeback sequential_cutoff 0 writeback_policy lazy writeback_percent 50 writeback_delay 0
fill --size=2m --offset=4m
sleep 5 # the mark "dirty" on the disk is durable by now
before=$(writes_to_disk)
for i in 1 2 3 4; do
	fill --size=2m --offset=$((4 + 4 * i))m
	sleep 2
done
[ "$(writes_to_disk)" = "$before" ] || die "lazy writeback wrote: $(status c)"
[ "$(dirty)" = $((10 << 20)) ] || die "dirty: $(status c)"
dd if=/dev/mapper/c of=/dev/null bs=4k count=1 skip=$((50 * 256)) iflag=direct status=none # a miss
wait_for 30 is_clean c || die "the disk is awake, but: $(status c)"
[ $(($(writes_to_disk) - before)) -ge $((10 << 11)) ] || die "where did it go?"

echo "--- lazy: the high mark"
sleep 4
message c set writeback_percent 10
fill --size=5m
sleep 3
[ "$(dirty)" = $((5 << 20)) ] || die "written back below the mark: $(status c)"
fill --size=2m --offset=8m
wait_for 30 is_clean c || die "above the mark, but: $(status c)"
remove c

echo "--- the highest rate holds without a limit, too; a flush does not ask"
create c $ssd $hdd writeback sequential_cutoff 0 writeback_percent 0 writeback_rate_maximum 512k writeback_delay 0
fill --size=6m --offset=16m
start=$(date +%s%N) from=$(dirty)
sleep 6
passed=$((($(date +%s%N) - start) / 1000000)) gone=$((from - $(dirty)))
echo "$gone bytes in $passed ms"
# a batch of 16384 sectors, or 2.5 s, may be ahead
[ $gone -gt 0 ] && [ $gone -le $((passed * 524 + 3 * 524288)) ] || die "rate"
drain c 20
remove c

echo "--- pause"
create c $ssd $hdd writeback sequential_cutoff 0 writeback_percent 0 writeback_running off
fill --size=3m
sleep 3
[ "$(dirty)" = $((3 << 20)) ] || die "written back: $(status c)"
message c set writeback_running on
wait_for 30 is_clean c || die "still dirty: $(status c)"
remove c

echo "--- nearly all of the SSD dirty, on request"
create c $ssd $hdd writeback sequential_cutoff 0 writeback_running off writeback_percent 95 cutoff_writeback 95 cutoff_writeback_sync 95
fill --size=56m
[ "$(dirty)" -ge $((50 << 20)) ] || die "dirty: $(status c)"
message c set writeback_running on
drain c
remove c

echo "--- a steady reader of the disk does not stop writeback, nor writeback it"
create c $ssd $hdd writeback sequential_cutoff 0 writeback_percent 0 writeback_delay 0 writeback_running off
io --rw=randwrite --bs=4k --size=1m
message c cache_mode none
message c set writeback_running on
io --rw=randread --bs=4k --size=16m --offset=32m --time_based=1 --runtime=10 &
wait_for 60 is_clean c || die "starved: $(status c)"
wait
remove c
sound $ssd $hdd
remove hdd
unload_module
