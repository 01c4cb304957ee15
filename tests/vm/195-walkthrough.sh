#!/bin/bash
# The commands of docs/walkthrough.md that need a kernel, in order, with the output that it shows: format, create, use; a power
# cut; check, create; damage; check, repair, detach.
# kernels: 6.1
# timeout: 60
. "$(dirname "$0")/lib.sh"
load_module
$MP ext4 || die "no ext4"
ramdisks 2 128
linear ssd /dev/ram0
linear hdd /dev/ram1
ln -s /dev/mapper/ssd /dev/nvme0n1p3 && ln -s /dev/mapper/hdd /dev/md0 || die "links"
mkdir /run/bin && ln -s "$DMBCACHE" /run/bin/dmbcache && PATH=/run/bin:$PATH && cd /run || die "path"
dmesg -n 1
part() { python3 "$repo/tests/tools/walk.py" "$repo/docs/walkthrough.md" console "$1" || die "part $1"; }

part 1
echo "--- the power fails: from one moment on nothing reaches either disk"
swap ssd error
swap hdd error
umount -l /mnt
remove fast
swap ssd "linear /dev/ram0 0"
swap hdd "linear /dev/ram1 0"
part 2
echo "--- something breaks"
dd if=/dev/mapper/ssd of=/run/ssd bs=1M status=none iflag=direct
run python3 "$repo/tests/images/20-prio-checksum" /run/ssd
dd if=/run/ssd of=/dev/mapper/ssd bs=1M status=none oflag=direct
part 3
"$DMBCACHE" check /dev/mapper/ssd || die "check: code $?" # of no disk any more
remove ssd
remove hdd
unload_module
