#!/bin/bash
# Whose disk is it: mainline's udev rule takes those that are not ours, and leaves alone those that are; neither opens what
# the other has open; other tools recognise what we write.
# timeout: 120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mainline.sh"
load_module
mainline_load
$MP loop max_loop=4
[ -e /lib/udev/rules.d/69-bcache.rules ] || die "no rules of bcache-tools"
cp -a /etc /run/etc && mount --bind /run/etc /etc || die "no writable /etc"
truncate -s 64M /run/ssd.img /run/hdd.img
ssd=$(losetup -f --show /run/ssd.img) && hdd=$(losetup -f --show /run/hdd.img) || die losetup
"$DMBCACHE" format --cache "$ssd" --backing "$hdd" --bucket 64K >/dev/null || die format

# ---- udev ----
mkdir -p /run/udev/rules.d
rules() { # DISK: what udev would do with it
	udevadm test -a add "/sys/block/$(basename "$1")" 2>&1
}
registers() { rules "$1" | grep -q "bcache-register"; }
registers "$ssd" && registers "$hdd" || die "mainline's rule does not take a disk: $(rules "$hdd")"
cp "$repo"/userspace/udev/*.rules /run/udev/rules.d/
registers "$ssd" && registers "$hdd" || die "a disk that is not ours is kept from mainline"
mkdir -p /etc/dm-bcache/devices
for disk in "$ssd" "$hdd"; do
	touch "/etc/dm-bcache/devices/$(blkid -p -o value -s UUID "$disk")"
done
for disk in "$ssd" "$hdd"; do
	! registers "$disk" || die "mainline's rule takes our $disk"
	rules "$disk" | grep -q '^ID_FS_TYPE=bcache' || die "our rules change the type: $(rules "$disk")"
	rules "$disk" | grep -q '^SYSTEMD_READY=0' || die "$disk may be mounted"
done
rm "/etc/dm-bcache/devices/$(blkid -p -o value -s UUID "$hdd")"
registers "$hdd" || die "a disk given back is kept from mainline"
echo "ok udev"

# ---- other tools ----
for disk in "$ssd" "$hdd"; do
	[ "$(blkid -p -o value -s TYPE "$disk")" = bcache ] || die "blkid: $(blkid -p "$disk")"
	lsblk -f "$disk" | grep -q bcache || die "lsblk: $(lsblk -f "$disk")"
	bcache-super-show "$disk" >/run/show || die "bcache-super-show $disk"
	grep -q 'sb.csum.*match' /run/show || die "bcache-super-show: $(cat /run/show)"
done
echo "ok tools"

# ---- never both ----
create c "$ssd" "$hdd" writeback
! register "$ssd" || die "mainline takes an SSD in use"
! register "$hdd" || die "mainline takes a disk in use"
run dd if=/dev/urandom of=/dev/mapper/c bs=64k count=64 oflag=direct status=none
want=$(md5sum </dev/mapper/c)
# mainline reads the super block into the page cache before it asks for the disk (from 6.6 on), and super-show reads it there
run blockdev --flushbufs "$hdd"
bcache-super-show "$hdd" | grep -q 'dev.data.cache_state.*dirty' || die "not dirty: $(bcache-super-show "$hdd")"
remove c
mainline_up "$ssd" "$hdd"
for mode in writeback none; do
	! echo "0 $(data_sectors "$hdd") bcache $ssd $hdd $mode" | dm create c 2>/run/err || die "we take disks in use"
	dmesg | tail -5 | grep -q -E 'bcache:.*(loop|busy|use)' || die "no reason: $(dmesg | tail -5)"
done
[ "$(md5sum <"$bcache")" = "$want" ] || die "mainline reads something else"
mainline_quiet "after us"
mainline_down
create c "$ssd" "$hdd" writeback
[ "$(md5sum </dev/mapper/c)" = "$want" ] || die "we read something else"
remove c
sound "$ssd" "$hdd"
tally ours-by-them 1
tally theirs-by-us 1
echo "ok never both"
losetup -d "$ssd" "$hdd"
unload_module
