#!/bin/bash
# Volumes that live on the SSD alone: made, filled to the last bucket, cut off by a power failure, resized, removed, beside a
# cached disk.
# kernels: uml-kasan
# timeout: 120
. "$(dirname "$0")/lib.sh"
load_module
ramdisks 3 24
ssd=/dev/ram0 hdd=/dev/ram1
dd if=/dev/urandom of=/run/rnd bs=1M count=6 status=none
contents() { dd if="$1" bs=64k iflag=direct status=none "${@:2}"; }
sum() { contents "$@" | md5sum; }
fresh() { wipe $ssd $hdd && "$DMBCACHE" format --force --cache $ssd --backing $hdd --bucket 32K --block 4K >/dev/null || die "format"; }
volume() { # NAME SECTORS VOLUME [WORD...]
	local words=
	[ $# = 3 ] || words=" $(($# - 3)) ${*:4}"
	echo "0 $2 bcache $ssd volume $3$words" | dm create "$1"
}
up() { volume "$@" || die "volume $*: $(dmesg | tail -3)"; nodes; }
refused() { # TEXT COMMAND...
	dmesg -C
	! "${@:2}" 2>/dev/null || die "accepted: ${*:2}"
	dmesg | grep -q -F "$1" || die "no '$1' for '${*:2}': $(dmesg)"
	dm remove x 2>/dev/null
}
in_use() { field "$1" in_use_percent; }

echo "--- made by the table, filled, read back; zeros where nothing was written"
fresh
refused "has no volume 'films'" volume x 16384 films
refused "size '5x'" volume x 16384 films create 5x
up v 16384 films create 8M
[ "$(field v state)" = volume ] || die "$(status v)"
dm table v | grep -q "^0 16384 bcache .* volume films$" || die "$(dm table v)"
sum /dev/mapper/v | cmp - <(head -c 8M /dev/zero | md5sum) || die "not zeros"
dd if=/run/rnd of=/dev/mapper/v bs=64k seek=8 oflag=direct status=none || die "write"
verify_fio v /dev/mapper/v --rw=randrw --bsrange=4k-64k --blockalign=4k --size=2m --offset=6m --iodepth=8
sum /dev/mapper/v >/run/sum
[ "$(message v label)" = films ] || die "label: $(message v label)"
refused "no disk" message v detach
refused "no disk" message v prefetch 0 8
run message v flush
refused "in use already" volume x 16384 films
uuid=$(message v volume list | cut -d' ' -f1)
refused "under another name" volume x 16384 "$uuid"
reload v "$(dm table v)"
remove v
refused "sectors are too many" volume x 16392 films
up v 16384 "$uuid"
sum /dev/mapper/v | cmp - /run/sum || die "after a removal: wrong data"

echo "--- power cut: what was flushed is there"
dd if=/run/rnd of=/dev/mapper/v bs=4k count=64 oflag=direct conv=notrunc,fdatasync status=none || die "write"
sum /dev/mapper/v >/run/sum
contents $ssd >/run/ssd.img
remove v
dd if=/run/ssd.img of=$ssd bs=1M oflag=direct status=none
up v 16384 films
sum /dev/mapper/v | cmp - /run/sum || die "after a power cut: wrong data"

echo "--- beside a disk: messages"
create c $ssd $hdd writeback sequential_cutoff 0 writeback_running 0
refused "already" message c volume create films 4M
refused "already" message c volume create "$uuid" 4M
refused "not a uuid" message c volume create 5ca1ab1e-0000-4000-8000-000000000001 4M
refused "size" message c volume create music 1000
run message c volume create music 4M
[ "$(message c volume list | grep -c bytes=)" = 2 ] || die "list: $(message c volume list)"
refused "in use" message c volume remove films
refused "may only grow" message c volume resize films 4M
run message c volume resize films 12M
reload v "0 24576 bcache $ssd volume films"
sum /dev/mapper/v count=128 | cmp - /run/sum || die "after growing"
up m 8192 music
refused "use create" message c volume shrink music
verify_fio m /dev/mapper/m --rw=randwrite --bs=4k --size=4m
dirty=$(field c all_dirty_bytes)
run blkdiscard -o 1m -l 1m /dev/mapper/m
[ "$(field c all_dirty_bytes)" = $((dirty - 1048576)) ] || die "discard: $dirty $(field c all_dirty_bytes)"
sum /dev/mapper/m skip=16 count=16 | cmp - <(head -c 1M /dev/zero | md5sum) || die "discarded and yet there"
remove m
run message c volume resize music 1M
up m 2048 music
sum /dev/mapper/m | cmp - <(contents /dev/mapper/m | md5sum)
remove m
run message c volume resize music 2M
up m 4096 music
sum /dev/mapper/m skip=16 | cmp - <(head -c 1M /dev/zero | md5sum) || die "what was cut off is back"
remove m
run message c volume remove music
refused "has no volume" volume x 8 music
[ "$(message c volume list | grep -c bytes=)" = 1 ] || die "list: $(message c volume list)"

echo "--- full: writes end with ENOSPC, nothing that was acknowledged is lost, the disk goes on"
run message c volume create big 64M
up b 131072 big
dd if=/run/rnd of=/dev/mapper/c bs=64k count=32 oflag=direct status=none
sum /dev/mapper/c count=32 >/run/disk.sum
i=0
while dd if=/run/rnd of=/dev/mapper/b bs=64k seek=$((i * 16)) count=16 oflag=direct status=none 2>/run/err; do
	i=$((i + 1))
	[ $i -lt 60 ] || die "more than there is: $(status b)"
done
grep -q "No space left" /run/err || die "not ENOSPC: $(cat /run/err)"
[ $i -gt 4 ] || die "full after $i MiB: $(status b)"
for n in $(seq 0 $((i - 1))); do
	contents /dev/mapper/b skip=$((n * 16)) count=16 | cmp - <(head -c 1M /run/rnd) || die "lost: MiB $n of $i"
done
sum /dev/mapper/v count=128 | cmp - /run/sum || die "the other volume"
verify_fio c /dev/mapper/c --offset=4m --rw=randrw --bs=4k --size=1m
sum /dev/mapper/c count=32 | cmp - /run/disk.sum || die "the disk's dirty data"
run blkdiscard /dev/mapper/b
wait_for 20 eval '[ "$(in_use b)" -lt 90 ]' || die "space does not come back: $(status b)"
dd if=/run/rnd of=/dev/mapper/b bs=64k count=32 oflag=direct status=none || die "no space after a discard"
drain c
for name in b v c; do remove $name; done
sound $ssd $hdd

unload_module
