#!/bin/bash
# Damaged caches: hundreds of them, each with a few changed bytes in its super block, journal, index, generations or uuids,
# half of them with a right checksum all the same.  Each is refused with a reason, or served; the kernel never complains, and check
# does not say of those that are refused that they start.
# kernels: 6.1 uml-kasan
# timeout: 180
. "$(dirname "$0")/lib.sh"
load_module
"$(dirname "$0")/src/compile" mutations damage.c dmdev.c verify_super.c crc64.c || die "compile"
case $DMBC_KERNEL in uml-*) count=${COUNT:-300} first=${FIRST:-1} ;; *) count=${COUNT:-250} first=${FIRST:-1001} ;; esac
# 600 buckets of 8 KiB, whose index has two levels after a while
$MP brd rd_nr=2 rd_size=5120 || die "no ram disks"
ssd=/dev/ram0 hdd=/dev/ram1
format $ssd $hdd --bucket 8K --block 512
create c $ssd $hdd writeback sequential_cutoff 0
write() {
	fio --name=use --filename=/dev/mapper/c --direct=1 --ioengine=io_uring --iodepth=16 --randrepeat=1 --output-format=terse \
		--size=4m "$@" >/run/o || die "fio"
}
write --rw=randrw --rwmixread=30 --bsrange=512-8k --io_size=3m
message c flush
message c gc
write --rw=randwrite --bs=512 --io_size=1m --randseed=7
remove c
sound $ssd $hdd
for dev in ssd hdd; do dd if=${!dev} of=/run/$dev.img bs=1M iflag=direct status=none; done
dmesg -n 1 # hundreds of error lines on the console take longer than what causes them
export DMBCACHE
run /run/mutations $ssd /run/ssd.img $hdd /run/hdd.img "$first" "$count" "${EVERY:-16}"
unload_module
