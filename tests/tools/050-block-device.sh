#!/bin/bash
# Block devices: in use, read-only, 4 KiB sectors. Needs root and loop devices.
. "$(dirname "$0")/lib.sh"

# attach FILE SIZE LOSETUP-OPTIONS: sets $loop
attach() {
	local file=$1
	fresh "$file" "$2"
	shift 2
	loop=$(losetup -f --show "$@" "$file" 2>/dev/null) || { echo "no loop devices here"; exit 77; }
	loops+=("$loop")
}

attach ssd 300M -b 4096
ssd=$loop
attach disk 100M
disk=$loop

# The larger logical block size decides.
expect 1 "$ssd: its logical block size is 4096 bytes; use --block 4096" "$dmbcache" format --cache "$ssd" --block 512
expect 0 "" "$dmbcache" format --cache "$ssd" --backing "$disk"
equal "block size of the SSD" 4096 "$(field "$ssd" block_size)"
equal "block size of the disk" 4096 "$(field "$disk" block_size)"
equal "verdict" ok "$(field "$ssd" verdict)"
equal "blkid" bcache "$(blkid -p -s TYPE -o value "$ssd")"

# What is on the device is on the medium, not in a cache only.
cmp -n 65536 "$ssd" ssd || fail "device and file differ"

# The same device by another name.
ln -s "$ssd" alias
expect 1 "alias: given as cache and as backing device" "$dmbcache" format --force --cache "$ssd" --backing alias

# In use: refused with --force as well; show still works.
mkfs.ext4 -q -F "$disk"
mkdir mnt
if mount "$disk" mnt 2>/dev/null; then
	expect 1 "$disk: in use (mounted, or part of an active device)" "$dmbcache" format --force --backing "$disk"
	expect 1 "$disk: in use" "$dmbcache" format --force --dry-run --backing "$disk"
	expect 3 "$disk: not a bcache device" "$dmbcache" show "$disk"
	umount mnt
else
	echo "cannot mount here: not checked"
fi
expect 0 "erased 1 old signature" "$dmbcache" format --force --backing "$disk"

# Read-only.
attach frozen 100M -r
expect 1 "$loop: read-only; make it writable" "$dmbcache" format --backing "$loop"
expect 3 "$loop: not a bcache device" "$dmbcache" show "$loop"
finish
