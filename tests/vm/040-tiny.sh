#!/bin/bash
# The smallest caches (600 buckets), written far past full in every mode: nothing stalls for good, nothing is lost.
# kernels: 6.1 uml-kasan
# timeout: 180
. "$(dirname "$0")/lib.sh"
load_module
$MP brd rd_nr=2 rd_size=$((256 * 1024))
case $DMBC_KERNEL in uml-*) size=12m ;; *) size=80m ;; esac
for bucket in 8 32 128; do
	# 600 buckets exactly: the rest of the disk is hidden by a linear target
	echo "0 $((bucket * 2 * 600)) linear /dev/ram0 0" | dm create small && nodes
	for mode in writeback writethrough; do
		format /dev/mapper/small /dev/ram1 --bucket ${bucket}K --block 512
		create c /dev/mapper/small /dev/ram1 $mode sequential_cutoff 0
		verify_fio tiny /dev/mapper/c --rw=randwrite --bsrange=512-64k --iodepth=32 --size=$size --loops=1 --verify_backlog=512
		echo "bucket ${bucket}K $mode: $(status c)"
		verify_fio tiny2 /dev/mapper/c --rw=randrw --bs=4k --iodepth=32 --size=8m --time_based --runtime=5
		message c gc
		drain c
		remove c
		sound /dev/mapper/small /dev/ram1
	done
	dm remove small
done
unload_module
