#!/bin/bash
# Slots of the SSD that are not those of formatted disks: mainline leaves alone a disk that is cached in place, opens our volumes,
# and we open the volumes that it makes.
# kernels: 6.1
# timeout: 60
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mainline.sh"
load_module
mainline_load
ramdisks 3 24
ssd=/dev/ram0 hdd=/dev/ram1 plain=/dev/ram2
id=5ca1ab1e-0000-4000-8000-000000000001
dd if=/dev/urandom of=/run/rnd bs=1M count=2 status=none
contents() { dd if="$1" bs=64k iflag=direct status=none "${@:2}"; }
sum() { contents "$@" | md5sum; }
is() { sum "$1" "${@:4}" | cmp - "$2" || die "$3"; }
up() { echo "0 $1" | dm create "$2" || die "create $2: $(dmesg | tail -3)"; nodes; }
in_place() { up "$(sectors $plain) bcache $ssd $plain $1 6 origin_id $id sequential_cutoff 0 writeback_running 0" c; }
volume() { up "$2 bcache $ssd volume $1${3:-}" "$4"; }
flash() { # SECTORS: sets $flash to mainline's volume of that size
	local dir
	flash=
	for dir in /sys/block/bcache*/; do
		[ "$(cat "$dir/size")" != "$1" ] || flash=/dev/$(basename "$dir")
	done
	[ -n "$flash" ] || die "no volume of $1: $(grep . /sys/block/bcache*/size)"
	nodes
	[ -b "$flash" ] || mknod "$flash" b $(tr : ' ' <"/sys/block/${flash#/dev/}/dev")
}
put() { dd if=/run/rnd of="$1" bs=64k seek="$2" count="$3" oflag=direct conv=notrunc,fdatasync status=none || die "write $1"; }

format $ssd $hdd --bucket 32K --block 4K
in_place writeback
put /dev/mapper/c 3 20
sum /dev/mapper/c >/run/plain.sum
[ "$(field c dirty_bytes)" -gt 1000000 ] || die "$(status c)"
volume films 8192 " 2 create 4M" v
put /dev/mapper/v 8 9
sum /dev/mapper/v >/run/films.sum
sleep 3 # the disk in place is looked at
remove v
remove c

mainline_up $ssd $hdd
echo writeback >"/sys/block/${bcache#/dev/}/bcache/cache_mode"
put "$bcache" 1 16
sum "$bcache" >/run/disk.sum
flash 8192
is "$flash" /run/films.sum "mainline reads something else in our volume"
put "$flash" 30 2
sum "$flash" >/run/films.sum
echo 2M >"$(ls -d /sys/fs/bcache/*-*)/flash_vol_create" || die "flash_vol_create"
sleep 1
flash 4096
put "$flash" 3 7
sum "$flash" >/run/theirs.sum
mainline_quiet "slots of ours"
mainline_down

in_place writeback
is /dev/mapper/c /run/plain.sum "in place, after mainline: wrong data"
volume films 8192 "" v
is /dev/mapper/v /run/films.sum "a volume, after mainline: wrong data"
uuid=$(message v volume list | sed -n 's/ .* bytes=2097152 .*//p')
volume "$uuid" 4096 "" t
is /dev/mapper/t /run/theirs.sum "mainline's volume: wrong data"
remove t
run message v volume remove "$uuid"
remove v
message c set writeback_running 1
drain c
is $plain /run/plain.sum "in place, drained: the disk is not what it should be"
wait_for 20 eval '[ "$(field c state)" = clean ]' || die "$(status c)"
contents /dev/mapper/c >/dev/null
remove c

mainline_up $ssd $hdd
is "$bcache" /run/disk.sum "mainline's disk"
[ "$(ls -d /sys/block/bcache*/ | wc -l)" = 2 ] || die "not the disk and one volume: $(ls /sys/block)"
mainline_quiet "a volume that was removed"
mainline_down
in_place writethrough
message c clear_stats
is /dev/mapper/c /run/plain.sum "in place, after mainline: wrong data"
[ "$(field c read_hits)" = 0 ] || die "a note from before mainline was believed: $(status c)"
remove c
sound $ssd $hdd
unload_module
