#!/bin/bash
# What the target tells the layers above and below: block sizes of both devices, optimal sizes, discards, dm's statistics, IMA;
# disks whose blocks are larger than the cache's, and zoned ones, are refused with a reason.
# kernels: 6.1
# timeout: 60
. "$(dirname "$0")/lib.sh"
load_module
$MP loop max_loop=4
$MP sd_mod && $MP scsi_debug dev_size_mb=64 physblk_exp=3 opt_blks=256 lbpu=1 || die "no scsi_debug"
wait_for 20 eval 'ls -d /sys/block/sd*' || die "scsi_debug made no disk"
emulated=$(basename "$(ls -d /sys/block/sd* | head -1)") # 512e
nodes
[ -b "/dev/$emulated" ] || mknod "/dev/$emulated" b $(tr : ' ' <"/sys/block/$emulated/dev")
for disk in a b; do truncate -s 64M "/run/$disk"; done
of() { cat "/sys/block/$(basename "$(readlink -f /dev/mapper/c)")/queue/$1" 2>/dev/null || cat "/sys/block/dm-0/queue/$1"; }
is() { [ "$(of "$1")" = "$2" ] || die "$1 is $(of "$1"), not $2"; }
refused() { # TEXT TABLE
	dmesg -C
	! echo "$2" | dm create c 2>/dev/null || die "accepted: $2"
	dmesg | grep -q -F "$1" || die "no '$1' for '$2': $(dmesg)"
}
attach_loops() { # BLOCK-OF-SSD BLOCK-OF-DISK: sets $ssd and $hdd
	ssd=$(losetup -f --show -b "$1" /run/a) && hdd=$(losetup -f --show -b "$2" /run/b) || die "loop"
}
detach_loops() { losetup -d "$ssd" "$hdd"; }
format_as() { "$DMBCACHE" format --force --cache "$ssd" --backing "$hdd" --bucket 64K --block "$1" >/dev/null || die "format $1"; }
works() { verify_fio works /dev/mapper/c --rw=randrw --bsrange="$1"-64k --blockalign="$1" --size=1m --iodepth=8 && drain c; }

echo "--- 512 and 4096 bytes, in every combination"
for blocks in "512 512 4096" "512 4096 4096" "4096 512 4096" "4096 4096 4096"; do
	read -r of_ssd of_hdd block <<<"$blocks"
	attach_loops "$of_ssd" "$of_hdd"
	format_as "$block"
	create c "$ssd" "$hdd" writeback sequential_cutoff 0
	is logical_block_size "$block"
	is minimum_io_size "$block"
	is discard_granularity "$block"
	[ "$(of discard_max_bytes)" -gt 0 ] || die "no discards"
	works "$block"
	[ "$(dm deps c | grep -o '([0-9]*, [0-9]*)' | wc -l)" = 2 ] || die "deps: $(dm deps c)"
	remove c
	sound "$ssd" "$hdd"
	detach_loops
done

echo "--- formatted with blocks that the device has not"
attach_loops 512 512
format_as 512
detach_loops
for blocks in "4096 512" "512 4096"; do
	read -r of_ssd of_hdd <<<"$blocks"
	attach_loops "$of_ssd" "$of_hdd"
	refused "format with --block 4096" "0 1024 bcache $ssd $hdd writeback"
	[ "$of_hdd" = 512 ] || wipe "$hdd"
	refused "format with --block 4096" "0 1024 bcache $ssd $hdd writeback 2 origin_id 5ca1ab1e-0000-4000-8000-000000000001"
	detach_loops
done

echo "--- a disk with emulated blocks, and its optimal size"
attach_loops 512 512
losetup -d "$hdd"
hdd=/dev/$emulated
format_as 512
create c "$ssd" "$hdd" writeback sequential_cutoff 0
is logical_block_size 512
is physical_block_size 4096
is optimal_io_size "$(cat "/sys/block/$emulated/queue/optimal_io_size")"
[ "$(of optimal_io_size)" -gt 0 ] || die "scsi_debug has no optimal size"
works 512

echo "--- dm's statistics"
region=$(dm message c 0 @stats_create - /1 | tail -1)
dd if=/dev/mapper/c of=/dev/null bs=64k count=16 iflag=direct status=none
[ "$(dm message c 0 @stats_print "${region:-0}" | awk '{ sum += $2 } END { print sum }')" -ge 16 ] ||
	die "statistics: $(dm message c 0 @stats_print "${region:-0}")"
run dm message c 0 @stats_delete "${region:-0}"

echo "--- IMA"
mount -t securityfs none /sys/kernel/security 2>/dev/null
[ -w /sys/kernel/security/ima/policy ] || die "no IMA policy file"
echo "measure func=CRITICAL_DATA label=device-mapper" >/sys/kernel/security/ima/policy || die "IMA policy"
reload c "$(dm table c)"
measured=$(grep -a 'dm_table_load' /sys/kernel/security/ima/ascii_runtime_measurements | tail -1 | awk '{ print $NF }' | xxd -r -p | tr -d '\0')
case $measured in *"target_name=bcache,target_version="*",ssd="*",hdd="*",cache_mode=writeback,"*";"*) ;; *) die "measured: $measured" ;; esac
remove c
losetup -d "$ssd"

echo "--- zoned"
$MP null_blk nr_devices=0 || die "no null_blk"
mount -t configfs none /sys/kernel/config 2>/dev/null
zoned=/sys/kernel/config/nullb/nullb0
mkdir $zoned && echo 64 >$zoned/size && echo 4 >$zoned/zone_size && echo 1 >$zoned/zoned && echo 1 >$zoned/memory_backed && echo 1 >$zoned/power ||
	die "zoned null_blk"
name=nullb0 # of the folder, or of the index
[ -b "/dev/$name" ] || mknod "/dev/$name" b $(tr : ' ' <"/sys/block/$name/dev")
attach_loops 512 512
format_as 4096
refused "zoned" "0 1024 bcache $ssd /dev/$name writeback"
refused "zoned" "0 1024 bcache /dev/$name $hdd writeback"
refused "zoned" "0 1024 bcache $ssd /dev/$name writeback 2 origin_id 5ca1ab1e-0000-4000-8000-000000000001"
detach_loops
unload_module
