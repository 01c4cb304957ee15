#!/bin/bash
# Several origins on one SSD: isolated contents, EBUSY for what is in use, the set survives any one of them.
# kernels: 6.1 uml-kasan
# timeout: 90
. "$(dirname "$0")/lib.sh"
load_module
ramdisks 5 64
format /dev/ram0 /dev/ram1 --bucket 64K
for i in 2 3 4; do
	wipe /dev/ram$i
	"$DMBCACHE" format --force --backing /dev/ram$i >/dev/null || die "format $i"
done
modes=(x writeback writethrough writearound writeback)
for i in 1 2 3 4; do create c$i /dev/ram0 /dev/ram$i ${modes[i]}; done
for i in 1 2 3 4; do
	verify_fio job$i /dev/mapper/c$i --rw=randrw --bsrange=512-128k --iodepth=16 --size=8m &
done
wait
[ "$(ls /run/fio.err && cat /run/fio.err | wc -c)" ] || die "fio"
# the same disk, or an SSD as a disk, cannot be used twice
refused() { # TEXT TABLE
	dmesg -C
	echo "$2" | dm create twice 2>/dev/null && die "accepted: $2"
	dmesg | grep -q -i "$1" || die "no reason with '$1' for: $2; $(dmesg)"
}
refused "already" "0 1024 bcache /dev/ram0 /dev/ram1 writeback"
refused "bcache" "0 1024 bcache /dev/ram1 /dev/ram0 writeback"
refused "bcache" "0 1024 bcache /dev/ram0 /dev/ram0 writeback"
for i in 1 2 3 4; do md5sum </dev/mapper/c$i >/run/sum$i; done
remove c1
remove c3
for i in 2 4; do md5sum </dev/mapper/c$i | cmp - /run/sum$i || die "c$i changed"; done
create c1 /dev/ram0 /dev/ram1 none
md5sum </dev/mapper/c1 | cmp - /run/sum1 || die "c1 changed"
remove c1
remove c2
remove c4
create c4 /dev/ram0 /dev/ram4 writeback
create c3 /dev/ram0 /dev/ram3 writeback
for i in 3 4; do md5sum </dev/mapper/c$i | cmp - /run/sum$i || die "c$i changed over a restart"; done
remove c3
remove c4
sound /dev/ram0 /dev/ram3 /dev/ram4
unload_module
