#!/bin/bash
# The commands of docs/walkthrough.md that need a kernel, in order, with the output that it shows: format, create, use; a power
# cut; check, create; damage; check, repair, detach.
# kernels: 6.1
# timeout: 60
. "$(dirname "$0")/lib.sh"
load_module
$MP ext4 || die "no ext4"
ramdisks 2 128
disk() { echo "0 $(sectors "$2") linear $2 0" | dm create "$1" && nodes && ln -s "/dev/mapper/$1" "$3" || die "$1"; }
disk ssd /dev/ram0 /dev/nvme0n1p3
disk hdd /dev/ram1 /dev/md0
is_now() { echo "0 $(sectors /dev/mapper/"$1") $2" | dm load "$1" && dm suspend --noflush --nolockfs "$1" && dm resume "$1" || die "$1: $2"; }
mkdir /run/bin && ln -s "$DMBCACHE" /run/bin/dmbcache && PATH=/run/bin:$PATH && cd /run || die "path"
dmesg -n 1
part() { python3 "$repo/tests/tools/walk.py" "$repo/docs/walkthrough.md" console "$1" || die "part $1"; }

part 1
echo "--- the power fails: from one moment on nothing reaches either disk"
is_now ssd error
is_now hdd error
umount -l /mnt
remove fast
is_now ssd "linear /dev/ram0 0"
is_now hdd "linear /dev/ram1 0"
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
